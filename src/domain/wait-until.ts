import { setMaxListeners } from "node:events";

/** What ends a wait before what it is for. */
export interface WaitOptions {
  /** 0: only ask whether it holds now; Infinity: as long as it takes. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The error past the timeout. */
  readonly onTimeout: () => Error;
}

/** As long as it takes. */
export const forever = {
  timeoutMs: Number.POSITIVE_INFINITY,
  onTimeout: () => new Error("bug: forever is over"),
} as const;

/** Who asks again when something changed. */
export type Observers = Set<() => void>;

/** Tells all observers that something changed; costs nothing when there are none. */
export function poke(observers: Observers): void {
  if (observers.size === 0) return;
  for (const observer of observers) observer();
}

/**
 * Waits until `check` gives a value: asked at once, and again at each poke. An error thrown by `check` ends the wait.
 * Whichever way it ends, nothing is left behind: no timer, no observer, no listener. The one way of waiting here.
 */
export async function waitUntil<T>(observers: Observers, check: () => T | undefined, options: WaitOptions): Promise<T> {
  options.signal?.throwIfAborted();
  const already = check();
  if (already !== undefined) return already;
  if (options.timeoutMs <= 0) throw options.onTimeout();
  return await new Promise<T>((resolve, reject) => {
    const leave = (finish: () => void) => {
      observers.delete(observer);
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      finish();
    };
    const observer = () => {
      try {
        const value = check();
        if (value !== undefined) leave(() => resolve(value));
      } catch (error) {
        leave(() => reject(error));
      }
    };
    const onAbort = () => leave(() => reject(options.signal?.reason as Error));
    const timer =
      options.timeoutMs === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => leave(() => reject(options.onTimeout())), options.timeoutMs);
    // One call can wait for thousands of sessions: Node takes more than ten for a leak, and says so on stderr.
    if (options.signal !== undefined) setMaxListeners(0, options.signal);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    observers.add(observer);
  });
}
