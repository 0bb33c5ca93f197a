import type { Receipt, Session } from "../../../src/gen/hangup/v1/session.js";

/** The codes of gRPC, by their names. */
export type ErrorCode =
  | "CANCELLED"
  | "UNKNOWN"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";

/** What else is known of an error. */
export interface ErrorContext {
  /** What the reason is about, such as the `errno` of a bind that failed. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The session as it was seen last, where the daemon told. */
  readonly session?: Session;
  /** The receipt so far, where the daemon told. */
  readonly receipt?: Receipt;
  /** What was thrown below. */
  readonly cause?: unknown;
}

/**
 * What the daemon refused, or what could not be done with it. Match on `reason`: it is stable, the message is for
 * people and says what to do.
 */
export class HangupError extends Error implements ErrorContext {
  override readonly name: string = "HangupError";
  /** The code of gRPC, such as `DEADLINE_EXCEEDED`. */
  readonly code: ErrorCode;
  /**
   * Why: one of those of docs/errors.md, such as `WAIT_TIMEOUT`, or of those that clients have of their own
   * (clients/README.md), such as `DAEMON_GONE`. Empty where gRPC itself ended the call.
   */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  declare readonly session?: Session;
  declare readonly receipt?: Receipt;

  constructor(code: ErrorCode, reason: string, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.code = code;
    this.reason = reason;
    this.metadata = context.metadata ?? {};
    if (context.session !== undefined) this.session = context.session;
    if (context.receipt !== undefined) this.receipt = context.receipt;
  }
}
