import type { TcpState } from "../kernel/tcp-state.js";
import { now } from "./clock.js";
import { peerOutlook, type UnseenSince } from "./peer-outlook.js";
import { type Cause, type End, type Ends, type Evidence, type Receipt, recordEnd } from "./receipt.js";

/** What a receipt tells beside the ending itself. */
export interface ReceiptFacts extends Evidence {
  readonly session: string;
  readonly uid: string;
  readonly isTcp: boolean;
  readonly state: TcpState;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Our descriptor is released. */
  readonly released: boolean;
  /** The peer obeys none of our segments any more, and what it had seen by then. */
  readonly unseen: UnseenSince | undefined;
}

/** What is thrown away by an act of ours, and the state in which it came. */
export interface ActFacts {
  readonly state: TcpState;
  readonly unread: number;
  readonly unsent: number;
}

/** Of every session that has not ended, and so one for all. */
const nothingEnded: Ends = {};
const noAct: ActFacts = { state: "UNKNOWN", unread: 0, unsent: 0 };

/** How a session comes to its end: each side's part, and what our part threw away. */
export class Ending {
  private ends = nothingEnded;
  private act = noAct;
  private overSince: bigint | undefined;

  /** Our side's end, undefined until it has. */
  get local(): End | undefined {
    return this.ends.local;
  }

  /** The peer's end, undefined until it has. */
  get peer(): End | undefined {
    return this.ends.peer;
  }

  /** ns since 1970; undefined while it lives. */
  get time(): bigint | undefined {
    return this.overSince;
  }

  /** Our side acts. */
  acts(facts: ActFacts): void {
    this.act = facts;
  }

  localEnds(kind: End["kind"], cause: Cause): void {
    this.ends = recordEnd(this.ends, "local", { kind, cause, time: now() });
  }

  peerEnds(kind: End["kind"], cause: Cause, errno?: string): void {
    this.ends = recordEnd(this.ends, "peer", { kind, cause, time: now(), ...(errno === undefined ? {} : { errno }) });
  }

  /** Both FINs were through when our RST was to be sent: there was nothing left to reset. */
  sentNoRst(): void {
    const { local } = this.ends;
    if (local?.kind !== "RST" || local.earlierFin === undefined) return;
    this.ends = { ...this.ends, local: { kind: "FIN", ...local.earlierFin } };
    this.peerEnds("FIN", { kind: "PEER" });
  }

  /** What an act that failed has recorded is taken back. */
  restore(before: { readonly ends: Ends; readonly act: ActFacts }): void {
    this.ends = before.ends;
    this.act = before.act;
  }

  snapshot(): { readonly ends: Ends; readonly act: ActFacts } {
    return { ends: this.ends, act: this.act };
  }

  /** It is over: a side that has sent neither FIN nor RST has sent NONE. */
  finish(): void {
    this.overSince = now();
    const { local, peer } = this.ends;
    this.ends = { local: local ?? { kind: "NONE" }, peer: peer ?? { kind: "NONE" } };
  }

  /** What is known of it. */
  receipt(facts: ReceiptFacts): Receipt {
    const { ends, act } = this;
    const outlook = peerOutlook({
      ends,
      stateBefore: act.state,
      released: facts.released,
      isTcp: facts.isTcp,
      mayHoldData: facts.bytesSent > 0,
      unseen: facts.unseen,
    });
    return {
      session: facts.session,
      uid: facts.uid,
      ...(ends.local === undefined ? {} : { localEnd: ends.local }),
      ...(ends.peer === undefined ? {} : { peerEnd: ends.peer }),
      final: this.overSince !== undefined,
      stateBefore: act.state,
      stateAfter: facts.state,
      bytesReceived: facts.bytesReceived,
      bytesSent: facts.bytesSent,
      unreadBytesDiscarded: act.unread,
      unsentBytesDiscarded: act.unsent,
      ...(outlook === undefined ? {} : { peerOutlook: outlook }),
      evidence: facts.evidence,
      segments: facts.segments,
      segmentsCaptured: facts.segmentsCaptured,
      ...(this.overSince === undefined ? {} : { endTime: this.overSince }),
    };
  }
}
