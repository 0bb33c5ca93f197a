import { join } from "node:path";
import { Action } from "../../src/gen/hangup/v1/action.js";
import { DeleteListenerRequest_Sessions, Listener_State } from "../../src/gen/hangup/v1/listener.js";
import { type PeerOutlook, Receipt_Evidence } from "../../src/gen/hangup/v1/session.js";
import { serve, type Served } from "../support/cli.js";
import { Clients } from "../support/daemon.js";
import type { Judge, Peer, PollEvent } from "../support/judge.js";
import type { DaemonStep, Entry, PeerStep } from "./entry.js";
import type { Stage } from "./stage.js";
import { allowedWire, wireOf } from "./wire.js";

/** How long the wire may take to show what it has to, in ms: nothing more than a busy machine is between. */
const wireDeadlineMs = 3000;

export interface RunResult {
  readonly outcome: string;
  readonly wire: string | undefined;
  /** Packets of it were dropped by the kernel for want of room: the wire proves nothing. */
  readonly incomplete: boolean;
  readonly complaints: readonly string[];
}

/** One run of an entry, on a listener of its own. */
export class OneRun {
  private readonly name: string;
  private readonly outcomes: string[] = [];
  private readonly complaints: string[] = [];
  private readonly sockets = new Map<string, Peer>();
  private clients: Clients;
  private served: Served | undefined;
  private where: { host: string; port: number } | { path: string } = { path: "" };
  private session: string | undefined;
  /** What the last action's receipt says of the peer's next call. */
  private outlook: PeerOutlook | undefined;
  private capturing = false;
  private incomplete = false;
  /** The peer's address, of this run alone: others on the machine may come by the port as well. */
  private readonly peerHost: string;

  constructor(
    private readonly stage: Stage,
    private readonly judge: Judge,
    private readonly entry: Entry,
    number: number,
  ) {
    this.name = `t${number}`;
    this.clients = stage.clients;
    this.peerHost = `127.77.${Math.floor(number / 250) % 250}.${1 + (number % 250)}`;
  }

  async go(): Promise<RunResult> {
    try {
      await this.setUp();
      for (const step of this.entry.steps) {
        if ("peer" in step) await this.call(step);
        else await this.do(step);
      }
      const wire = this.capturing ? await this.wire() : undefined;
      await this.checkEvidence();
      return { outcome: this.outcomes.join(", "), wire, incomplete: this.incomplete, complaints: this.complaints };
    } finally {
      await this.tearDown();
    }
  }

  private async setUp(): Promise<void> {
    const { entry, stage, name } = this;
    if (entry.ownDaemon) {
      this.served = await serve();
      this.clients = new Clients(this.served.address);
    }
    const path = join(stage.folder, `${name}.sock`);
    const { listener } = await this.clients.listeners.createListener({
      name,
      ...(entry.unix ? { unixPath: path } : {}),
      ...entry.listener,
    });
    if (listener === undefined) throw new Error("a reply without its listener");
    this.where = entry.unix ? { path } : { host: listener.host, port: listener.port };
    if (!stage.captured || entry.unix) return;
    if (entry.ownDaemon) {
      // The capture of the daemon that stays covers the ports that it has dialed.
      await stage.clients.sessions.openSession({ name, target: `${listener.host}:${listener.port}` });
    }
    await stage.clients.captures.startCapture({ name: this.slot, listener: entry.ownDaemon ? "" : name });
    this.capturing = true;
  }

  /** A judge has one run at a time, and a capture's name may be taken anew. */
  private get slot(): string {
    return `slot-${this.stage.judges.indexOf(this.judge)}`;
  }

