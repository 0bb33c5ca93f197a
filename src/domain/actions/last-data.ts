import { invalidField } from "../errors.js";
import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";
import { assertCanWrite, assertPossible, assertTcp } from "./assert-possible.js";
import type { CloseOptions } from "./close.js";
import { untilFinSent, untilFlushed } from "./until-flushed.js";

/**
 * Bytes and FIN in one segment; then as after close.
 *
 * @throws DomainError SESSION_ENDED, UNIX_SOCKET, FIN_ALREADY_SENT, FLUSH_TIMEOUT, KERNEL_REFUSED, FFI_UNAVAILABLE.
 */
export async function lastData(session: Session, cause: Cause, data: Buffer, options: CloseOptions): Promise<void> {
  assertPossible(session, "last_data", "send, then close it instead");
  assertTcp(session, "last_data", "send, then close it instead");
  assertCanWrite(session, "last_data");
  const room = session.segmentBytes;
  if (room > 0 && data.length > room) {
    throw invalidField(
      "action.last_data.payload",
      `${data.length} bytes; one segment has at most ${room} here: send the rest before`,
    );
  }
  await untilFlushed(session, "last_data", options);
  assertPossible(session, "last_data", "send, then close it instead");
  assertCanWrite(session, "last_data");
  const errno = session.closeWithLastData(cause, options.drainTimeoutMs, data);
  if (errno !== undefined) {
    throw session.refusal("KERNEL_REFUSED", `the kernel did not take the bytes (${errno}): the peer does not read`);
  }
  session.publish({ kind: "action_performed", action: "last_data", cause });
  await untilFinSent(session, "last_data", options);
}
