import type { Errno } from "../kernel/errno.js";
import type { TcpState } from "../kernel/tcp-state.js";
import type { ListenerView } from "./listener-view.js";
import type { FiredStep } from "./plans/plan-run.js";
import type { Cause, EndingCounts, Receipt } from "./receipt.js";
import type { ScopeEndReason, ScopeReport, ScopeView } from "./scope-tally.js";
import type { SessionView } from "./session-view.js";

/** What happened. */
export type Fact =
  | { readonly kind: "listener_created"; readonly listener: ListenerView }
  | { readonly kind: "listener_deleted"; readonly listener: ListenerView; readonly counts: EndingCounts }
  | { readonly kind: "listener_state_changed"; readonly listener: ListenerView }
  | { readonly kind: "session_opened"; readonly session: SessionView }
  | { readonly kind: "peer_fin"; readonly bytesReceived: number }
  | { readonly kind: "peer_rst"; readonly bytesReceived: number; readonly errno: Errno }
  | { readonly kind: "session_state_changed"; readonly previous: TcpState; readonly state: TcpState }
  | { readonly kind: "action_performed"; readonly action: string; readonly cause: Cause }
  | { readonly kind: "session_ended"; readonly receipt: Receipt }
  | { readonly kind: "data_received" | "data_sent"; readonly bytes: number; readonly total: number }
  | {
      readonly kind: "plan_step_fired" | "plan_step_failed";
      readonly step: FiredStep;
      readonly plan: number;
      readonly seed: bigint;
    }
  | { readonly kind: "scope_created"; readonly scope: ScopeView }
  | { readonly kind: "scope_ended"; readonly reason: ScopeEndReason; readonly report: ScopeReport }
  | { readonly kind: "accept_failed"; readonly reason: string; readonly message: string };

/** What an event is about. */
export interface Subject {
  readonly scope: string;
  readonly listener: string;
  readonly session: string;
  readonly uid: string;
}

/** A numbered fact. */
export interface JournalEvent extends Subject {
  readonly sequence: number;
  /** ns since 1970. */
  readonly time: bigint;
  readonly fact: Fact;
}

/** Which events somebody wants; what is not given is not filtered. */
export interface EventFilter {
  readonly scope?: string;
  readonly listener?: string;
  readonly session?: string;
  readonly kinds?: ReadonlySet<Fact["kind"]>;
}

/** Whether facts of this kind are recorded only while somebody asks for them. */
export function isDataKind(kind: Fact["kind"]): boolean {
  return kind === "data_received" || kind === "data_sent";
}

/** Whether an event passes a filter. Data events pass only where their kind is named. */
export function matches(event: JournalEvent, filter: EventFilter): boolean {
  const { kind } = event.fact;
  if (filter.kinds === undefined ? isDataKind(kind) : !filter.kinds.has(kind)) return false;
  return (
    (filter.scope === undefined || filter.scope === event.scope) &&
    (filter.listener === undefined || filter.listener === event.listener) &&
    (filter.session === undefined || filter.session === event.session)
  );
}
