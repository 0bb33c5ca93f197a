import { ClientError, Status } from "nice-grpc";
import { Random } from "../hostile/random.js";
import {
  dialed,
  type Ending,
  endings,
  type ListenerName,
  listenerRequest,
  listeners,
  performOne,
} from "./soak-endings.js";
import { Directory, inWords } from "./support/directory.js";
import type { Findings } from "./support/findings.js";
import { inParallel } from "./support/in-parallel.js";
import type { RawListener, RawSocket, RawSockets } from "./support/raw-sockets.js";
import type { ScopeClients } from "./support/scope-clients.js";

/** Scopes at once, each with one session after the other. */
const lanes = 32;
/** Sessions of a scope; then comes the next one. */
const sessionsOfScope = 100;
/** Sessions that are still open when their scope ends. */
export const leftOpen = 3;
/** The failure of a scope is a finding, and the end of that scope alone; so many are the end of it all. */
const failedScopesAtMost = 20;
/** Past the time asked for by so much, it gives up. */
export const patience = 2;

/** Sessions one after the other, in scopes one after the other, in each of the lanes. */
export class Course {
  done = 0;
  readonly counts = new Map<string, number>();
  private next = 0;
  private goal = 0;
  private began = 0;
  private stepMs = 0;
  private lastScope = 0;
  private failedScopes = 0;
  private readonly random: Random;

  constructor(
    private readonly clients: ScopeClients,
    private readonly sockets: RawSockets,
    private readonly findings: Findings,
    seed: number,
  ) {
    this.random = new Random(seed);
  }

  /** So many sessions, the last one due after so long. */
  async run(sessions: number, spanMs: number): Promise<void> {
    this.next = 0;
    this.goal = sessions;
    this.began = performance.now();
    this.stepMs = spanMs / sessions;
    const giveUp = this.began + Math.max(60_000, spanMs * patience);
    await inParallel(spanMs === 0 ? 1 : lanes, lanes, async () => {
      while (this.next < this.goal && performance.now() < giveUp && this.failedScopes < failedScopesAtMost) {
        await this.scope();
      }
    });
  }

  /** The number of the next session, when it is due; undefined when there are no more. */
  private async ticket(): Promise<number | undefined> {
    if (this.next >= this.goal) return undefined;
    const number = this.next++;
    const waitMs = this.began + number * this.stepMs - performance.now();
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    return number;
  }

  private async scope(): Promise<void> {
    this.lastScope += 1;
    const scope = `soak-${this.lastScope}`;
    const release = this.lastScope % 2 === 0 ? await this.hold(scope) : await this.create(scope);
    try {
      await this.within(scope, release);
    } catch (error) {
      this.failedScopes += 1;
      this.findings.add("a scope failed", `${scope}: ${String(error)}`);
      await release().catch(() => undefined);
    }
  }

  private async within(scope: string, release: () => Promise<void>): Promise<void> {
    const { clients } = this;
    const ports = new Map<ListenerName, number>();
    for (const name of Object.keys(listeners) as ListenerName[]) {
      const { listener } = await clients.listeners.createListener(listenerRequest(scope, name));
      ports.set(name, listener!.port);
    }
    const target = this.sockets.listen();
    const directory = await Directory.open(clients, scope);
    const expected = new Map<string, number>();
    const open: RawSocket[] = [];
    const left: string[] = [];
    for (let index = 0; index < sessionsOfScope; index += 1) {
      const ticket = await this.ticket();
      if (ticket === undefined) break;
      if (index < leftOpen) {
        const peer = await this.sockets.connect(ports.get("staying")!);
        left.push(await directory.sessionOf(peer.localPort));
        open.push(peer);
        this.count("the end of its scope", expected, "RST SCOPE_ENDED, NONE");
        continue;
      }
      const ending = endings[ticket % endings.length]!;
      const passing = this.random.chance(0.2) ? this.passBy(scope) : undefined;
      try {
        await this.session(ending, scope, ports, target, directory);
      } catch (error) {
        this.findings.add(ending.name, `in ${scope}: ${String(error)}`);
      }
      await passing;
      this.count(ending.name, expected, ending.receipt);
    }
    await release();
    for (const peer of open) {
      const { end } = await peer.readToEnd();
      this.findings.must(end === "ECONNRESET", "the end of its scope", `in ${scope} the peer reads ${end}`);
      peer.close();
    }
    for (const session of left) {
      const words = inWords(await directory.receiptOf(session));
      this.findings.must(
        words === "RST SCOPE_ENDED, NONE",
        "the end of its scope",
        `in ${scope} the receipt says ${words}`,
      );
    }
    const { counts, openSessions } = await directory.report();
    await directory.close();
    // Dialed sessions are known by the reply.
    const strangers = directory
      .unasked()
      .filter((key) => key !== `port ${target.port}`)
      .join(", ");
    this.findings.must(strangers === "", "told, but never asked for", `in ${scope}: ${strangers}`);
    target.close();
    const sum = (pattern: RegExp) =>
      BigInt([...expected].reduce((total, [words, times]) => total + (pattern.test(words) ? times : 0), 0));
    const reported = [counts?.sessions, counts?.localFin, counts?.localRst, counts?.peerFin, counts?.peerRst].join();
    const wanted = [sum(/./), sum(/^FIN/), sum(/^RST/), sum(/, FIN/), sum(/, RST/)].join();
    this.findings.must(reported === wanted, "the report of a scope", `${scope}: ${reported} in place of ${wanted}`);
    this.findings.must(openSessions.length === open.length, "open at the end", `${scope}: ${openSessions.join()}`);
  }

