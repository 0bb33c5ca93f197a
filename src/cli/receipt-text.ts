import {
  type Cause,
  type End,
  End_Kind,
  type Receipt,
  cause_KindToJSON,
  end_KindToJSON,
  receipt_EvidenceToJSON,
  session_StateToJSON,
} from "../gen/hangup/v1/session.js";
import { table } from "./table.js";

/** An ending in a word: `FIN`, `RST`, `FIN+RST` (a RST behind a FIN), `NONE`, or `-` as long as there is none. */
export function endText(end: End | undefined): string {
  if (end === undefined || end.kind === End_Kind.UNSPECIFIED) return "-";
  return `${end.earlierFin === undefined ? "" : "FIN+"}${end_KindToJSON(end.kind)}`;
}

/** Why, in a word: the RPC of a command, or the action where it can be any, else the kind of cause. */
export function causeText(cause: Cause | undefined): string {
  if (cause === undefined) return "";
  if (cause.rpc === "PerformAction") return cause.action;
  return cause.rpc === "" ? cause_KindToJSON(cause.kind) : cause.rpc;
}

/** What is known of the ending of a session, for reading. */
export function receiptText(name: string, receipt: Receipt | undefined): string {
  if (receipt === undefined) return `${name}\n`;
  const { peerOutlook } = receipt;
  return `${name}\n${table(
    [
      ["local end", sideText(receipt.localEnd)],
      ["peer end", sideText(receipt.peerEnd)],
      ["state", `${session_StateToJSON(receipt.stateBefore)} -> ${session_StateToJSON(receipt.stateAfter)}`],
      ["bytes", `${receipt.bytesReceived} received, ${receipt.bytesSent} sent`],
      ["discarded", `${receipt.unreadBytesDiscarded} unread, ${receipt.unsentBytesDiscarded} unsent`],
      ...(peerOutlook === undefined
        ? []
        : [
            ["peer reads", peerOutlook.nextRead.join(" or ")],
            ["peer writes", peerOutlook.nextWrite.join(" or ")],
          ]),
      ["evidence", receipt_EvidenceToJSON(receipt.evidence)],
      ["final", receipt.final ? "yes" : "no: the other side has not ended"],
    ],
    "  ",
  )}`;
}

function sideText(end: End | undefined): string {
  return [endText(end), causeText(end?.cause), end?.errno ?? ""].filter((part) => part !== "").join("  ");
}
