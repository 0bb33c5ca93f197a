import { formatAddress } from "../kernel/address.js";
import type { Connection, ConnectionOwner } from "../kernel/connection.js";
import type { Errno } from "../kernel/errno.js";
import { isLingering, type TcpState } from "../kernel/tcp-state.js";
import type { Behaviour } from "./behaviours/behaviour.js";
import { discard } from "./behaviours/discard.js";
import { echo } from "./behaviours/echo.js";
import { Manual } from "./behaviours/manual.js";
import { type BehaviourSpec, behaviourOf } from "./behaviours/spec.js";
import { now } from "./clock.js";
import { DomainError } from "./errors.js";
import type { Fact } from "./event.js";
import { Ending } from "./ending.js";
import { KernelState } from "./kernel-state.js";
import type { Listener } from "./listener.js";
import type { Limits } from "./limits.js";
import { Outbox, type Throttle } from "./outbox.js";
import type { AssignedPlan, PlanReport } from "./plans/listener-plans.js";
import type { UnseenSince } from "./peer-outlook.js";
import { type PlanProgress, PlanRun } from "./plans/plan-run.js";
import { Reading, type ReadingHold } from "./reading.js";
import type { Cause, Evidence, Receipt } from "./receipt.js";
import type { BlackHole, KernelView, OnPeerFin, Origin, SessionView } from "./session-view.js";
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
  readonly limits: Limits;
  /** The session has ended and its receipt is final. */
  onEnded(session: Session): void;
  /** The kernel's state of it may change without a word: ask for it now and then. */
  follow(session: Session): void;
  /** What is captured of its packets. */
  evidenceOf(session: Session): Evidence;
}

/** How long the peer of a finished session may take, in ms, where nobody said. */
export const defaultDrainTimeoutMs = 10_000;

/** Bytes held back by a delay or throttle at which whoever can wait should. */
const backlogBytes = 64 * 1024;

/** What has been asked of our writing side. */
type WriteIntent =
  | { readonly kind: "open" }
  | { readonly kind: "fin_pending"; readonly cause: Cause }
  | { readonly kind: "fin_sent" };

const openIntent: WriteIntent = { kind: "open" };

/** A named handle on one connection: what has happened to it, and what it was told to do. */
export class Session implements ConnectionOwner {
  /** Most sessions live without one. */
  private waiting: Observers | undefined;
  /** What the kernel said since observers are being told: they look, and do what they do in a later turn. */
  private told: { state?: TcpState; unread?: number; unsent?: number } | undefined;
  readonly localAddress: string;
  readonly peerAddress: string;
  /** The peer's TCP port, 0 on a unix socket. */
  readonly peerPort: number;
  readonly openTime = now();
  /** The number of its `session_opened`, the first thing published. */
  readonly openedSequence: number;
  /** What waits for ReceiveData; undefined on a session that answers by itself. Outlives closing and the end. */
  inbox: Manual | undefined;
  private intent: WriteIntent = openIntent;
  private readonly ending = new Ending();
  /** CloseSession was asked: its drain timeout. */
  private closing: { readonly drainTimeoutMs: number } | undefined;
  private drainTimer: NodeJS.Timeout | undefined;
  /** What a plan has left to do; undefined without one. */
  private plan: PlanRun | undefined;
  private readonly reading: Reading;
  /** Only where something was ever to be sent late or slowly. */
  private outbox: Outbox | undefined;
  private behaviour: Behaviour;
  private frozen = false;
  private blackHoled: BlackHole | undefined;
  /** The peer obeys none of our segments any more, and what it had seen by then. */
  private unseen: UnseenSince | undefined;
  private readonly kernel: KernelState;
  /** All that the peer sent before its FIN has been read. */
  endOfData = false;
  private writtenBytes = 0;

  constructor(
    readonly identity: SessionIdentity,
    /** The listener that accepted it; undefined for a dialed one. */
    readonly acceptedBy: Listener | undefined,
    private readonly connection: Connection,
    private behaviourSpec: BehaviourSpec,
    private readonly host: SessionHost,
  ) {
    this.behaviour = behaviourOf(behaviourSpec, host.limits);
    this.reading = new Reading(connection, this);
    this.localAddress = formatAddress(connection.localAddress);
    this.peerAddress = formatAddress(connection.peerAddress);
    this.peerPort = connection.peerAddress.kind === "tcp" ? connection.peerAddress.port : 0;
    connection.attach(this);
    if (this.behaviour instanceof Manual) this.inbox = this.behaviour;
    this.kernel = new KernelState(connection);
    this.openedSequence = host.lastSequence + 1;
    host.publish(this, { kind: "session_opened", session: this.view() });
  }

