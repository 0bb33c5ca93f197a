import { loadFfi } from "../../kernel/ffi.js";
import { type CapabilityName, capabilities } from "../capabilities.js";
import type { Session } from "../session.js";

/**
 * What every action asks first.
 *
 * @throws DomainError SESSION_ENDED; ACTION_UNAVAILABLE or FFI_UNAVAILABLE where this machine lacks something.
 */
export function assertPossible(session: Session, verb: CapabilityName, instead: string): void {
  session.assertLiving(verb);
  const { available, reason } = capabilities()[verb];
  if (available) return;
  const which = loadFfi().available ? "ACTION_UNAVAILABLE" : "FFI_UNAVAILABLE";
  throw session.refusal(which, `${verb} is not available here: ${reason}; ${instead}`);
}

/** @throws DomainError UNIX_SOCKET on a unix socket. */
export function assertTcp(session: Session, verb: string, instead: string): void {
  if (session.isTcp) return;
  throw session.refusal("UNIX_SOCKET", `${verb} is for TCP alone, and this is a unix socket; ${instead}`);
}

/** @throws DomainError FIN_ALREADY_SENT, WRONG_STATE when nothing can be written now, or any more. */
export function assertCanWrite(session: Session, verb: string, instead = "use another session"): void {
  if (session.canWrite) return;
  if (session.peerRstSeen) {
    throw session.refusal(
      "WRONG_STATE",
      `${verb} is too late: the peer has reset it; wait for condition ENDED, or use another session`,
    );
  }
  if (session.isFrozen) {
    throw session.refusal(
      "WRONG_STATE",
      `${verb} is too late: a reset waits until all that was sent is acknowledged; use another session, or wait for its answer`,
    );
  }
  throw session.refusal(
    "FIN_ALREADY_SENT",
    `${verb} needs a side that can still send, and our FIN is sent or on its way; ${instead}`,
  );
}
