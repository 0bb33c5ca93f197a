import type { Errno } from "../kernel/errno.js";
import type { TcpState } from "../kernel/tcp-state.js";

/** What made an ending happen. */
export type Cause =
  | { readonly kind: "COMMAND"; readonly rpc: string; readonly action: string }
  | { readonly kind: "PLAN_STEP"; readonly step: number; readonly action: string }
  | {
      readonly kind:
        | "PEER"
        | "BEHAVIOUR"
        | "TIMEOUT"
        | "DRAIN_TIMEOUT"
        | "LISTENER_DELETED"
        | "SHUTDOWN"
        | "LISTENER"
        | "SCOPE_ENDED";
    };

/** How one side ended. */
export interface End {
  readonly kind: "FIN" | "RST" | "NONE";
  readonly cause?: Cause;
  /** ns since 1970. */
  readonly time?: bigint;
  readonly errno?: Errno;
  /** The FIN that this side had sent before its RST. */
  readonly earlierFin?: { readonly cause: Cause; readonly time: bigint };
}

/** Both sides of an ending, each absent until it has ended. */
export interface Ends {
  readonly local?: End;
  readonly peer?: End;
}

/**
 * Records that a side ended. A RST goes over a FIN and keeps it in mind; nothing goes over a RST, and nothing but a
 * RST over a FIN.
 */
export function recordEnd(ends: Ends, side: "local" | "peer", end: End): Ends {
  const before = ends[side];
  if (before === undefined) return { ...ends, [side]: end };
  if (before.kind !== "FIN" || end.kind !== "RST") return ends;
  const earlierFin =
    before.cause !== undefined && before.time !== undefined ? { cause: before.cause, time: before.time } : undefined;
  return { ...ends, [side]: earlierFin === undefined ? end : { ...end, earlierFin } };
}

/** What the peer's next calls may give. */
export interface PeerOutlook {
  readonly nextRead: readonly Outcome[];
  readonly nextWrite: readonly Outcome[];
  readonly note: string;
}

/** What a read(2) or write(2) can give. */
export type Outcome = "DATA" | "EOF" | "OK" | "ECONNRESET" | "EPIPE" | "ETIMEDOUT" | "BLOCKS";

/** What is known of an ending. */
export interface Receipt extends Evidence {
  readonly session: string;
  readonly uid: string;
  readonly localEnd?: End;
  readonly peerEnd?: End;
  readonly final: boolean;
  readonly stateBefore: TcpState;
  readonly stateAfter: TcpState;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly unreadBytesDiscarded: number;
  readonly unsentBytesDiscarded: number;
  readonly peerOutlook?: PeerOutlook;
  readonly endTime?: bigint;
}

/** How far the packets prove an ending. */
export interface Evidence {
  readonly evidence: "NOT_CAPTURED" | "CAPTURED" | "INCOMPLETE";
  /** The newest captured segments, oldest first. */
  readonly segments: readonly Segment[];
  readonly segmentsCaptured: number;
}

/** A TCP segment as it was seen on the interface. */
export interface Segment {
  /** ns since 1970. */
  readonly time: bigint;
  readonly direction: "SENT" | "RECEIVED";
  readonly flags: string;
  readonly seq: number;
  readonly ack: number;
  readonly window: number;
  readonly length: number;
}

/** What is known where nothing was captured. */
export const notCaptured: Evidence = { evidence: "NOT_CAPTURED", segments: [], segmentsCaptured: 0 };

/** How many sessions ended in which way. */
export interface EndingCounts {
  sessions: number;
  localFin: number;
  localRst: number;
  localNone: number;
  peerFin: number;
  peerRst: number;
  peerNone: number;
}

/** Counts the endings of ended sessions. */
export function countEndings(receipts: Iterable<Receipt>): EndingCounts {
  const counts = { sessions: 0, localFin: 0, localRst: 0, localNone: 0, peerFin: 0, peerRst: 0, peerNone: 0 };
  const field = { FIN: "Fin", RST: "Rst", NONE: "None" } as const;
  for (const receipt of receipts) {
    counts.sessions += 1;
    counts[`local${field[receipt.localEnd?.kind ?? "NONE"]}`] += 1;
    counts[`peer${field[receipt.peerEnd?.kind ?? "NONE"]}`] += 1;
  }
  return counts;
}
