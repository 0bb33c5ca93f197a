/** The longest time of a timer of Node, in ms. */
const longestTimerMs = 2 ** 31 - 1;

/** What came of a promise; undefined where nothing did in time. @throws the signal's reason, and what it rejects with */
export async function inTime<Result>(
  promise: Promise<Result>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<{ readonly value: Result } | undefined> {
  signal?.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const gaveUp = new Promise<undefined>((tell, fail) => {
    timer = setTimeout(() => tell(undefined), Math.min(timeoutMs, longestTimerMs));
    onAbort = () => fail(signal?.reason as Error);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise.then((value) => ({ value })), gaveUp]);
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
  }
}
