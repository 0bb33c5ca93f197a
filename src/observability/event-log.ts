import type { Logger } from "pino";
import type { JournalEvent } from "../domain/event.js";
import type { Journal } from "../domain/journal.js";
import type { End } from "../domain/receipt.js";
import type { Warnings } from "./warnings.js";

/**
 * Writes facts of the journal to the log: at `debug` each that is of the life of a scope, listener or session, at
 * `warn` what an operator should see. Where the level asks for neither, it does not even look.
 */
export function logEvents(journal: Journal, logger: Logger, warnings: Warnings): Disposable {
  if (!logger.isLevelEnabled("warn")) return { [Symbol.dispose]: () => {} };
  const debug = logger.isLevelEnabled("debug");
  return journal.observe({
    onEvent(event) {
      const { fact } = event;
      if (fact.kind === "accept_failed") {
        const { reason, message } = fact;
        warnings.warn({ event: fact.kind, ...subjectOf(event), reason }, message);
      }
      if (!debug) return;
      const facts = factsOf(event);
      if (facts === undefined) return;
      logger.debug({ event: fact.kind, sequence: event.sequence, ...subjectOf(event), ...facts }, words(fact.kind));
    },
    onLost({ firstSequence, lastSequence }, { scope, listener, session }) {
      const lost = { firstSequence, lastSequence, events: lastSequence - firstSequence + 1 };
      logger.warn(
        { event: "lost", ...given({ scope, listener, session }), ...lost },
        "a stream of events fell behind the journal and was told what it lost",
      );
    },
  });
}

/** Names are shorter; what a client says in place of a name may be as long as a message. */
const maxText = 255;

/** The fields of a log line that say what it is about; what does not apply is not there. */
export function given(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const known: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== "") known[name] = value.slice(0, maxText);
  }
  return known;
}

function subjectOf({ scope, listener, session, uid }: JournalEvent): Record<string, string> {
  return given({ scope, listener, session, uid });
}

function words(kind: string): string {
  return kind.replaceAll("_", " ");
}

/** What the log tells of a fact beside its subject; undefined of one that is not of a life. */
function factsOf({ fact }: JournalEvent): Readonly<Record<string, unknown>> | undefined {
  switch (fact.kind) {
    case "listener_created":
    case "listener_state_changed":
      return { address: fact.listener.address, state: fact.listener.state };
    case "listener_deleted":
      return { address: fact.listener.address, accepted: fact.listener.accepted, endings: fact.counts };
    case "session_opened": {
      const { origin, localAddress, peerAddress } = fact.session;
      return { origin, localAddress, peerAddress };
    }
    case "session_ended": {
      const { localEnd, peerEnd, bytesReceived, bytesSent } = fact.receipt;
      return { localEnd: endOf(localEnd), peerEnd: endOf(peerEnd), bytesReceived, bytesSent };
    }
    case "scope_created":
      return fact.scope.ttlMs === undefined ? {} : { ttlMs: fact.scope.ttlMs };
    case "scope_ended": {
      const { openListeners, openSessions, counts } = fact.report;
      return {
        reason: fact.reason,
        openListeners: openListeners.length,
        openSessions: openSessions.length,
        endings: counts,
      };
    }
    case "accept_failed":
      return { reason: fact.reason };
    default:
      return undefined;
  }
}

/** A side's end in a few fields: what it was, and why. */
function endOf(end: End | undefined): Readonly<Record<string, unknown>> {
  const { kind = "NONE", cause, errno } = end ?? {};
  return { kind, ...(cause === undefined ? {} : { cause }), ...(errno === undefined ? {} : { errno }) };
}
