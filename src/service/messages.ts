import type { Fact, JournalEvent } from "../domain/event.js";
import type { Gap } from "../domain/journal.js";
import type { ListenerView } from "../domain/listener-view.js";
import type * as domain from "../domain/receipt.js";
import type { SessionView } from "../domain/session-view.js";
import type { Timestamp } from "../gen/google/protobuf/timestamp.js";
import type { Event } from "../gen/hangup/v1/event.js";
import { type Listener, Listener_State } from "../gen/hangup/v1/listener.js";
import {
  type Cause,
  Cause_Kind,
  type End,
  End_Kind,
  type EndingCounts,
  type Receipt,
  Receipt_Evidence,
  type Session,
  Session_OnPeerFin,
  Session_Origin,
  Session_State,
} from "../gen/hangup/v1/session.js";

// Turns the domain's values into the contract's messages.

export function timestamp(ns: bigint): Timestamp {
  return { seconds: ns / 1_000_000_000n, nanos: Number(ns % 1_000_000_000n) };
}

export function listenerMessage(view: ListenerView): Listener {
  return {
    ...view,
    labels: { ...view.labels },
    state: Listener_State[view.state],
    onPeerFin: Session_OnPeerFin[view.onPeerFin],
    accepted: BigInt(view.accepted),
    openSessions: BigInt(view.openSessions),
    createTime: timestamp(view.createTime),
  };
}

export function sessionMessage(view: SessionView): Session {
  return {
    ...view,
    labels: { ...view.labels },
    origin: Session_Origin[view.origin],
    ordinal: BigInt(view.ordinal),
    state: Session_State[view.state],
    bytesReceived: BigInt(view.bytesReceived),
    bytesSent: BigInt(view.bytesSent),
    unreadBytes: BigInt(view.unreadBytes),
    unsentBytes: BigInt(view.unsentBytes),
    onPeerFin: Session_OnPeerFin[view.onPeerFin],
    openTime: timestamp(view.openTime),
    openedSequence: BigInt(view.openedSequence),
    receipt: view.receipt === undefined ? undefined : receiptMessage(view.receipt),
  };
}

export function receiptMessage(receipt: domain.Receipt): Receipt {
  const { localEnd, peerEnd, peerOutlook, endTime } = receipt;
  return {
    ...receipt,
    localEnd: localEnd === undefined ? undefined : endMessage(localEnd),
    peerEnd: peerEnd === undefined ? undefined : endMessage(peerEnd),
    stateBefore: Session_State[receipt.stateBefore],
    stateAfter: Session_State[receipt.stateAfter],
    bytesReceived: BigInt(receipt.bytesReceived),
    bytesSent: BigInt(receipt.bytesSent),
    unreadBytesDiscarded: BigInt(receipt.unreadBytesDiscarded),
    unsentBytesDiscarded: BigInt(receipt.unsentBytesDiscarded),
    peerOutlook:
      peerOutlook === undefined
        ? undefined
        : { nextRead: [...peerOutlook.nextRead], nextWrite: [...peerOutlook.nextWrite], note: peerOutlook.note },
    evidence: Receipt_Evidence[receipt.evidence],
    endTime: endTime === undefined ? undefined : timestamp(endTime),
  };
}

function endMessage(end: domain.End): End {
  const { cause, time, earlierFin } = end;
  return {
    kind: End_Kind[end.kind],
    cause: cause === undefined ? undefined : causeMessage(cause),
    time: time === undefined ? undefined : timestamp(time),
    earlierFin:
      earlierFin === undefined
        ? undefined
        : { cause: causeMessage(earlierFin.cause), time: timestamp(earlierFin.time) },
    errno: end.errno ?? "",
  };
}

function causeMessage(cause: domain.Cause): Cause {
  return { kind: Cause_Kind[cause.kind], rpc: cause.kind === "COMMAND" ? cause.rpc : "" };
}

export function countsMessage(counts: domain.EndingCounts): EndingCounts {
  return {
    sessions: BigInt(counts.sessions),
    localFin: BigInt(counts.localFin),
    localRst: BigInt(counts.localRst),
    localNone: BigInt(counts.localNone),
    peerFin: BigInt(counts.peerFin),
    peerRst: BigInt(counts.peerRst),
    peerNone: BigInt(counts.peerNone),
  };
}

export function eventMessage(event: JournalEvent): Event {
  return {
    sequence: BigInt(event.sequence),
    time: timestamp(event.time),
    scope: event.scope,
    listener: event.listener,
    session: event.session,
    uid: event.uid,
    fact: factMessage(event.fact),
  };
}

/** An event of one stream, outside of the journal. */
export function streamMessage(sequence: number, time: bigint, fact: Event["fact"]): Event {
  return { sequence: BigInt(sequence), time: timestamp(time), scope: "", listener: "", session: "", uid: "", fact };
}

export function lostFact(gap: Gap): Event["fact"] {
  return {
    $case: "lost",
    value: { firstSequence: BigInt(gap.firstSequence), lastSequence: BigInt(gap.lastSequence) },
  };
}

function factMessage(fact: Fact): Event["fact"] {
  switch (fact.kind) {
    case "listener_created":
      return { $case: "listenerCreated", value: { listener: listenerMessage(fact.listener) } };
    case "listener_deleted":
      return {
        $case: "listenerDeleted",
        value: { listener: listenerMessage(fact.listener), counts: countsMessage(fact.counts) },
      };
    case "listener_state_changed":
      return { $case: "listenerStateChanged", value: { listener: listenerMessage(fact.listener) } };
    case "session_opened":
      return { $case: "sessionOpened", value: { session: sessionMessage(fact.session) } };
    case "peer_fin":
      return { $case: "peerFin", value: { bytesReceived: BigInt(fact.bytesReceived) } };
    case "peer_rst":
      return { $case: "peerRst", value: { bytesReceived: BigInt(fact.bytesReceived), errno: fact.errno } };
    case "session_state_changed":
      return {
        $case: "sessionStateChanged",
        value: { previous: Session_State[fact.previous], state: Session_State[fact.state] },
      };
    case "action_performed":
      return { $case: "actionPerformed", value: { action: fact.action, cause: causeMessage(fact.cause) } };
    case "session_ended":
      return { $case: "sessionEnded", value: { receipt: receiptMessage(fact.receipt) } };
    case "data_received":
      return { $case: "dataReceived", value: { bytes: BigInt(fact.bytes), total: BigInt(fact.total) } };
    case "data_sent":
      return { $case: "dataSent", value: { bytes: BigInt(fact.bytes), total: BigInt(fact.total) } };
    case "accept_failed":
      return { $case: "acceptFailed", value: { reason: fact.reason, message: fact.message } };
  }
}
