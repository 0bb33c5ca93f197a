import { ResetSessionResponse, SessionServiceDefinition } from "../gen/hangup/v1/session.js";
import { callOnce } from "./client.js";
import { jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";
import { receiptText } from "./receipt-text.js";

/** The options of `hangup reset`. */
export interface ResetOptions extends DaemonCallOptions {
  readonly uid?: string;
}

/** Sends RST at once, and prints the receipt. */
export async function reset(session: string, options: ResetOptions): Promise<void> {
  const request = { scope: options.scope ?? "", session, uid: options.uid ?? "" };
  const reply = await callOnce(options.address, SessionServiceDefinition, (client, call) =>
    client.resetSession(request, call),
  );
  process.stdout.write(
    options.json === true ? jsonLine(ResetSessionResponse, reply) : receiptText(reply.session, reply.receipt),
  );
}
