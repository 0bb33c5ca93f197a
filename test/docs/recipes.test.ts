// That docs/recipes.md has the tests that people write most, each with lines that are run and what a client then sees. They are
// run by commands.test.ts, like all that the manual shows.
import { readPage } from "./manual.js";

const wanted = [
  "My client must retry on ECONNRESET",
  "EOF in the middle of a message",
  "Connect times out",
  "Connection refused, then up",
  "The server stops reading",
  "The server crashes",
  "The network cable, pulled and put back",
];

const recipes = new Map(
  readPage("docs/recipes.md")
    .split(/^### /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf("\n")), text] as const),
);

test.each(wanted)("the recipe %j is run, and shows what the client sees", (title) => {
  expect(recipes.get(title)).toMatch(/\n```sh run\n[^]+?\n```\n\n```text output\n[^]+?\n```\n/);
});

test("no recipe shows lines that nothing runs", () => {
  const shown = [...recipes.values()].flatMap((text) => text.match(/^```sh.*$/gm) ?? []);
  expect(shown.length).toBeGreaterThan(wanted.length);
  expect(shown.filter((fence) => fence.includes("not-run"))).toEqual([]);
});
