import { DomainError } from "../domain/errors.js";
import { allScopes, type Fixture } from "../domain/fixture.js";
import { checkLabels, checkName } from "../domain/names.js";
import { forever, waitUntil } from "../domain/wait-until.js";
import { Scope, type ScopeServiceImplementation } from "../gen/hangup/v1/scope.js";
import { durationMs, minuteMs, optional, required } from "./fields.js";
import { scopeMessage, scopeReportMessage } from "./messages.js";
import { page } from "./paging.js";
import { streamOf, streamsEnded } from "./scope-streams.js";

const ttlBounds = { default: 10 * minuteMs, min: 1000, max: 24 * 60 * minuteMs };

/** The gRPC face of scopes. */
export function scopeService(fixture: Fixture): ScopeServiceImplementation {
  return {
    async createScope(request) {
      const name = request.scope === "" ? undefined : checkName("scope", request.scope);
      const ttlMs = durationMs("ttl", request.ttl, ttlBounds);
      const scope = fixture.createScope(name, ttlMs, checkLabels("labels", request.labels));
      return { scope: scopeMessage(scope.view()) };
    },

    async *holdScope(request, { signal }) {
      const name = request.scope === "" ? undefined : checkName("scope", request.scope);
      const labels = checkLabels("labels", request.labels);
      // It waits for the scope's end.
      using _ = fixture.waiters.enter();
      const scope =
        (name === undefined ? undefined : fixture.findScope(name)) ??
        fixture.createScope(name, ttlBounds.default, labels);
      scope.assertRunning();
      const { lease } = scope;
      if (lease === undefined) {
        throw new DomainError(
          "INVALID_ARGUMENT",
          "DEFAULT_SCOPE",
          'scope: "default" always exists and needs no holder',
          {
            field: "scope",
          },
        );
      }
      using _stream = streamOf(scope);
      lease.hold();
      try {
        yield { scope: scopeMessage(scope.view()), report: undefined };
        const report = await waitUntil(fixture.observers, () => fixture.reportOf(scope), { ...forever, signal });
        yield { scope: undefined, report: scopeReportMessage(report) };
      } finally {
        if (lease.unhold() === 0 && !scope.isStopping) await fixture.endScope(scope, "RELEASED");
      }
    },

    async deleteScope(request) {
      const scope = fixture.scope(required("scope", request.scope));
      scope.assertUid(optional(request.uid));
      scope.assertRunning();
      const report = await fixture.endScope(scope, "DELETED");
      // Those of `default` go on, as it does.
      if (fixture.reportOf(scope) !== undefined) await streamsEnded(scope);
      return { report: scopeReportMessage(report) };
    },

    async listScopes(request) {
      const all =
        request.scope === "" || request.scope === allScopes ? fixture.allScopes() : [fixture.scope(request.scope)];
      const { messages, nextPageToken } = page(
        all,
        (scope) => scope.createdSequence,
        request,
        (scope) => scopeMessage(scope.view()),
        Scope,
      );
      return { scopes: messages, nextPageToken };
    },
  };
}
