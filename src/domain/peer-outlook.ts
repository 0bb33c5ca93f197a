import type { TcpState } from "../kernel/tcp-state.js";
import type { Ends, PeerOutlook } from "./receipt.js";

/** Whether the peer had our FIN when it began to obey nothing. UNACKNOWLEDGED: it may have. */
export type UnseenSince = "NO_FIN" | "FIN_UNACKNOWLEDGED" | "FIN_ACKNOWLEDGED";

/** What is known when the outlook is asked for. */
export interface OutlookFacts {
  readonly ends: Ends;
  /** The state just before our side acted last. */
  readonly stateBefore: TcpState;
  /** Our descriptor is released. */
  readonly released: boolean;
  readonly isTcp: boolean;
  /** The peer obeys none of our segments any more: what of our FIN it had seen by then. Undefined: it obeys them. */
  readonly unseen: UnseenSince | undefined;
  /** Bytes of ours may still be on their way to the peer, or unread in its kernel. */
  readonly mayHoldData: boolean;
}

/**
 * What the peer's next read and write may give after our side has ended, by what Linux does (measured; a Linux peer
 * is assumed). Data that the peer's kernel already has is always read first.
 */
export function peerOutlook(facts: OutlookFacts): PeerOutlook | undefined {
  const local = facts.ends.local;
  if (facts.unseen !== undefined && local !== undefined) return unseenOutlook(facts, facts.unseen);
  if (local === undefined || local.kind === "NONE" || facts.ends.peer?.kind === "RST") return undefined;
  const data = facts.mayHoldData ? (["DATA"] as const) : [];
  const peerSentFin = facts.ends.peer?.kind === "FIN";

  if (local.kind === "RST" && !facts.isTcp) {
    return {
      nextRead: [...data, "ECONNRESET"],
      nextWrite: ["EPIPE"],
      note: "A unix socket reports ECONNRESET on a read alone, once, whatever comes first; a write gives EPIPE.",
    };
  }
  if (local.kind === "RST" && local.earlierFin === undefined) {
    return {
      nextRead: [...data, "ECONNRESET"],
      // After its own shutdown too: the pending error comes before EPIPE.
      nextWrite: ["ECONNRESET"],
      note: "The kernel reports ECONNRESET once, on the read or the write that comes first; then reads give EOF and writes EPIPE.",
    };
  }
  if (local.kind === "RST") {
    // Behind a FIN that was not acknowledged the peer may have seen the RST alone.
    const finMayBeUnseen = facts.stateBefore === "FIN_WAIT1" || facts.stateBefore === "UNKNOWN";
    return {
      nextRead: finMayBeUnseen ? [...data, "EOF", "ECONNRESET"] : [...data, "EOF"],
      nextWrite: finMayBeUnseen ? ["EPIPE", "ECONNRESET"] : ["EPIPE"],
      note: "After a FIN the peer reads EOF; a RST that follows it shows as EPIPE on its write, never as ECONNRESET.",
    };
  }
  if (peerSentFin) {
    return { nextRead: [...data, "EOF"], nextWrite: ["EPIPE"], note: "Both sides have sent FIN." };
  }
  if (!facts.released) {
    return {
      nextRead: [...data, "EOF"],
      nextWrite: ["OK"],
      note: "Our FIN is sent and the daemon goes on reading: the peer's writes are accepted and acknowledged.",
    };
  }
  return facts.isTcp
    ? {
        nextRead: [...data, "EOF"],
        nextWrite: ["OK"],
        note: "The descriptor is released: the peer's first write is accepted and answered with RST, the next gives EPIPE.",
      }
    : { nextRead: [...data, "EOF"], nextWrite: ["EPIPE"], note: "A unix socket without a peer gives EPIPE at once." };
}

function unseenOutlook({ ends, released, mayHoldData }: OutlookFacts, since: UnseenSince): PeerOutlook {
  const data = mayHoldData ? (["DATA"] as const) : [];
  const end =
    since === "FIN_ACKNOWLEDGED"
      ? (["EOF"] as const)
      : since === "NO_FIN"
        ? (["BLOCKS"] as const)
        : (["EOF", "BLOCKS"] as const);
  // A peer that reads tells of its window, and acknowledges what it had not; where our descriptor is gone it is told so
  // by RST, which its write may meet as well.
  const answered = released && mayHoldData && since !== "FIN_ACKNOWLEDGED" ? (["ECONNRESET"] as const) : [];
  return {
    nextRead: [...data, ...end, ...answered],
    // Its acknowledgement of our FIN is answered so as well, and behind a FIN a RST shows as EPIPE.
    nextWrite: [
      ...(ends.peer?.kind === "FIN"
        ? (["EPIPE"] as const)
        : released && since === "FIN_UNACKNOWLEDGED"
          ? (["OK", "EPIPE"] as const)
          : (["OK"] as const)),
      ...answered,
    ],
    note:
      (since === "NO_FIN"
        ? "The peer was told nothing and stays ESTABLISHED. "
        : "The peer was told nothing after our FIN. ") +
      "If its segments reach us, its first write is answered with RST; if not, it retransmits and times out.",
  };
}
