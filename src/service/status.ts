import { ServerError, type ServerMiddleware, Status } from "nice-grpc";
import { BadRequest, ErrorInfo, ResourceInfo } from "nice-grpc-error-details";
import { DomainError, type ErrorCode } from "../domain/errors.js";
import type { Any } from "../gen/google/protobuf/any.js";
import { Status as StatusMessage } from "../gen/google/rpc/status.js";
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
  PERMISSION_DENIED: Status.PERMISSION_DENIED,
  UNAUTHENTICATED: Status.UNAUTHENTICATED,
};

/** Called with what was thrown that no caller should meet, and what was asked; gives the id under which it was logged. */
export type BugReport = (path: string, error: unknown, request: unknown) => string;

/** The status that a caller gets for what was thrown in a call, with its details (AIP-193). */
export function toStatus(error: unknown, path: string, reportBug: BugReport, request?: unknown): StatusMessage {
  if (error instanceof DomainError)
    return { code: statusOf[error.code], message: error.message, details: details(error) };
  if (error instanceof ServerError) return { code: error.code, message: error.details, details: [] };
  // By its name: what a signal throws is a DOMException.
  if ((error as Error | undefined)?.name === "AbortError") {
    return { code: Status.CANCELLED, message: "the call was cancelled", details: [] };
  }
  const id = reportBug(path, error, request);
  const info = ErrorInfo.fromPartial({ reason: "BUG", domain: errorDomain, metadata: { id } });
  return {
    code: Status.INTERNAL,
    message: `a bug in the daemon; its log has it under id ${id}`,
    details: [anyOf("google.rpc.ErrorInfo", ErrorInfo.encode(info).finish())],
  };
}

function details(error: DomainError): Any[] {
  const { field, resource, metadata, receipt, session } = error.context;
  const description = error.message;
  const info = ErrorInfo.fromPartial({ reason: error.reason, domain: errorDomain, metadata: { ...metadata } });
  const all = [anyOf("google.rpc.ErrorInfo", ErrorInfo.encode(info).finish())];
  if (field !== undefined) {
    const request = BadRequest.fromPartial({ fieldViolations: [{ field, description }] });
    all.push(anyOf("google.rpc.BadRequest", BadRequest.encode(request).finish()));
  }
  if (resource !== undefined) {
    const { type, name } = resource;
    const which = { resourceType: `hangup.v1/${type}`, resourceName: name, description };
    all.push(anyOf("google.rpc.ResourceInfo", ResourceInfo.encode(ResourceInfo.fromPartial(which)).finish()));
  }
  if (receipt !== undefined) all.push(anyOf("hangup.v1.Receipt", Receipt.encode(receiptMessage(receipt)).finish()));
  if (session !== undefined) all.push(anyOf("hangup.v1.Session", Session.encode(sessionMessage(session)).finish()));
  return all;
}

function anyOf(message: string, value: Uint8Array): Any {
  return { typeUrl: `type.googleapis.com/${message}`, value: Buffer.from(value) };
}

/** The one place where what is thrown becomes the status of an RPC. */
export function errorFunnel(reportBug: BugReport): ServerMiddleware {
  return async function* funnel(call, context) {
    try {
      return yield* call.next(call.request, context);
    } catch (error) {
      const request = call.requestStream ? undefined : call.request;
      const status = toStatus(error, call.method.path, reportBug, request);
      if (status.details.length > 0) {
        context.trailer.set("grpc-status-details-bin", StatusMessage.encode(status).finish());
      }
      throw new ServerError(status.code, status.message);
    }
  };
}
