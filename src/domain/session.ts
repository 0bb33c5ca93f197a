import { formatAddress } from "../kernel/address.js";
import type { Connection, ConnectionOwner } from "../kernel/connection.js";
import type { Errno } from "../kernel/errno.js";
import type { TcpState } from "../kernel/tcp-state.js";
import type { Behaviour } from "./behaviours/behaviour.js";
import { drain } from "./behaviours/drain.js";
import { Manual } from "./behaviours/manual.js";
import { now } from "./clock.js";
import { DomainError } from "./errors.js";
import type { Fact } from "./event.js";
import type { Listener } from "./listener.js";
import { peerOutlook } from "./peer-outlook.js";
import { type Cause, type Ends, type Receipt, recordEnd } from "./receipt.js";
import type { OnPeerFin, Origin, SessionView } from "./session-view.js";
import { type Observers, poke } from "./wait-until.js";

/** Who a session is. */
export interface SessionIdentity {
  readonly scope: string;
  readonly name: string;
  readonly uid: string;
  readonly origin: Origin;
  readonly ordinal: number;
  readonly onPeerFin: OnPeerFin;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a session needs of the scope that owns it. */
export interface SessionHost {
  /** The number of the newest event. */
  readonly lastSequence: number;
  /** Records a fact about a session. */
  publish(session: Session, fact: Fact): void;
  /** Somebody asks for data events. */
  readonly wantsData: boolean;
  /** The session has ended and its receipt is final. */
  onEnded(session: Session): void;
}

/** How long the peer of a finished session may take, in ms, where nobody said. */
export const defaultDrainTimeoutMs = 10_000;

/** What has been asked of our writing side. */
type WriteIntent =
  | { readonly kind: "open" }
  | { readonly kind: "fin_pending"; readonly cause: Cause }
  | { readonly kind: "fin_sent" };

/** A named handle on one connection: what has happened to it, and what it was told to do. */
export class Session implements ConnectionOwner {
  /** Who waits for something to happen to it. */
  readonly observers: Observers = new Set();
  readonly localAddress: string;
  readonly peerAddress: string;
  /** The peer's TCP port, 0 on a unix socket. */
  readonly peerPort: number;
  readonly openTime = now();
  /** The number of its `session_opened`, the first thing published. */
  readonly openedSequence: number;
  /** What waits for ReceiveData; undefined on a session that answers by itself. Outlives closing and the end. */
  readonly inbox: Manual | undefined;
  private intent: WriteIntent = { kind: "open" };
  private ends: Ends = {};
  /** CloseSession was asked: its drain timeout. */
  private closing: { readonly drainTimeoutMs: number } | undefined;
  private drainTimer: NodeJS.Timeout | undefined;
  /** All that the peer sent before its FIN has been read. */
  endOfData = false;
  private writtenBytes = 0;
  private stateBefore: TcpState = "UNKNOWN";
  private stateAtEnd: TcpState = "UNKNOWN";
  private unreadDiscarded = 0;
  private unsentDiscarded = 0;
  private endTime: bigint | undefined;

  constructor(
    readonly identity: SessionIdentity,
    /** The listener that accepted it; undefined for a dialed one. */
    readonly acceptedBy: Listener | undefined,
    private readonly connection: Connection,
    private behaviour: Behaviour,
    private readonly host: SessionHost,
  ) {
    this.localAddress = formatAddress(connection.localAddress);
    this.peerAddress = formatAddress(connection.peerAddress);
    this.peerPort = connection.peerAddress.kind === "tcp" ? connection.peerAddress.port : 0;
    connection.attach(this);
    this.inbox = behaviour instanceof Manual ? behaviour : undefined;
    this.openedSequence = host.lastSequence + 1;
    host.publish(this, { kind: "session_opened", session: this.view() });
  }

  /** Begins to read; once, after the owner knows it. */
  open(): void {
    this.behaviour.onOpen(this);
  }

  // What it is.

  get name(): string {
    return this.identity.name;
  }

  /** Empty for a dialed one. */
  get listenerName(): string {
    return this.acceptedBy?.name ?? "";
  }

  get ended(): boolean {
    return this.endTime !== undefined;
  }

  get isTcp(): boolean {
    return this.connection.isTcp;
  }

  get isClosing(): boolean {
    return this.closing !== undefined;
  }

  /** No FIN of ours is sent or asked for, and no RST has come. */
  get canWrite(): boolean {
    return this.intent.kind === "open" && !this.ended && !this.peerRstSeen;
  }

  get finSent(): boolean {
    return this.intent.kind === "fin_sent";
  }

