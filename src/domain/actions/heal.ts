import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";

/**
 * Ends a black hole: the next retransmission arrives.
 *
 * @throws DomainError SESSION_ENDED, WRONG_STATE when there is none, KERNEL_REFUSED.
 */
export function heal(session: Session, cause: Cause): void {
  session.assertLiving("heal");
  if (session.blackHole === undefined) {
    throw session.refusal("WRONG_STATE", "no packets of it are lost: there is nothing to heal");
  }
  const errno = session.setBlackHole(undefined);
  if (errno !== undefined) throw session.refusal("KERNEL_REFUSED", `the kernel refused it (${errno})`);
  session.publish({ kind: "action_performed", action: "heal", cause });
}
