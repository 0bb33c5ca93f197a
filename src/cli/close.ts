import { CloseSessionResponse, SessionServiceDefinition } from "../gen/hangup/v1/session.js";
import { callOnce } from "./client.js";
import { optionalDuration, parseDuration } from "./duration.js";
import { jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";
import { receiptText } from "./receipt-text.js";

/** The options of `hangup close`. */
export interface CloseOptions extends DaemonCallOptions {
  readonly uid?: string;
  readonly flushTimeout?: string;
  readonly drainTimeout?: string;
}

/** Sends FIN after all that was written, and prints the receipt so far. */
export async function close(session: string, options: CloseOptions): Promise<void> {
  const request = {
    scope: options.scope ?? "",
    session,
    uid: options.uid ?? "",
    flushTimeout: optionalDuration("--flush-timeout", options.flushTimeout),
    drainTimeout: optionalDuration("--drain-timeout", options.drainTimeout),
  };
  const reply = await callOnce(
    options.address,
    SessionServiceDefinition,
    (client, call) => client.closeSession(request, call),
    parseDuration("--flush-timeout", options.flushTimeout ?? "5s"),
  );
  process.stdout.write(
    options.json === true ? jsonLine(CloseSessionResponse, reply) : receiptText(reply.session, reply.receipt),
  );
}