  /** Begins to read; once, after the owner knows it. */
  open(): void {
    const { behaviourSpec } = this;
    this.plan?.begin();
    if (this.ended) return;
    // A step may have put another in its place, which has begun.
    if (this.behaviourSpec === behaviourSpec) this.beginBehaviour();
    this.unholdReading("not_begun");
  }

  /** Has a plan from now on; before `open`. */
  givePlan(plan: AssignedPlan, signals: Iterable<string>): void {
    this.plan = new PlanRun(this, plan, this.host.limits, signals);
  }

  /** How far it is with its plan. */
  get planProgress(): PlanProgress | undefined {
    return this.plan?.progress;
  }

  /** What became of the plan of a dialed session; undefined without one. A listener reports of its own. */
  get dialedPlanReports(): readonly PlanReport[] | undefined {
    return this.acceptedBy === undefined ? this.plan?.reports() : undefined;
  }

  /** A step of its plan waits, or has waited, for this signal. */
  namesSignal(name: string): boolean {
    return this.plan?.names(name) ?? false;
  }

  /** A signal was fired for it. */
  onSignal(name: string): void {
    this.plan?.onSignal(name);
  }

  private beginBehaviour(): void {
    const { banner } = this.behaviourSpec;
    if (banner !== undefined && this.canWrite) this.write(banner);
    this.behaviour.onBegin(this);
  }

  /** Who waits for something to happen to it. */
  get observers(): Observers {
    return (this.waiting ??= new Set());
  }

  /** Tells who waits that something may have changed. However many ask, the kernel is asked once for each answer. */
  tellObservers(): void {
    if (this.waiting === undefined || this.waiting.size === 0) return;
    this.told = {};
    try {
      poke(this.waiting);
    } finally {
      this.told = undefined;
    }
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
    return this.ending.time !== undefined;
  }

  /** ns since 1970; undefined while it lives. */
  get endTime(): bigint | undefined {
    return this.ending.time;
  }

  get isTcp(): boolean {
    return this.connection.isTcp;
  }

  get isClosing(): boolean {
    return this.closing !== undefined;
  }

  /** No FIN of ours is sent or asked for, and no RST has come. */
  get canWrite(): boolean {
    return this.intent.kind === "open" && !this.frozen && !this.ended && !this.peerRstSeen;
  }

  /** An action waits for all to be acknowledged: nothing is read or written meanwhile. */
  get isFrozen(): boolean {
    return this.frozen;
  }

  /** More is written than goes out: whoever can wait should. */
  get isBacklogged(): boolean {
    return this.connection.queuedBytes > 0 || this.outboxBytes >= backlogBytes;
  }

  get blackHole(): BlackHole | undefined {
    return this.blackHoled;
  }

  /** Bytes that the peer sent and the kernel still holds. */
  get unreadInKernel(): number {
    const { told } = this;
    return told === undefined ? this.connection.unreadBytes : (told.unread ??= this.connection.unreadBytes);
  }

  /** Bytes of ours that the peer's kernel has not acknowledged, those not yet handed to ours included. */
  get unsentBytes(): number {
    const { told } = this;
    const ofKernel = told === undefined ? this.connection.unsentBytes : (told.unsent ??= this.connection.unsentBytes);
    return ofKernel + this.outboxBytes;
  }

  /** The largest segment that it can send now. */
  get segmentBytes(): number {
    return this.connection.segmentBytes;
  }

  get finSent(): boolean {
    return this.intent.kind === "fin_sent";
  }

  /** What ended our side; undefined until something has. */
  get localCause(): Cause | undefined {
    return this.ending.local?.cause;
  }

  get peerFinSeen(): boolean {
    const { peer } = this.ending;
    return peer?.kind === "FIN" || peer?.earlierFin !== undefined;
  }

  get peerRstSeen(): boolean {
    return this.ending.peer?.kind === "RST";
  }

  /** The error that its peer's bytes ended with, if they did. */
  get errno(): Errno | undefined {
    return this.ending.peer?.errno;
  }

  get bytesReceived(): number {
    return this.connection.bytesReceived;
  }

  get bytesSent(): number {
    return this.connection.bytesSent;
  }

  /** Bytes written so far, sent, still queued or held by a plan. */
  get bytesWritten(): number {
    return this.writtenBytes + (this.plan?.heldBytes ?? 0);
  }

  get queuedBytes(): number {
    return this.connection.queuedBytes + this.outboxBytes;
  }

