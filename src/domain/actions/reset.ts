import { canSendRst } from "../../kernel/tcp-state.js";
import { capabilities } from "../capabilities.js";
import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";

/**
 * Abortive release: RST now, by SO_LINGER with l_linger 0 and close(2) (RFC 9293, section 3.10.5). It is done when
 * this returns.
 *
 * @throws DomainError SESSION_ENDED; RESET_IMPOSSIBLE in a state that gives no RST, and on a unix socket, where nothing
 *   is changed; FFI_UNAVAILABLE.
 */
export function reset(session: Session, cause: Cause): void {
  session.assertLiving("reset");
  if (!session.isTcp) {
    throw session.refusal(
      "RESET_IMPOSSIBLE",
      "a unix socket knows no RST, and l_linger does nothing there; close it instead (the peer reads EOF)",
    );
  }
  const { available, reason } = capabilities().reset;
  if (!available) throw session.refusal("FFI_UNAVAILABLE", `${reason}; close it instead (the peer reads EOF)`);
  const state = session.inspect();
  // The peer's RST may have come and just been noticed.
  session.assertLiving("reset");
  if (!canSendRst(state)) {
    throw session.refusal(
      "RESET_IMPOSSIBLE",
      `Linux sends no RST in ${state}: both sides have sent FIN; wait for condition ENDED instead, or reset earlier`,
    );
  }
  session.publish({ kind: "action_performed", action: "reset", cause });
  session.sendRst(cause, state);
}
