import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";
import { assertCanWrite, assertPossible, assertTcp } from "./assert-possible.js";
import { type FlushOptions, untilFlushed } from "./until-flushed.js";

/**
 * Sends bytes of which the last is urgent (MSG_OOB).
 *
 * @throws DomainError SESSION_ENDED, UNIX_SOCKET, FIN_ALREADY_SENT, FLUSH_TIMEOUT, KERNEL_REFUSED, FFI_UNAVAILABLE.
 */
export async function sendUrgent(session: Session, cause: Cause, data: Buffer, options: FlushOptions): Promise<void> {
  assertPossible(session, "send_urgent", "use send instead");
  assertTcp(session, "send_urgent", "use send instead");
  assertCanWrite(session, "send_urgent");
  await untilFlushed(session, "send_urgent", options);
  assertPossible(session, "send_urgent", "use send instead");
  assertCanWrite(session, "send_urgent");
  const errno = session.sendUrgent(data);
  if (errno !== undefined) {
    throw session.refusal("KERNEL_REFUSED", `the kernel did not take the bytes (${errno}): the peer does not read`);
  }
  session.publish({ kind: "action_performed", action: "send_urgent", cause });
}