  /** The kernel's state, also after our close. */
  get state(): TcpState {
    const { told } = this;
    return told === undefined ? this.kernel.current : (told.state ??= this.kernel.current);
  }

  /** The state as it was noted last. */
  get lastKnownState(): TcpState {
    return this.kernel.lastNoted;
  }

  /** Takes note of the kernel's state, and tells of a change. Gives how long it stays so, where the kernel knows. */
  noteState(): number | undefined {
    const previous = this.kernel.lastNoted;
    const state = this.kernel.note();
    if (state !== previous) {
      this.publish({ kind: "session_state_changed", previous, state });
      this.tellObservers();
    }
    if (isLingering(state)) this.host.follow(this);
    return this.kernel.msLeft;
  }

  /** The kernel's view: costs a few system calls more. */
  kernelView(): KernelView {
    return this.kernel.view();
  }

  view(): SessionView {
    const receipt = this.receipt();
    const { scope, name, uid, origin, ordinal, onPeerFin, labels } = this.identity;
    // One literal with all of it: an object that is put together from parts is a hash table, of twice the size, and the
    // journal keeps one for each session.
    return {
      scope,
      name,
      uid,
      origin,
      ordinal,
      onPeerFin,
      labels,
      listener: this.listenerName,
      localAddress: this.localAddress,
      peerAddress: this.peerAddress,
      state: this.state,
      ended: this.ended,
      bytesReceived: this.bytesReceived,
      bytesSent: this.bytesSent,
      unreadBytes: this.connection.unreadBytes + this.reading.heldBytes + this.heldBytes,
      unsentBytes: this.unsentBytes,
      behaviour: this.behaviourSpec,
      readingPaused: this.reading.isHeldBy("command"),
      blackHole: this.blackHoled,
      peerFinSeen: this.peerFinSeen,
      peerRstSeen: this.peerRstSeen,
      finSent: this.finSent,
      openTime: this.openTime,
      openedSequence: this.openedSequence,
      receipt,
      plan: this.plan?.progress,
    };
  }

  /** Bytes that wait for ReceiveData. */
  get heldBytes(): number {
    return this.inbox?.heldBytes ?? 0;
  }

  /** What is known of its ending; undefined until one side has ended. */
  receipt(): Receipt | undefined {
    const { ending } = this;
    if (ending.local === undefined && ending.peer === undefined && !this.ended) return undefined;
    return ending.receipt({
      session: this.name,
      uid: this.identity.uid,
      isTcp: this.isTcp,
      state: this.state,
      bytesReceived: this.bytesReceived,
      bytesSent: this.bytesSent,
      released: this.connection.isReleased,
      unseen: this.unseen,
      ...this.host.evidenceOf(this),
    });
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
    if (fact.kind === "action_performed") this.plan?.onPerformed(fact.cause);
  }

  /** Reads no more, not a byte, until this reason and all others are gone. */
  holdReading(reason: ReadingHold): void {
    this.reading.hold(reason);
  }

  unholdReading(reason: ReadingHold): void {
    this.reading.unhold(reason);
  }

  write(data: Buffer): void {
    // Nothing to send is nothing to queue either: a delay would hand it on behind a FIN.
    if (data.length === 0) return;
    if (this.plan === undefined) this.writeNow(data);
    else this.plan.send(data, (piece) => this.writeNow(piece));
  }

  private writeNow(data: Buffer): void {
    this.writtenBytes += data.length;
    if (this.outbox === undefined) this.connection.write(data);
    else this.outbox.write(data);
    if (this.host.wantsData) {
      this.publish({ kind: "data_sent", bytes: data.length, total: this.writtenBytes });
    }
  }

  /** What is written from now on goes out later. */
  setDelay(delayMs: number): void {
    if (delayMs > 0) this.outboxForUse().setDelay(delayMs);
    else this.outbox?.setDelay(0);
  }

  /** What goes out from now on goes out slowly; undefined: at full speed. */
  setThrottle(throttle: Throttle | undefined): void {
    if (throttle !== undefined) this.outboxForUse().setThrottle(throttle);
    else this.outbox?.setThrottle(undefined);
  }

  private outboxForUse(): Outbox {
    const { connection } = this;
    return (this.outbox ??= new Outbox({
      get isFull() {
        return connection.queuedBytes > 0;
      },
      write: (data) => connection.write(data),
      sendFin: () => connection.sendFin(),
      onEmptied: () => this.onWritten(),
    }));
  }

  private get outboxBytes(): number {
    return this.outbox?.size ?? 0;
  }

