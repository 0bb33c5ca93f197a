import { close } from "./actions/close.js";
import { resetNow } from "./actions/reset.js";
import { DomainError } from "./errors.js";
import type { Cause } from "./receipt.js";
import type { Session } from "./session.js";
import { waitUntil } from "./wait-until.js";

/** How the sessions of a deleted listener end. */
export interface EndOptions {
  readonly sessions: "RESET" | "CLOSE";
  readonly drainTimeoutMs: number;
  readonly cause: Cause;
}

/** Ends a session as asked, in any case; gives the error when it had to be by another way. */
export async function endSession(session: Session, options: EndOptions): Promise<DomainError | undefined> {
  const { cause, drainTimeoutMs } = options;
  if (options.sessions === "CLOSE") {
    try {
      if (!session.isClosing) await close(session, cause, { flushTimeoutMs: drainTimeoutMs, drainTimeoutMs });
      await waitUntil(session.observers, () => (session.ended ? true : undefined), {
        // Its own drain timer releases it; a little more than that is for a close that was under way before.
        timeoutMs: drainTimeoutMs + 100,
        onTimeout: () =>
          session.refusal(
            "FLUSH_TIMEOUT",
            "it did not end within the drain timeout and was reset",
            "DEADLINE_EXCEEDED",
          ),
      });
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (session.ended) return undefined;
      resetOrRelease(session, cause);
      return error;
    }
  }
  resetOrRelease(session, cause);
  return undefined;
}

/** By RST, or where there is none (unix sockets, a state without one, no FFI) by a plain close(2). */
export function resetOrRelease(session: Session, cause: Cause): void {
  if (session.ended) return;
  try {
    resetNow(session, cause);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (!session.ended) session.release(cause);
  }
}
