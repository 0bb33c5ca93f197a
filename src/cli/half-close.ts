import { HalfCloseSessionResponse, SessionServiceDefinition } from "../gen/hangup/v1/session.js";
import { callOnce } from "./client.js";
import { optionalDuration, parseDuration } from "./duration.js";
import { jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";
import { receiptText } from "./receipt-text.js";

/** The options of `hangup half-close`. */
export interface HalfCloseOptions extends DaemonCallOptions {
  readonly uid?: string;
  readonly flushTimeout?: string;
}

/** Sends FIN and goes on reading, and prints the receipt so far. */
export async function halfClose(session: string, options: HalfCloseOptions): Promise<void> {
  const request = {
    scope: options.scope ?? "",
    session,
    uid: options.uid ?? "",
    flushTimeout: optionalDuration("--flush-timeout", options.flushTimeout),
  };
  const reply = await callOnce(
    options.address,
    SessionServiceDefinition,
    (client, call) => client.halfCloseSession(request, call),
    parseDuration("--flush-timeout", options.flushTimeout ?? "5s"),
  );
  process.stdout.write(
    options.json === true ? jsonLine(HalfCloseSessionResponse, reply) : receiptText(reply.session, reply.receipt),
  );
}
