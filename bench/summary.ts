import type { Row } from "./measure.js";

/** A row without its single samples. */
export interface Summary {
  readonly what: string;
  readonly unit: string;
  readonly rounds: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median over the median of the row beside; absent where there is none. */
  readonly ratio?: number;
  readonly beside?: string;
}

export function summarize(rows: readonly Row[]): Summary[] {
  return rows.map(({ what, unit, samples, beside }) => {
    const middle = median(samples);
    const other = beside === undefined ? undefined : rows.find((row) => row.what === beside);
    return {
      what,
      unit,
      rounds: samples.length,
      median: rounded(middle),
      min: rounded(Math.min(...samples)),
      max: rounded(Math.max(...samples)),
      ...(other === undefined ? {} : { ratio: rounded(middle / median(other.samples)), beside: other.what }),
    };
  });
}

export function table(summaries: readonly Summary[]): string {
  const cells = [
    ["", "median", "min..max", "rounds", "ratio"],
    ...summaries.map(({ what, unit, rounds, median: middle, min, max, ratio, beside }) => [
      what,
      `${middle} ${unit}`,
      `${min}..${max}`,
      String(rounds),
      ratio === undefined ? "" : `${ratio} x ${beside}`,
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  if (low === undefined || high === undefined) throw new Error("a row without samples");
  return (low + high) / 2;
}

/** Three digits say more than the noise allows already. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
