import { canSendRst } from "../../kernel/tcp-state.js";
import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";
import { assertCanWrite, assertPossible, assertTcp } from "./assert-possible.js";
import { type FlushOptions, untilFinSent, untilFlushed } from "./until-flushed.js";

/**
 * FIN after all that was written, and RST in the same turn. The peer reads EOF and writes into EPIPE.
 *
 * @throws DomainError SESSION_ENDED, UNIX_SOCKET, FIN_ALREADY_SENT, WRONG_STATE after the peer's FIN, FLUSH_TIMEOUT,
 *   FFI_UNAVAILABLE.
 */
export async function finThenReset(session: Session, cause: Cause, options: FlushOptions): Promise<void> {
  assertPossible(session, "fin_then_reset", "close it instead");
  assertTcp(session, "fin_then_reset", "close it instead");
  assertCanWrite(session, "fin_then_reset");
  assertNoPeerFin(session);
  await untilFlushed(session, "fin_then_reset", options);
  session.inspect();
  assertPossible(session, "fin_then_reset", "close it instead");
  assertCanWrite(session, "fin_then_reset");
  assertNoPeerFin(session);
  session.publish({ kind: "action_performed", action: "fin_then_reset", cause });
  session.requestFin(cause);
  // A delay holds the FIN back too: without it the RST would go alone.
  if (!session.finSent) await untilFinSent(session, "fin_then_reset", options);
  const state = session.inspect();
  if (session.ended) return;
  // A FIN of the peer that crossed ours leaves no RST to send.
  if (canSendRst(state)) session.sendRst(cause, state);
  else session.release(cause);
}

function assertNoPeerFin(session: Session): void {
  if (!session.peerFinSeen) return;
  throw session.refusal(
    "WRONG_STATE",
    `the peer has sent FIN (state ${session.state}): behind ours Linux sends no RST; use reset or close`,
  );
}