  get peerFinSeen(): boolean {
    const peer = this.ends.peer;
    return peer?.kind === "FIN" || peer?.earlierFin !== undefined;
  }

  get peerRstSeen(): boolean {
    return this.ends.peer?.kind === "RST";
  }

  /** The error that its peer's bytes ended with, if they did. */
  get errno(): Errno | undefined {
    return this.ends.peer?.errno;
  }

  get bytesReceived(): number {
    return this.connection.bytesReceived;
  }

  get bytesSent(): number {
    return this.connection.bytesSent;
  }

  /** Bytes written so far, sent or still queued. */
  get bytesWritten(): number {
    return this.writtenBytes;
  }

  get queuedBytes(): number {
    return this.connection.queuedBytes;
  }

  get state(): TcpState {
    return this.ended ? this.stateAtEnd : this.connection.state();
  }

  view(): SessionView {
    const receipt = this.receipt();
    const { identity } = this;
    return {
      ...identity,
      listener: this.listenerName,
      localAddress: this.localAddress,
      peerAddress: this.peerAddress,
      state: this.state,
      ended: this.ended,
      bytesReceived: this.bytesReceived,
      bytesSent: this.bytesSent,
      unreadBytes: this.connection.unreadBytes + this.heldBytes,
      unsentBytes: this.connection.unsentBytes,
      peerFinSeen: this.peerFinSeen,
      peerRstSeen: this.peerRstSeen,
      finSent: this.finSent,
      openTime: this.openTime,
      openedSequence: this.openedSequence,
      ...(receipt === undefined ? {} : { receipt }),
    };
  }

  /** Bytes that wait for ReceiveData. */
  get heldBytes(): number {
    return this.inbox?.heldBytes ?? 0;
  }

  /** What is known of its ending; undefined until one side has ended. */
  receipt(): Receipt | undefined {
    const { ends } = this;
    if (ends.local === undefined && ends.peer === undefined && !this.ended) return undefined;
    const outlook = peerOutlook({
      ends,
      stateBefore: this.stateBefore,
      released: this.connection.isReleased,
      isTcp: this.isTcp,
      mayHoldData: this.bytesSent > 0,
    });
    return {
      session: this.name,
      uid: this.identity.uid,
      ...(ends.local === undefined ? {} : { localEnd: ends.local }),
      ...(ends.peer === undefined ? {} : { peerEnd: ends.peer }),
      final: this.ended,
      stateBefore: this.stateBefore,
      stateAfter: this.state,
      bytesReceived: this.bytesReceived,
      bytesSent: this.bytesSent,
      unreadBytesDiscarded: this.unreadDiscarded,
      unsentBytesDiscarded: this.unsentDiscarded,
      ...(outlook === undefined ? {} : { peerOutlook: outlook }),
      evidence: "NOT_CAPTURED",
      ...(this.endTime === undefined ? {} : { endTime: this.endTime }),
    };
  }

  // What it can be told.

  /** @throws DomainError SESSION_ENDED with the receipt, when it has ended. */
  assertLiving(verb: string): void {
    if (!this.ended) return;
    throw this.refusal("SESSION_ENDED", `${verb} needs a session that has not ended; this one has, see its receipt`);
  }

  /** An error about its state, with the receipt so far. */
  refusal(
    reason: ConstructorParameters<typeof DomainError>[1],
    message: string,
    code: "FAILED_PRECONDITION" | "ABORTED" | "DEADLINE_EXCEEDED" | "RESOURCE_EXHAUSTED" = "FAILED_PRECONDITION",
  ): DomainError {
    const receipt = this.receipt();
    return new DomainError(code, reason, `session "${this.name}": ${message}`, {
      resource: { type: "session", name: this.name },
      metadata: { state: this.state },
      ...(receipt === undefined ? {} : { receipt }),
    });
  }

  publish(fact: Fact): void {
    this.host.publish(this, fact);
  }

  resumeReading(): void {
    this.connection.resume();
  }

  pauseReading(): void {
    this.connection.pause();
  }

  write(data: Buffer): void {
    this.connection.write(data);
    this.writtenBytes += data.length;
    if (this.host.wantsData) {
      this.publish({ kind: "data_sent", bytes: data.length, total: this.writtenBytes });
    }
  }

  /** Asks for a FIN after all that was written. */
  requestFin(cause: Cause): void {
    if (this.intent.kind !== "open") return;
    this.intent = { kind: "fin_pending", cause };
    this.stateBefore = this.connection.state();
    this.connection.sendFin();
  }