  /** Does something else with the peer's bytes from now on. */
  setBehaviour(spec: BehaviourSpec): void {
    this.behaviour.onEnd(this);
    this.behaviourSpec = spec;
    this.behaviour = behaviourOf(spec, this.host.limits);
    if (this.behaviour instanceof Manual) this.inbox = this.behaviour;
    this.beginBehaviour();
  }

  /** While an action waits for all to be acknowledged nothing is read or written. */
  freeze(on: boolean): void {
    this.frozen = on;
    if (on) this.holdReading("action");
    else {
      this.unholdReading("action");
      this.behaviour.onRoom(this);
    }
  }

  /** Loses packets, or none any more. Gives the errno of a refusal. */
  setBlackHole(direction: BlackHole | undefined): Errno | undefined {
    const errno = this.connection.blackHole(direction);
    if (errno !== undefined) return errno;
    this.blackHoled = direction;
    this.unseen = direction === "BOTH" ? this.unseenSince() : undefined;
    return undefined;
  }

  /** Asks for a FIN after all that was written. */
  requestFin(cause: Cause): void {
    if (this.intent.kind !== "open" || this.ended) return;
    this.intent = { kind: "fin_pending", cause };
    this.ending.acts({ state: this.connection.state(), unread: 0, unsent: 0 });
    if (this.outbox === undefined) this.connection.sendFin();
    else this.outbox.sendFin();
  }

  /** Ends by FIN: from now on the peer's bytes are thrown away, and when its FIN has come the session is over. */
  beginClosing(cause: Cause, drainTimeoutMs: number): void {
    this.drainFor(drainTimeoutMs);
    this.requestFin(cause);
    this.startDrainTimerWhenDue();
  }

  /** The same, with bytes in the FIN's own segment. Gives the errno when the kernel did not take them. */
  closeWithLastData(cause: Cause, drainTimeoutMs: number, data: Buffer): Errno | undefined {
    this.ending.acts({ state: this.connection.state(), unread: 0, unsent: 0 });
    // Before it is sent: the kernel's answer comes from within.
    this.intent = { kind: "fin_pending", cause };
    const errno = this.connection.sendLastData(data);
    if (errno !== undefined) {
      this.intent = openIntent;
      return errno;
    }
    this.writtenBytes += data.length;
    this.drainFor(drainTimeoutMs);
    this.startDrainTimerWhenDue();
    this.plan?.onSentWhole(data.length);
    return undefined;
  }

  private drainFor(drainTimeoutMs: number): void {
    this.closing = { drainTimeoutMs };
    // One that runs since a half-close has another length.
    clearTimeout(this.drainTimer);
    this.drainTimer = undefined;
    this.behaviour.onEnd(this);
    this.behaviour = discard;
    this.reading.unholdAll();
  }

  /** The kernel's state, after what it holds back has been taken note of. */
  inspect(): TcpState {
    return this.ended ? this.state : this.connection.inspect();
  }

  /** Sends RST and ends. Only in a state that gives one. Bytes given are written just before, and never leave. */
  sendRst(cause: Cause, stateBefore: TcpState, discarded?: Buffer): void {
    this.ending.acts({
      state: stateBefore,
      unread: this.connection.unreadBytes,
      unsent: this.unsentBytes + (discarded?.length ?? 0),
    });
    this.ending.localEnds("RST", cause);
    if (discarded === undefined) this.connection.sendRst();
    else this.connection.sendRstDiscarding(discarded);
  }

  /** Sends bytes of which the last is urgent. Gives the errno when the kernel did not take them. */
  sendUrgent(data: Buffer): Errno | undefined {
    const errno = this.connection.sendUrgent(data);
    if (errno !== undefined) return errno;
    this.writtenBytes += data.length;
    this.plan?.onSentWhole(data.length);
    return undefined;
  }

  /** Ends without a segment that the peer obeys. Gives the errno when that cannot be had; then nothing changed. */
  vanish(cause: Cause): Errno | undefined {
    const before = this.ending.snapshot();
    this.ending.acts({ state: this.connection.state(), unread: this.connection.unreadBytes, unsent: this.unsentBytes });
    this.ending.localEnds("NONE", cause);
    // Before it is done: the receipt is made from within.
    const unseenBefore = this.unseen;
    this.unseen ??= this.unseenSince();
    const errno = this.connection.vanish();
    if (errno !== undefined) {
      this.unseen = unseenBefore;
      this.ending.restore(before);
    }
    return errno;
  }

  /** From this moment on the peer obeys nothing. */
  private unseenSince(): UnseenSince {
    if (!this.finSent) return "NO_FIN";
    const state = this.connection.state();
    return state === "FIN_WAIT1" || state === "CLOSING" || state === "LAST_ACK"
      ? "FIN_UNACKNOWLEDGED"
      : "FIN_ACKNOWLEDGED";
  }

