export function median(samples: readonly number[]): number {
  return percentile(samples, 50);
}

/** With linear interpolation between the two samples that are nearest. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const place = ((sorted.length - 1) * percent) / 100;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (low === undefined || high === undefined) throw new Error("a row without samples");
  return low + (high - low) * (place - Math.floor(place));
}

/** The list begun `by` places later: who went first goes last in the next round. */
export function rotated<Value>(values: readonly Value[], by: number): Value[] {
  const start = values.length === 0 ? 0 : by % values.length;
  return [...values.slice(start), ...values.slice(0, start)];
}

/** The least share of one connection in the mean of all; 1: all got the same. */
export function worstShare(bytes: readonly number[]): number {
  const mean = bytes.reduce((sum, each) => sum + each, 0) / bytes.length;
  return Math.min(...bytes) / mean;
}

/** Three digits say more than the noise allows already. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
