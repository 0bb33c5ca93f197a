import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";
import { assertCanWrite } from "./assert-possible.js";
import { type FlushOptions, untilFinSent } from "./until-flushed.js";

/**
 * FIN after all that was written, and reading goes on (shutdown(2) with SHUT_WR). Takes effect at once; resolves when
 * the FIN has been handed to the kernel.
 *
 * @throws DomainError SESSION_ENDED, FIN_ALREADY_SENT, WRONG_STATE, FLUSH_TIMEOUT.
 */
export async function halfClose(session: Session, cause: Cause, options: FlushOptions): Promise<void> {
  session.assertLiving("half_close");
  assertCanWrite(session, "half_close", "close it to end it, or reset it to cut it off");
  session.publish({ kind: "action_performed", action: "half_close", cause });
  session.requestFin(cause);
  await untilFinSent(session, "half_close", options);
}
