import { DomainError } from "../errors.js";
import type { Cause } from "../receipt.js";
import type { Session } from "../session.js";
import { waitUntil } from "../wait-until.js";
import { assertCanWrite } from "./assert-possible.js";
import type { FlushOptions } from "./until-flushed.js";

/** The bounds of a send. */
export interface SendLimits {
  readonly dataBytes: number;
  readonly sendQueueBytes: number;
}

/**
 * Sends bytes after those sent before. Takes effect at once; resolves when the last of them has been handed to the
 * kernel.
 *
 * @throws DomainError SESSION_ENDED, FIN_ALREADY_SENT, DATA_TOO_LARGE, SEND_QUEUE_FULL, FLUSH_TIMEOUT.
 */
export async function send(
  session: Session,
  cause: Cause,
  data: Buffer,
  limits: SendLimits,
  options: FlushOptions,
): Promise<void> {
  session.assertLiving("send");
  assertCanWrite(session, "send");
  if (data.length > limits.dataBytes) {
    throw new DomainError(
      "RESOURCE_EXHAUSTED",
      "DATA_TOO_LARGE",
      `data: ${data.length} bytes; at most ${limits.dataBytes} in one call, send it in pieces`,
      { field: "data" },
    );
  }
  if (session.queuedBytes + data.length > limits.sendQueueBytes) {
    throw session.refusal(
      "SEND_QUEUE_FULL",
      `${session.queuedBytes} bytes wait already for a peer that does not read; at most ${limits.sendQueueBytes} may`,
      "RESOURCE_EXHAUSTED",
    );
  }
  session.publish({ kind: "action_performed", action: "send", cause });
  // Counted before: a step of a plan may end the session in the midst of them.
  const goal = session.bytesWritten + data.length;
  session.write(data);
  const check = () => {
    if (session.bytesSent >= goal) return true;
    if (!session.ended) return undefined;
    throw session.refusal("SESSION_ENDED", "it ended before all bytes could be handed to the kernel", "ABORTED");
  };
  await waitUntil(session.observers, check, {
    timeoutMs: options.flushTimeoutMs,
    signal: options.signal,
    onTimeout: () =>
      session.refusal(
        "FLUSH_TIMEOUT",
        `${session.queuedBytes} bytes have not gone out: the peer does not read, or a delay or throttle holds them; they stay queued`,
        "DEADLINE_EXCEEDED",
      ),
  });
}
