import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { root } from "./manual.js";

/** Commands of one block start a process each, on a machine that may be busy. */
const deadlineMs = 60_000;

/** A shell that runs one block of the manual, with stdout and stderr as a terminal would show them. */
export class Shell {
  output = "";
  exitCode: number | undefined;
  private readonly child: ChildProcess;
  private readonly watchers = new Set<() => void>();
  private readonly closed: Promise<unknown>;

  constructor(script: string, env: NodeJS.ProcessEnv) {
    // Its own process group, so that what it started can be ended with it.
    this.child = spawn("bash", ["-eu", "-o", "pipefail", "-c", `exec 2>&1\n${script}`], {
      cwd: root,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
      this.notify();
    });
    this.closed = once(this.child, "close");
    // After the last of its output; a signal has no code.
    this.child.on("close", (code) => {
      this.exitCode = code ?? -1;
      this.notify();
    });
  }

  /** Resolves with the exit code when the shell has ended. */
  async end(): Promise<number> {
    await this.until(() => this.exitCode !== undefined, "its end");
    return this.exitCode ?? -1;
  }

  /** Resolves when the output is as expected, or fails when the deadline has passed. */
  async untilOutput(expected: RegExp): Promise<void> {
    await this.until(() => expected.test(this.output), `output like ${expected.source}`);
  }

  /** Ends it and what it started. */
  async stop(): Promise<void> {
    const { pid } = this.child;
    if (this.exitCode === undefined && pid !== undefined) process.kill(-pid, "SIGTERM");
    await this.closed;
  }

  private notify(): void {
    for (const watcher of this.watchers) watcher();
  }

  private until(holds: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        this.watchers.delete(watcher);
        if (error === undefined) resolve();
        else reject(error);
      };
      const fail = (why: string): void => settle(new Error(`${why} before ${what}; it printed:\n${this.output}`));
      const watcher = (): void => {
        if (holds()) settle();
        else if (this.exitCode !== undefined) fail(`the shell ended with ${this.exitCode}`);
      };
      const timer = setTimeout(() => fail(`${deadlineMs} ms passed`), deadlineMs);
      this.watchers.add(watcher);
      watcher();
    });
  }
}

/**
 * A free port below the range from which the kernel hands out ports by itself (ip_local_port_range begins at 32768):
 * nothing else comes by it between this look and its use.
 */
export async function freeFixedPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
      return port;
    } catch {
      // Taken: another one.
    } finally {
      server.close();
    }
  }
}
