import type { MeasureOptions } from "./measure.js";
import { rotated } from "./statistics.js";

/** One of those that take turns. */
export interface Turn<Result> {
  readonly what: string;
  /** `warming`: it does not count. */
  readonly take: (warming: boolean) => Promise<Result>;
}

/**
 * Lets each take its turn in every round, in an order that rotates, and gives what they gave, a list each. A round before
 * them does not count: there the runtimes compile what is hot.
 */
export async function interleaved<Result>(
  turns: readonly Turn<Result>[],
  { rounds }: Pick<MeasureOptions, "rounds">,
  warmups = 1,
): Promise<Map<string, Result[]>> {
  const results = new Map<string, Result[]>(turns.map(({ what }) => [what, []]));
  for (let round = -warmups; round < rounds; round += 1) {
    for (const { what, take } of rotated(turns, round + warmups)) {
      const result = await take(round < 0);
      if (round >= 0) results.get(what)?.push(result);
    }
  }
  return results;
}

/** What each of the results has of one thing. */
export function each<Result>(results: readonly Result[], pick: (result: Result) => number): number[] {
  return results.map(pick);
}
