import type { Address } from "../kernel/address.js";
import type { Connection } from "../kernel/connection.js";
import { dial, type DialOptions } from "../kernel/dial.js";
import { type Errno, KernelError } from "../kernel/errno.js";
import { isIP } from "../kernel/ip.js";
import { ListeningSocket } from "../kernel/listen.js";
import type { Access } from "./access.js";
import type { BehaviourSpec } from "./behaviours/spec.js";
import type { Capture } from "./capture.js";
import { Captures } from "./captures.js";
import type { Bound } from "./bound.js";
import { now } from "./clock.js";
import { DomainError } from "./errors.js";
import { type EndOptions, endSession, resetOrRelease } from "./end-session.js";
import type { Fact } from "./event.js";
import { bindError, dialError, outOfDescriptors } from "./from-errno.js";
import { beginNow, inSlices } from "./in-slices.js";
import type { Journal } from "./journal.js";
import type { Limits } from "./limits.js";
import { Listener, type ListenerOptions, type ListenerSettings } from "./listener.js";
import { assertListenState, assertResetOnAccept } from "./listener-checks.js";
import type { ListenerView } from "./listener-view.js";
import { nearest } from "./names.js";
import { type AssignedPlan, ListenerPlans, type PlanReport } from "./plans/listener-plans.js";
import type { Plan } from "./plans/plan.js";
import { type Cause, countEndings, type EndingCounts, type Evidence, type Receipt } from "./receipt.js";
import type { ScopeLease } from "./scope-lease.js";
import { listed, type ScopeReport, ScopeTally, type ScopeView } from "./scope-tally.js";
import { Session, type SessionHost } from "./session.js";
import { preferred, selects, type SessionSelector } from "./session-selector.js";
import type { OnPeerFin } from "./session-view.js";
import type { StateFollower } from "./state-follower.js";
import { type Observers, poke } from "./wait-until.js";

/** What a daemon lends to each of its scopes. */
export interface ScopeTools {
  readonly journal: Journal;
  readonly limits: Limits;
  readonly access: Access;
  readonly newUid: () => string;
  readonly follower: StateFollower;
  /** Who waits for a session to be opened, or a listener to go, in any scope. */
  readonly observers: Observers;
  /** Sessions that live, in all scopes. */
  readonly openSessions: Bound;
}

/** A session to dial. */
export interface OpenOptions extends DialOptions {
  readonly name: string | undefined;
  readonly target: Address;
  readonly onPeerFin: OnPeerFin;
  readonly labels: Readonly<Record<string, string>>;
  readonly behaviour: BehaviourSpec;
  readonly plan: Plan | undefined;
}

/** What became of a deleted listener and its sessions. */
export interface DeleteReport {
  readonly listener: ListenerView;
  readonly counts: EndingCounts;
  readonly failures: readonly { readonly session: string; readonly reason: string; readonly message: string }[];
  /** Newest first. */
  readonly receipts: readonly Receipt[];
  readonly plans: readonly PlanReport[];
}

/** The owner of listeners and sessions. Names are unique among what lives in it. */
export class Scope implements SessionHost {
  private readonly listeners = new Map<string, Listener>();
  private readonly sessions = new Map<string, Session>();
  /** In the order of their ends. */
  private readonly endedSessions = new Set<Session>();
  private endedInboxBytes = 0;
  /** By the names that their sessions are to have. */
  private readonly dials = new Map<string, AbortController>();
  /** Deletions of listeners that are under way. */
  private readonly deletions = new Set<Promise<DeleteReport>>();
  /** Others when it has been emptied. */
  captures: Captures;
  /** Signals fired for all of it, sessions to come too. */
  private readonly signals = new Set<string>();
  private lastListener = 0;
  private lastDial = 0;
  private stopCause: Cause | undefined;
  readonly uid: string;
  readonly createTime = now();
  /** The order of scopes. */
  readonly createdSequence: number;
  private tally = new ScopeTally();

