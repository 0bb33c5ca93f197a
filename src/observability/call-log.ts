import type { Logger } from "pino";
import { DomainError } from "../domain/errors.js";
import { defaultScope } from "../domain/fixture.js";
import type { CallEnd, CallObserver } from "../service/observed-calls.js";
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
        // Not by what it was about: whoever is refused may name whatever he likes.
        const why = error instanceof Error ? error.message : code;
        warnings.warn({ path, code, ...given({ reason }) }, `${refused}: ${why}`);
      }
      if (!debug) return;
      const ms = Math.round(durationMs * 1000) / 1000;
      logger.debug({ path, ...given(subjectOf(end)), code, ...given({ reason }), ms }, "call");
    },
  };
}

/** What a call was about, as it asked for it. */
function subjectOf({ service, request }: CallEnd): Record<"scope" | "listener" | "session", string | undefined> {
  const { scope, listener, session, name } = Object(request) as Readonly<Record<string, unknown>>;
  // Whoever creates one calls it `name`.
  const isNoun = (noun: string) => service === `hangup.v1.${noun}Service`;
  return {
    scope: scope === "" ? defaultScope : text(scope),
    listener: text(listener) ?? (isNoun("Listener") ? text(name) : undefined),
    session: text(session) ?? (isNoun("Session") ? text(name) : undefined),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
