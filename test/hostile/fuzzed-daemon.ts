import { readdirSync } from "node:fs";
import { type Served, serve } from "../support/cli.js";
import { Clients } from "../support/daemon.js";

/** Anybody else is answered within this time, in ms, whatever is done to the daemon meanwhile. */
const answerMs = 5000;

/** A daemon in a process of its own that is done things to, and a client of good manners that must not feel them. */
export class FuzzedDaemon implements AsyncDisposable {
  private readonly clients: Clients;
  private baseline = 0;

  private constructor(private readonly served: Served) {
    this.clients = new Clients(served.address);
  }

  static async start(...options: string[]): Promise<FuzzedDaemon> {
    const daemon = new FuzzedDaemon(await serve("--log-level", "info", ...options));
    // What is opened at first use is open from now on, the client's own connection too.
    await daemon.answers();
    await daemon.clients.sessions.listSessions({});
    daemon.baseline = daemon.descriptors();
    return daemon;
  }

  get address(): string {
    return this.served.address;
  }

  get port(): number {
    return Number(this.address.split(":").at(-1));
  }

  /** The bound of a request. */
  async messageBytes(): Promise<number> {
    return (await this.clients.info.getInfo({})).limits!.messageBytes;
  }

  /** Something is asked by somebody else, and answered. */
  async answers(): Promise<void> {
    const { pid } = await this.clients.info.getInfo({}, { signal: AbortSignal.timeout(answerMs) });
    expect(pid).toBe(this.served.ready.pid);
  }

  /** Somebody who has not been there before connects, asks, and is answered. */
  async answersNewcomer(): Promise<void> {
    await using newcomer = new Clients(this.address, { apart: true });
    const { pid } = await newcomer.info.getInfo({}, { signal: AbortSignal.timeout(answerMs) });
    expect(pid).toBe(this.served.ready.pid);
  }

  /** Does something to the daemon, and asks all the while. Gives how often it was asked. */
  async answersDuring<Result>(doing: Promise<Result>): Promise<Result> {
    const over = new AbortController();
    const asking = (async () => {
      while (!over.signal.aborted) {
        await this.answers();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    try {
      return await doing;
    } finally {
      over.abort();
      await asking;
    }
  }

  /** Whatever was opened is closed again. */
  async holdsNothing(): Promise<void> {
    const deadline = performance.now() + 15_000;
    while (this.descriptors() !== this.baseline && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(this.descriptors()).toBe(this.baseline);
  }

  /** Its end in order: it lives until now, and its log has no bug. */
  async endsWell(): Promise<void> {
    await this.answers();
    await this.clients[Symbol.asyncDispose]();
    this.served.running.send("SIGTERM");
    const { code, stderr } = await this.served.running.exit();
    expect(stderr.split("\n").filter((line) => !isFine(line))).toEqual([]);
    expect(code).toBe(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clients[Symbol.asyncDispose]();
    await this.served[Symbol.asyncDispose]();
  }

  private descriptors(): number {
    return readdirSync(`/proc/${this.served.ready.pid}/fd`).length;
  }
}

/** A line of the log that tells of no error. */
function isFine(line: string): boolean {
  if (line === "") return true;
  try {
    return (JSON.parse(line) as { level: number }).level < 50;
  } catch {
    return false;
  }
}
