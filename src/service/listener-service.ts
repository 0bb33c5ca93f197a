import type { BehaviourSpec } from "../domain/behaviours/spec.js";
import { invalidField } from "../domain/errors.js";
import type { Fixture } from "../domain/fixture.js";
import type { Limits } from "../domain/limits.js";
import type { ListenerSettings } from "../domain/listener.js";
import type { ResetOnAccept } from "../domain/listener-view.js";
import { checkLabels, checkName } from "../domain/names.js";
import type { OnPeerFin } from "../domain/session-view.js";
import {
  DeleteListenerRequest_Sessions,
  Listener,
  Listener_ResetOnAccept,
  Listener_State,
  type ListenerServiceImplementation,
  type UpdateListenerRequest,
} from "../gen/hangup/v1/listener.js";
import { Session_OnPeerFin } from "../gen/hangup/v1/session.js";
import type { ListenState } from "../kernel/listen.js";
import { behaviourOf, drainTimeout } from "./action-fields.js";
import { enumName, listenAddress, maxResults, optional, required } from "./fields.js";
import { countsMessage, listenerMessage, planReportMessage, receiptMessage } from "./messages.js";
import { page } from "./paging.js";
import { plansOf } from "./plan-fields.js";

/** The gRPC face of listeners. */
export function listenerService(fixture: Fixture): ListenerServiceImplementation {
  return {
    async createListener(request) {
      const name = request.name === "" ? undefined : checkName("name", request.name);
      const address = listenAddress(request.host, request.port, request.unixPath);
      const options = {
        onPeerFin: onPeerFin(request.onPeerFin) ?? "CLOSE_TOO",
        labels: checkLabels("labels", request.labels),
        behaviour: behaviourOf("behaviour", request.behaviour, "echo") ?? echo,
        state: state(request.state) ?? "LISTENING",
        resetOnAccept: resetOnAccept(request.resetOnAccept) ?? "NEVER",
        backlog: backlog(request.backlog),
        receiveBufferBytes: receiveBuffer(request.receiveBufferBytes),
        plans: plansOf("plans", request.plans, fixture.limits),
      } as const;
      const listener = await fixture.scope(request.scope).createListener(name, address, options);
      return { listener: listenerMessage(listener.view()) };
    },

    async getListener(request) {
      const listener = fixture.scope(request.scope).listener(required("listener", request.listener));
      return { listener: listenerMessage(listener.view()) };
    },

    async listListeners(request) {
      const all = fixture.scopesToRead(request.scope).flatMap((scope) => [...scope.allListeners()]);
      const { messages, nextPageToken } = page(
        all,
        (listener) => listener.createdSequence,
        request,
        (listener) => listenerMessage(listener.view()),
        Listener,
      );
      return { listeners: messages, nextPageToken };
    },

    async updateListener(request) {
      const scope = fixture.scope(request.scope);
      const listener = scope.listener(required("listener", request.listener), optional(request.uid));
      await scope.updateListener(listener, changeOf(request, fixture.limits));
      return { listener: listenerMessage(listener.view()) };
    },

    async deleteListener(request) {
      const scope = fixture.scope(request.scope);
      const listener = scope.listener(required("listener", request.listener), optional(request.uid));
      const max = maxResults(request.maxResults);
      const report = await scope.deleteListener(listener, {
        sessions: enumName<"RESET" | "CLOSE">("sessions", DeleteListenerRequest_Sessions, request.sessions) ?? "RESET",
        drainTimeoutMs: drainTimeout("drain_timeout", request.drainTimeout),
        cause: { kind: "LISTENER_DELETED" },
      });
      return {
        listener: listenerMessage(report.listener),
        counts: countsMessage(report.counts),
        failures: [...report.failures],
        receipts: report.receipts.slice(0, max).map(receiptMessage),
        plans: report.plans.map(planReportMessage),
      };
    },
  };
}

function onPeerFin(value: number): OnPeerFin | undefined {
  return enumName<OnPeerFin>("on_peer_fin", Session_OnPeerFin, value);
}

function state(value: number): ListenState | undefined {
  return enumName<ListenState>("state", Listener_State, value);
}

function resetOnAccept(value: number): ResetOnAccept | undefined {
  return enumName<ResetOnAccept>("reset_on_accept", Listener_ResetOnAccept, value);
}

function backlog(value: number | undefined): number {
  if (value === undefined) return 511;
  if (value > 4096) throw invalidField("backlog", `${value}; use 0 to 4096`);
  return value;
}

function receiveBuffer(value: number): number | undefined {
  if (value > 16_777_216)
    throw invalidField("receive_buffer_bytes", `${value}; use 1 to 16777216, or 0 for the kernel's own`);
  return value === 0 ? undefined : value;
}

const echo: BehaviourSpec = { kind: { name: "echo" } };

/** How each field that can be changed is read, and whether it is set. */
const updates: Readonly<
  Record<
    string,
    {
      readonly isSet: (request: UpdateListenerRequest) => boolean;
      readonly read: (request: UpdateListenerRequest, limits: Limits) => Partial<ListenerSettings>;
    }
  >
> = {
  on_peer_fin: {
    isSet: (request) => request.onPeerFin !== Session_OnPeerFin.UNSPECIFIED,
    read: (request) => ({ onPeerFin: onPeerFin(request.onPeerFin) ?? "CLOSE_TOO" }),
  },
  labels: {
    isSet: (request) => Object.keys(request.labels).length > 0,
    read: (request) => ({ labels: checkLabels("labels", request.labels) }),
  },
  state: {
    isSet: (request) => request.state !== Listener_State.UNSPECIFIED,
    read: (request) => ({ state: state(request.state) ?? "LISTENING" }),
  },
  behaviour: {
    isSet: (request) => request.behaviour !== undefined,
    read: (request) => ({ behaviour: behaviourOf("behaviour", request.behaviour, "echo") ?? echo }),
  },
  reset_on_accept: {
    isSet: (request) => request.resetOnAccept !== Listener_ResetOnAccept.UNSPECIFIED,
    read: (request) => ({ resetOnAccept: resetOnAccept(request.resetOnAccept) ?? "NEVER" }),
  },
  plans: {
    isSet: (request) => request.plans.length > 0,
    read: (request, limits) => ({ plans: plansOf("plans", request.plans, limits) }),
  },
};

/** What an update changes: the fields of its mask, or without one those that are set (AIP-134). */
function changeOf(request: UpdateListenerRequest, limits: Limits): Partial<ListenerSettings> {
  // Paths are snake_case on the wire; JSON spells them in lowerCamelCase and its parsers turn them back.
  const mask = request.updateMask ?? Object.keys(updates).filter((path) => updates[path]?.isSet(request));
  const known = Object.keys(updates).join(", ");
  if (mask.length === 0) {
    throw invalidField("update_mask", `nothing to change: set one of ${known}`, "MISSING_FIELD");
  }
  return mask.reduce((change, path) => {
    const update = updates[path];
    if (update === undefined) throw invalidField("update_mask", `"${path}" cannot be changed; use ${known}`);
    return { ...change, ...update.read(request, limits) };
  }, {});
}
