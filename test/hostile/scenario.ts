import { Action } from "../../src/gen/hangup/v1/action.js";
import { Session_OnPeerFin, WaitSessionRequest_Condition } from "../../src/gen/hangup/v1/session.js";
import { look } from "../support/actions.js";
import { ms, type TestDaemon } from "../support/daemon.js";
import type { Judge, Listener, Peer } from "../support/judge.js";
import type { Random } from "./random.js";
import type { ReceiptJson } from "./wire-truth.js";

type ActionJson = Readonly<Record<string, unknown>>;

/** A listener of the daemon to connect to. */
export interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** What a scenario plays on. */
export interface Ground {
  readonly daemon: TestDaemon;
  readonly judge: Judge;
  readonly targets: readonly Target[];
  /** The judge's own, for the daemon to dial. */
  readonly dialed: Listener;
}

/** What a scenario came to. */
export interface Played {
  readonly receipt: ReceiptJson;
  readonly events: readonly string[];
  readonly session: string;
  /** The ports of the connection. */
  readonly ourPort: number;
  readonly peerPort: number;
  readonly blackHoled: boolean;
  readonly peerRead: number | undefined;
  readonly urgent: boolean;
  readonly racedSince: number | undefined;
}

/** A wait that ends long before a test's deadline, and long after anything should have happened. */
const hangMs = 15_000;

const duration = (milliseconds: number) => ({
  seconds: String(Math.floor(milliseconds / 1000)),
  nanos: (milliseconds % 1000) * 1e6,
});

/** One connection, to which random things are done from both ends until it has ended. */
export class Scenario {
  /** What was done and what came of it, to tell when something is wrong. */
  readonly log: string[] = [];
  readonly complaints: string[] = [];
  private session = "";
  private peer!: Peer;
  private ourPort = 0;
  private peerPort = 0;
  private peerOpen = true;
  private peerShut = false;
  private peerRead = 0;
  private peerReadToEnd = false;
  private peerMetError = false;
  private blackHoled = false;
  private urgent = false;
  private racedSince: number | undefined;
  /** What the receipt said last of the peer's next calls; not once the peer has called. */
  private outlook: { nextRead: string[]; nextWrite: string[] } | undefined;
  private lastOutlook = "";
  private peerEnd = "";

  constructor(
    private readonly ground: Ground,
    private readonly random: Random,
  ) {}

  async play(): Promise<Played> {
    await this.begin();
    for (let steps = this.random.between(1, 5); steps > 0; steps -= 1) {
      if (this.random.chance(0.25)) await this.race();
      else if (this.random.chance(0.6)) await this.act(this.anyAction());
      else await this.callAny();
    }
    return await this.finish();
  }

  private async begin(): Promise<void> {
    const { daemon, judge, targets, dialed } = this.ground;
    const buffers = {
      ...(this.random.chance(0.2) ? { rcvbuf: 4096 } : {}),
      ...(this.random.chance(0.2) ? { sndbuf: 8192 } : {}),
    };
    if (this.random.chance(0.25)) {
      const onPeerFin = this.random.pick([Session_OnPeerFin.CLOSE_TOO, Session_OnPeerFin.STAY_OPEN]);
      const { session } = await daemon.sessions.openSession({ target: `127.0.0.1:${dialed.port}`, onPeerFin });
      this.peer = await dialed.accept();
      this.session = session!.name;
      this.log.push(`dialed on_peer_fin=${onPeerFin}`);
    } else {
      const target = this.random.pick(targets);
      this.peer = await judge.connect({ host: target.host, port: target.port, ...buffers });
      const { session } = await daemon.sessions.waitSession({ listener: target.name, peerPort: this.peer.localPort });
      this.session = session!.name;
      this.log.push(`${target.name} ${JSON.stringify(buffers)}`);
    }
    const { session } = await daemon.sessions.getSession({ session: this.session });
    this.ourPort = Number(session!.localAddress.split(":").at(-1));
    this.peerPort = Number(session!.peerAddress.split(":").at(-1));
  }

  // What the daemon does.

