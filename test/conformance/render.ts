import { crossing, type Entry, type PeerStep, type Step } from "./entry.js";
import type { Observed } from "./observed.js";

// The tables of the manual, made of a run of the catalogue.

/** What each notation stands for; once a page. */
export const legend =
  "Made by a run of the whole catalogue on Linux (`npm run docs:outcomes`), the peer making system calls. On the wire `<` is from the " +
  "peer and `>` to it, flags as tcpdump writes them; mere acknowledgements and retransmissions are left out, and `...` is data. BLOCKS: " +
  "the call would have gone on waiting.";

/** The table of some entries, with the reasons of every set below it. */
export function table(entries: readonly Entry[], observations: ReadonlyMap<string, Observed>): string {
  const rows = entries.flatMap((entry) => rowsOf(entry, observations.get(entry.name)));
  const notes = entries.flatMap(({ name, freedom }) =>
    freedom === undefined ? [] : [`- *${name}*: ${freedom.why}. For one outcome: ${freedom.instead}.`],
  );
  if (entries.some(({ wire = [] }) => wire.some((one) => />R\.|<F\./.test(one)))) {
    notes.push(
      `- Behind \`>R.\`, or the FINs of both sides, may come a \`>R\` or \`<R\` that is not shown: ${crossing}.`,
    );
  }
  return [
    "| case | calls of the peer | what they give | runs | on the wire |",
    "|---|---|---|---|---|",
    ...rows,
    ...(notes.length === 0 ? [] : ["", ...notes]),
  ].join("\n");
}

function rowsOf(entry: Entry, seen: Observed | undefined): string[] {
  const wire = entry.wire === undefined ? "none: a unix socket" : entry.wire.map((one) => `\`${one}\``).join(" or ");
  return entry.outcomes.map((outcome, index) => {
    const share = seen === undefined ? "not run" : `${seen.outcomes[outcome] ?? 0} of ${seen.runs}`;
    const first = index === 0 ? [entry.name, callsOf(entry)] : ["", ""];
    return `| ${[...first, outcome, share, index === 0 ? wire : ""].join(" | ")} |`;
  });
}

/** The calls of the peer of an entry: `connect, recv, send`. */
function callsOf(entry: Entry): string {
  return entry.steps.flatMap(callOf).join(", ");
}

function callOf(step: Step): string[] {
  if ("busyPeerDuring" in step) return ["send and recv in turn"];
  if (!("peer" in step)) return ownPart(step);
  return [`${nameOf(step)}${step.socket === undefined ? "" : ` (${step.socket})`}`];
}

/** What our side does between the calls of the peer. */
function ownPart(step: Exclude<Step, PeerStep>): string[] {
  if ("perform" in step) return [`**${snake(Object.keys(step.perform)[0] ?? "")}**`];
  if ("update" in step) return [`**${step.update}**`];
  if ("deleteListener" in step) return ["**DeleteListener**"];
  return "crash" in step ? ["**SIGKILL**"] : [];
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
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
