import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Block, type Section } from "./manual.js";
import { freeFixedPort, Shell } from "./shell.js";
import { patternOf } from "./shown-output.js";

/** The first word is `sh` and the block is to be run. */
export function isRun({ words }: Block): boolean {
  return words[0] === "sh" && (words[1] === "run" || words[1]?.startsWith("background=") === true);
}

/** Runs the blocks of a section in their order. */
export async function runSection(section: Section): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "manual-"));
  const run = new SectionRun(folder, await freeFixedPort(), await freeFixedPort());
  try {
    if (!section.blocks.some((block) => isRun(block) && /hangup (serve|run)/.test(block.text))) await run.startDaemon();
    for (const block of section.blocks) {
      try {
        await run.step(block);
      } catch (error) {
        throw new Error(`line ${block.line}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      }
    }
  } finally {
    await run.stop();
    await rm(folder, { recursive: true });
  }
}

class SectionRun {
  private readonly background = new Map<string, Shell>();
  /** What printed last. */
  private last: Shell | undefined;

  constructor(
    private readonly folder: string,
    private readonly apiPort: number,
    private readonly port: number,
  ) {}

  async startDaemon(): Promise<void> {
    const shell = this.start(`exec node bin/hangup.cjs serve --log-level warn --listen 127.0.0.1:${this.apiPort}`);
    this.background.set("", shell);
    await shell.untilOutput(/"address"/);
  }

  async step(block: Block): Promise<void> {
    const text = this.rewrite(block.text);
    const [language, word = ""] = block.words;
    if (language === "text" && word === "output") await this.expectOutput(text);
    else if (language === "text" && word.startsWith("output="))
      await this.expectLater(word.slice("output=".length), text);
    else if (isRun(block) && word === "run") await this.run(text, Number(block.words[2]?.replace("exit=", "") ?? "0"));
    else if (isRun(block)) {
      this.last = this.start(text);
      this.background.set(word.slice("background=".length), this.last);
    }
  }

  async stop(): Promise<void> {
    for (const shell of [...this.background.values()].toReversed()) await shell.stop();
  }

  private async run(script: string, expected: number): Promise<void> {
    const shell = this.start(script);
    this.last = shell;
    try {
      const exitCode = await shell.end();
      if (exitCode !== expected)
        throw new Error(`exit code ${exitCode}, not ${expected}; it printed:\n${shell.output}`);
    } finally {
      await shell.stop();
    }
  }

  private async expectOutput(shown: string): Promise<void> {
    if (this.last === undefined) throw new Error("no block before it that is run");
    await this.last.untilOutput(patternOf(shown));
  }

  private async expectLater(name: string, shown: string): Promise<void> {
    const shell = this.background.get(name);
    if (shell === undefined) throw new Error(`no background block "${name}" before it`);
    await shell.untilOutput(patternOf(shown, "anywhere"));
  }

  private start(script: string): Shell {
    // What npm has to say of itself is no part of what a command prints.
    return new Shell(script, {
      HANGUP_ADDRESS: `127.0.0.1:${this.apiPort}`,
      npm_config_loglevel: "error",
      npm_config_progress: "false",
    });
  }

  /** The places of the manual, so that its sections can run side by side. */
  private rewrite(text: string): string {
    const explicit = text.includes("--listen")
      ? text
      : text.replace("hangup serve", "hangup serve --listen 127.0.0.1:4264");
    return explicit
      .replaceAll("4264", String(this.apiPort))
      .replaceAll("9000", String(this.port))
      .replaceAll("/tmp/hangup", `${this.folder}/hangup`);
  }
}
