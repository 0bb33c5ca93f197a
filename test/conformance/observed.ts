import type { EntryResult } from "./run-entry.js";

/** What was seen of an entry: how often each outcome and each wire. */
export interface Observed {
  readonly name: string;
  readonly runs: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Empty where nothing was captured. */
  readonly wires: Readonly<Record<string, number>>;
}

export function observed({ entry, runs, outcomes, wires }: EntryResult): Observed {
  return { name: entry.name, runs, outcomes: Object.fromEntries(outcomes), wires: Object.fromEntries(wires) };
}
