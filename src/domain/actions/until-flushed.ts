import type { ErrorReason } from "../errors.js";
import type { Session } from "../session.js";
import { waitUntil } from "../wait-until.js";

/** How long to wait for the kernel to take what was written. */
export interface FlushOptions {
  readonly flushTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What an action waits for before it can do its part. */
export interface StepGoal {
  /** What it waits for, to end the sentence "it ended before ...". */
  readonly before: string;
  readonly isReached: () => boolean;
  /** The error past the timeout. */
  readonly reason: ErrorReason;
  readonly onTimeout: () => string;
}

/** Waits for a step of an action. @throws DomainError ABORTED when the session ends before; the goal's past the timeout. */
export async function untilStep(session: Session, goal: StepGoal, options: FlushOptions): Promise<void> {
  const check = () => {
    if (goal.isReached()) return true;
    if (!session.ended) return undefined;
    throw session.refusal("SESSION_ENDED", `it ended before ${goal.before}`, "ABORTED");
  };
  await waitUntil(session.observers, check, {
    timeoutMs: options.flushTimeoutMs,
    signal: options.signal,
    onTimeout: () => session.refusal(goal.reason, goal.onTimeout(), "DEADLINE_EXCEEDED"),
  });
}

/** Resolves when our FIN has been handed to the kernel. */
export async function untilFinSent(session: Session, verb: string, options: FlushOptions): Promise<void> {
  await untilStep(
    session,
    {
      before: `the FIN of ${verb} could be sent`,
      isReached: () => session.finSent,
      reason: "FLUSH_TIMEOUT",
      onTimeout: () =>
        `the FIN of ${verb} still waits behind ${session.queuedBytes} bytes that have not gone out: the peer does not ` +
        "read, or a delay or throttle holds them; it stays pending: let it go out, or reset the session",
    },
    options,
  );
}

/** Resolves when all that was written has been handed to the kernel. */
export async function untilFlushed(session: Session, verb: string, options: FlushOptions): Promise<void> {
  await untilStep(
    session,
    {
      before: `${verb} could send`,
      isReached: () => session.queuedBytes === 0 && !session.ended,
      reason: "FLUSH_TIMEOUT",
      onTimeout: () =>
        `${session.queuedBytes} bytes have not gone out: the peer does not read, or a delay or throttle holds them; nothing was done`,
    },
    options,
  );
}
