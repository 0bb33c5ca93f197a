import { isUtf8 } from "node:buffer";
import { type Action, mayWait, perform } from "../domain/actions/action.js";
import { type ManyReport, performOnMany } from "../domain/actions/perform-on-many.js";
import { receive } from "../domain/actions/receive.js";
import type { BehaviourSpec } from "../domain/behaviours/spec.js";
import { invalidField } from "../domain/errors.js";
import type { Fixture } from "../domain/fixture.js";
import { checkLabels, checkName } from "../domain/names.js";
import type { Scope } from "../domain/scope.js";
import type { Session } from "../domain/session.js";
import type { SessionSelector, WaitGoal } from "../domain/session-selector.js";
import type { OnPeerFin } from "../domain/session-view.js";
import { waitSession } from "../domain/wait-session.js";
import {
  Session as SessionMessage,
  type PerformActionRequest,
  type PerformActionResponse,
  Session_OnPeerFin,
  Session_State,
  Session_View,
  type SessionServiceImplementation,
  type WaitSessionRequest,
  WaitSessionRequest_Condition,
} from "../gen/hangup/v1/session.js";
import { actionOf, behaviourOf, drainTimeout, flushTimeout, payload } from "./action-fields.js";
import {
  count,
  dialTarget,
  durationMs,
  enumName,
  exact,
  localEnd,
  maxResults,
  minuteMs,
  optional,
  peerAddress,
  port,
  required,
} from "./fields.js";
import { receiptMessage, sessionMessage } from "./messages.js";
import { page } from "./paging.js";
import { planOf, signalName } from "./plan-fields.js";

const manual: BehaviourSpec = { kind: { name: "manual" } };