  private anyAction(): ActionJson {
    const { random } = this;
    const flushTimeout = duration(random.pick([0, 30, 200]));
    const drainTimeout = duration(random.pick([0, 20, 100]));
    const text = "x".repeat(random.pick([1, 5, 1000]));
    return random.pick<() => ActionJson>([
      () => ({ close: { flushTimeout, drainTimeout } }),
      () => ({ halfClose: { flushTimeout } }),
      () => ({ halfClose: { flushTimeout } }),
      () => ({ reset: {} }),
      () => ({ reset: { afterFlush: true, flushTimeout } }),
      () => ({ reset: { discardedData: Buffer.from(text).toString("base64") } }),
      () => ({ linger: { timeout: flushTimeout, drainTimeout } }),
      () => ({ resetUnread: { timeout: flushTimeout } }),
      () => ({ finThenReset: { flushTimeout } }),
      () => ({ lastData: { text, flushTimeout, drainTimeout } }),
      () => ({ vanish: {} }),
      () => ({ blackHole: { direction: random.pick(["INBOUND", "BOTH"]) } }),
      () => ({ heal: {} }),
      () => ({ pause: {} }),
      () => ({ pause: {} }),
      () => ({ resume: {} }),
      () => ({ throttle: { chunkBytes: random.pick([1, 100]), pause: duration(random.pick([1, 20])) } }),
      () => ({ throttle: {} }),
      () => ({ delay: { duration: duration(random.pick([0, 5, 50])) } }),
      () => ({ send: { text, flushTimeout } }),
      () => ({ send: { random: { bytes: random.pick([10_000, 300_000]) }, flushTimeout } }),
      () => ({ sendUrgent: { text: "u", flushTimeout } }),
      () => ({ setBehaviour: { behaviour: { [random.pick(["echo", "discard", "silent", "manual"])]: {} } } }),
      () => ({ setBehaviour: { behaviour: { source: { bytes: "50000" }, bannerText: random.pick(["", "hello"]) } } }),
    ])();
  }

  private async perform(action: ActionJson): Promise<void> {
    const began = performance.now();
    if ("blackHole" in action) this.blackHoled = true;
    if ("sendUrgent" in action) this.urgent = true;
    const cancel = this.random.chance(0.1) ? AbortSignal.timeout(this.random.between(0, 40)) : undefined;
    let outcome = "done";
    try {
      await this.ground.daemon.sessions.performAction(
        { session: this.session, action: Action.fromJSON(action) },
        cancel === undefined ? {} : { signal: cancel },
      );
    } catch (error) {
      outcome = (error as Error).message;
      if (/bug in the daemon/.test(outcome)) this.complaints.push(outcome);
    }
    const took = performance.now() - began;
    this.log.push(`${JSON.stringify(action).slice(0, 160)} -> ${outcome.slice(0, 160)}`);
    if (took > 3000) this.complaints.push(`${JSON.stringify(action)} took ${Math.round(took)} ms`);
  }

  private async act(action: ActionJson): Promise<void> {
    await this.perform(action);
    await this.readReceipt();
  }

  private async readReceipt(): Promise<ReceiptJson | undefined> {
    const { receipt } = (await look(this.ground.daemon, this.session)) as { receipt?: ReceiptJson };
    const outlook = JSON.stringify([receipt?.peerOutlook?.nextRead, receipt?.peerOutlook?.nextWrite]);
    // One that was there before may have been used up.
    if (receipt?.peerOutlook !== undefined && outlook !== this.lastOutlook) this.outlook = receipt.peerOutlook;
    this.lastOutlook = outlook;
    this.peerEnd = receipt?.peerEnd?.kind ?? "";
    return receipt;
  }

  // What the peer does.

  private async callAny(): Promise<void> {
    if (!this.peerOpen) return;
    const { random } = this;
    await random.pick([
      () => this.send(random.pick([1, 1, 100, 70_000])),
      () => this.send(1),
      () => this.read(),
      () => this.read(),
      () => this.shut(),
      () => this.close(random.chance(0.5)),
    ])();
  }

  private async send(size: number): Promise<void> {
    const { errno } = await this.peer.send({ size }, { deadlineMs: 100 });
    const outcome = errno === undefined ? "OK" : errno === "ETIMEDOUT_JUDGE" ? "BLOCKS" : errno;
    this.log.push(`peer sends ${size}: ${outcome}`);
    if (outcome === "ECONNRESET" || outcome === "EPIPE") this.peerMetError = true;
    const { outlook } = this;
    this.outlook = undefined;
    // Its own shutdown may not have been seen by us.
    if (outlook === undefined || (this.peerShut && this.peerEnd !== "FIN")) return;
    // A queue of its own that is full is no business of ours.
    if (!outlook.nextWrite.includes(outcome) && outcome !== "BLOCKS") {
      this.complaints.push(`the peer's write gave ${outcome}, and the receipt said ${outlook.nextWrite.join(" or ")}`);
    }
  }

