import { type Caller, chaosCalls } from "./chaos-calls.js";
import { Plan } from "../../src/gen/hangup/v1/plan.js";
import { Random } from "../hostile/random.js";
import { errorJudge } from "./support/documented-errors.js";
import { type RawListener, type RawSocket, RawSockets } from "./support/raw-sockets.js";
import { ScopeClients } from "./support/scope-clients.js";

/** What a process of workers is told. */
export type WorkersOrder = "finish" | "die";

/** What it tells. */
export type WorkersWord =
  | { readonly word: "found"; readonly kind: string; readonly what: string }
  | { readonly word: "dying"; readonly scope: string; readonly calls: readonly string[] }
  | { readonly word: "tally"; readonly outcomes: Readonly<Record<string, number>> };

export interface WorkersOptions {
  readonly address: string;
  readonly seed: number;
  /** Before the names of its scopes, so that they are nobody else's. */
  readonly prefix: string;
  readonly workers: number;
}

const callsOfScope = 40;
const plans = [Plan.fromJSON({ steps: [{ trigger: { signal: "now" }, action: { halfClose: {} } }] })];
const echo = { $case: "echo", value: {} } as const;
const bannerOf = (scope: string) => ({ $case: "bannerText", value: `${scope}.` }) as const;

/** Some workers in a process of their own, until told to finish or to die. */
export async function chaosWorkers(options: WorkersOptions): Promise<void> {
  using sockets = new RawSockets();
  await using clients = new ScopeClients(options.address);
  const finish = new AbortController();
  const tell = (word: WorkersWord) => void process.send?.(word);
  const workers = Array.from(
    { length: options.workers },
    (_, index) => new Worker(clients, sockets, new Random(options.seed + index), `${options.prefix}-${index}`, tell),
  );
  process.on("message", (order: WorkersOrder) => {
    if (order === "finish") finish.abort();
    else void workers[0]!.die();
  });
  process.on("disconnect", () => process.exit(1));
  await Promise.all(workers.map((worker) => worker.run(finish.signal)));
  process.removeAllListeners("disconnect");
  process.disconnect?.();
}

/** One test worker: a scope of its own, in it random calls, right and wrong; then the next scope. */
class Worker {
  private readonly outcomes = new Map<string, number>();
  private readonly wrongWith = errorJudge();
  private lastScope = 0;

  constructor(
    private readonly clients: ScopeClients,
    private readonly sockets: RawSockets,
    private readonly random: Random,
    private readonly name: string,
    private readonly tell: (word: WorkersWord) => void,
  ) {}

  async run(finish: AbortSignal): Promise<void> {
    while (!finish.aborted) {
      try {
        await this.inScope(finish);
      } catch (error) {
        this.found("a worker failed", error);
        return;
      }
    }
  }

  /** Begins a call of every kind, and is ended by SIGKILL before most are answered. */
  async die(): Promise<void> {
    const scope = `${this.name}-dying`;
    const never = new AbortController().signal;
    const target = this.sockets.listen();
    const caller: Caller = { clients: this.clients, scope, random: this.random, ownPort: target.port, signal: never };
    const hold = this.clients.scopes.holdScope({ scope })[Symbol.asyncIterator]();
    await hold.next();
    const { listener } = await this.clients.listeners.createListener({ scope, name: "a" });
    await this.sockets.connect(listener!.port);
    await this.clients.sessions.openSession({ scope, name: "s", target: `127.0.0.1:${target.port}` });
    const long = { seconds: 500n, nanos: 0 };
    const { sessions, events } = this.clients;
    const pending: Promise<unknown>[] = [
      hold.next(),
      sessions.waitSession({ scope, session: "nobody", timeout: long }),
      sessions.receiveData({ scope, session: "s", minBytes: 5, timeout: long }),
      events.streamEvents({ scope: "-" })[Symbol.asyncIterator]().next(),
      ...Object.values(chaosCalls).map((call) => call(caller)),
    ];
    for (const each of pending) each.catch(() => undefined);
    this.tell({ word: "dying", scope, calls: Object.keys(chaosCalls) });
    // From before the calls are sent to after some are answered.
    setTimeout(() => process.kill(process.pid, "SIGKILL"), this.random.between(0, 20));
  }

  private async inScope(finish: AbortSignal): Promise<void> {
    this.lastScope += 1;
    const scope = `${this.name}-${this.lastScope}`;
    const target = this.sockets.listen();
    const ownSockets: RawSocket[] = [];
    const release = await this.open(scope);
    if (release === undefined) return;
    try {
      if (this.random.chance(0.8)) await this.furnish(scope, target, ownSockets);
      for (let calls = this.random.between(1, callsOfScope); calls > 0 && !finish.aborted; calls -= 1) {
        if (this.random.chance(0.2)) await this.connect(scope, ownSockets);
        else await this.call(scope, target);
      }
    } finally {
      for (const socket of ownSockets) socket.close();
      target.close();
      await release();
      this.tell({ word: "tally", outcomes: Object.fromEntries(this.outcomes) });
      this.outcomes.clear();
    }
  }

