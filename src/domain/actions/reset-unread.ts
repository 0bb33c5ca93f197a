import { poll } from "../polled.js";
import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";
import { assertPossible } from "./assert-possible.js";
import { untilStep } from "./until-flushed.js";

/** How long to wait for an unread byte. */
export interface ResetUnreadOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * RST as a server sends it that closes without having read all (RFC 2525, section 2.17): a plain close(2) while bytes
 * of the peer are in the kernel. Works on unix sockets too.
 *
 * @throws DomainError SESSION_ENDED, WRONG_STATE after our FIN, NOTHING_UNREAD, FFI_UNAVAILABLE.
 */
export async function resetUnread(session: Session, cause: Cause, options: ResetUnreadOptions): Promise<void> {
  assertPossible(session, "reset_unread", "close it instead");
  if (!session.canWrite) {
    throw session.refusal(
      "WRONG_STATE",
      "behind our FIN the peer would see EPIPE and no ECONNRESET; use fin_then_reset",
    );
  }
  session.holdReading("action");
  // Unread bytes are nothing that the kernel announces while nobody reads.
  using _ = poll(session);
  let reached = false;
  try {
    await untilStep(
      session,
      {
        before: "a byte of the peer was left unread",
        isReached: () => !session.ended && session.unreadInKernel > 0,
        reason: "NOTHING_UNREAD",
        onTimeout: () => "the peer sent nothing that could be left unread; let it send, or use reset",
      },
      { flushTimeoutMs: options.timeoutMs, signal: options.signal },
    );
    // A RST of the peer may have come right behind the byte: then close(2) would send none.
    session.inspect();
    session.assertLiving("reset_unread");
    if (session.peerRstSeen) {
      throw session.refusal("WRONG_STATE", "the peer has reset it: Linux sends no RST then; wait for condition ENDED");
    }
    reached = true;
  } finally {
    if (!session.ended && !reached) session.unholdReading("action");
  }
  session.publish({ kind: "action_performed", action: "reset_unread", cause });
  session.release(cause);
}
