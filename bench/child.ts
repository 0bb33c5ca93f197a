import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
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

/**
 * CPU time of a process so far, its children not included, in us: that of its threads, which the scheduler counts in ns.
 * stat(5) counts ticks of 10 ms, too coarse for what takes 50 us.
 */
export function cpuUs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => sum + threadUs(`${tasks}/${task}/schedstat`), 0);
}

function threadUs(file: string): number {
  try {
    return Number(readFileSync(file, "utf8").split(" ")[0]) / 1000;
  } catch (error) {
    // It has ended since it was listed.
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || (error as NodeJS.ErrnoException).code === "ESRCH")
      return 0;
    throw error;
  }
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
