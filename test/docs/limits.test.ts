import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serveExitCodes } from "../../src/cli/exit-codes.js";
import { limitFlags } from "../../src/cli/limit-options.js";
import { limitRanges } from "../../src/domain/limits.js";

const page = (name: string) => readFileSync(join(__dirname, "../../docs", name), "utf8");

test("docs/limits.md has every bound, with its option, default and range", () => {
  const rows = page("limits.md").match(/^\| `--max-.*$/gm) ?? [];
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim()));
  const told = cells.map(([, option, , ...numbers]) => [option, ...numbers.slice(0, 3)]);
  const known = limitFlags.map(([flag]) => {
    const option = flag.replace(" <number>", "");
    const name = option.replace("--max-", "").replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const range = limitRanges[name as keyof typeof limitRanges];
    return [`\`${option}\``, ...[range.default, range.min, range.max].map(String)];
  });
  expect(told).toEqual(known);
});

test("docs/command.md has the exit codes that the help of serve has", () => {
  for (const [code, when] of serveExitCodes) expect(page("command.md")).toContain(`\n| ${code} | ${when} |\n`);
});
