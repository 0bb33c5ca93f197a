import { canSendRst, type TcpState } from "../../kernel/tcp-state.js";
import { poll } from "../polled.js";
import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";
import { waitUntil } from "../wait-until.js";
import { assertPossible, assertTcp } from "./assert-possible.js";

/** Our FIN is not acknowledged. */
const awaitsAcknowledgement: ReadonlySet<TcpState> = new Set([
  "ESTABLISHED",
  "CLOSE_WAIT",
  "FIN_WAIT1",
  "CLOSING",
  "LAST_ACK",
]);

/** How long. */
export interface LingerOptions {
  readonly timeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * FIN after all that was written, and RST if the peer has not acknowledged it all in time. Resolves when either has
 * happened. A real SO_LINGER is never set: close(2) would block the event loop, and Linux sends no RST after it.
 *
 * @throws DomainError SESSION_ENDED, ALREADY_CLOSED, UNIX_SOCKET, FFI_UNAVAILABLE.
 */
export async function linger(session: Session, cause: Cause, options: LingerOptions): Promise<void> {
  assertPossible(session, "linger", "close it instead");
  assertTcp(session, "linger", "close it instead: its kernel has no acknowledgements");
  if (session.isClosing) throw session.refusal("ALREADY_CLOSED", "it was closed before; reset it to cut it off");
  session.publish({ kind: "action_performed", action: "linger", cause });
  session.beginClosing(cause, options.drainTimeoutMs);
  // The state tells of the FIN's acknowledgement too; the bytes are all acknowledged before it.
  const acknowledged = () => session.ended || (session.finSent && !awaitsAcknowledgement.has(session.state));
  // An acknowledgement is nothing that the kernel announces.
  using _ = poll(session);
  const late = new Error("not acknowledged in time");
  try {
    await waitUntil(session.observers, () => (acknowledged() ? true : undefined), {
      timeoutMs: options.timeoutMs,
      signal: options.signal,
      onTimeout: () => late,
    });
  } catch (error) {
    if (error !== late) throw error;
    const state = session.inspect();
    if (session.ended) return;
    // With the peer's FIN there as well Linux has no RST left to send: then the descriptor is released.
    if (canSendRst(state)) session.sendRst(cause, state);
    else session.release(cause);
  }
}
