import { GetSessionRequest, GetSessionResponse, Session, SessionServiceDefinition } from "../gen/hangup/v1/session.js";
import { callOnce } from "./client.js";
import { exactJson, jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";
import { receiptText } from "./receipt-text.js";
import { spaced } from "./spaced.js";
import { table } from "./table.js";

/** The options of `hangup session`. */
export interface SessionOptions extends DaemonCallOptions {
  readonly full?: boolean;
}

/** Prints all that is known of one session. What is 0, empty or false is left out, as ProtoJSON does. */
export async function session(name: string, options: SessionOptions): Promise<void> {
  const request = GetSessionRequest.fromJSON({
    scope: options.scope,
    session: name,
    view: options.full === true ? "FULL" : "BASIC",
  });
  const reply = await callOnce(options, SessionServiceDefinition, (client, call) => client.getSession(request, call));
  if (options.json === true || reply.session === undefined) {
    process.stdout.write(jsonLine(GetSessionResponse, reply));
    return;
  }
  const { receipt, ...facts } = reply.session;
  process.stdout.write(table(rowsOf("", exactJson(Session, { ...facts, receipt: undefined }))));
  if (receipt !== undefined) process.stdout.write(`receipt of ${receiptText(name, receipt)}`);
}

/** A message within is told field by field: `tcp info rtt`. */
function rowsOf(prefix: string, value: unknown): string[][] {
  if (typeof value !== "object" || value === null) return [[prefix, String(value)]];
  const fields = Object.entries(value);
  if (fields.length === 0) return prefix === "" ? [] : [[prefix, ""]];
  return fields.flatMap(([name, field]) => rowsOf(prefix === "" ? spaced(name) : `${prefix} ${spaced(name)}`, field));
}
