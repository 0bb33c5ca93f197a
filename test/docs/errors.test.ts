import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readPage, root } from "./manual.js";

/** The rows of docs/errors.md: each reason with the codes that it comes with. */
const documented = new Map(
  [...readPage("docs/errors.md").matchAll(/^\| `(\w+)` \| ([A-Z_, ]+) \|/gm)].map(
    ([, reason = "", codes = ""]) => [reason, codes.split(", ")] as const,
  ),
);

const source = (path: string) => readFileSync(join(root, path), "utf8");

/** The members of a union of string literals. */
function unionOf(text: string, type: string): string[] {
  const [, body = ""] = new RegExp(`export type ${type} =([^;]*);`).exec(text) ?? [];
  return [...body.matchAll(/"(\w+)"/g)].map(([, name = ""]) => name);
}

test("docs/errors.md has every reason of the code, and no other", () => {
  const reasons = [...unionOf(source("src/domain/errors.ts"), "ErrorReason"), "BUG"];
  expect(reasons.length).toBeGreaterThan(20);
  expect([...documented.keys()].toSorted()).toEqual(reasons.toSorted());
});

test("docs/errors.md has only codes that the code knows", () => {
  const codes = new Set([...unionOf(source("src/domain/errors.ts"), "ErrorCode"), "INTERNAL"]);
  expect([...documented].filter(([, listed]) => !listed.every((code) => codes.has(code)))).toEqual([]);
});

test("docs/errors.md has the code of each error that the domain makes", () => {
  const text = readdirSync(join(root, "src/domain"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => source(join("src/domain", path)))
    .join("\n");
  const made = [...text.matchAll(/new DomainError\(\s*"(\w+)",\s*"(\w+)"/g)].map(([, code = "", reason = ""]) => ({
    code,
    reason,
  }));
  expect(made.length).toBeGreaterThan(5);
  expect(made.filter(({ code, reason }) => documented.get(reason)?.includes(code) !== true)).toEqual([]);
});
