import { fromJson, type JsonObject, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { type ClientError, Status } from "nice-grpc";
import { RichClientError } from "nice-grpc-error-details";
import type { Any } from "../gen/google/protobuf/any.js";
import { ControlRequest, ControlResponse } from "../gen/hangup/v1/control.js";
import { StreamEventsRequest, StreamEventsResponse } from "../gen/hangup/v1/event.js";
import { HoldScopeRequest, HoldScopeResponse } from "../gen/hangup/v1/scope.js";
import { contract } from "./contract.js";
import { exactJson } from "./json.js";
import { neverFired } from "./scope-report-text.js";

// The lines of `hangup pipe`: the control stream's messages, and those of the two streams that it does not carry, in the
// JSON mapping of protobuf.

/** What a line asks for. */
export type Asked =
  | { readonly stream: false; readonly request: ControlRequest }
  | { readonly stream: "streamEvents"; readonly id: bigint; readonly request: StreamEventsRequest }
  | { readonly stream: "holdScope"; readonly id: bigint; readonly request: HoldScopeRequest };

/** A line that asks for nothing that can be done. */
export class LineError extends Error {
  override readonly name = "LineError";
}

/** Reads a line. @throws LineError */
export function readLine(text: string): Asked {
  const { id: given, ...rest } = object(text);
  const [name, ...more] = Object.keys(rest);
  if (name === undefined || more.length > 0) {
    throw new LineError(
      `{"id":1,"<request>":{...}} with one request; this has ${Object.keys(rest).join(", ") || "none"}`,
    );
  }
  const id = idOf(given);
  const value = rest[name] ?? null;
  if (name === "streamEvents") {
    return { stream: name, id, request: StreamEventsRequest.decode(binary("StreamEventsRequest", value)) };
  }
  if (name === "holdScope") {
    return { stream: name, id, request: HoldScopeRequest.decode(binary("HoldScopeRequest", value)) };
  }
  const bytes = binary("ControlRequest", { id: String(id), [name]: value });
  return { stream: false, request: ControlRequest.decode(bytes) };
}

/** A reply as a line. */
export function replyLine(reply: ControlResponse): string {
  const { id, response } = reply;
  if (response?.$case === "deleteScope") {
    return line({ ...(exactJson(ControlResponse, reply) as object), neverFired: neverFired(response.value.report) });
  }
  if (response?.$case !== "error") return line(exactJson(ControlResponse, reply));
  const { code, message, details } = response.value;
  return errorLine({ id: String(id) }, { code, message, details: details.map(anyJson) });
}

/** One message of a stream as a line. */
export function streamLine(
  id: bigint,
  message: { readonly streamEvents: StreamEventsResponse } | { readonly holdScope: HoldScopeResponse },
): string {
  const json =
    "streamEvents" in message
      ? { streamEvents: exactJson(StreamEventsResponse, message.streamEvents) }
      : { holdScope: exactJson(HoldScopeResponse, message.holdScope) };
  return line({ id: String(id), ...json });
}

/** The end of a stream as a line. */
export function endLine(id: bigint): string {
  return line({ id: String(id), end: {} });
}

/** What a call ended with as a line. */
export function failureLine(of: { id?: string }, error: ClientError): string {
  const details = error instanceof RichClientError ? error.extra : [];
  return errorLine(of, {
    code: error.code,
    message: error.details,
    details: details.map(({ $type, ...detail }) =>
      $type === "google.protobuf.Any"
        ? anyJson(detail as unknown as Any)
        : ({ "@type": `type.googleapis.com/${$type}`, ...detail } as JsonObject),
    ),
  });
}

/** Why the daemon cannot be asked, where it has not said so itself. */
export interface Lost {
  readonly code: Status;
  readonly reason: string;
  readonly message: string;
  readonly errno?: string;
}

/** That as the answer to a call, or in place of the ready line. */
export function lostLine(of: { id?: string }, { code, reason, message, errno }: Lost): string {
  const info = { "@type": errorInfo, reason, metadata: { errno: errno ?? "" } };
  return errorLine(of, { code, message, details: errno === undefined ? [] : [info] }, reason);
}

/** What is wrong with a line, as a line: it has no id that could be trusted. */
export function wrongLine(number: number, message: string): string {
  return errorLine({ line: number }, { code: Status.INVALID_ARGUMENT, message, details: [] }, "INVALID_LINE");
}

const errorInfo = "type.googleapis.com/google.rpc.ErrorInfo";

interface StatusFacts {
  readonly code: number;
  readonly message: string;
  readonly details: readonly JsonObject[];
}

/** `code` by its name; the reason of ErrorInfo beside it, where programs without protobuf look first. */
function errorLine(of: { id?: string } | { line: number }, status: StatusFacts, reason = reasonOf(status)): string {
  const { code, message, details } = status;
  return line({ ...of, error: { code: Status[code] ?? String(code), reason, message, details } });
}

function reasonOf({ details }: StatusFacts): string {
  const info = details.find((detail) => detail["@type"] === errorInfo);
  return typeof info?.["reason"] === "string" ? info["reason"] : "";
}

function anyJson({ typeUrl, value }: Any): JsonObject {
  const any = { $typeName: AnySchema.typeName, typeUrl, value: new Uint8Array(value) };
  return toJson(AnySchema, any, { registry: contract() }) as JsonObject;
}

function binary(type: string, value: JsonValue): Uint8Array {
  const schema = contract().getMessage(`hangup.v1.${type}`);
  if (schema === undefined) throw new Error(`no message ${type} in the contract`);
  try {
    return toBinary(schema, fromJson(schema, value, { registry: contract() }));
  } catch (error) {
    throw new LineError((error as Error).message);
  }
}

function object(text: string): JsonObject {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new LineError(`no JSON: ${(error as Error).message}`);
  }
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as JsonObject;
  throw new LineError('no JSON object; use {"id":1,"<request>":{...}}');
}

function idOf(given: JsonValue | undefined): bigint {
  if ((typeof given === "number" && Number.isSafeInteger(given) && given >= 0) || /^\d{1,19}$/.test(asText(given))) {
    return BigInt(given as number | string);
  }
  throw new LineError("id: give a whole number, another one for each call");
}

function asText(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function line(json: unknown): string {
  return `${JSON.stringify(json)}\n`;
}