/** The gRPC face of sessions. */
export function sessionService(fixture: Fixture): SessionServiceImplementation {
  const { limits } = fixture;
  const target = (request: { scope: string; session: string; uid?: string }): Session =>
    fixture.scope(request.scope).session(required("session", request.session), optional(request.uid ?? ""));

  return {
    async openSession(request, { signal }) {
      const session = await fixture.scope(request.scope).openSession({
        name: request.name === "" ? undefined : checkName("name", request.name),
        target: dialTarget("target", request.target),
        ...localEnd("local_address", request.localAddress),
        timeoutMs: durationMs("timeout", request.timeout, { default: 5000, min: 1, max: 5 * minuteMs }),
        onPeerFin: enumName<OnPeerFin>("on_peer_fin", Session_OnPeerFin, request.onPeerFin) ?? "STAY_OPEN",
        labels: checkLabels("labels", request.labels),
        behaviour: behaviourOf("behaviour", request.behaviour, "manual") ?? manual,
        plan: request.plan === undefined ? undefined : planOf("plan", request.plan, limits),
        signal,
      });
      return { session: sessionMessage(session.view()) };
    },

    async getSession(request) {
      const session = target(request);
      const full = enumName("view", Session_View, request.view) === "FULL";
      const view = full ? { ...session.view(), kernel: session.kernelView() } : session.view();
      return { session: sessionMessage(view) };
    },

    async listSessions(request) {
      const scopes = fixture.scopesToRead(request.scope);
      const { listener } = request;
      const all =
        listener === ""
          ? scopes.flatMap((scope) => [...scope.allSessions()])
          : scopes.flatMap((scope) =>
              scopes.length > 1 && !scope.hasListener(listener) ? [] : [...scope.listener(listener).sessions],
            );
      const wanted = request.living ? all.filter((session) => !session.ended) : all;
      const { messages, nextPageToken } = page(
        wanted,
        (session) => session.openedSequence,
        request,
        (session) => sessionMessage(session.view()),
        SessionMessage,
      );
      return { sessions: messages, nextPageToken };
    },

    async waitSession(request, { signal }) {
      const scopes = fixture.scopesToRead(request.scope);
      const timeoutMs = durationMs("timeout", request.timeout, { default: 5000, max: 10 * minuteMs });
      using _ = fixture.waiters.enter();
      const session = await waitSession(fixture, scopes, selectorOf(request), goalOf(request), { timeoutMs, signal });
      return { session: sessionMessage(session.view()) };
    },

    async sendData(request, { signal }) {
      const session = target(request);
      const flushTimeoutMs = flushTimeout("flush_timeout", request.flushTimeout);
      // Its size is the business of the action, which has a bound of the daemon's.
      const data = payload("", request.payload, limits.messageBytes);
      await act(session, "SendData", { verb: "send", data, flushTimeoutMs }, signal);
      return { session: sessionMessage(session.view()) };
    },

    async receiveData(request, { signal }) {
      const session = target(request);
      const max = limits.dataBytes;
      const minBytes = count("min_bytes", request.minBytes, { default: 1, max });
      const maxBytes = count("max_bytes", request.maxBytes, { default: max, max });
      if (maxBytes < minBytes) throw invalidField("max_bytes", `${maxBytes} is less than min_bytes, ${minBytes}`);
      const timeoutMs = durationMs("timeout", request.timeout, { default: 5000, max: 10 * minuteMs });
      using _ = fixture.waiters.enter();
      const { data, eof, errno } = await receive(session, { minBytes, maxBytes, timeoutMs, signal });
      return { data, text: isUtf8(data) ? data.toString("utf8") : "", eof, errno: errno ?? "" };
    },

    async closeSession(request, { signal }) {
      const session = target(request);
      const flushTimeoutMs = flushTimeout("flush_timeout", request.flushTimeout);
      const drainTimeoutMs = drainTimeout("drain_timeout", request.drainTimeout);
      await act(session, "CloseSession", { verb: "close", flushTimeoutMs, drainTimeoutMs }, signal);
      return outcomeOf(session);
    },

    async halfCloseSession(request, { signal }) {
      const session = target(request);
      const flushTimeoutMs = flushTimeout("flush_timeout", request.flushTimeout);
      await act(session, "HalfCloseSession", { verb: "half_close", flushTimeoutMs }, signal);
      return outcomeOf(session);
    },

    async resetSession(request) {
      const session = target(request);
      // Without a signal, which costs more than many a reset: it waits for nothing.
      await act(session, "ResetSession", {
        verb: "reset",
        afterFlush: false,
        discardedData: undefined,
        flushTimeoutMs: 0,
      });
      return outcomeOf(session);
    },

    async performAction(request, { signal }) {
      const action = actionOf("action", request.action, limits);
      const max = maxResults(request.maxResults);
      const sessions = targetsOf(fixture.scope(request.scope), request);
      const cause = { kind: "COMMAND", rpc: "PerformAction", action: action.verb } as const;
      // One call is one wait, on however many sessions.
      using _ = placeFor(action);
      const [only] = sessions;
      if (request.session !== "" && sessions.length === 1 && only !== undefined) {
        await perform(only, action, { cause, limits, signal });
        return manyMessage({ targeted: 1, performed: [only], failures: [] }, max);
      }
      return manyMessage(await performOnMany(sessions, action, { cause, limits, signal }), max);
    },

    async signalPlan(request) {
      const { session, listener } = request;
      if (session !== "" && listener !== "") {
        throw invalidField("listener", "not together with session; give one, or neither for all", "CONFLICTING_FIELDS");
      }
      const sessions = fixture.scope(request.scope).signalPlan(signalName("signal", request.signal), {
        ...(session === "" ? {} : { session: required("session", session) }),
        ...(listener === "" ? {} : { listener: required("listener", listener) }),
      });
      return { sessions: BigInt(sessions) };
    },
  };

  async function act(session: Session, rpc: string, action: Action, signal?: AbortSignal): Promise<void> {
    using _ = placeFor(action);
    await perform(session, action, { cause: { kind: "COMMAND", rpc, action: action.verb }, limits, signal });
  }

  /** A place among the calls that wait, taken before anything is done. @throws DomainError TOO_MANY_WAITERS. */
  function placeFor(action: Action): Disposable | undefined {
    return mayWait(action) ? fixture.waiters.enter() : undefined;
  }
}

