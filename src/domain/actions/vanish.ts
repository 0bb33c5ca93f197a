import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";
import { assertPossible, assertTcp } from "./assert-possible.js";

/**
 * Ends without a segment that the peer obeys. It is done when this returns.
 *
 * @throws DomainError SESSION_ENDED, UNIX_SOCKET, ACTION_UNAVAILABLE, FFI_UNAVAILABLE, KERNEL_REFUSED.
 */
export function vanish(session: Session, cause: Cause): void {
  assertPossible(session, "vanish", "use black_hole, or run the daemon with CAP_NET_ADMIN or `hangup run --isolated`");
  assertTcp(session, "vanish", "its kernel tells the peer of every close; close it instead");
  session.inspect();
  session.assertLiving("vanish");
  session.publish({ kind: "action_performed", action: "vanish", cause });
  const errno = session.vanish(cause);
  if (errno !== undefined)
    throw session.refusal("KERNEL_REFUSED", `the kernel refused it (${errno}); nothing was changed`);
}
