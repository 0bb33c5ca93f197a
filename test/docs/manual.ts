import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const root = resolve(__dirname, "../..");

/** The pages that a user reads, by their paths from the root. */
export function manualPages(): string[] {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).toSorted();
  return [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    ...docs.map((path) => join("docs", path)),
  ].filter((path) => path.endsWith(".md"));
}

export function readPage(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Whether a path from the root is there. */
export function exists(path: string): boolean {
  return existsSync(join(root, path));
}

/** A fenced block: its info string's words, such as `sh run`, and what is in it. */
export interface Block {
  readonly words: readonly string[];
  readonly text: string;
  readonly line: number;
}

/** What stands under one `##` heading. */
export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** The sections of a page with their fenced blocks. */
export function sectionsOf(page: string): Section[] {
  const sections: { title: string; blocks: Block[] }[] = [{ title: "", blocks: [] }];
  let open: { words: string[]; lines: string[]; line: number } | undefined;
  for (const [index, line] of page.split("\n").entries()) {
    if (open !== undefined) {
      if (line.startsWith("```")) {
        sections.at(-1)?.blocks.push({ words: open.words, text: open.lines.join("\n"), line: open.line });
        open = undefined;
      } else open.lines.push(line);
    } else if (line.startsWith("```")) {
      open = { words: line.slice(3).trim().split(/\s+/), lines: [], line: index + 1 };
    } else if (line.startsWith("## ")) {
      sections.push({ title: line.slice(3), blocks: [] });
    }
  }
  return sections;
}
