import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";

/** Reads on after `pause`; without one nothing changes. @throws DomainError SESSION_ENDED. */
export function resume(session: Session, cause: Cause): void {
  session.assertLiving("resume");
  session.unholdReading("command");
  session.publish({ kind: "action_performed", action: "resume", cause });
}