  private async tearDown(): Promise<void> {
    const { stage, name, capturing, served } = this;
    if (capturing) await stage.clients.captures.stopCapture({ capture: this.slot });
    for (const peer of this.sockets.values()) await peer.close({ linger0: true });
    if (served === undefined) {
      // An entry may have deleted it.
      await this.clients.listeners.deleteListener({ listener: name, maxResults: 0 }).catch(() => undefined);
      return;
    }
    // By the crash it may have ended already.
    if (capturing) await stage.clients.sessions.resetSession({ session: name }).catch(() => undefined);
    await this.clients[Symbol.asyncDispose]();
    await served[Symbol.asyncDispose]();
  }

  // Our side.

  private async do(step: DaemonStep): Promise<void> {
    const { clients, name } = this;
    if ("perform" in step) await this.perform(step.perform);
    else if ("wait" in step) await clients.sessions.waitSession({ session: await this.sessionName(), ...step.wait });
    else if ("update" in step) {
      await clients.listeners.updateListener({ listener: name, state: Listener_State[step.update] });
    } else if ("deleteListener" in step) {
      const sessions = DeleteListenerRequest_Sessions[step.deleteListener];
      await clients.listeners.deleteListener({ listener: name, sessions });
      this.session = undefined;
    } else if ("crash" in step) {
      this.served?.running.send("SIGKILL");
      await this.served?.running.died();
    } else await this.busyPeerDuring(step.busyPeerDuring);
  }

  private async perform(action: Readonly<Record<string, unknown>>): Promise<void> {
    const session = await this.sessionName();
    const { receipts } = await this.clients.sessions.performAction({ session, action: Action.fromJSON(action) });
    this.outlook = receipts[0]?.peerOutlook;
  }

  private async busyPeerDuring(action: Readonly<Record<string, unknown>>): Promise<void> {
    const peer = this.socket(undefined);
    if (peer === undefined) return;
    const session = await this.sessionName();
    const busy = peer.echoUntilError({ chunk: 2048 });
    await this.clients.sessions.waitSession({ session, bytesReceived: 16_384n });
    await this.perform(action);
    const { events } = await busy;
    const times = events.filter(({ end }) => end === "ECONNRESET").length;
    this.outcomes.push(`${events[0]?.call} ${events[0]?.end} ${times === 1 ? "once" : `${times} times`}`);
    this.outlook = undefined;
  }

  /** The session of the peer's newest connection. */
  private async sessionName(): Promise<string> {
    if (this.session !== undefined) return this.session;
    const peer = this.socket(undefined);
    const { session } = await this.clients.sessions.waitSession({
      listener: this.name,
      ...(this.entry.unix || peer === undefined ? {} : { peerPort: peer.localPort }),
    });
    return (this.session = session?.name ?? "");
  }

  // The peer's.

  private socket(name: string | undefined): Peer | undefined {
    return this.sockets.get(name ?? "a");
  }

  private async call(step: PeerStep): Promise<void> {
    if (step.peer === "connect") {
      this.outcomes.push(await this.connect(step));
      return;
    }
    const peer = this.socket(step.socket);
    // Its connect has failed, so there is nothing more to call.
    if (peer === undefined) return;
    const outcome = await callOn(peer, step);
    this.outcomes.push(outcome);
    this.checkOutlook(step, outcome);
    if (step.peer === "close") this.sockets.delete(step.socket ?? "a");
  }

  private async connect(step: PeerStep & { readonly peer: "connect" }): Promise<string> {
    const { peer: _peer, socket = "a", ...options } = step;
    const from = this.entry.unix ? {} : { localAddress: this.peerHost };
    const attempt = await this.judge.tryConnect({ ...this.where, ...from, ...options });
    if (!attempt.ok) return blocksOr(attempt.errno);
    this.sockets.set(socket, attempt.peer);
    return "ok";
  }

  // What else must be true.

