import type { BehaviourSpec } from "../behaviours/spec.js";
import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";

/**
 * Does something else with the peer's bytes from now on.
 *
 * @throws DomainError SESSION_ENDED; ALREADY_CLOSED: a closed session throws them away.
 */
export function setBehaviour(session: Session, cause: Cause, spec: BehaviourSpec): void {
  session.assertLiving("set_behaviour");
  if (session.isClosing) {
    throw session.refusal("ALREADY_CLOSED", "a closed session throws the peer's bytes away; change it before");
  }
  session.setBehaviour(spec);
  session.publish({ kind: "action_performed", action: "set_behaviour", cause });
}
