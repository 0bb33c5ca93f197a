import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";

const children = new Set<ChildProcess>();
// A measure that fails, or is interrupted, leaves nothing behind.
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));

/** A process that tells lines of JSON on its stdout, and may take lines on its stdin. */
export class Child {
  readonly pid: number;
  private readonly lines: AsyncIterableIterator<string>;
  private readonly exited: Promise<unknown>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly command: string,
  ) {
    if (child.pid === undefined) throw new Error(`${command} cannot be started`);
    this.pid = child.pid;
    children.add(child);
    this.exited = once(child, "exit").then(() => children.delete(child));
    this.lines = linesOf(child.stdout as Readable)[Symbol.asyncIterator]();
  }

  static start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
    child.on("error", () => undefined);
    child.stdin.on("error", () => undefined);
    return new Child(child, `${command} ${args.join(" ")}`);
  }

  /** The next line. */
  async read<Line>(): Promise<Line> {
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error(`${this.command} ended without a line that was awaited`);
    return JSON.parse(value) as Line;
  }

  write(line: string): void {
    (this.child.stdin as Writable).write(`${line}\n`);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends it, by SIGTERM where the end of its stdin is not enough, and waits until it is gone. */
  async stop(signal?: NodeJS.Signals): Promise<void> {
    this.child.stdin?.end();
    if (signal !== undefined) this.child.kill(signal);
    await this.exited;
  }
}

/** What a command that ends by itself tells in one line. */
export async function ask<Line>(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Line> {
  const child = Child.start(command, args, env);
  try {
    return await child.read<Line>();
  } finally {
    await child.stop();
  }
}

const ticksPerSecond = 100;

/** CPU time of a process so far, its children not included, in us (proc_pid_stat(5)). */
export function cpuUs(pid: number): number {
  // The second field is the command in brackets, and may hold blanks.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / ticksPerSecond;
}

/** Resident memory of a process, in KB. */
export function residentKb(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (found === null) throw new Error(`no VmRSS of process ${pid}`);
  return Number(found[1]);
}

function linesOf(stream: Readable): Interface {
  return createInterface({ input: stream });
}
