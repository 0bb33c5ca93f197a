import type { Measure, Row } from "./measure.js";
import { median, rounded } from "./statistics.js";

/** A row without its single samples. */
export interface Summary {
  readonly what: string;
  readonly unit: string;
  readonly rounds: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** CPU time of the contestant for one unit of work, in us. */
  readonly cpuUs?: number;
  /** Median over the medians of the rows beside, by their names. */
  readonly ratios?: Readonly<Record<string, number>>;
  /** Sessions whose ending the peer has counted, all as asked. */
  readonly endings?: number;
}

export function summarize(rows: readonly Row[]): Summary[] {
  return rows.map(({ what, unit, samples, cpuUs, beside = [], endings }) => {
    const middle = median(samples);
    const ratios = beside.flatMap((name) => {
      const other = rows.find((row) => row.what === name);
      return other === undefined || other.what === what
        ? []
        : [[name, rounded(middle / median(other.samples))] as const];
    });
    return {
      what,
      unit,
      rounds: samples.length,
      median: rounded(middle),
      min: rounded(Math.min(...samples)),
      max: rounded(Math.max(...samples)),
      ...(cpuUs === undefined ? {} : { cpuUs: rounded(median(cpuUs)) }),
      ...(ratios.length === 0 ? {} : { ratios: Object.fromEntries(ratios) }),
      ...(endings === undefined ? {} : { endings }),
    };
  });
}

const heads = ["", "median", "min..max", "CPU of one", "beside", "endings"];

/** The cells of a table, the heads first; columns that nothing fills are left out. */
export function cells(summaries: readonly Summary[], layout?: Measure["layout"]): string[][] {
  if (layout === "matrix") return matrix(summaries);
  const rows = summaries.map(({ what, unit, median: middle, min, max, cpuUs, ratios = {}, endings }) => [
    what,
    `${plain(middle)} ${unit}`,
    `${plain(min)}..${plain(max)}`,
    cpuUs === undefined ? "" : `${plain(cpuUs)} us`,
    Object.entries(ratios)
      .map(([name, ratio]) => `${ratio} x ${name}`)
      .join(", "),
    endings === undefined ? "" : `${endings} of ${endings}`,
  ]);
  const filled = heads.map((_, column) => column === 0 || rows.some((row) => row[column] !== ""));
  return [heads, ...rows].map((row) => row.filter((_, column) => filled[column]));
}

/** The medians, each where its column and its line cross, and the sum of each column. */
function matrix(summaries: readonly Summary[]): string[][] {
  const placed = summaries.map(({ what, median: middle }) => {
    const [column = "", line = ""] = what.split(": ", 2);
    return { column, line, middle };
  });
  const columns = [...new Set(placed.map(({ column }) => column))];
  const lines = [...new Set(placed.map(({ line }) => line))];
  const sums = columns.map((wanted) =>
    placed.reduce((sum, { column, middle }) => sum + (column === wanted ? middle : 0), 0),
  );
  return [
    ["", ...columns],
    ...lines.map((line) => [
      line,
      ...columns.map((column) => {
        const found = placed.find((one) => one.column === column && one.line === line);
        return found === undefined ? "" : plain(found.middle);
      }),
    ]),
    ["all", ...sums.map(plain)],
  ];
}

export function table(summaries: readonly Summary[], layout?: Measure["layout"]): string {
  const lines = cells(summaries, layout);
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  return lines
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Without an exponent, which three digits of a large number would get. */
function plain(value: number): string {
  return value.toLocaleString("en-US", { useGrouping: false, maximumSignificantDigits: 3 });
}
