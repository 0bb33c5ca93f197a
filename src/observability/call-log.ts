import type { Logger } from "pino";
import { DomainError } from "../domain/errors.js";
import { defaultScope } from "../domain/fixture.js";
import type { CallObserver } from "../service/observed-calls.js";
import { given } from "./event-log.js";
import type { Warnings } from "./warnings.js";

/** Whose refusals an operator should see. */
const refusals: Readonly<Record<string, string>> = {
  RESOURCE_EXHAUSTED: "refused by a bound",
  UNAUTHENTICATED: "refused by authentication",
};

/**
 * Writes calls to the log: at `debug` each, at `warn` those that a bound of the daemon, or its token, refused. Undefined
 * where the level asks for neither.
 */
export function callLog(logger: Logger, warnings: Warnings): CallObserver | undefined {
  if (!logger.isLevelEnabled("warn")) return undefined;
  const debug = logger.isLevelEnabled("debug");
  return {
    failuresOnly: !debug,
    onCall(end) {
      const { code, error, durationMs } = end;
      const path = `/${end.service}/${end.method}`;
      const reason = error instanceof DomainError ? error.reason : undefined;
      const refused = refusals[code];
      if (refused !== undefined) {
        const why = error instanceof Error ? error.message : code;
        warnings.warn({ path, code, ...given({ reason }) }, `${refused}: ${why}`, subjectOf(path, end.request));
      }
      if (!debug) return;
      const ms = Math.round(durationMs * 1000) / 1000;
      logger.debug({ path, ...subjectOf(path, end.request), code, ...given({ reason }), ms }, "call");
    },
  };
}

/** What a call was about, as it asked for it. */
export function subjectOf(path: string, request: unknown): Record<string, string> {
  const { scope, listener, session, name } = Object(request) as Readonly<Record<string, unknown>>;
  // Whoever creates one calls it `name`.
  const creates = (method: string) => path.endsWith(`/${method}`);
  return given({
    scope: scope === "" ? defaultScope : text(scope),
    listener: text(listener) ?? (creates("CreateListener") ? text(name) : undefined),
    session: text(session) ?? (creates("OpenSession") ? text(name) : undefined),
  });
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