  private count(name: string, expected: Map<string, number>, receipt: string): void {
    this.done += 1;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    expected.set(receipt, (expected.get(receipt) ?? 0) + 1);
  }

  /** One session from its beginning to its receipt. */
  private async session(
    ending: Ending,
    scope: string,
    ports: ReadonlyMap<ListenerName, number>,
    target: RawListener,
    directory: Directory,
  ): Promise<void> {
    const { clients } = this;
    // Ports come round again, also in one scope: what was before is no session of ours.
    const openedAfterSequence = directory.lastSequence;
    const ours = ending.on === "dialed" ? await dialed(clients, scope, target) : undefined;
    const peer = ours?.peer ?? (await this.sockets.connect(ports.get(ending.on as ListenerName)!));
    // Each connection is looked up once, by an event or by a wait.
    const waits = ours === undefined && this.random.chance(0.25);
    const found = async () => {
      if (ours !== undefined) return ours.session;
      const told = directory.sessionOf(peer.localPort);
      if (!waits) return await told;
      const timeout = { seconds: 30n, nanos: 0 };
      const request = { scope, listener: ending.on, peerPort: peer.localPort, openedAfterSequence, timeout };
      const [byEvent, { session }] = await Promise.all([told, clients.sessions.waitSession(request)]);
      if (session?.name !== byEvent) throw new Error(`WaitSession found ${session?.name}, the event ${byEvent}`);
      return byEvent;
    };
    let session: Promise<string> | undefined;
    const name = () => (session ??= found());
    try {
      await ending.play({
        clients,
        scope,
        peer,
        session: name,
        perform: async (action) => performOne(clients, scope, await name(), action),
        async ends(end, bytes) {
          const read = await peer.readToEnd();
          const wrong = read.end !== end || (bytes !== undefined && read.bytes !== bytes);
          if (wrong)
            throw new Error(`the peer reads ${read.bytes} bytes and ${read.end}, not ${bytes ?? "any"} and ${end}`);
        },
      });
      const words = inWords(await directory.receiptOf(await name()));
      if (words !== ending.receipt) throw new Error(`the receipt says ${words}, not ${ending.receipt}`);
    } finally {
      peer.close();
    }
  }

  /** What else goes on in a scope: a wait that times out, one that is given up, a stream that is, and one that ends. */
  private async passBy(scope: string): Promise<void> {
    const { events, sessions } = this.clients;
    const nowhere = { scope, session: "nowhere" };
    const giveUp = () => AbortSignal.timeout(this.random.between(1, 30));
    const [code, call] = this.random.pick<() => readonly [Status | undefined, Promise<unknown>]>([
      () => [Status.DEADLINE_EXCEEDED, sessions.waitSession({ ...nowhere, timeout: { seconds: 0n, nanos: 20e6 } })],
      () => [Status.CANCELLED, sessions.waitSession(nowhere, { signal: giveUp() })],
      () => [Status.CANCELLED, drain(events.streamEvents({ scope }, { signal: giveUp() }))],
      () => [undefined, drain(events.streamEvents({ scope, afterSequence: 0n, maxEvents: 3 }))],
      () => [Status.NOT_FOUND, sessions.closeSession(nowhere)],
    ])();
    try {
      await call;
      this.findings.must(code === undefined, "a call in passing", `succeeded in place of ${Status[code ?? 0]}`);
    } catch (error) {
      // Thrown by the client's side of a call that is given up.
      const aborted = error instanceof Error && /^(Abort|Timeout)Error$/.test(error.name) && code === Status.CANCELLED;
      const asWanted = aborted || (error instanceof ClientError && error.code === code);
      this.findings.must(asWanted, "a call in passing", `${String(error)} in place of ${Status[code ?? 0]}`);
    }
  }

  /** Makes a scope. Gives what ends it. */
  private async create(scope: string): Promise<() => Promise<void>> {
    await this.clients.scopes.createScope({ scope });
    return async () => void (await this.clients.scopes.deleteScope({ scope }));
  }

  /** Holds a scope. Gives what ends it: our letting go. */
  private async hold(scope: string): Promise<() => Promise<void>> {
    const holding = new AbortController();
    const stream = this.clients.scopes.holdScope({ scope }, { signal: holding.signal });
    const replies = stream[Symbol.asyncIterator]();
    const { value } = await replies.next();
    if (value?.scope?.name !== scope) throw new Error(`held ${value?.scope?.name} in place of ${scope}`);
    const over = replies.next().catch((error: unknown) => error);
    return async () => {
      holding.abort();
      await over;
    };
  }
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}