/** The sessions that a PerformAction aims at, each once. */
function targetsOf(scope: Scope, request: PerformActionRequest): readonly Session[] {
  if (request.sessions.length > 1000) {
    throw invalidField("sessions", `${request.sessions.length} names; at most 1000, or name their listener, or all`);
  }
  const { session, sessions, listener, all } = request;
  if (session === "" && sessions.length === 0 && listener === "" && !all) {
    throw invalidField("session", "which ones? give session, sessions, listener or all", "MISSING_FIELD");
  }
  return [
    ...new Set([
      ...(session === "" ? [] : [scope.session(required("session", session), optional(request.uid))]),
      ...sessions.map((name, index) => scope.session(required(`sessions[${index}]`, name))),
      ...(listener === "" ? [] : living(scope.listener(required("listener", listener)).sessions)),
      ...(all ? living(scope.allSessions()) : []),
    ]),
  ];
}

function living(candidates: Iterable<Session>): Session[] {
  const found: Session[] = [];
  // Of tens of thousands most may have ended: no copy of them all.
  for (const candidate of candidates) if (!candidate.ended) found.push(candidate);
  return found;
}

function manyMessage(report: ManyReport, max: number): PerformActionResponse {
  const failed: Record<string, bigint> = {};
  for (const { reason } of report.failures) failed[reason] = (failed[reason] ?? 0n) + 1n;
  const receipts = report.performed.slice(0, max).flatMap((session) => session.receipt() ?? []);
  return {
    targeted: BigInt(report.targeted),
    performed: BigInt(report.performed.length),
    failed,
    failures: [...report.failures],
    receipts: receipts.map(receiptMessage),
  };
}

function outcomeOf(session: Session) {
  const view = session.view();
  return {
    session: sessionMessage(view),
    receipt: view.receipt === undefined ? undefined : receiptMessage(view.receipt),
  };
}

function selectorOf(request: WaitSessionRequest): SessionSelector {
  const { session, listener, ordinal, peerPort } = request;
  const peer = peerAddress("peer", request.peer);
  if (session !== "" && (listener !== "" || ordinal !== 0n || peerPort !== 0 || peer !== undefined)) {
    throw invalidField("session", "not together with listener, ordinal, peer_port or peer", "CONFLICTING_FIELDS");
  }
  if (ordinal !== 0n && listener === "") throw invalidField("listener", "ordinal needs it", "MISSING_FIELD");
  if (session === "" && listener === "" && peerPort === 0 && peer === undefined && request.uid === "") {
    throw invalidField("session", "which one? give session, or listener, or peer_port or peer", "MISSING_FIELD");
  }
  return {
    ...(session === "" ? {} : { session: required("session", session) }),
    ...(listener === "" ? {} : { listener: required("listener", listener) }),
    ...(request.uid === "" ? {} : { uid: request.uid }),
    ...(ordinal === 0n ? {} : { ordinal: exact("ordinal", ordinal) }),
    ...(peerPort === 0 ? {} : { peerPort: port("peer_port", peerPort) }),
    ...(peer === undefined ? {} : { peer }),
    ...(request.openedAfterSequence === undefined
      ? {}
      : { openedAfterSequence: exact("opened_after_sequence", request.openedAfterSequence) }),
  };
}

function goalOf(request: WaitSessionRequest): WaitGoal {
  const condition = enumName<"ENDED" | "PEER_FIN" | "PEER_RST">(
    "condition",
    WaitSessionRequest_Condition,
    request.condition,
  );
  const state = enumName<string>("state", Session_State, request.state);
  return {
    ...(condition === undefined ? {} : { condition }),
    ...(state === undefined ? {} : { state }),
    ...(request.bytesReceived === 0n ? {} : { bytesReceived: exact("bytes_received", request.bytesReceived) }),
    ...(request.bytesSent === 0n ? {} : { bytesSent: exact("bytes_sent", request.bytesSent) }),
  };
}