  constructor(
    readonly name: string,
    private readonly tools: ScopeTools,
    private readonly labels: Readonly<Record<string, string>>,
    /** Undefined where it never expires. */
    readonly lease: ScopeLease | undefined,
  ) {
    this.captures = new Captures(name);
    this.uid = tools.newUid();
    this.createdSequence = tools.journal.lastSequence + 1;
  }

  view(): ScopeView {
    const expireTime = this.lease?.expireTime;
    return {
      name: this.name,
      uid: this.uid,
      labels: this.labels,
      ttlMs: this.lease?.ttlMs,
      expireTime,
      holders: this.lease?.holders ?? 0,
      listeners: this.listeners.size,
      openSessions: this.sessions.size - this.endedSessions.size,
      createTime: this.createTime,
    };
  }

  /** @throws DomainError UID_MISMATCH when it is another life of its name. */
  assertUid(uid: string | undefined): void {
    assertUid("scope", this.name, this.uid, uid);
  }

  publishScope(fact: Fact): void {
    this.tools.journal.append({ scope: this.name, listener: "", session: "", uid: this.uid }, fact);
  }

  // Listeners.

  async createListener(name: string | undefined, address: Address, options: ListenerOptions): Promise<Listener> {
    this.assertRunning();
    const own = name ?? this.freeListenerName();
    if (this.listeners.has(own)) {
      throw new DomainError(
        "ALREADY_EXISTS",
        "NAME_TAKEN",
        `listener "${own}" lives; delete it first or choose another name`,
        {
          field: "name",
          resource: { type: "listener", name: own },
        },
      );
    }
    if (this.listeners.size >= this.tools.limits.listeners) {
      throw new DomainError(
        "RESOURCE_EXHAUSTED",
        "TOO_MANY_LISTENERS",
        `${this.listeners.size} listeners live in scope "${this.name}", and no more may; delete some, or start the daemon with a higher --max-listeners`,
        { field: "name" },
      );
    }
    assertListenState({ name: own, address }, options.state);
    if (options.resetOnAccept !== "NEVER") assertResetOnAccept(own, address);
    const listener = new Listener(this.name, own, this.tools.newUid(), options);
    // Taken before the bind, so that two requests at once cannot both have it.
    this.listeners.set(own, listener);
    try {
      // Before the first SYN can come, where the port is known by then.
      if (address.kind === "tcp" && address.port !== 0) this.captures.onPort(address.port, own);
      const { backlog, receiveBufferBytes, state, resetOnAccept } = options;
      const assertMayListen = (resolved: Address) => this.tools.access.assertMayListen(resolved);
      const how = { backlog, receiveBufferBytes, state, lingerZero: resetOnAccept !== "NEVER", assertMayListen };
      const socket = await ListeningSocket.open(address, how, {
        onConnection: (connection) => this.onAccepted(listener, connection),
        onAcceptError: (errno) => this.onAcceptError(listener, errno),
      });
      if (this.isStopping || listener.isDeleted) socket.close();
      this.assertRunning();
      if (listener.isDeleted) throw alreadyDeleted(own);
      listener.listening(socket, this.lastSequence + 1);
      if (socket.address.kind === "tcp") this.captures.onPort(socket.address.port, own);
    } catch (error) {
      if (this.listeners.get(own) === listener) this.listeners.delete(own);
      throw error instanceof KernelError ? bindError(address, error) : error;
    }
    this.publishListener(listener, { kind: "listener_created", listener: listener.view() });
    return listener;
  }

  /** @throws DomainError UNKNOWN_LISTENER, UID_MISMATCH. */
  listener(name: string, uid?: string): Listener {
    const listener = this.listeners.get(name);
    // Its name is taken before it is bound; until then there is nothing that could be read, changed or deleted.
    if (listener === undefined || !listener.isBound) {
      throw new DomainError(
        "NOT_FOUND",
        "UNKNOWN_LISTENER",
        `no listener "${name}" in scope "${this.name}"; ${nearest(name, this.listeners.keys())}`,
        { field: "listener", resource: { type: "listener", name } },
      );
    }
    assertUid("listener", name, listener.uid, uid);
    return listener;
  }

