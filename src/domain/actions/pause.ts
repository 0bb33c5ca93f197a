import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";

/**
 * Reads no more, not a byte, until `resume`: the peer's data stays in the kernel until its window is zero.
 *
 * @throws DomainError SESSION_ENDED, ALREADY_CLOSED: a closed session reads to the peer's FIN.
 */
export function pause(session: Session, cause: Cause): void {
  session.assertLiving("pause");
  if (session.isClosing) {
    throw session.refusal(
      "ALREADY_CLOSED",
      "a closed session reads until the peer's FIN; pause it before, or half_close",
    );
  }
  session.holdReading("command");
  session.publish({ kind: "action_performed", action: "pause", cause });
}
