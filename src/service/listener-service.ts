import { DomainError, invalidField } from "../domain/errors.js";
import type { Fixture } from "../domain/fixture.js";
import type { ListenerOptions } from "../domain/listener.js";
import { checkLabels, checkName } from "../domain/names.js";
import { defaultDrainTimeoutMs } from "../domain/session.js";
import type { OnPeerFin } from "../domain/session-view.js";
import {
  DeleteListenerRequest_Sessions,
  type ListenerServiceImplementation,
  type UpdateListenerRequest,
} from "../gen/hangup/v1/listener.js";
import { Session_OnPeerFin } from "../gen/hangup/v1/session.js";
import { durationMs, enumName, listenAddress, minuteMs, optional, required } from "./fields.js";
import { countsMessage, listenerMessage, receiptMessage } from "./messages.js";
import { page } from "./paging.js";

/** The gRPC face of listeners. */
export function listenerService(fixture: Fixture): ListenerServiceImplementation {
  return {
    async createListener(request) {
      const name = request.name === "" ? undefined : checkName("name", request.name);
      const address = listenAddress(request.host, request.port, request.unixPath);
      const options = {
        onPeerFin: onPeerFin(request.onPeerFin) ?? "CLOSE_TOO",
        labels: checkLabels("labels", request.labels),
      };
      const listener = await fixture.scope(request.scope).createListener(name, address, options);
      return { listener: listenerMessage(listener.view()) };
    },

    async getListener(request) {
      const listener = fixture.scope(request.scope).listener(required("listener", request.listener));
      return { listener: listenerMessage(listener.view()) };
    },

    async listListeners(request) {
      const all = fixture.scopesToRead(request.scope).flatMap((scope) => [...scope.allListeners()]);
      const { items, nextPageToken } = page(all, (listener) => listener.createdSequence, request);
      return { listeners: items.map((listener) => listenerMessage(listener.view())), nextPageToken };
    },

    async updateListener(request) {
      const scope = fixture.scope(request.scope);
      const listener = scope.listener(required("listener", request.listener), optional(request.uid));
      scope.updateListener(listener, changeOf(request));
      return { listener: listenerMessage(listener.view()) };
    },

    async deleteListener(request) {
      const scope = fixture.scope(request.scope);
      const listener = scope.listener(required("listener", request.listener), optional(request.uid));
      const maxResults = request.maxResults ?? 100;
      if (maxResults < 0 || maxResults > 1000) throw invalidField("max_results", `${maxResults}; use 0 to 1000`);
      const report = await scope.deleteListener(listener, {
        sessions: enumName<"RESET" | "CLOSE">("sessions", DeleteListenerRequest_Sessions, request.sessions) ?? "RESET",
        drainTimeoutMs: durationMs("drain_timeout", request.drainTimeout, {
          default: defaultDrainTimeoutMs,
          max: 5 * minuteMs,
        }),
        cause: { kind: "LISTENER_DELETED" },
      });
      return {
        listener: listenerMessage(report.listener),
        counts: countsMessage(report.counts),
        failures: [...report.failures],
        receipts: report.receipts.slice(0, maxResults).map(receiptMessage),
      };
    },
  };
}

function onPeerFin(value: number): OnPeerFin | undefined {
  return enumName<OnPeerFin>("on_peer_fin", Session_OnPeerFin, value);
}

/** What an update changes: the fields of its mask, or without one those that are set (AIP-134). */
function changeOf(request: UpdateListenerRequest): Partial<ListenerOptions> {
  const mask = request.updateMask ?? [
    ...(request.onPeerFin === Session_OnPeerFin.UNSPECIFIED ? [] : ["on_peer_fin"]),
    ...(Object.keys(request.labels).length === 0 ? [] : ["labels"]),
  ];
  if (mask.length === 0) {
    throw new DomainError("INVALID_ARGUMENT", "MISSING_FIELD", "nothing to change: set on_peer_fin or labels", {
      field: "update_mask",
    });
  }
  let change: Partial<ListenerOptions> = {};
  for (const path of mask) {
    // Paths are snake_case on the wire; JSON spells them in lowerCamelCase and its parsers turn them back.
    if (path === "on_peer_fin") change = { ...change, onPeerFin: onPeerFin(request.onPeerFin) ?? "CLOSE_TOO" };
    else if (path === "labels") change = { ...change, labels: checkLabels("labels", request.labels) };
    else throw invalidField("update_mask", `"${path}" cannot be changed; use on_peer_fin or labels`);
  }
  return change;
}
