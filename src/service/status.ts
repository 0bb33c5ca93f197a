import { type ServerError, type ServerMiddleware, Status } from "nice-grpc";
import {
  BadRequest,
  ErrorInfo,
  errorDetailsServerMiddleware,
  ResourceInfo,
  RichServerError,
} from "nice-grpc-error-details";
import { composeServerMiddleware } from "nice-grpc-common";
import { DomainError, type ErrorCode } from "../domain/errors.js";
import { Receipt, Session } from "../gen/hangup/v1/session.js";
import { receiptMessage, sessionMessage } from "./messages.js";

/** The domain of our reasons in google.rpc.ErrorInfo. */
export const errorDomain = "hangup.v1";

const statusOf: Readonly<Record<ErrorCode, Status>> = {
  INVALID_ARGUMENT: Status.INVALID_ARGUMENT,
  NOT_FOUND: Status.NOT_FOUND,
  ALREADY_EXISTS: Status.ALREADY_EXISTS,
  FAILED_PRECONDITION: Status.FAILED_PRECONDITION,
  RESOURCE_EXHAUSTED: Status.RESOURCE_EXHAUSTED,
  DEADLINE_EXCEEDED: Status.DEADLINE_EXCEEDED,
  ABORTED: Status.ABORTED,
  CANCELLED: Status.CANCELLED,
};

/** The status that a caller gets for an error of the domain, with its details (AIP-193). */
export function toStatus(error: DomainError): ServerError {
  const { field, resource, metadata, receipt, session } = error.context;
  const details = [
    ErrorInfo.fromPartial({ reason: error.reason, domain: errorDomain, metadata: { ...metadata } }),
    ...(field === undefined
      ? []
      : [BadRequest.fromPartial({ fieldViolations: [{ field, description: error.message }] })]),
    ...(resource === undefined
      ? []
      : [
          ResourceInfo.fromPartial({
            resourceType: `hangup.v1/${resource.type}`,
            resourceName: resource.name,
            description: error.message,
          }),
        ]),
    ...(receipt === undefined ? [] : [anyOf("Receipt", Receipt.encode(receiptMessage(receipt)).finish())]),
    ...(session === undefined ? [] : [anyOf("Session", Session.encode(sessionMessage(session)).finish())]),
  ];
  return new RichServerError(statusOf[error.code], error.message, details);
}

function anyOf(message: string, value: Uint8Array) {
  return { $type: "google.protobuf.Any" as const, typeUrl: `type.googleapis.com/hangup.v1.${message}`, value };
}

/** Called with what was thrown that no caller should meet; gives the id under which it was logged. */
export type BugReport = (path: string, error: unknown) => string;

/** The one place where what is thrown becomes a status. */
export function errorFunnel(reportBug: BugReport): ServerMiddleware {
  return composeServerMiddleware(errorDetailsServerMiddleware, async function* funnel(call, context) {
    try {
      return yield* call.next(call.request, context);
    } catch (error) {
      if (error instanceof DomainError) throw toStatus(error);
      if (error instanceof Error && (error.name === "AbortError" || error.name === "ServerError")) throw error;
      const id = reportBug(call.method.path, error);
      throw new RichServerError(Status.INTERNAL, `a bug in the daemon; its log has it under id ${id}`, [
        ErrorInfo.fromPartial({ reason: "BUG", domain: errorDomain, metadata: { id } }),
      ]);
    }
  });
}
