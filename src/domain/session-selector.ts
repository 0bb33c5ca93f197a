import type { Session } from "./session.js";

/** Which session is meant; all that is given must match. */
export interface SessionSelector {
  readonly session?: string;
  readonly uid?: string;
  readonly listener?: string;
  readonly ordinal?: number;
  readonly peerPort?: number;
  /** `ip:port`, normalized. */
  readonly peer?: string;
  readonly openedAfterSequence?: number;
}

/** Whether a session is one of those meant. */
export function selects(selector: SessionSelector, session: Session): boolean {
  const { identity } = session;
  return (
    (selector.session === undefined || selector.session === identity.name) &&
    (selector.uid === undefined || selector.uid === identity.uid) &&
    (selector.listener === undefined || selector.listener === session.listenerName) &&
    (selector.ordinal === undefined || selector.ordinal === identity.ordinal) &&
    (selector.peerPort === undefined || selector.peerPort === session.peerPort) &&
    (selector.peer === undefined || selector.peer === session.peerAddress) &&
    (selector.openedAfterSequence === undefined || session.openedSequence > selector.openedAfterSequence)
  );
}

/** Of several sessions the living one, then the newest: ports come round again. */
export function preferred(candidates: Iterable<Session>): Session | undefined {
  let best: Session | undefined;
  for (const candidate of candidates) {
    if (
      best === undefined ||
      (best.ended && !candidate.ended) ||
      (best.ended === candidate.ended && candidate.openedSequence > best.openedSequence)
    ) {
      best = candidate;
    }
  }
  return best;
}

/** What is waited for; all that is given must hold at once. */
export interface WaitGoal {
  readonly condition?: "ENDED" | "PEER_FIN" | "PEER_RST";
  readonly state?: string;
  readonly bytesReceived?: number;
  readonly bytesSent?: number;
}

/** Whether it all holds now. Counts, FIN, RST and the end are latched; a state is the moment's. */
export function holds(goal: WaitGoal, session: Session): boolean {
  const facts = { ENDED: session.ended, PEER_FIN: session.peerFinSeen, PEER_RST: session.peerRstSeen };
  return (
    (goal.condition === undefined || facts[goal.condition]) &&
    (goal.bytesReceived === undefined || session.bytesReceived >= goal.bytesReceived) &&
    (goal.bytesSent === undefined || session.bytesSent >= goal.bytesSent) &&
    // Last: it asks the kernel.
    (goal.state === undefined || session.state === goal.state)
  );
}
