import type { ScopeReport } from "../gen/hangup/v1/scope.js";
import { table } from "./table.js";

/** What a scope was, for reading. */
export function scopeReportText(report: ScopeReport | undefined): string {
  if (report === undefined) return "";
  const { scope, counts, openListeners, openSessions, bytesReceived, bytesSent } = report;
  const ended = counts?.sessions ?? 0n;
  return [
    `${scope?.name ?? ""}, ${ended} sessions\n`,
    table(
      [
        ["", "FIN", "RST", "NONE"],
        ["local end", `${counts?.localFin ?? 0n}`, `${counts?.localRst ?? 0n}`, `${counts?.localNone ?? 0n}`],
        ["peer end", `${counts?.peerFin ?? 0n}`, `${counts?.peerRst ?? 0n}`, `${counts?.peerNone ?? 0n}`],
      ],
      "  ",
    ),
    table(
      [
        ["bytes", `${bytesReceived} received, ${bytesSent} sent`],
        ["open listeners", namesOf(openListeners, scope?.listeners)],
        ["open sessions", namesOf(openSessions, scope?.openSessions)],
        ...neverFired(report).map((line) => ["never fired", line]),
      ],
      "  ",
    ),
  ].join("");
}

function namesOf(names: readonly string[], inAll: bigint | undefined): string {
  const left = Number(inAll ?? 0n) - names.length;
  return names.length === 0 ? "none" : `${names.join(" ")}${left > 0 ? ` and ${left} more` : ""}`;
}

/** The steps of plans that did not act on a connection they were for: faults that did not happen. */
export function neverFired(report: ScopeReport | undefined): string[] {
  return (report?.plans ?? []).flatMap(({ listener, session, plans: ofOne }) =>
    ofOne.flatMap(({ plan, connectionsSeen, steps }) => {
      const where = `${listener === "" ? session : listener}, plan ${plan}`;
      if (connectionsSeen === 0n) return [`${where}: it had no connection`];
      return steps
        .filter(({ notFired }) => notFired > 0n)
        .map(({ step, notFired }) => `${where}, step ${step}: on ${notFired} of ${connectionsSeen} connections`);
    }),
  );
}
