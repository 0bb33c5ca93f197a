import type { Entry, PeerStep, Step } from "./entry.js";
import type { EntryResult } from "./run-entry.js";

/** What was seen of an entry, in the words of its page. */
export interface Observed {
  readonly name: string;
  readonly page: string;
  /** The calls of the peer, in their order. */
  readonly calls: string;
  /** What they gave, each once, the most frequent first. */
  readonly outcomes: readonly string[];
  /** What was on the wire, likewise. */
  readonly wires: readonly string[];
}

export function observed({ entry, outcomes, wires }: EntryResult): Observed {
  return {
    name: entry.name,
    page: entry.page,
    calls: callsOf(entry),
    outcomes: byFrequency(outcomes),
    wires: byFrequency(wires),
  };
}

/** The calls of the peer of an entry: `connect, recv, send`. */
export function callsOf(entry: Entry): string {
  return entry.steps.flatMap(callOf).join(", ");
}

function callOf(step: Step): string[] {
  if ("busyPeerDuring" in step) return ["send and recv in turn"];
  if (!("peer" in step)) return [];
  return [`${nameOf(step)}${step.socket === undefined ? "" : ` (${step.socket})`}`];
}

function nameOf(step: PeerStep): string {
  switch (step.peer) {
    case "connect":
      return step.nonBlocking === true ? "connect without blocking" : "connect";
    case "recvUrgent":
      return "recv MSG_OOB";
    case "recvAll":
      return "recv to the end";
    case "sendAll":
      return "send on and on";
    case "shutdown":
      return "shutdown SHUT_WR";
    default:
      return step.peer;
  }
}

function byFrequency(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].toSorted(([, one], [, other]) => other - one).map(([key]) => key);
}
