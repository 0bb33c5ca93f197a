import { Session, SessionServiceDefinition, session_StateToJSON } from "../gen/hangup/v1/session.js";
import { allPages } from "./all-pages.js";
import { answerMs, useService } from "./client.js";
import { type JsonMapping, jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";
import { endText } from "./receipt-text.js";
import { scopedTable } from "./table.js";

/** The options of `hangup sessions`. */
export interface SessionsOptions extends DaemonCallOptions {
  readonly listener?: string;
  readonly living?: boolean;
}

/** ListSessionsResponse, but that the list is there also when it is empty: `jq .sessions[]`. */
const listMapping: JsonMapping<{ sessions: Session[] }> = {
  toJSON: (list) => ({ sessions: list.sessions.map((session) => Session.toJSON(session)) }),
};

/** Lists sessions, all pages of them, oldest first. */
export async function sessions(options: SessionsOptions): Promise<void> {
  const { scope = "", listener = "", living = false } = options;
  const all = await useService(options, SessionServiceDefinition, async (client) =>
    allPages(async (at) => {
      const request = { scope, listener, living, ...at };
      const page = await client.listSessions(request, { signal: AbortSignal.timeout(answerMs) });
      return { items: page.sessions, nextPageToken: page.nextPageToken };
    }),
  );
  if (options.json === true) {
    process.stdout.write(jsonLine(listMapping, { sessions: all }));
    return;
  }
  const heads = ["SESSION", "STATE", "LOCAL", "PEER", "RECEIVED", "SENT", "LOCAL END", "PEER END"];
  const row = (session: Session) => [
    session.name,
    session_StateToJSON(session.state),
    session.localAddress,
    session.peerAddress,
    String(session.bytesReceived),
    String(session.bytesSent),
    endText(session.receipt?.localEnd),
    endText(session.receipt?.peerEnd),
  ];
  process.stdout.write(scopedTable(scope, heads, all, row));
}
