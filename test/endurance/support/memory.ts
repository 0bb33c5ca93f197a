import type { Insides } from "./insides.js";

const mib = 1024 * 1024;

/** What an emptied daemon may hold more at the end than at the beginning of all that it was asked at. */
export interface Allowance {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

type Memory = Pick<Insides, "heapBytes" | "rssBytes">;

/**
 * What grows, in words. Forced collections make the heap exact to some 100 KB; RSS is that, and what the allocator has
 * not given back, which comes and goes with the pace.
 */
export function memoryGrowth(emptied: readonly Memory[], allowed: Allowance): string[] {
  const parts = [
    ["heap", emptied.map(({ heapBytes }) => heapBytes), allowed.heapBytes],
    ["RSS", emptied.map(({ rssBytes }) => rssBytes), allowed.rssBytes],
  ] as const;
  return parts.flatMap(([what, series, most]) => {
    const bytes = growth(series);
    if (bytes <= most) return [];
    return [`${what}: ${inMib(bytes)} by ${series.map(inMib).join(", ")}; allowed are ${inMib(most)}`];
  });
}

/** From the first to the last along the median of the slopes of all pairs: one that is off does not bend it. */
function growth(series: readonly number[]): number {
  const slopes = series
    .flatMap((later, at) => series.slice(0, at).map((earlier, before) => (later - earlier) / (at - before)))
    .toSorted((a, b) => a - b);
  const [low, high] = [slopes[(slopes.length - 1) >> 1], slopes[slopes.length >> 1]];
  if (low === undefined || high === undefined) throw new Error("growth is between two at least");
  return ((low + high) / 2) * (series.length - 1);
}

export const inMib = (bytes: number) => `${(bytes / mib).toFixed(1)} MiB`;
