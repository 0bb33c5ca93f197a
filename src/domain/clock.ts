const startWall = BigInt(Date.now()) * 1_000_000n;
const startMonotonic = process.hrtime.bigint();

/** Nanoseconds since 1970 by a clock that never runs backwards. */
export function now(): bigint {
  return startWall + (process.hrtime.bigint() - startMonotonic);
}
