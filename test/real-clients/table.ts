import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

// The tables of docs/real-clients.md: what each client reported, by example. They are written by a run, and compared by
// every other one.

const page = resolve(__dirname, "../../docs/real-clients.md");
const begin = "<!-- Written by `npm run real-clients:update`. -->";

/** What was reported: by client, by example. */
export type Reports = Map<string, Map<string, Set<string>>>;

/** What a page tells. */
export function told(): Reports {
  const reports: Reports = new Map();
  let client = "";
  for (const line of readFileSync(page, "utf8").split("\n")) {
    if (line.startsWith("## ")) client = line.slice("## ".length);
    const [, example, cell] = /^\| \[(.+?)\]\(\.\.\/examples\/.*?\) \| (.*) \|$/.exec(line) ?? [];
    if (example === undefined || cell === undefined) continue;
    for (const [, said = ""] of cell.matchAll(/`([^`]+)`/g)) note(reports, client, example, said);
  }
  return reports;
}

export function note(reports: Reports, client: string, example: string, said: string): void {
  const rows = reports.get(client) ?? new Map<string, Set<string>>();
  reports.set(client, rows.set(example, (rows.get(example) ?? new Set()).add(said)));
}

/** Writes the tables, and leaves what stands before them. */
export function write(reports: Reports, versions: ReadonlyMap<string, string>): void {
  const [before = ""] = readFileSync(page, "utf8").split(begin);
  const tables = [...reports].map(([client, rows]) => {
    const cells = [...rows].map(([example, said]) => {
      const outcomes = [...said].toSorted().map((one) => `\`${one}\``);
      return `| [${example}](../examples/${example}.yaml) | ${outcomes.join(" or ")} |`;
    });
    return `## ${client}\n\n${versions.get(client) ?? ""}\n\n| example | reports |\n|---|---|\n${cells.join("\n")}\n`;
  });
  writeFileSync(page, `${before}${begin}\n\n${tables.join("\n")}`);
}
