import { catalogue } from "./catalogue.js";
import { languageEndings, languageNames, type LanguageResult, orderNames, orders } from "./languages.js";
import type { Observed } from "./observed.js";
import { legend, table } from "./render.js";

const begin = "<!-- outcomes:begin -->";
const end = "<!-- outcomes:end -->";
/** What has no page of its own under docs/actions. */
const rest = "docs/outcomes.md";
const restTitles: Readonly<Record<string, string>> = {
  listener_states: "Listeners",
  unix_sockets: "Unix sockets",
  crash: "A crash of the daemon",
};

/** The pages of the manual that have a block. */
export function pages(): string[] {
  return [...new Set(catalogue.map(({ page }) => (page in restTitles ? rest : `docs/actions/${page}.md`)))];
}

/** A page with its block made anew. */
export function rendered(
  page: string,
  text: string,
  seen: readonly Observed[],
  results: readonly LanguageResult[],
): string {
  const [before, after] = aroundBlock(page, text);
  return `${before}${begin}\n${block(page, seen, results)}\n${end}${after}`;
}

/** Whether the block of a page has every case, call, outcome, wire and language that it should. */
export function isInShape(page: string, text: string): boolean {
  const [before, after] = aroundBlock(page, text);
  const actual = text.slice(before.length + begin.length, text.length - after.length - end.length).trim();
  return shapeOf(actual) === shapeOf(block(page, [], []));
}

function aroundBlock(page: string, text: string): [string, string] {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} has no block ${begin} ... ${end}`);
  return [text.slice(0, from), text.slice(to + end.length)];
}

function block(page: string, seen: readonly Observed[], results: readonly LanguageResult[]): string {
  const byName = new Map(seen.map((one) => [one.name, one]));
  const names = page === rest ? Object.keys(restTitles) : [page.slice("docs/actions/".length, -".md".length)];
  const parts = names.map((name) => {
    const title = page === rest ? [`## ${restTitles[name]}`, ""] : [];
    const entries = catalogue.filter((entry) => entry.page === name);
    const endings = languageEndings.filter((ending) => ending.page === name);
    const tables = endings.flatMap((ending) => [
      "",
      `What other languages tell of ${ending.name}:`,
      "",
      languageTable(ending.name, results),
    ]);
    return [...title, table(entries, byName), ...tables].join("\n");
  });
  return [legend, "", ...parts.flatMap((part) => [part, ""])].join("\n").trim();
}

function languageTable(ending: string, results: readonly LanguageResult[]): string {
  const head = `| | ${orders.map((order) => orderNames[order]).join(" | ")} |`;
  const rows = languageNames.map((language) => {
    const result = results.find((one) => one.language === language);
    if (result === undefined || result.notRun !== undefined) return `| ${language} | not run | not run |`;
    const said = result.said[ending] ?? {};
    const cells =
      language === "curl"
        ? [
            `after the request: ${said["request"]}`,
            said["body"] === undefined ? "" : `within the body: ${said["body"]}`,
          ]
        : orders.map((order) => said[order] ?? "not run");
    return `| ${[`${language} ${result.version}`, ...cells.map((cell) => cell.replaceAll("|", "\\|"))].join(" | ")} |`;
  });
  return [head, "|---|---|---|", ...rows].join("\n");
}

/** Without counts, and of a language only its name. */
function shapeOf(text: string): string {
  return text
    .split("\n")
    .map((line) => languageNames.find((name) => line.startsWith(`| ${name} `)) ?? line)
    .map((line) => line.replace(/\| (\d+ of \d+|not run) \|/, "| counted |"))
    .join("\n");
}
