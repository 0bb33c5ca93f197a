// What tests import. First of all what the classes below need where the runtime has it not.
import "./async-dispose.js";

export type { Duration } from "../../../src/gen/google/protobuf/duration.js";
export type { Timestamp } from "../../../src/gen/google/protobuf/timestamp.js";
export type { Event } from "../../../src/gen/hangup/v1/event.js";
export type { FiredStep, PlanProgress, PlanReport, StepReport } from "../../../src/gen/hangup/v1/plan.js";
export type { ListenerPlans, ScopeReport } from "../../../src/gen/hangup/v1/scope.js";
export {
  Cause_Kind as CauseKind,
  End_Kind as EndKind,
  Receipt_Evidence as Evidence,
  Session_State as SessionState,
} from "../../../src/gen/hangup/v1/session.js";
export type { Cause, End, EndingCounts, Receipt, ReceiveDataResponse } from "../../../src/gen/hangup/v1/session.js";
export { type EventOf, type EventOptions, EventStream, type FactName } from "./event-stream.js";
export {
  type DialOptions,
  Fixture,
  type FixtureOptions,
  type ListeningServer,
  type ListenOptions,
  NeverFiredError,
  startHangup,
} from "./fixture.js";
export { type ErrorCode, type ErrorContext, HangupError } from "./hangup-error.js";
export { Listener, type ListenerView, type LocalEnd } from "./listener.js";
export type { Action, Behaviour, DurationText, Plain, Plan } from "./plain.js";
export {
  type CloseOptions,
  type FlushOptions,
  type PerformOptions,
  type ReceiveOptions,
  Session,
  type SessionFacts,
  type SessionView,
  type WaitOptions,
} from "./session.js";
