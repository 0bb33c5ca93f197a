import type { Judge } from "../support/judge.js";
import type { Entry } from "./entry.js";
import { OneRun } from "./one-run.js";
import type { Stage } from "./stage.js";

/** What was seen in the runs of an entry. */
export interface EntryResult {
  readonly entry: Entry;
  readonly runs: number;
  /** How often the calls of the peer gave what. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** How often what was on the wire; empty where nothing could be captured. */
  readonly wires: ReadonlyMap<string, number>;
  /** Runs whose packets were not all captured: none of their wires is judged. */
  readonly incomplete: number;
  /** All that was not as the entry says, or as the receipt says, each once. */
  readonly complaints: readonly string[];
}

let lastRun = 0;

/** Runs an entry so often, as many at once as there are judges. */
export async function runEntry(stage: Stage, entry: Entry, runs: number): Promise<EntryResult> {
  const outcomes = new Map<string, number>();
  const wires = new Map<string, number>();
  const complaints = new Set<string>();
  let begun = 0;
  let incomplete = 0;
  const work = async (judge: Judge) => {
    while (begun++ < runs) {
      const run = new OneRun(stage, judge, entry, ++lastRun);
      const { outcome, wire, incomplete: lost, complaints: own } = await run.go();
      count(outcomes, outcome);
      if (lost) incomplete += 1;
      if (wire !== undefined) count(wires, wire);
      if (!entry.outcomes.includes(outcome)) complaints.add(`outcome outside the set: ${outcome}`);
      for (const complaint of own) complaints.add(complaint);
    }
  };
  await Promise.all(stage.judges.slice(0, runs).map(work));
  if (incomplete > runs / 2) complaints.add(`the packets of ${incomplete} runs were not all captured`);
  return { entry, runs, outcomes, wires, incomplete, complaints: [...complaints] };
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