  /** Lets go of the descriptor by a plain close(2), and ends. */
  release(cause: Cause): void {
    // After a RST of the peer that nobody has noticed yet, close(2) would send nothing.
    this.connection.inspect();
    if (this.ended) return;
    const unread = this.connection.unreadBytes;
    const state = this.connection.state();
    // Unread bytes at close(2) make the kernel send RST instead of FIN (RFC 2525, section 2.17), while it has anybody to
    // send to: not when both FINs are through.
    const isOver = this.peerRstSeen || state === "CLOSED" || state === "TIME_WAIT";
    const resets = !isOver && unread > 0;
    // Without a RST nothing is thrown away of what the kernel has: it goes on sending.
    this.ending.acts({ state, unread, unsent: resets ? this.unsentBytes : this.queuedBytes });
    if (!isOver) this.ending.localEnds(resets ? "RST" : "FIN", cause);
    this.connection.release();
  }

  // What the connection tells.

  onData(chunk: Buffer): void {
    if (this.host.wantsData) {
      this.publish({ kind: "data_received", bytes: chunk.length, total: this.bytesReceived });
    }
    this.reading.take(chunk);
    this.tellObservers();
  }

  /** Hands bytes of the peer to the behaviour, up to the byte at which a step of the plan acts; gives how many. */
  treat(chunk: Buffer): number {
    const taken = this.plan?.receive(chunk, this.behaviour === echo && this.canWrite) ?? chunk.length;
    this.behaviour.onData(this, chunk.subarray(0, taken));
    this.plan?.advance();
    return taken;
  }

  onWritten(): void {
    this.outbox?.pump();
    if (!this.isBacklogged) this.behaviour.onRoom(this);
    this.tellObservers();
  }

  onFinSent(): void {
    if (this.intent.kind !== "fin_pending") return;
    const { cause } = this.intent;
    this.intent = { kind: "fin_sent" };
    this.ending.localEnds("FIN", cause);
    this.startDrainTimerWhenDue();
    this.noteState();
    this.tellObservers();
  }

  onPeerFin(): void {
    this.ending.peerEnds("FIN", { kind: "PEER" });
    this.publish({ kind: "peer_fin", bytesReceived: this.bytesReceived });
    this.noteState();
    // It comes after the bytes before it: those that are about to be read are read first.
    if (this.reading.isHeldForLong) this.plan?.onPeerFin();
    this.tellObservers();
  }

  onEndOfData(): void {
    this.plan?.onPeerFin();
    if (this.ended) return;
    if (this.identity.onPeerFin === "CLOSE_TOO") this.requestFin({ kind: "BEHAVIOUR" });
    this.endOfData = true;
    this.startDrainTimerWhenDue();
    this.tellObservers();
  }

  onPeerRst(errno: Errno): boolean {
    this.ending.peerEnds("RST", { kind: "PEER" }, errno);
    // Nothing can go out any more, and a write that fails would cost what is still to be read.
    this.outbox?.clear();
    this.publish({ kind: "peer_rst", bytesReceived: this.bytesReceived, errno });
    this.tellObservers();
    return this.behaviour.readsPastRst && this.closing === undefined;
  }

  onLost(errno: Errno): void {
    this.ending.peerEnds("NONE", { kind: "TIMEOUT" }, errno);
  }

  onSettled(): void {
    this.connection.release();
  }

  onReleased(): void {
    clearTimeout(this.drainTimer);
    this.outbox?.clear();
    this.plan?.end();
    // What was read and held back is the inbox's, as what the kernel held would be.
    const rest = this.reading.takeRest();
    if (rest !== undefined && this.inbox === this.behaviour) this.inbox.onData(this, rest);
    this.behaviour.onEnd(this);
    // Told by the receipt; what comes after it is told as it changes.
    const state = this.kernel.noteAtRelease();
    // A RST leaves no TIME_WAIT: the peer's FIN came first, in the moment after we had looked.
    if (state === "TIME_WAIT") this.ending.sentNoRst();
    this.ending.finish();
    if (isLingering(state)) this.host.follow(this);
    this.publish({ kind: "session_ended", receipt: this.receipt()! });
    this.host.onEnded(this);
    this.tellObservers();
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
      this.connection.inspect();
      this.ending.peerEnds("NONE", cause);
      this.release(cause);
    }, this.closing?.drainTimeoutMs ?? defaultDrainTimeoutMs);
  }
}
