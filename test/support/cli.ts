import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { credentialVariables } from "../../src/cli/credentials.js";

/** The command as a checkout has it; `npm test` builds it first. */
export const commandFile = resolve(__dirname, "../../bin/hangup.cjs");

/** What a test waits for comes within this time, in ms, or the test has failed. */
const deadlineMs = 10_000;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** The environment of a command: the test's own, without what would point it at some other daemon. */
function environment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const env = { ...process.env, ...extra };
  for (const name of ["HANGUP_ADDRESS", ...credentialVariables]) {
    if (extra[name] === undefined) delete env[name];
  }
  return env;
}

/** What comes out of a stream: all of it, and line by line. */
class Output {
  text = "";
  private readonly unread: string[] = [];
  private readonly readers: ((line: string) => void)[] = [];

  constructor(stream: Readable) {
    stream.setEncoding("utf8").on("data", (text: string) => (this.text += text));
    createInterface({ input: stream }).on("line", (line) => {
      const reader = this.readers.shift();
      if (reader === undefined) this.unread.push(line);
      else reader(line);
    });
  }

  async line(): Promise<string> {
    const line = this.unread.shift();
    return line ?? new Promise((reader) => this.readers.push(reader));
  }
}

/** A run of the command that is under way. Disposed of, it is gone, whatever it was doing. */
export class Running {
  private readonly stdout: Output;
  private readonly stderr: Output;
  private readonly ended: Promise<Exit>;

  constructor(private readonly child: ChildProcessWithoutNullStreams) {
    // The command may be gone before all of its input is.
    child.stdin.on("error", () => {});
    this.stdout = new Output(child.stdout);
    this.stderr = new Output(child.stderr);
    this.ended = once(child, "close").then(([code, signal]) => ({
      code,
      signal,
      stdout: this.stdout.text,
      stderr: this.stderr.text,
    }));
  }

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error("the command did not start");
    return pid;
  }

  /** The next line. */
  async line(stream: "stdout" | "stderr" = "stdout"): Promise<string> {
    return this.within(`a line on ${stream}`, this[stream].line());
  }

  /** How it ended, once it has and its pipes are closed by all who held them. */
  async exit(): Promise<Exit> {
    return this.within("the end", this.ended);
  }

  /** The process is no more; others may still hold its pipes. */
  async died(): Promise<void> {
    const { exitCode, signalCode } = this.child;
    if (exitCode === null && signalCode === null) await this.within("the death", once(this.child, "exit"));
  }

  send(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Closes our end of its standard output: it gets EPIPE for what it prints from now on. */
  stopReading(): void {
    this.child.stdout.destroy();
  }

  write(text: string): void {
    this.child.stdin.write(text);
  }

  endInput(): void {
    this.child.stdin.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.endInput();
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
    await this.exit();
  }

  private async within<Result>(what: string, event: Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`no ${what} in ${deadlineMs} ms; stdout: ${this.stdout.text}; stderr: ${this.stderr.text}`));
      }, deadlineMs);
    });
    return Promise.race([event, late]).finally(() => clearTimeout(timer));
  }
}

/** Starts `hangup` with these arguments, its standard streams in the test's hands. */
export function start(args: readonly string[], env?: Record<string, string>): Running {
  return new Running(spawn(process.execPath, [commandFile, ...args], { stdio: "pipe", env: environment(env) }));
}

/** Runs `hangup` to its end, with nothing on standard input. */
export async function hangup(args: readonly string[], env?: Record<string, string>): Promise<Exit> {
  await using running = start(args, env);
  running.endInput();
  return await running.exit();
}

export interface ReadyLine {
  address: string;
  pid: number;
  version: string;
  apiVersion: string;
  /** The addresses of the listeners, with --fixture. */
  listeners?: Record<string, string>;
}

/** A `hangup serve` that has printed its ready line. */
export interface Served extends AsyncDisposable {
  running: Running;
  ready: ReadyLine;
  address: string;
  /** Runs a verb against it and expects it to do what it was asked: gives what it printed. */
  verb(...args: string[]): Promise<string>;
  /** Runs a verb against it that is refused: gives its exit code and the lines on stderr. */
  refused(...args: string[]): Promise<{ code: number | null; stdout: string; lines: string[] }>;
}

export async function serve(...args: string[]): Promise<Served> {
  const quiet = args.includes("--log-level") ? [] : ["--log-level", "warn"];
  const where = args.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
  const running = start(["serve", ...quiet, ...where, ...args]);
  const line = await Promise.race([running.line(), running.exit()]);
  if (typeof line !== "string") throw new Error(`serve ended: ${JSON.stringify(line)}`);
  const ready: ReadyLine = JSON.parse(line);
  const env = { HANGUP_ADDRESS: ready.address };
  return {
    running,
    ready,
    address: ready.address,
    async verb(...words) {
      const exit = await hangup(words, env);
      if (exit.code !== 0 || exit.stderr !== "") throw new Error(`hangup ${words.join(" ")}: ${JSON.stringify(exit)}`);
      return exit.stdout;
    },
    async refused(...words) {
      const { code, stdout, stderr } = await hangup(words, env);
      return { code, stdout, lines: linesOf(stderr) };
    },
    [Symbol.asyncDispose]: async () => running[Symbol.asyncDispose](),
  };
}

export function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** A directory of the test's own. */
export async function scratchDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "hangup-"));
  return { path, [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true }) };
}

/** The port of `127.0.0.1:41234`. */
export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