  private async read(): Promise<void> {
    let { outlook } = this;
    this.outlook = undefined;
    // What is throttled would come for hours.
    for (const until = performance.now() + 1500; performance.now() < until; ) {
      const { rc, end } = await this.peer.recv({ deadlineMs: outlook === undefined ? 60 : 500, max: 65_536 });
      const outcome = end === undefined ? "DATA" : end === "ETIMEDOUT_JUDGE" ? "BLOCKS" : end;
      if (outlook !== undefined && !outlook.nextRead.includes(outcome)) {
        this.complaints.push(`the peer's read gave ${outcome}, and the receipt said ${outlook.nextRead.join(" or ")}`);
      }
      if (outcome === "DATA") {
        this.peerRead += rc;
        // What is lost leaves a gap behind the data: the receipt tells of the next read alone.
        if (this.blackHoled) outlook = undefined;
        continue;
      }
      this.log.push(`peer read ${this.peerRead} so far, then ${outcome}`);
      // Behind an error reads give EOF too, and that is no end of the bytes.
      if (outcome === "EOF") this.peerReadToEnd = !this.peerMetError;
      else if (outcome !== "BLOCKS") this.peerMetError = true;
      return;
    }
  }

  private async shut(): Promise<void> {
    const { errno } = await this.peer.shutdown("WR");
    this.log.push(`peer shuts down: ${errno ?? "ok"}`);
    this.peerShut = true;
    await this.ground.daemon.sessions
      .waitSession({ session: this.session, condition: WaitSessionRequest_Condition.PEER_FIN, timeout: ms(100) })
      .catch(() => undefined);
    // A FIN is a segment as well, and may be answered.
    this.outlook = undefined;
    await this.readReceipt();
  }

  private async close(reset: boolean): Promise<void> {
    this.log.push(reset ? "peer resets" : "peer closes");
    this.peerOpen = false;
    this.outlook = undefined;
    await this.peer.close({ linger0: reset });
  }

  /** Two things at once: what the receipt says of the peer is good again when both are done. */
  private async race(): Promise<void> {
    this.log.push("at once:");
    this.outlook = undefined;
    this.racedSince = Date.now() / 1000;
    const first = this.perform(this.anyAction());
    const second = this.random.chance(0.5) ? this.perform(this.anyAction()) : this.callAny();
    const wasOpen = this.peerOpen;
    await Promise.all([first, second]);
    await this.readReceipt();
    // The peer may have called before or after.
    if (wasOpen) this.outlook = undefined;
    if (!(await this.ended(0))) this.racedSince = undefined;
    this.log.push("so far");
  }

  // Its end.

  private async ended(timeoutMs: number): Promise<boolean> {
    return await this.ground.daemon.sessions
      .waitSession({ session: this.session, condition: WaitSessionRequest_Condition.ENDED, timeout: ms(timeoutMs) })
      .then(
        () => true,
        () => false,
      );
  }

  private async finish(): Promise<Played> {
    const { random } = this;
    if (!(await this.ended(0))) {
      if (this.blackHoled) await this.perform({ heal: {} });
      if (this.peerOpen && random.chance(0.3)) await this.close(random.chance(0.5));
      else
        await this.act(
          random.pick([{ reset: {} }, { close: { flushTimeout: duration(50), drainTimeout: duration(50) } }]),
        );
    }
    // Not ended within its timeouts: by force, as every state allows or ends by itself.
    if (!(await this.ended(300))) {
      await this.act({ reset: {} });
      if (!(await this.ended(50)))
        await this.act({ close: { flushTimeout: duration(50), drainTimeout: duration(50) } });
      if (!(await this.ended(hangMs))) this.complaints.push("it never ends");
    }
    await this.readReceipt();
    if (this.peerOpen && this.outlook !== undefined) await (random.chance(0.5) ? this.read() : this.send(1));
    if (this.peerOpen) {
      // What waits in our kernel goes out when the peer reads, the FIN behind it too.
      await this.read();
      await this.peer.close();
    }
    const receipt = await this.readReceipt();
    const { events } = await this.ground.daemon.events.listEvents({ session: this.session, pageSize: 1000 });
    return {
      receipt: receipt ?? {},
      events: events.map(({ fact }) => fact?.$case ?? ""),
      session: this.session,
      ourPort: this.ourPort,
      peerPort: this.peerPort,
      blackHoled: this.blackHoled,
      peerRead: this.peerReadToEnd ? this.peerRead : undefined,
      urgent: this.urgent,
      racedSince: this.racedSince,
    };
  }
}
