import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join, resolve } from "node:path";

/** The checkout. */
export const root = resolve(__dirname, "../../../..");

/** The daemon of the checkout, as a command line. */
export const hangup = `${process.execPath} ${join(root, "bin/hangup.cjs")}`;

/** What a test waits for comes within this time, in ms, or the test has failed. */
const deadlineMs = 15_000;

/** The environment without what points at a daemon. */
export function cleanEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of ["HANGUP_ADDRESS", "HANGUP_COMMAND", "HANGUP_TOKEN", "HANGUP_TOKEN_FILE"]) delete env[name];
  return { ...env, ...extra };
}

/** A folder inside of the package, whose programs import `hangup` by its name; gone with the test. */
export class Workplace implements Disposable {
  readonly folder = mkdtempSync(join(root, "dist/typescript-"));

  /** A program of ESM, run by node. */
  run(text: string, env: NodeJS.ProcessEnv = cleanEnvironment()): Program {
    const file = join(this.folder, `program-${Math.random().toString(36).slice(2)}.mjs`);
    writeFileSync(file, text);
    return new Program(spawn(process.execPath, [file], { cwd: this.folder, env, stdio: ["ignore", "pipe", "pipe"] }));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A process under way. */
export class Program {
  stdout = "";
  stderr = "";
  #wake = () => {};
  readonly #over: Promise<number | string>;

  constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#wake();
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.#over = once(child, "close").then(([code, signal]) => (code as number | null) ?? (signal as string));
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  /** How it ended: its exit code or signal. */
  async over(): Promise<number | string> {
    return inTime(this.#over, () => `it has not ended; it said: ${this.stdout}${this.stderr}`);
  }

  /** Its first line, as JSON. */
  async line<Line>(): Promise<Line> {
    const has = async () => {
      while (!this.stdout.includes("\n")) await new Promise<void>((wake) => (this.#wake = wake));
    };
    await inTime(Promise.race([has(), this.#over]), () => `it printed no line; it said: ${this.stderr}`);
    return JSON.parse(this.stdout.split("\n")[0] || "null") as Line;
  }
}

/** What comes in time, or an error that says what is missing. */
export async function inTime<Result>(promise: Promise<Result>, missing: () => string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(missing())), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A connection to a port of 127.0.0.1. */
export async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  await once(socket, "connect");
  // What is left open when a fixture ends is reset: of no interest, where nobody asks.
  socket.on("error", () => {});
  return socket;
}

/** The errno that a connect to a port of 127.0.0.1 fails with; undefined: it is accepted. */
export async function connectErrno(port: number): Promise<string | undefined> {
  try {
    (await connected(port)).destroy();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** Where a server of this process listens. */
export function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === "string") throw new Error("no TCP server");
  return address.port;
}
