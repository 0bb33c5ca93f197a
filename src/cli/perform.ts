import type { CallOptions } from "nice-grpc";
import {
  CloseSessionResponse,
  HalfCloseSessionResponse,
  PerformActionRequest,
  PerformActionResponse,
  type Receipt,
  ResetSessionResponse,
  type SessionServiceClient,
  SessionServiceDefinition,
} from "../gen/hangup/v1/session.js";
import { type ActionVerb, actionField } from "./action-verbs.js";
import { callOnce } from "./client.js";
import { usageError } from "./command-error.js";
import { longestWaitMs } from "./duration.js";
import { throwFailures } from "./failures.js";
import { jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";
import { endText, receiptText } from "./receipt-text.js";
import { table } from "./table.js";

/** The options of every action's verb, those of its message aside. */
export interface PerformOptions extends DaemonCallOptions {
  readonly listener?: string;
  readonly all?: boolean;
  readonly uid?: string;
  readonly maxResults?: number;
}

/** Performs an action on sessions, and prints their receipts. */
export async function perform(verb: ActionVerb, names: readonly string[], options: PerformOptions): Promise<void> {
  const { scope = "", listener, all = false, uid, maxResults } = options;
  if (names.length === 0 && listener === undefined && !all) {
    throw usageError("which sessions? name them, or say --listener or --all");
  }
  const session = names.length === 1 && listener === undefined && !all ? names[0] : undefined;
  if (uid !== undefined && session === undefined) throw usageError("--uid goes with one session");
  const { field, message } = actionField(verb, { ...options });
  const waitMs = longestWaitMs(options);

  const headline = headlineOf(field, message);
  if (session !== undefined && headline !== undefined) {
    const request = { scope, session, uid: uid ?? "", ...message };
    const ask = async (client: SessionServiceClient, call: CallOptions) => client[headline.rpc](request, call);
    const reply = await callOnce(options, SessionServiceDefinition, ask, waitMs);
    process.stdout.write(options.json === true ? jsonLine(headline.reply, reply) : receiptText(session, reply.receipt));
    return;
  }

  const targets = session !== undefined ? { session, uid } : { sessions: names, listener, all };
  const request = PerformActionRequest.fromJSON({ scope, ...targets, action: { [field]: message }, maxResults });
  const reply = await callOnce(
    options,
    SessionServiceDefinition,
    (client, call) => client.performAction(request, call),
    waitMs,
  );
  const text = () => (session === undefined ? manyText(reply) : receiptText(session, reply.receipts[0]));
  process.stdout.write(options.json === true ? jsonLine(PerformActionResponse, reply) : text());
  throwFailures(reply.failures, reply.targeted);
}

interface Headline {
  readonly rpc: "closeSession" | "halfCloseSession" | "resetSession";
  readonly reply: typeof CloseSessionResponse | typeof HalfCloseSessionResponse | typeof ResetSessionResponse;
}

/** The actions that have an RPC of their own, for one session. */
const headlines: Readonly<Record<string, Headline>> = {
  close: { rpc: "closeSession", reply: CloseSessionResponse },
  halfClose: { rpc: "halfCloseSession", reply: HalfCloseSessionResponse },
  reset: { rpc: "resetSession", reply: ResetSessionResponse },
};

function headlineOf(field: string, message: object): Headline | undefined {
  // ResetSession is the plain one; what a reset may be told besides is for PerformAction.
  if (field === "reset" && Object.keys(message).length > 0) return undefined;
  return headlines[field];
}

function manyText({ targeted, performed, receipts }: PerformActionResponse): string {
  const rows = receipts.map((receipt: Receipt) => [
    receipt.session,
    endText(receipt.localEnd),
    endText(receipt.peerEnd),
    receipt.final ? "yes" : "no",
  ]);
  const list = rows.length === 0 ? "" : table([["SESSION", "LOCAL END", "PEER END", "FINAL"], ...rows]);
  return `${list}performed on ${performed} of ${targeted} sessions\n`;
}
