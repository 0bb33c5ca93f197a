import { status } from "@grpc/grpc-js";
import { ErrorInfo } from "nice-grpc-error-details/lib/proto/google/rpc/error_details.js";
import type { Any } from "../../../src/gen/google/protobuf/any.js";
import { Receipt, Session } from "../../../src/gen/hangup/v1/session.js";
import { type ErrorCode, HangupError } from "./hangup-error.js";

/** What a call ended with, as google.rpc.Status has it. */
export interface Failure {
  readonly code: number;
  readonly message: string;
  readonly details: readonly Any[];
}

/** The error of a failure that the daemon told of. */
export function daemonError({ code, message, details }: Failure): HangupError {
  const detail = <Message>(name: string, codec: { decode(bytes: Uint8Array): Message }): Message | undefined => {
    const any = details.find(({ typeUrl }) => typeUrl.endsWith(`/${name}`));
    return any === undefined ? undefined : codec.decode(any.value);
  };
  const info = detail("google.rpc.ErrorInfo", ErrorInfo);
  const session = detail("hangup.v1.Session", Session);
  const receipt = detail("hangup.v1.Receipt", Receipt);
  return new HangupError((status[code] as ErrorCode | undefined) ?? "UNKNOWN", info?.reason ?? "", message, {
    ...(info !== undefined && { metadata: info.metadata }),
    ...(session !== undefined && { session }),
    ...(receipt !== undefined && { receipt }),
  });
}
