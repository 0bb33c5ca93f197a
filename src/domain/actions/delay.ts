import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";

/** What is sent from now on goes out so much later; 0: without delay again. @throws DomainError SESSION_ENDED. */
export function delay(session: Session, cause: Cause, delayMs: number): void {
  session.assertLiving("delay");
  session.setDelay(delayMs);
  session.publish({ kind: "action_performed", action: "delay", cause });
}