  /** Whether a listener of that name lives. */
  hasListener(name: string): boolean {
    return this.listeners.get(name)?.isDeleted === false;
  }

  allListeners(): Iterable<Listener> {
    return [...this.listeners.values()].filter((listener) => listener.isBound);
  }

  async updateListener(listener: Listener, change: Partial<ListenerSettings>): Promise<void> {
    assertListenState(listener, change.state);
    if (change.resetOnAccept !== undefined && change.resetOnAccept !== "NEVER") {
      assertResetOnAccept(listener.name, listener.address);
    }
    try {
      await listener.update(change);
    } catch (error) {
      throw error instanceof KernelError ? bindError(listener.address, error) : error;
    }
    this.publishListener(listener, { kind: "listener_state_changed", listener: listener.view() });
  }

  /** Stops listening, ends the sessions and forgets them. Until that is done the name is taken. */
  async deleteListener(listener: Listener, options: EndOptions): Promise<DeleteReport> {
    if (listener.isDeleted) throw alreadyDeleted(listener.name);
    const deletion = this.endListener(listener, options);
    this.deletions.add(deletion);
    try {
      return await deletion;
    } finally {
      this.deletions.delete(deletion);
    }
  }

  private async endListener(listener: Listener, options: EndOptions): Promise<DeleteReport> {
    listener.delete();
    poke(this.tools.observers);
    const living = [...listener.sessions].filter((session) => !session.ended);
    const failures: DeleteReport["failures"][number][] = [];
    const endOne = async (session: Session) => {
      const failure = await endSession(session, options);
      if (failure !== undefined)
        failures.push({ session: session.name, reason: failure.reason, message: failure.message });
    };
    const ending: Promise<void>[] = [];
    await inSlices(living, (session) => ending.push(endOne(session)));
    await Promise.all(ending);
    const receipts = [...listener.sessions].map((session) => session.receipt()!).toReversed();
    for (const session of listener.sessions) this.forget(session);
    this.listeners.delete(listener.name);
    const plans = listener.allPlanReports();
    this.tally.onListenerDeleted(listener.name, plans);
    const report = { listener: listener.view(), counts: countEndings(receipts), failures, receipts, plans };
    this.publishListener(listener, { kind: "listener_deleted", listener: report.listener, counts: report.counts });
    return report;
  }

  // Sessions.

