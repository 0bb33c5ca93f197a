import type { Session } from "../session.js";
import { waitUntil } from "../wait-until.js";

/** How long to wait for the kernel to take what was written. */
export interface FlushOptions {
  readonly flushTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Resolves when our FIN has been handed to the kernel. */
export async function untilFinSent(session: Session, verb: string, options: FlushOptions): Promise<void> {
  const check = () => {
    if (session.finSent) return true;
    if (!session.ended) return undefined;
    throw session.refusal("SESSION_ENDED", `it ended before the FIN of ${verb} could be sent`, "ABORTED");
  };
  await waitUntil(session.observers, check, {
    timeoutMs: options.flushTimeoutMs,
    signal: options.signal,
    onTimeout: () =>
      session.refusal(
        "FLUSH_TIMEOUT",
        `the FIN of ${verb} still waits behind ${session.queuedBytes} bytes that the peer does not take; ` +
          "it stays pending: let the peer read, or reset the session",
        "DEADLINE_EXCEEDED",
      ),
  });
}
