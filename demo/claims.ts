import { isDeepStrictEqual } from "node:util";

/** Something that was claimed and was not so. */
export class ClaimError extends Error {
  override readonly name = "ClaimError";
}

/** Claims that what was seen is what should be. */
export function claim<Value>(what: string, seen: Value, expected: Value): void {
  if (isDeepStrictEqual(seen, expected)) return;
  throw new ClaimError(`${what}: expected ${JSON.stringify(expected)}, saw ${JSON.stringify(seen)}`);
}

/** Claims something that has no single value. */
export function claimThat(what: string, holds: boolean): void {
  if (!holds) throw new ClaimError(`not so: ${what}`);
}
