import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Goal, goalFor, goals, standings } from "./goals.js";
import type { Results } from "./results.js";
import { cells, type Summary } from "./summary.js";

// docs/performance.md: what stands between the two marks is written from results, the text around them by hand.

const path = join(__dirname, "../docs/performance.md");
const begin = "<!-- written by npm run bench -- --write-docs -->";
const end = "<!-- until here -->";

export function writePage(results: Results): void {
  writeFileSync(path, withMeasured(readFileSync(path, "utf8"), measured(results)));
}

/** The page with what stands between the marks replaced. @throws where the marks are not there. */
export function withMeasured(page: string, text: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page lacks ${begin} before ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

/** The goals and how they stand, the machine, and a table for each measure. */
export function measured(results: Results): string {
  const nodes = Object.keys(results.versions).filter((name) => name.startsWith("Node "));
  const versions = Object.entries(results.versions).map(([name, version]) => [name, version]);
  return [
    "## Goals",
    goalTable(results, nodes),
    "## Machine",
    results.machine,
    markdown([["", "version"], ...versions]),
    ...results.measures.flatMap(({ measure, about, layout, rows }) => [
      `## ${measure}`,
      `${sentence(about)}.${endingsOfDaemon(rows)}`,
      markdown(cells(rows, layout)),
    ]),
  ].join("\n\n");
}

function goalTable(results: Results, nodes: readonly string[]): string {
  const rows = standings(goals, results, nodes).map(({ goal, measured: by }) => [
    goal.about,
    nodes.length > 1 && typeof goal.goal === "object"
      ? nodes.map((node) => wanted(goal, goalFor(goal, node))).join(" / ")
      : wanted(goal, goalFor(goal, nodes[0] ?? "")),
    wanted(goal, goal.stretch),
    ...nodes.map((node) => {
      const standing = by.get(node);
      if (standing === undefined) return "not measured";
      const value = `${standing.value.toLocaleString("en-US")} ${goal.unit}`.trim();
      if (standing.reached === "stretch") return `${value}, stretch reached`;
      if (standing.reached === "goal") return `${value}, reached`;
      return Number.isNaN(goalFor(goal, node)) ? value : `**${value}, missed**`;
    }),
  ]);
  return markdown([["measure", "goal", "stretch", ...nodes], ...rows]);
}

function wanted({ direction, unit }: Goal, value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  return `${direction} ${value.toLocaleString("en-US")} ${unit}`.trim();
}

/** All of the rows together; the p99 of a row is of the sessions of its p50, which count once. */
function endingsOfDaemon(rows: readonly Summary[]): string {
  const own = rows.filter(({ what, endings }) => /\bNode \d+$/.test(what) && endings !== undefined);
  const total = own.reduce((sum, { what, endings = 0 }) => sum + (/\bp99\b/.test(what) ? 0 : endings), 0);
  if (total === 0) return "";
  const count = total.toLocaleString("en-US");
  return ` Endings of the daemon: ${count} of ${count} as asked.`;
}

function sentence(about: string): string {
  return about.charAt(0).toUpperCase() + about.slice(1);
}

function markdown([heads = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]) => `| ${row.join(" | ")} |`.replaceAll("|  |", "| |");
  return [line(heads), `|${heads.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}
