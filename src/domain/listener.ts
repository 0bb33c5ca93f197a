import { type Address, dialableHost, formatAddress } from "../kernel/address.js";
import type { ListeningSocket, ListenState } from "../kernel/listen.js";
import type { BehaviourSpec } from "./behaviours/spec.js";
import { now } from "./clock.js";
import type { ListenerView, ResetOnAccept } from "./listener-view.js";
import { ListenerPlans, type PlanReport } from "./plans/listener-plans.js";
import type { Plan } from "./plans/plan.js";
import type { Session } from "./session.js";
import type { OnPeerFin } from "./session-view.js";

/** Plans that were replaced, whose reports it keeps. */
const maxReplacedPlans = 256;

/** What can be changed of a listener. */
export interface ListenerSettings {
  readonly onPeerFin: OnPeerFin;
  readonly labels: Readonly<Record<string, string>>;
  readonly behaviour: BehaviourSpec;
  readonly resetOnAccept: ResetOnAccept;
  readonly state: ListenState;
  readonly plans: readonly Plan[];
}

/** What a listener was created as. */
export interface ListenerOptions extends ListenerSettings {
  readonly backlog: number;
  readonly receiveBufferBytes: number | undefined;
}

/** A socket that accepts connections, by its name, with the sessions that it has accepted, ended ones included. */
export class Listener {
  readonly createTime = now();
  /** The number of its `listener_created`: the order of listeners. */
  createdSequence = 0;
  /** Its sessions still known, by the peer's port, oldest first: ports come round again. */
  private readonly byPeerPort = new Map<number, Session[]>();
  private readonly known = new Set<Session>();
  private acceptedCount = 0;
  private openCount = 0;
  private deleted = false;
  private options: ListenerOptions;
  /** Of the connections to come. */
  plans: ListenerPlans;
  private replacedPlans: readonly PlanReport[] = [];
  /** Signals fired for all its sessions, those to come too. */
  readonly signals = new Set<string>();
  /** Undefined between the moment in which its name is taken and the one in which it listens. */
  private socket: ListeningSocket | undefined;

  constructor(
    readonly scope: string,
    readonly name: string,
    readonly uid: string,
    options: ListenerOptions,
  ) {
    this.options = options;
    this.plans = new ListenerPlans(options.plans);
  }

  get onPeerFin(): OnPeerFin {
    return this.options.onPeerFin;
  }

  /** The sessions still known, oldest first. */
  get sessions(): ReadonlySet<Session> {
    return this.known;
  }

  listening(socket: ListeningSocket, createdSequence: number): void {
    this.socket = socket;
    this.createdSequence = createdSequence;
  }

  get behaviour(): BehaviourSpec {
    return this.options.behaviour;
  }

  get resetOnAccept(): ResetOnAccept {
    return this.options.resetOnAccept;
  }

  /** Changes it for the connections still to come. @throws KernelError. */
  async update(change: Partial<ListenerSettings>): Promise<void> {
    if (change.state !== undefined) await this.socket?.enter(change.state);
    if (change.resetOnAccept !== undefined) this.socket?.setLingerZero(change.resetOnAccept !== "NEVER");
    if (change.plans !== undefined) {
      this.replacedPlans = [...this.replacedPlans, ...this.plans.reports()].slice(-maxReplacedPlans);
      this.plans = new ListenerPlans(change.plans);
    }
    this.options = { ...this.options, ...change };
  }

  /** What became of all its plans, of those that were replaced first. */
  allPlanReports(): readonly PlanReport[] {
    return [...this.replacedPlans, ...this.plans.reports()];
  }

  /** The number of the next session. */
  nextOrdinal(): number {
    this.acceptedCount += 1;
    return this.acceptedCount;
  }

  add(session: Session): void {
    this.known.add(session);
    this.openCount += 1;
    const samePort = this.byPeerPort.get(session.peerPort);
    if (samePort === undefined) this.byPeerPort.set(session.peerPort, [session]);
    else samePort.push(session);
  }

  onSessionEnded(): void {
    this.openCount -= 1;
  }

  /** Forgets an ended session. */
  forget(session: Session): void {
    this.known.delete(session);
    const samePort = this.byPeerPort.get(session.peerPort);
    if (samePort === undefined) return;
    samePort.splice(samePort.indexOf(session), 1);
    if (samePort.length === 0) this.byPeerPort.delete(session.peerPort);
  }

  /** The sessions of a peer's port, oldest first. */
  withPeerPort(port: number): readonly Session[] {
    return this.byPeerPort.get(port) ?? [];
  }

  /** It has its port, and its CreateListener is about to answer. */
  get isBound(): boolean {
    return this.socket !== undefined;
  }

  /** It accepts no more, and is about to be gone. */
  get isDeleted(): boolean {
    return this.deleted;
  }

  /** Accepts no more. */
  delete(): void {
    this.deleted = true;
    this.socket?.close();
  }

  /** Where it is bound. */
  get address(): Address {
    return this.socket?.address ?? { kind: "unix", path: "" };
  }

  view(): ListenerView {
    const { address } = this;
    const tcp = address.kind === "tcp";
    return {
      scope: this.scope,
      name: this.name,
      uid: this.uid,
      host: tcp ? address.host : "",
      port: tcp ? address.port : 0,
      address: formatAddress(tcp ? { ...address, host: dialableHost(address.host) } : address),
      unixPath: tcp ? "" : address.path,
      state: this.socket?.state ?? this.options.state,
      behaviour: this.options.behaviour,
      resetOnAccept: this.options.resetOnAccept,
      backlog: this.options.backlog,
      plans: this.plans.reports(),
      receiveBufferBytes: this.options.receiveBufferBytes ?? 0,
      onPeerFin: this.options.onPeerFin,
      labels: this.options.labels,
      accepted: this.acceptedCount,
      openSessions: this.openCount,
      createTime: this.createTime,
    };
  }
}
