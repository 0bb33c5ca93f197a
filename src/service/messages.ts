import type { Fact, JournalEvent } from "../domain/event.js";
import type { Gap } from "../domain/journal.js";
import type { BehaviourSpec } from "../domain/behaviours/spec.js";
import type { CaptureView } from "../domain/capture.js";
import type { ListenerView } from "../domain/listener-view.js";
import type * as domainPlans from "../domain/plans/listener-plans.js";
import type * as domainRun from "../domain/plans/plan-run.js";
import type * as domain from "../domain/receipt.js";
import type * as domainScope from "../domain/scope-tally.js";
import type { ScopeView } from "../domain/scope-tally.js";
import type { SessionView } from "../domain/session-view.js";
import type * as kernel from "../kernel/tcp-info.js";
import type { Timestamp } from "../gen/google/protobuf/timestamp.js";
import type { Duration } from "../gen/google/protobuf/duration.js";
import { BlackHoleAction_Direction } from "../gen/hangup/v1/action.js";
import type { Behaviour } from "../gen/hangup/v1/behaviour.js";
import type { Capture } from "../gen/hangup/v1/capture.js";
import { type Event, ScopeEnded_Reason } from "../gen/hangup/v1/event.js";
import { type Listener, Listener_ResetOnAccept, Listener_State } from "../gen/hangup/v1/listener.js";
import type { Scope, ScopeReport } from "../gen/hangup/v1/scope.js";
import { type Segment, Segment_Direction } from "../gen/hangup/v1/packet.js";
import type { FiredStep, PlanReport } from "../gen/hangup/v1/plan.js";
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
  type TcpInfo,
} from "../gen/hangup/v1/session.js";

// Turns the domain's values into the contract's messages.

export function timestamp(ns: bigint): Timestamp {
  return { seconds: ns / 1_000_000_000n, nanos: Number(ns % 1_000_000_000n) };
}

function duration(ms: number): Duration {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
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
    behaviour: behaviourMessage(view.behaviour),
    resetOnAccept: Listener_ResetOnAccept[view.resetOnAccept],
    plans: view.plans.map(planReportMessage),
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
    behaviour: behaviourMessage(view.behaviour),
    plan: view.plan === undefined ? undefined : { ...view.plan, fired: view.plan.fired.map(firedStepMessage) },
    blackHole: BlackHoleAction_Direction[view.blackHole ?? "UNSPECIFIED"],
    tcpInfo: view.kernel?.tcpInfo === undefined ? undefined : tcpInfoMessage(view.kernel.tcpInfo),
    stateTimeLeft: view.kernel?.stateTimeLeftMs === undefined ? undefined : duration(view.kernel.stateTimeLeftMs),
  };
}

export function planReportMessage(report: domainPlans.PlanReport): PlanReport {
  return {
    ...report,
    connectionsSeen: BigInt(report.connectionsSeen),
    steps: report.steps.map(({ step, fired, notFired }) => ({
      step,
      fired: BigInt(fired),
      notFired: BigInt(notFired),
    })),
  };
}

function firedStepMessage(step: domainRun.FiredStep): FiredStep {
  return {
    step: step.step,
    action: step.action,
    time: timestamp(step.time),
    bytesReceived: BigInt(step.bytesReceived),
    bytesSent: BigInt(step.bytesSent),
    failureReason: step.failure?.reason ?? "",
    failureMessage: step.failure?.message ?? "",
  };
}

function behaviourMessage({ banner, kind }: BehaviourSpec): Behaviour {
  return {
    banner: banner === undefined ? undefined : { $case: "bannerData", value: banner },
    kind:
      kind.name === "source"
        ? {
            $case: "source",
            value: { bytes: BigInt(kind.bytes), seed: kind.seed, bytesPerSecond: BigInt(kind.bytesPerSecond) },
          }
        : { $case: kind.name, value: {} },
  };
}

function tcpInfoMessage(info: kernel.TcpInfo): TcpInfo {
  return {
    rtt: duration(info.rttUs / 1000),
    rttVariation: duration(info.rttVarUs / 1000),
    retransmissionTimeout: duration(info.rtoUs / 1000),
    retransmits: info.retransmits,
    totalRetransmits: info.totalRetransmits,
    probes: info.probes,
    unackedSegments: info.unackedSegments,
    notSentBytes: info.notSentBytes,
    bytesAcked: BigInt(info.bytesAcked),
    sendMss: info.sendMss,
    receiveMss: info.receiveMss,
    congestionWindow: info.congestionWindow,
    sendWindow: info.sendWindow,
    receiveWindow: info.receiveWindow,
  };
}

export function scopeMessage(view: ScopeView): Scope {
  return {
    name: view.name,
    uid: view.uid,
    labels: { ...view.labels },
    ttl: view.ttlMs === undefined ? undefined : duration(view.ttlMs),
    expireTime: view.expireTime === undefined ? undefined : timestamp(view.expireTime),
    holders: view.holders,
    listeners: BigInt(view.listeners),
    openSessions: BigInt(view.openSessions),
    createTime: timestamp(view.createTime),
  };
}

export function scopeReportMessage(report: domainScope.ScopeReport): ScopeReport {
  return {
    scope: scopeMessage(report.scope),
    openListeners: [...report.openListeners],
    openSessions: [...report.openSessions],
    plans: report.plans.map(({ listener, session, plans }) => ({
      listener,
      session,
      plans: plans.map(planReportMessage),
    })),
    counts: countsMessage(report.counts),
    bytesReceived: BigInt(report.bytesReceived),
    bytesSent: BigInt(report.bytesSent),
    plansOmitted: BigInt(report.plansOmitted),
  };
}

export function captureMessage(view: CaptureView): Capture {
  return {
    ...view,
    packets: BigInt(view.packets),
    dropped: BigInt(view.dropped),
    startTime: timestamp(view.startTime),
  };
}

export function segmentMessage(segment: domain.Segment): Segment {
  return { ...segment, time: timestamp(segment.time), direction: Segment_Direction[segment.direction] };
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
    segments: receipt.segments.map(segmentMessage),
    segmentsCaptured: BigInt(receipt.segmentsCaptured),
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
  return { rpc: "", action: "", step: 0, ...cause, kind: Cause_Kind[cause.kind] };
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
    case "scope_created":
      return { $case: "scopeCreated", value: { scope: scopeMessage(fact.scope) } };
    case "scope_ended":
      return {
        $case: "scopeEnded",
        value: { reason: ScopeEnded_Reason[fact.reason], report: scopeReportMessage(fact.report) },
      };
    case "plan_step_fired":
      return { $case: "planStepFired", value: { ...fact, step: firedStepMessage(fact.step) } };
    case "plan_step_failed":
      return { $case: "planStepFailed", value: { ...fact, step: firedStepMessage(fact.step) } };
    case "accept_failed":
      return { $case: "acceptFailed", value: { reason: fact.reason, message: fact.message } };
  }
}
