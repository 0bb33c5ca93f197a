import type { ListenState } from "../kernel/listen.js";
import type { BehaviourSpec } from "./behaviours/spec.js";
import type { PlanReport } from "./plans/listener-plans.js";
import type { OnPeerFin } from "./session-view.js";

/** What becomes of an accepted connection, whatever the behaviour. */
export type ResetOnAccept = "NEVER" | "AT_ONCE" | "AT_FIRST_BYTE";

/** A listener as it stands at a moment. */
export interface ListenerView {
  readonly scope: string;
  readonly name: string;
  readonly uid: string;
  readonly host: string;
  readonly port: number;
  readonly address: string;
  readonly unixPath: string;
  readonly state: ListenState;
  readonly onPeerFin: OnPeerFin;
  readonly labels: Readonly<Record<string, string>>;
  readonly accepted: number;
  readonly openSessions: number;
  readonly createTime: bigint;
  readonly behaviour: BehaviourSpec;
  readonly resetOnAccept: ResetOnAccept;
  readonly backlog: number;
  /** 0: the kernel's own. */
  readonly receiveBufferBytes: number;
  readonly plans: readonly PlanReport[];
}
