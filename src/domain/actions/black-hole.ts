import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";
import type { BlackHole } from "../session-view.js";
import { assertPossible, assertTcp } from "./assert-possible.js";

/**
 * Packets are lost from now on: the peer's, or both sides'.
 *
 * @throws DomainError SESSION_ENDED, UNIX_SOCKET, ACTION_UNAVAILABLE, FFI_UNAVAILABLE, WRONG_STATE, KERNEL_REFUSED.
 */
export function blackHole(session: Session, cause: Cause, direction: BlackHole): void {
  assertPossible(session, direction === "BOTH" ? "black_hole_both" : "black_hole", "use pause instead");
  assertTcp(session, "black_hole", "it has no packets to lose; use pause");
  if (session.blackHole !== undefined) {
    throw session.refusal("WRONG_STATE", `its packets are lost already (${session.blackHole}); heal it first`);
  }
  const errno = session.setBlackHole(direction);
  if (errno !== undefined)
    throw session.refusal("KERNEL_REFUSED", `the kernel refused it (${errno}); nothing was changed`);
  session.publish({ kind: "action_performed", action: "black_hole", cause });
}