  /** Dials; resolves when the connection is open. */
  async openSession(options: OpenOptions): Promise<Session> {
    this.assertRunning();
    const name = options.name ?? this.nextDialName();
    const before = this.sessions.get(name);
    if (this.dials.has(name) || (before !== undefined && !before.ended)) {
      throw new DomainError(
        "ALREADY_EXISTS",
        "NAME_TAKEN",
        `session "${name}" lives; end it first or choose another name`,
        {
          field: "name",
          resource: { type: "session", name },
        },
      );
    }
    // Its place is taken from now on: many may be dialing at once.
    using _ = this.tools.openSessions.enter();
    const { access } = this.tools;
    const { target, localHost } = options;
    if (localHost !== undefined) access.assertMayDialFrom(localHost);
    const assertMayDial = (resolved: Address) => access.assertMayDial(resolved);
    // What a host name stands for the dial itself finds out.
    if (target.kind === "unix" || isIP(target.host) !== 0) assertMayDial(target);
    const ending = new AbortController();
    this.dials.set(name, ending);
    const signal = AbortSignal.any([ending.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    try {
      // Before the SYN.
      if (target.kind === "tcp") this.captures.onPort(target.port, "");
      const connection = await dial(target, { ...options, assertMayDial, signal });
      if (signal.aborted) connection.abandon();
      signal.throwIfAborted();
      if (before !== undefined) this.forget(before);
      return this.adopt(connection, {
        name,
        origin: "DIALED",
        listener: undefined,
        onPeerFin: options.onPeerFin,
        labels: options.labels,
        behaviour: options.behaviour,
        plan: options.plan === undefined ? undefined : new ListenerPlans([options.plan]).next(),
      });
    } catch (error) {
      throw error instanceof KernelError ? dialError(options, error) : error;
    } finally {
      this.dials.delete(name);
    }
  }

  /**
   * A session as what was asked before left it, also of thousands of sessions at once.
   *
   * @throws DomainError UNKNOWN_SESSION, UID_MISMATCH.
   */
  session(name: string, uid?: string): Session {
    const session = this.sessions.get(name);
    if (session === undefined) {
      throw new DomainError(
        "NOT_FOUND",
        "UNKNOWN_SESSION",
        `no session "${name}" in scope "${this.name}"; ${nearest(name, this.sessions.keys())}`,
        { field: "session", resource: { type: "session", name } },
      );
    }
    assertUid("session", name, session.identity.uid, uid);
    beginNow(session);
    return session;
  }

  sessionNames(): Iterable<string> {
    return this.sessions.keys();
  }

  allSessions(): Iterable<Session> {
    return this.sessions.values();
  }

  /** The session that a selector means: of several the living, then the newest. */
  find(selector: SessionSelector): Session | undefined {
    return preferred([...this.candidates(selector)].filter((session) => selects(selector, session)));
  }

  private candidates(selector: SessionSelector): Iterable<Session> {
    if (selector.session !== undefined) {
      const session = this.sessions.get(selector.session);
      return session === undefined ? [] : [session];
    }
    if (selector.listener === undefined) return this.sessions.values();
    const listener = this.listeners.get(selector.listener);
    if (listener === undefined) return [];
    if (selector.ordinal !== undefined) {
      return this.candidates({ session: `${selector.listener}/${selector.ordinal}` });
    }
    return selector.peerPort === undefined ? listener.sessions : listener.withPeerPort(selector.peerPort);
  }

  // Plans.

  /**
   * Fires a signal for one session, for a listener's, or for all of the scope; with the latter two it is latched for the
   * sessions still to come. Gives how many living sessions wait, or have waited, for it.
   *
   * @throws DomainError UNKNOWN_SIGNAL when no plan there names it.
   */
  signalPlan(name: string, target: { readonly session?: string; readonly listener?: string }): number {
    const listener = target.listener === undefined ? undefined : this.listener(target.listener);
    const sessions =
      target.session === undefined
        ? [...(listener?.sessions ?? this.sessions.values())]
        : [this.session(target.session)];
    const named = sessions.filter((session) => {
      if (!session.ended && session.namesSignal(name)) beginNow(session);
      return !session.ended && session.namesSignal(name);
    });
    const toCome =
      target.session !== undefined ? [] : listener === undefined ? [...this.listeners.values()] : [listener];
    const known = new Set(toCome.flatMap(({ plans }) => [...plans.signals]));
    if (named.length === 0 && !known.has(name) && !sessions.some((session) => session.namesSignal(name))) {
      throw new DomainError(
        "INVALID_ARGUMENT",
        "UNKNOWN_SIGNAL",
        `signal: no plan there waits for "${name}"; ${nearest(name, known)}`,
        { field: "signal" },
      );
    }
    if (target.session === undefined) (listener?.signals ?? this.signals).add(name);
    for (const session of named) session.onSignal(name);
    return named.length;
  }

  // Captures.

  /** Begins to capture: a listener's connections, or all of the scope, those to come too. */
  startCapture(name: string, listener: string): Capture {
    const listeners = listener === "" ? [...this.listeners.values()] : [this.listener(listener)];
    const ports = listeners.flatMap(({ address }) => (address.kind === "tcp" ? [address.port] : []));
    const dialed = listener === "" ? [...this.sessions.values()].filter((session) => !session.ended) : [];
    return this.captures.start(name, listener, [...ports, ...dialed.map((session) => session.peerPort)]);
  }

  // Its end.

  /**
   * Accepts no more, dials no more, ends what lives, and tells what it was. With `goesOn` it is only emptied: what comes
   * then finds no signal, no capture and no count of what was before.
   */
  async stop(cause: Cause, goesOn = false): Promise<ScopeReport> {
    if (!goesOn) this.stopCause = cause;
    this.lease?.end();
    const scope = this.view();
    const openListeners = listed(this.listeners.keys());
    const living = [...this.sessions.values()].filter((session) => !session.ended);
    const openSessions = listed(living.map((session) => session.name));
    for (const dialing of this.dials.values()) dialing.abort(this.endedError(cause, goesOn));
    if (goesOn) this.signals.clear();
    // Those too that are under way: they have nothing to wait for when their sessions are reset.
    const deletions = [...this.deletions];
    for (const listener of this.listeners.values()) {
      if (listener.isDeleted) continue;
      deletions.push(this.deleteListener(listener, { sessions: "RESET", drainTimeoutMs: 0, cause }));
    }
    await inSlices(living, (session) => resetOrRelease(session, cause));
    await Promise.all(deletions);
    // Replies about the sessions that have just ended, which tell what was captured of them, are made in this turn.
    if (goesOn) await new Promise((resolve) => setImmediate(resolve));
    this.captures.stopAll();
    for (const session of this.endedSessions) this.forget(session);
    poke(this.tools.observers);
    const total = this.tally.total();
    if (goesOn) {
      this.captures = new Captures(this.name);
      this.tally = new ScopeTally();
    }
    return { scope, openListeners, openSessions, ...total };
  }

  /** A listener or a session lives. */
  get hasLife(): boolean {
    return this.listeners.size > 0 || this.sessions.size > this.endedSessions.size;
  }

  // What its sessions need.

  get lastSequence(): number {
    return this.tools.journal.lastSequence;
  }

  get limits(): Limits {
    return this.tools.limits;
  }

  get wantsData(): boolean {
    return this.tools.journal.wantsData;
  }

  publish(session: Session, fact: Fact): void {
    const { name, uid } = session.identity;
    this.tools.journal.append({ scope: this.name, listener: session.listenerName, session: name, uid }, fact);
  }

  follow(session: Session): void {
    this.tools.follower.follow(session);
  }

  evidenceOf(session: Session): Evidence {
    return this.captures.evidenceOf(session);
  }

  onEnded(session: Session): void {
    this.tools.openSessions.give();
    this.tally.onSessionEnded(session);
    session.acceptedBy?.onSessionEnded();
    this.endedSessions.add(session);
    this.endedInboxBytes += session.heldBytes;
    const { endedSessions, endedInboxBytes } = this.tools.limits;
    for (const oldest of this.endedSessions) {
      if (this.endedSessions.size <= endedSessions && this.endedInboxBytes <= endedInboxBytes) break;
      this.forget(oldest);
    }
  }

  private onAccepted(listener: Listener, connection: Connection): void {
    if (this.tools.openSessions.isFull) {
      connection.abandon();
      const { reason, message } = this.tools.openSessions.error();
      this.publishListener(listener, { kind: "accept_failed", reason, message });
      return;
    }
    const ordinal = listener.nextOrdinal();
    const session = this.adopt(connection, {
      name: `${listener.name}/${ordinal}`,
      origin: "ACCEPTED",
      listener,
      ordinal,
      onPeerFin: listener.onPeerFin,
      labels: {},
      // Whatever the behaviour: one that answers would be read before the RST, and one that does not read would see no byte.
      behaviour:
        listener.resetOnAccept === "NEVER" ? listener.behaviour : { ...listener.behaviour, kind: { name: "discard" } },
      plan: listener.plans.next(),
    });
    if (listener.resetOnAccept !== "NEVER") this.resetAccepted(session, listener.resetOnAccept);
  }

  /** As the listener's `reset_on_accept` has it. */
  private resetAccepted(session: Session, when: "AT_ONCE" | "AT_FIRST_BYTE"): void {
    const cause: Cause = { kind: "LISTENER" };
    if (when === "AT_ONCE") {
      resetOrRelease(session, cause);
      return;
    }
    const observer = () => {
      if (!session.ended && session.bytesReceived === 0) return;
      session.observers.delete(observer);
      resetOrRelease(session, cause);
    };
    session.observers.add(observer);
  }

  private adopt(
    connection: Connection,
    as: {
      name: string;
      origin: "ACCEPTED" | "DIALED";
      listener: Listener | undefined;
      ordinal?: number;
      onPeerFin: OnPeerFin;
      labels: Readonly<Record<string, string>>;
      behaviour: BehaviourSpec;
      plan: AssignedPlan | undefined;
    },
  ): Session {
    const session = new Session(
      {
        scope: this.name,
        name: as.name,
        uid: this.tools.newUid(),
        origin: as.origin,
        ordinal: as.ordinal ?? 0,
        onPeerFin: as.onPeerFin,
        labels: as.labels,
      },
      as.listener,
      connection,
      as.behaviour,
      this,
    );
    this.sessions.set(as.name, session);
    this.tools.openSessions.take();
    as.listener?.add(session);
    if (as.plan !== undefined) session.givePlan(as.plan, [...this.signals, ...(as.listener?.signals ?? [])]);
    session.open();
    poke(this.tools.observers);
    return session;
  }

  private forget(session: Session): void {
    if (this.sessions.get(session.name) === session) this.sessions.delete(session.name);
    session.acceptedBy?.forget(session);
    this.tools.follower.forget(session);
    if (this.endedSessions.delete(session)) this.endedInboxBytes -= session.heldBytes;
  }

  private onAcceptError(listener: Listener, errno: Errno): void {
    this.publishListener(listener, {
      kind: "accept_failed",
      reason: errno,
      message:
        errno === "EMFILE" || errno === "ENFILE"
          ? `a connection was accepted and reset: ${outOfDescriptors(errno).message}`
          : `a connection could not be accepted: ${errno}`,
    });
  }

  private publishListener(listener: Listener, fact: Fact): void {
    this.tools.journal.append({ scope: this.name, listener: listener.name, session: "", uid: listener.uid }, fact);
  }

  private freeListenerName(): string {
    do this.lastListener += 1;
    while (this.listeners.has(`listener-${this.lastListener}`));
    return `listener-${this.lastListener}`;
  }

  private nextDialName(): string {
    this.lastDial += 1;
    return `dial/${this.lastDial}`;
  }

  get isStopping(): boolean {
    return this.stopCause !== undefined;
  }

  /** @throws DomainError DAEMON_STOPPING, SCOPE_ENDED. */
  assertRunning(): void {
    if (this.stopCause !== undefined) throw this.endedError(this.stopCause, false);
  }

  private endedError({ kind }: Cause, goesOn: boolean): DomainError {
    if (kind === "SHUTDOWN") {
      const message = "the daemon is stopping; nothing new begins in it";
      return new DomainError("FAILED_PRECONDITION", "DAEMON_STOPPING", message);
    }
    const message = goesOn ? "was emptied meanwhile; ask again" : "has ended; make another one";
    return new DomainError("FAILED_PRECONDITION", "SCOPE_ENDED", `scope "${this.name}" ${message}`, {
      field: "scope",
      resource: { type: "scope", name: this.name },
    });
  }
}

function alreadyDeleted(name: string): DomainError {
  return new DomainError("FAILED_PRECONDITION", "LISTENER_DELETED", `listener "${name}" is being deleted`, {
    field: "listener",
    resource: { type: "listener", name },
  });
}

function assertUid(
  type: "scope" | "listener" | "session",
  name: string,
  actual: string,
  asked: string | undefined,
): void {
  if (asked === undefined || asked === actual) return;
  throw new DomainError(
    "FAILED_PRECONDITION",
    "UID_MISMATCH",
    `${type} "${name}" is another life of that name: its uid is ${actual}, not ${asked}`,
    { field: "uid", resource: { type, name }, metadata: { uid: actual } },
  );
}