  /** The peer's first call after an action gives what the receipt said that it may. */
  private checkOutlook(step: PeerStep, outcome: string): void {
    const { outlook } = this;
    if (outlook === undefined || step.peer === "poll" || step.peer === "poll for errors" || step.peer === "state")
      return;
    this.outlook = undefined;
    const given = step.peer === "send" || step.peer === "sendAll" ? outlook.nextWrite : outlook.nextRead;
    const [bytes = "", end = outcome] = outcome.includes(" then ") ? outcome.split(" then ") : [];
    const seen = end === "ok" ? "OK" : /^\d+ B$/.test(end) ? "DATA" : end;
    if (!given.includes(seen))
      this.complaints.push(`${step.peer} gave ${seen}, and the receipt said ${given.join(" or ")}`);
    if (/^[1-9]|some/.test(bytes) && !given.includes("DATA"))
      this.complaints.push("data came that the receipt did not tell of");
  }

  private async checkEvidence(): Promise<void> {
    if (!this.capturing || this.entry.ownDaemon || this.session === undefined) return;
    const { session } = await this.clients.sessions.getSession({ session: this.session });
    const evidence = session?.receipt?.evidence;
    const expected = this.incomplete ? Receipt_Evidence.INCOMPLETE : Receipt_Evidence.CAPTURED;
    if (evidence !== undefined && evidence !== expected) {
      this.complaints.push(`the evidence of the receipt is ${evidence}, not ${expected}`);
    }
  }

  private async wire(): Promise<string | undefined> {
    const { entry, stage } = this;
    const deadline = performance.now() + wireDeadlineMs;
    for (;;) {
      const { pcap, capture } = await stage.clients.captures.getPackets({ capture: this.slot });
      if (capture === undefined || capture.dropped > 0n) {
        this.incomplete = true;
        return undefined;
      }
      const wire = wireOf(pcap, this.peerHost, { eachSegment: entry.eachSegment === true });
      const known = allowedWire(wire, entry.wire ?? []);
      if (known !== undefined) return known;
      if (performance.now() > deadline) {
        this.complaints.push(`wire outside the set: ${wire}`);
        return wire;
      }
    }
  }
}

const pollOrder: readonly PollEvent[] = ["POLLIN", "POLLPRI", "POLLOUT", "POLLERR", "POLLHUP", "POLLNVAL", "POLLRDHUP"];

async function callOn(peer: Peer, step: Exclude<PeerStep, { peer: "connect" }>): Promise<string> {
  const deadline = step.deadlineMs === undefined ? {} : { deadlineMs: step.deadlineMs };
  switch (step.peer) {
    case "recv":
    case "recvUrgent": {
      const { rc, end } = await peer.recv({
        ...deadline,
        ...(step.peer === "recvUrgent" ? { flags: ["MSG_OOB"] } : {}),
      });
      return end === undefined ? `${rc} B` : blocksOr(end);
    }
    case "recvAll": {
      const { bytes, end } = await peer.recvAll({ ...deadline, ...(step.max === undefined ? {} : { max: step.max }) });
      if (end === "MAX") return `${bytes} B`;
      const some = step.some !== undefined && bytes > 0 && bytes < step.some;
      return `${some ? "some" : `${bytes} B`} then ${blocksOr(end)}`;
    }
    case "send":
      return blocksOr((await peer.send({ size: step.bytes ?? 1 }, deadline)).errno);
    case "sendAll":
      return blocksOr((await peer.sendAll({ size: step.bytes }, deadline)).errno);
    case "poll":
    case "poll for errors": {
      const events = await peer.poll({ ...deadline, ...(step.peer === "poll" ? {} : { events: [] }) });
      return (
        pollOrder
          .filter((event) => events.includes(event))
          .map((event) => event.slice(4))
          .join(" ") || "nothing"
      );
    }
    case "state":
      return peer.tcpState();
    case "shutdown":
      return blocksOr((await peer.shutdown("WR")).errno);
    case "close":
      return blocksOr((await peer.close()).errno);
  }
}

/** Past the deadline that the step gave, a call would have gone on waiting. */
function blocksOr(errno: string | undefined): string {
  return errno === undefined ? "ok" : errno === "ETIMEDOUT_JUDGE" ? "BLOCKS" : errno;
}
