import type { Receipt } from "./receipt.js";
import type { SessionView } from "./session-view.js";

/** What kind of error it is, by the gRPC status that it becomes (google.rpc.Code). */
export type ErrorCode =
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "FAILED_PRECONDITION"
  | "RESOURCE_EXHAUSTED"
  | "DEADLINE_EXCEEDED"
  | "ABORTED"
  | "CANCELLED"
  | "PERMISSION_DENIED"
  | "UNAUTHENTICATED";

/** The stable reasons that a caller can match on (google.rpc.ErrorInfo.reason). */
export type ErrorReason =
  | "INVALID_MESSAGE"
  | "INVALID_FIELD"
  | "MISSING_FIELD"
  | "CONFLICTING_FIELDS"
  | "UNKNOWN_SCOPE"
  | "UNKNOWN_LISTENER"
  | "UNKNOWN_SESSION"
  | "NAME_TAKEN"
  | "UID_MISMATCH"
  | "DAEMON_UID_MISMATCH"
  | "PORT_IN_USE"
  | "ADDRESS_NOT_AVAILABLE"
  | "PERMISSION_DENIED_BY_KERNEL"
  | "BIND_FAILED"
  | "CONNECT_FAILED"
  | "CONNECT_TIMEOUT"
  | "SESSION_ENDED"
  | "LISTENER_DELETED"
  | "ALREADY_CLOSED"
  | "FIN_ALREADY_SENT"
  | "RESET_IMPOSSIBLE"
  | "FFI_UNAVAILABLE"
  | "ACTION_UNAVAILABLE"
  | "CAPTURE_UNAVAILABLE"
  | "UNKNOWN_CAPTURE"
  | "TOO_MANY_CAPTURES"
  | "UNIX_SOCKET"
  | "UNKNOWN_SIGNAL"
  | "WRONG_STATE"
  | "NOTHING_UNREAD"
  | "KERNEL_REFUSED"
  | "NOT_RECEIVING"
  | "FLUSH_TIMEOUT"
  | "RECEIVE_TIMEOUT"
  | "WAIT_TIMEOUT"
  | "DATA_TOO_LARGE"
  | "SEND_QUEUE_FULL"
  | "DAEMON_STOPPING"
  | "SCOPE_ENDED"
  | "TOO_MANY_SCOPES"
  | "TOO_MANY_LISTENERS"
  | "TOO_MANY_SESSIONS"
  | "TOO_MANY_WAITERS"
  | "TOO_MANY_SUBSCRIBERS"
  | "TOO_MANY_DESCRIPTORS"
  | "DEFAULT_SCOPE"
  | "LISTEN_NOT_ALLOWED"
  | "DIAL_NOT_ALLOWED"
  | "UNIX_PATH_NOT_ALLOWED"
  | "TOKEN_MISSING"
  | "TOKEN_WRONG";

/** What goes with an error, where there is something to go with it. */
export interface ErrorContext {
  /** The path of the offending request field, as the proto spells it. */
  readonly field?: string;
  /** The resource that it is about. */
  readonly resource?: { readonly type: "scope" | "listener" | "session"; readonly name: string };
  /** Further facts by name, such as the errno. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What is known of the ending of the session so far. */
  readonly receipt?: Receipt;
  /** The session as it was seen last. */
  readonly session?: SessionView;
}

/** An error that a caller can meet. Its message says what happened and what to do instead. */
export class DomainError extends Error {
  override readonly name = "DomainError";

  constructor(
    readonly code: ErrorCode,
    readonly reason: ErrorReason,
    message: string,
    readonly context: ErrorContext = {},
  ) {
    super(message);
  }
}

/** INVALID_ARGUMENT on one field. */
export function invalidField(field: string, message: string, reason: ErrorReason = "INVALID_FIELD"): DomainError {
  return new DomainError("INVALID_ARGUMENT", reason, `${field}: ${message}`, { field });
}
