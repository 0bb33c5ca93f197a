import { readFileSync } from "node:fs";
import { release, cpus } from "node:os";
import type { Contestants } from "./contestants.js";
import type { Measure } from "./measure.js";
import { type Summary, summarize, table } from "./summary.js";

export interface Measured extends Pick<Measure, "about" | "layout"> {
  readonly measure: string;
  readonly rows: readonly Summary[];
}

/** What one run has measured, and on what. */
export interface Results {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly measures: readonly Measured[];
}

export interface RunOptions {
  /** Undefined: each measure's own. */
  readonly rounds: number | undefined;
  readonly quick: boolean;
}

/** Runs them and prints each when it is done; `failed` names those that broke off. */
export async function runMeasures(
  measures: readonly Measure[],
  { rounds, quick }: RunOptions,
  contestants: Contestants,
  earlier: Results["measures"],
): Promise<{ readonly results: Results; readonly failed: readonly string[] }> {
  const required = process.env["HANGUP_REQUIRE_PEERS"] === "1";
  for (const [name, why] of contestants.skipped) console.log(`skipped: ${name}: ${why}`);
  if (required && contestants.skipped.size > 0) throw new Error("not all peers are there, and HANGUP_REQUIRE_PEERS=1");
  const done: Measured[] = [];
  const failed: string[] = [];
  for (const measure of measures) {
    const { name, about, layout, defaultRounds } = measure;
    const need = missingFor(measure, contestants);
    if (need !== undefined) {
      console.log(`skipped: ${name}: ${need}`);
      continue;
    }
    const began = performance.now();
    try {
      const rows = summarize(await measure.run({ rounds: rounds ?? (quick ? 1 : defaultRounds), quick, contestants }));
      const seconds = Math.round((performance.now() - began) / 1000);
      console.log(`${name}: ${about} (${seconds} s)\n${table(rows, layout)}\n`);
      done.push({ measure: name, about, ...(layout !== undefined && { layout }), rows });
    } catch (error) {
      console.error(`${name}: FAILED: ${error instanceof Error ? error.message : String(error)}`);
      failed.push(name);
    }
  }
  const kept = earlier.filter(({ measure }) => !done.some((one) => one.measure === measure));
  return { results: { machine: machine(), versions: contestants.versions, measures: [...done, ...kept] }, failed };
}

/** What earlier runs have written; of one measure the last. */
export function readResults(files: readonly string[]): Results["measures"] {
  const all = files.flatMap((file) => (JSON.parse(readFileSync(file, "utf8")) as Results).measures);
  return all.filter(({ measure }, index) => !all.slice(index + 1).some((later) => later.measure === measure));
}

function missingFor({ name }: Measure, { driver, load, python, skipped }: Contestants): string | undefined {
  if (name === "actions") return undefined;
  if (name === "python-cycles") return python === undefined ? `no Python: ${skipped.get("Python")}` : undefined;
  if (driver === undefined) return `no driver: ${skipped.get("driver")}`;
  return load === undefined ? `no load: ${skipped.get("load")}` : undefined;
}

function machine(): string {
  const [first] = cpus();
  return `${cpus().length} x ${first?.model.trim() ?? "unknown CPU"}, Linux ${release().split("-")[0]}`;
}
