// To the microsecond: by Date.now() it would be up to a millisecond behind the kernel's clock, that packets are told by.
const startWall = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
const startMonotonic = process.hrtime.bigint();

/** Nanoseconds since 1970 by a clock that never runs backwards. */
export function now(): bigint {
  return startWall + (process.hrtime.bigint() - startMonotonic);
}
