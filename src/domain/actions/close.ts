import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";
import { type FlushOptions, untilFinSent } from "./until-flushed.js";

/** How long the peer may take. */
export interface CloseOptions extends FlushOptions {
  /** After our FIN, for the peer's own; then the descriptor is released. */
  readonly drainTimeoutMs: number;
}

/**
 * Orderly release: FIN after all that was written, then what the peer still sends is read until its FIN or RST, so that
 * no RST comes of it. Takes effect at once; resolves when the FIN has been handed to the kernel.
 *
 * @throws DomainError SESSION_ENDED, ALREADY_CLOSED, FLUSH_TIMEOUT.
 */
export async function close(session: Session, cause: Cause, options: CloseOptions): Promise<void> {
  session.assertLiving("close");
  if (session.isClosing) {
    throw session.refusal(
      "ALREADY_CLOSED",
      "it was closed before; wait for condition ENDED, or reset it to cut it off",
    );
  }
  session.publish({ kind: "action_performed", action: "close", cause });
  session.beginClosing(cause, options.drainTimeoutMs);
  await untilFinSent(session, "close", options);
}
