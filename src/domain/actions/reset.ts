import { canSendRst } from "../../kernel/tcp-state.js";
import { invalidField } from "../errors.js";
import { poll } from "../polled.js";
import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";
import { assertPossible } from "./assert-possible.js";
import { type FlushOptions, untilStep } from "./until-flushed.js";

/** Which RST. */
export interface ResetOptions extends FlushOptions {
  /** Only once the peer's kernel has acknowledged all that was written. */
  readonly afterFlush: boolean;
  /** Written just before, and thrown away by this RST. */
  readonly discardedData: Buffer | undefined;
}

/**
 * Abortive release: RST, by SO_LINGER with l_linger 0 and close(2) (RFC 9293, section 3.10.5). Without `afterFlush` it
 * is done when this returns; else it resolves when it is done.
 *
 * @throws DomainError SESSION_ENDED; RESET_IMPOSSIBLE in a state that gives no RST, and on a unix socket, where nothing
 *   is changed; FFI_UNAVAILABLE; FLUSH_TIMEOUT.
 */
export async function reset(session: Session, cause: Cause, options: ResetOptions): Promise<void> {
  const { discardedData } = options;
  if (discardedData === undefined && !options.afterFlush) return resetNow(session, cause);
  assertCanReset(session);
  if (discardedData !== undefined) {
    const room = session.segmentBytes - 1;
    if (discardedData.length > room) {
      throw invalidField(
        "action.reset.discarded_data",
        `${discardedData.length} bytes; less than one segment, ${room} bytes at most here: a full one would leave at once`,
      );
    }
  }
  if (options.afterFlush) await untilAcknowledged(session, options);
  resetNow(session, cause, discardedData);
}

/** RST now. @throws DomainError as `reset`. */
export function resetNow(session: Session, cause: Cause, discardedData?: Buffer): void {
  const state = assertCanReset(session);
  session.publish({ kind: "action_performed", action: "reset", cause });
  // What cannot be written behind a queue or after a FIN is thrown away all the same.
  const written = session.canWrite && session.queuedBytes === 0 ? discardedData : undefined;
  session.sendRst(cause, state, written);
}

function assertCanReset(session: Session) {
  session.assertLiving("reset");
  if (!session.isTcp) {
    throw session.refusal(
      "RESET_IMPOSSIBLE",
      "a unix socket knows no RST, and l_linger does nothing there; reset_unread gives ECONNRESET, close gives EOF",
    );
  }
  assertPossible(session, "reset", "close it instead (the peer reads EOF)");
  const state = session.inspect();
  // The peer's RST may have come and just been noticed.
  session.assertLiving("reset");
  if (!canSendRst(state)) {
    throw session.refusal(
      "RESET_IMPOSSIBLE",
      session.peerRstSeen
        ? "the peer has reset it: resume it, or close it, and it ends when what is left is read"
        : `Linux sends no RST in ${state}: both sides have sent FIN; wait for condition ENDED instead (where it does not read, close it), or reset earlier`,
    );
  }
  return state;
}

/** Nothing is read or written meanwhile, so that "all" stays all. */
async function untilAcknowledged(session: Session, options: FlushOptions): Promise<void> {
  session.freeze(true);
  // An acknowledgement is nothing that the kernel announces.
  using _ = poll(session);
  try {
    await untilStep(
      session,
      {
        before: "all was acknowledged",
        isReached: () => !session.ended && session.unsentBytes === 0,
        reason: "FLUSH_TIMEOUT",
        onTimeout: () =>
          `${session.unsentBytes} bytes are not acknowledged by the peer; not reset, and it goes on as before`,
      },
      options,
    );
  } finally {
    if (!session.ended) session.freeze(false);
  }
}
