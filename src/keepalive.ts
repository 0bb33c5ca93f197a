import { type Address, isLoopback } from "./kernel/address.js";

/** The interval where nothing else was asked for, in ms. */
const usualMs = 10_000;

/**
 * How often a client is asked whether it is still there, in ms; undefined: never. On loopback the kernel closes the
 * connections of a client that is gone, and one that is stopped in a debugger must lose nothing; across a network a
 * client can be gone without a word.
 */
export function keepaliveOf(listen: Address, askedMs: number | undefined): number | undefined {
  const intervalMs = askedMs ?? (isLoopback(listen) ? 0 : usualMs);
  return intervalMs === 0 ? undefined : intervalMs;
}
