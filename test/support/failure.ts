import { ClientError, Status } from "nice-grpc";
import { RichClientError } from "nice-grpc-error-details";
import { Receipt, Session } from "../../src/gen/hangup/v1/session.js";

/** What a failed call told: the status by name, and its details (google.rpc.*). */
export interface Failure {
  readonly code: string;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The offending field of BadRequest. */
  readonly field: string | undefined;
  /** `hangup.v1/session echo/1`, of ResourceInfo. */
  readonly resource: string | undefined;
  readonly message: string;
  readonly receipt: Receipt | undefined;
  readonly session: Session | undefined;
}

/** The failure of a call; throws when the call succeeds. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  let error: unknown;
  try {
    const reply = await call;
    throw new Error(
      `the call succeeded: ${JSON.stringify(reply, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))}`,
    );
  } catch (caught) {
    error = caught;
  }
  if (!(error instanceof ClientError)) throw error;
  const failure: { -readonly [Key in keyof Failure]: Failure[Key] } = {
    code: Status[error.code] ?? String(error.code),
    reason: "",
    metadata: {},
    field: undefined,
    resource: undefined,
    message: error.details,
    receipt: undefined,
    session: undefined,
  };
  // Without details where the gRPC library itself refused the call.
  for (const detail of error instanceof RichClientError ? error.extra : []) {
    switch (detail.$type) {
      case "google.rpc.ErrorInfo":
        failure.reason = detail.reason;
        failure.metadata = detail.metadata;
        expect(detail.domain).toBe("hangup.v1");
        break;
      case "google.rpc.BadRequest":
        failure.field = detail.fieldViolations.map(({ field }) => field).join();
        break;
      case "google.rpc.ResourceInfo":
        failure.resource = `${detail.resourceType} ${detail.resourceName}`;
        break;
      case "google.protobuf.Any":
        if (detail.typeUrl.endsWith("/hangup.v1.Receipt")) failure.receipt = Receipt.decode(detail.value);
        else if (detail.typeUrl.endsWith("/hangup.v1.Session")) failure.session = Session.decode(detail.value);
        else throw new Error(`an unknown detail: ${detail.typeUrl}`);
        break;
      default:
        throw new Error(`an unknown detail: ${JSON.stringify(detail)}`);
    }
  }
  return failure;
}
