import type { Throttle } from "../outbox.js";
import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";

/** What is sent from now on goes out slowly; undefined: at full speed again. @throws DomainError SESSION_ENDED. */
export function throttle(session: Session, cause: Cause, how: Throttle | undefined): void {
  session.assertLiving("throttle");
  session.setThrottle(how);
  session.publish({ kind: "action_performed", action: "throttle", cause });
}