  /** What most calls of a test would be about. */
  private async furnish(scope: string, target: RawListener, ownSockets: RawSocket[]): Promise<void> {
    const { listeners, sessions } = this.clients;
    try {
      await listeners.createListener({ scope, name: "a", behaviour: { banner: bannerOf(scope), kind: echo }, plans });
      const timeout = { seconds: 60n, nanos: 0 };
      const [peer] = await Promise.all([
        target.accept(60_000),
        sessions.openSession({ scope, name: "s", target: `127.0.0.1:${target.port}`, timeout }),
      ]);
      ownSockets.push(peer);
      peer.send("hello");
    } catch (error) {
      this.met("furnishing", error);
    }
  }

  /** Makes or holds a scope. Gives what ends it; nothing where there are as many as may be. */
  private async open(scope: string): Promise<(() => Promise<void>) | undefined> {
    const { scopes } = this.clients;
    try {
      if (this.random.chance(0.5)) {
        await scopes.createScope({ scope, ttl: { seconds: 5n, nanos: 0 } });
        return async () => {
          try {
            const { report } = await scopes.deleteScope({ scope });
            this.count("deleteScope OK");
            this.lookThrough(scope, "deleteScope", report);
          } catch (error) {
            this.met("deleteScope", error);
          }
        };
      }
      const holding = new AbortController();
      const replies = scopes.holdScope({ scope }, { signal: holding.signal })[Symbol.asyncIterator]();
      await replies.next();
      this.count("holdScope OK");
      const over = replies.next().catch(() => undefined);
      return async () => {
        holding.abort();
        await over;
      };
    } catch (error) {
      this.met("a scope's beginning", error);
      return undefined;
    }
  }

  private async call(scope: string, target: RawListener): Promise<void> {
    const kind = this.random.pick(Object.keys(chaosCalls));
    // Dear, and not what this is about.
    if (kind.endsWith("Capture") && this.random.chance(0.9)) return;
    const givingUp = new AbortController();
    // What ends by itself may do so.
    const endless = kind === "streamEvents" || kind === "holdScope";
    const patienceMs = endless || this.random.chance(0.5) ? this.random.between(1, 400) : 5000;
    const giveUp = setTimeout(() => givingUp.abort(), patienceMs);
    try {
      const { clients, random } = this;
      const reply = await chaosCalls[kind]!({ clients, scope, random, ownPort: target.port, signal: givingUp.signal });
      this.count(`${kind} OK`);
      this.lookThrough(scope, kind, reply);
    } catch (error) {
      if (givingUp.signal.aborted && /AbortError|CANCELLED/.test(String(error))) this.count(`${kind} given up`);
      else this.met(kind, error);
    } finally {
      clearTimeout(giveUp);
    }
  }

  /** Connects to a listener of the scope, whose banner must name this very scope. */
  private async connect(scope: string, ownSockets: RawSocket[]): Promise<void> {
    const { listeners } = await this.clients.listeners.listListeners({ scope }).catch(() => ({ listeners: [] }));
    const listening = listeners.filter(({ host, state }) => host === "127.0.0.1" && state === 1);
    if (listening.length === 0) return;
    const { name, port } = this.random.pick(listening);
    const banner = `${scope}.`;
    let socket: RawSocket;
    let text: string;
    try {
      socket = await this.sockets.connect(port, 1000);
      ownSockets.push(socket);
      text = await socket.readText(banner.length, 1000);
    } catch (error) {
      // What was given up before may go on, and delete the listener or end all sessions: no greeting, but no wrong one.
      this.count(`greeting: ${String(error).replaceAll(/[\w.-]*\d[\w.-]*/g, "N")}`);
      return;
    }
    if (text !== banner) {
      // Unless the listener is gone meanwhile, and its port is somebody else's.
      const { listener } = await this.clients.listeners
        .getListener({ scope, listener: name })
        .catch(() => ({ listener: undefined }));
      if (listener?.port === port) this.found("cross-talk", `${scope} was greeted with ${text}`);
    }
    this.random.pick([() => socket.reset(), () => socket.shutdown(), () => socket.send("hello")])();
  }

  /** Whatever a reply names must be of this scope. */
  private lookThrough(scope: string, kind: string, reply: unknown): void {
    if (typeof reply !== "object" || reply === null || Buffer.isBuffer(reply)) return;
    for (const [key, value] of Object.entries(reply)) {
      const other = key === "scope" && typeof value === "string" && value !== scope && value !== "";
      if (other) this.found("cross-talk", `${kind} in ${scope} told of ${value}`);
      this.lookThrough(scope, kind, value);
    }
  }

  private met(kind: string, error: unknown): void {
    const wrong = this.wrongWith(error);
    if (wrong !== undefined) this.found(`an error of ${kind}`, wrong);
    this.count(`${kind} failed`);
  }

  private count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }

  private found(kind: string, what: unknown): void {
    this.tell({ word: "found", kind, what: String(what) });
  }
}
