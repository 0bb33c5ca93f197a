import { type Event, scopeEnded_ReasonToJSON } from "../gen/hangup/v1/event.js";
import { session_StateToJSON } from "../gen/hangup/v1/session.js";
import { rfc3339 } from "./json.js";
import { causeText, endText } from "./receipt-text.js";

// Lines come one by one, so that columns have fixed widths that fit the usual.
const widths = { sequence: 5, time: 15, kind: 22, about: 12 };

/** An event on one line: number, time of day (UTC), kind, whom it is about, and the facts of its kind. */
export function eventText(event: Event): string {
  const { sequence, time, fact } = event;
  const timeOfDay = time === undefined ? "" : rfc3339(time.seconds, Math.trunc(time.nanos / 1000) * 1000).slice(11, 26);
  const cells = [
    String(sequence).padStart(widths.sequence),
    timeOfDay.replace("Z", "").padEnd(widths.time),
    kindText(fact?.$case ?? "").padEnd(widths.kind),
    (event.session || event.listener || "-").padEnd(widths.about),
    factText(fact),
  ];
  return `${cells.join("  ").trimEnd()}\n`;
}

/** `peerFin` as `peer_fin`, the name that filters have. */
function kindText(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function factText(fact: Event["fact"]): string {
  // A kind that this version does not know yet: its number alone.
  if (fact === undefined) return "";
  switch (fact.$case) {
    case "subscribed":
      return `daemon ${fact.value.daemonUid}`;
    case "lost":
      return `events ${fact.value.firstSequence} to ${fact.value.lastSequence}`;
    case "listenerCreated":
    case "listenerDeleted":
    case "listenerStateChanged":
      return fact.value.listener?.address ?? "";
    case "sessionOpened":
      return `${fact.value.session?.localAddress ?? ""} <-> ${fact.value.session?.peerAddress ?? ""}`;
    case "peerFin":
      return `after ${fact.value.bytesReceived} bytes`;
    case "peerRst":
      return `after ${fact.value.bytesReceived} bytes, ${fact.value.errno}`;
    case "sessionStateChanged":
      return `${session_StateToJSON(fact.value.previous)} -> ${session_StateToJSON(fact.value.state)}`;
    case "actionPerformed":
      return `${fact.value.action} by ${causeText(fact.value.cause)}`;
    case "sessionEnded": {
      const { receipt } = fact.value;
      return `local ${endText(receipt?.localEnd)}, peer ${endText(receipt?.peerEnd)}`;
    }
    case "dataReceived":
    case "dataSent":
      return `${fact.value.bytes} bytes, ${fact.value.total} in all`;
    case "scopeCreated":
      return fact.value.scope?.name ?? "";
    case "scopeEnded":
      return `${fact.value.report?.scope?.name ?? ""}, ${scopeEnded_ReasonToJSON(fact.value.reason).toLowerCase()}`;
    case "planStepFired":
      return `step ${fact.value.step?.step}: ${fact.value.step?.action}`;
    case "planStepFailed":
      return `step ${fact.value.step?.step}: ${fact.value.step?.action}, ${fact.value.step?.failureReason}`;
    case "acceptFailed":
      return `${fact.value.reason}: ${fact.value.message}`;
  }
}
