import { isUtf8 } from "node:buffer";
import { close } from "../domain/actions/close.js";
import { halfClose } from "../domain/actions/half-close.js";
import { receive } from "../domain/actions/receive.js";
import { reset } from "../domain/actions/reset.js";
import { send } from "../domain/actions/send.js";
import { invalidField } from "../domain/errors.js";
import type { Fixture } from "../domain/fixture.js";
import { checkLabels, checkName } from "../domain/names.js";
import { defaultDrainTimeoutMs, type Session } from "../domain/session.js";
import type { SessionSelector, WaitGoal } from "../domain/session-selector.js";
import type { OnPeerFin } from "../domain/session-view.js";
import { waitSession } from "../domain/wait-session.js";
import type { Duration } from "../gen/google/protobuf/duration.js";
import {
  type SendDataRequest,
  Session_OnPeerFin,
  Session_State,
  type SessionServiceImplementation,
  type WaitSessionRequest,
  WaitSessionRequest_Condition,
} from "../gen/hangup/v1/session.js";
import {
  count,
  dialTarget,
  durationMs,
  enumName,
  exact,
  localEnd,
  minuteMs,
  optional,
  peerAddress,
  port,
  required,
} from "./fields.js";
import { receiptMessage, sessionMessage } from "./messages.js";
import { page } from "./paging.js";

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
        signal,
      });
      return { session: sessionMessage(session.view()) };
    },

    async getSession(request) {
      return { session: sessionMessage(target(request).view()) };
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
      const { items, nextPageToken } = page(wanted, (session) => session.openedSequence, request);
      return { sessions: items.map((session) => sessionMessage(session.view())), nextPageToken };
    },

    async waitSession(request, { signal }) {
      const scopes = fixture.scopesToRead(request.scope);
      const timeoutMs = durationMs("timeout", request.timeout, { default: 5000, max: 10 * minuteMs });
      const session = await waitSession(fixture, scopes, selectorOf(request), goalOf(request), { timeoutMs, signal });
      return { session: sessionMessage(session.view()) };
    },

    async sendData(request, { signal }) {
      const session = target(request);
      const flushTimeoutMs = flushTimeout(request.flushTimeout);
      await send(session, payloadOf(request), limits, { flushTimeoutMs, signal });
      return { session: sessionMessage(session.view()) };
    },

    async receiveData(request, { signal }) {
      const session = target(request);
      const max = limits.dataBytes;
      const minBytes = count("min_bytes", request.minBytes, { default: 1, max });
      const maxBytes = count("max_bytes", request.maxBytes, { default: max, max });
      if (maxBytes < minBytes) throw invalidField("max_bytes", `${maxBytes} is less than min_bytes, ${minBytes}`);
      const timeoutMs = durationMs("timeout", request.timeout, { default: 5000, max: 10 * minuteMs });
      const { data, eof, errno } = await receive(session, { minBytes, maxBytes, timeoutMs, signal });
      return { data, text: isUtf8(data) ? data.toString("utf8") : "", eof, errno: errno ?? "" };
    },

    async closeSession(request, { signal }) {
      const session = target(request);
      const flushTimeoutMs = flushTimeout(request.flushTimeout);
      const drainTimeoutMs = durationMs("drain_timeout", request.drainTimeout, {
        default: defaultDrainTimeoutMs,
        max: 5 * minuteMs,
      });
      await close(session, command("CloseSession"), { flushTimeoutMs, drainTimeoutMs, signal });
      return outcomeOf(session);
    },

    async halfCloseSession(request, { signal }) {
      const session = target(request);
      await halfClose(session, command("HalfCloseSession"), {
        flushTimeoutMs: flushTimeout(request.flushTimeout),
        signal,
      });
      return outcomeOf(session);
    },

    async resetSession(request) {
      const session = target(request);
      reset(session, command("ResetSession"));
      return outcomeOf(session);
    },
  };
}

function command(rpc: string) {
  return { kind: "COMMAND", rpc } as const;
}

function flushTimeout(value: Duration | undefined): number {
  return durationMs("flush_timeout", value, { default: 5000, max: 5 * minuteMs });
}

function outcomeOf(session: Session) {
  const view = session.view();
  return { session: sessionMessage(view), receipt: view.receipt === undefined ? undefined : receiptMessage(view.receipt) };
}

function payloadOf(request: SendDataRequest): Buffer {
  const { payload } = request;
  if (payload === undefined || payload.value.length === 0) {
    throw invalidField("payload", "give text or data, at least one byte", "MISSING_FIELD");
  }
  return payload.$case === "text" ? Buffer.from(payload.value, "utf8") : Buffer.from(payload.value);
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