  /** Ends by FIN: from now on the peer's bytes are thrown away, and when its FIN has come the session is over. */
  beginClosing(cause: Cause, drainTimeoutMs: number): void {
    this.closing = { drainTimeoutMs };
    this.behaviour = drain;
    this.connection.resume();
    this.requestFin(cause);
    this.startDrainTimerWhenDue();
  }

  /** The kernel's state, after what it holds back has been taken note of. */
  inspect(): TcpState {
    this.connection.inspect();
    return this.state;
  }

  /** Sends RST and ends. Only in a state that gives one. */
  sendRst(cause: Cause, stateBefore: TcpState): void {
    this.stateBefore = stateBefore;
    this.unreadDiscarded = this.connection.unreadBytes;
    this.unsentDiscarded = this.connection.unsentBytes;
    this.ends = recordEnd(this.ends, "local", { kind: "RST", cause, time: now() });
    this.connection.sendRst();
  }

  /** Lets go of the descriptor by a plain close(2), and ends. */
  release(cause: Cause): void {
    this.stateBefore = this.connection.state();
    this.unreadDiscarded = this.connection.unreadBytes;
    // Nothing is thrown away of what the kernel has: it goes on sending.
    this.unsentDiscarded = this.connection.queuedBytes;
    // Unread bytes at close(2) make the kernel send RST instead of FIN (RFC 2525, section 2.17).
    const kind = this.unreadDiscarded > 0 ? "RST" : "FIN";
    this.ends = recordEnd(this.ends, "local", { kind, cause, time: now() });
    this.connection.release();
  }

  // What the connection tells.

  onData(chunk: Buffer): void {
    if (this.host.wantsData) {
      this.publish({ kind: "data_received", bytes: chunk.length, total: this.bytesReceived });
    }
    this.behaviour.onData(this, chunk);
    poke(this.observers);
  }

  onWritten(): void {
    this.behaviour.onWritten(this);
    poke(this.observers);
  }

  onFinSent(): void {
    if (this.intent.kind !== "fin_pending") return;
    const { cause } = this.intent;
    this.intent = { kind: "fin_sent" };
    this.ends = recordEnd(this.ends, "local", { kind: "FIN", cause, time: now() });
    this.startDrainTimerWhenDue();
    poke(this.observers);
  }

  onPeerFin(): void {
    this.ends = recordEnd(this.ends, "peer", { kind: "FIN", cause: { kind: "PEER" }, time: now() });
    this.publish({ kind: "peer_fin", bytesReceived: this.bytesReceived });
    poke(this.observers);
  }

  onEndOfData(): void {
    if (this.identity.onPeerFin === "CLOSE_TOO") this.requestFin({ kind: "BEHAVIOUR" });
    this.endOfData = true;
    this.startDrainTimerWhenDue();
    poke(this.observers);
  }

  onPeerRst(errno: Errno): boolean {
    this.ends = recordEnd(this.ends, "peer", { kind: "RST", cause: { kind: "PEER" }, time: now(), errno });
    this.publish({ kind: "peer_rst", bytesReceived: this.bytesReceived, errno });
    poke(this.observers);
    return this.behaviour.readsPastRst && this.closing === undefined;
  }

  onLost(errno: Errno): void {
    this.ends = recordEnd(this.ends, "peer", { kind: "NONE", cause: { kind: "TIMEOUT" }, time: now(), errno });
  }

  onSettled(): void {
    this.connection.release();
  }

  onReleased(): void {
    clearTimeout(this.drainTimer);
    this.stateAtEnd = this.connection.state();
    this.endTime = now();
    const { ends } = this;
    // A receipt that is final says NONE where a side has sent neither FIN nor RST.
    this.ends = { local: ends.local ?? { kind: "NONE" }, peer: ends.peer ?? { kind: "NONE" } };
    this.publish({ kind: "session_ended", receipt: this.receipt()! });
    this.host.onEnded(this);
    poke(this.observers);
  }

  /**
   * Our FIN is with the kernel, and what is missing is the peer's doing: its FIN after a close, or its
   * acknowledgement of ours. Past the timeout the descriptor is released, and the kernel goes on alone with what it
   * was given.
   */
  private startDrainTimerWhenDue(): void {
    if (!this.finSent || this.ended || (this.closing === undefined && !this.endOfData)) return;
    this.drainTimer ??= setTimeout(() => {
      const cause: Cause = { kind: "DRAIN_TIMEOUT" };
      this.ends = recordEnd(this.ends, "peer", { kind: "NONE", cause, time: now() });
      this.release(cause);
    }, this.closing?.drainTimeoutMs ?? defaultDrainTimeoutMs);
  }
}
