import { dirname, join, normalize } from "node:path";
import { exists, manualPages, readPage } from "./manual.js";

test("every link of the manual to a file leads somewhere", () => {
  const dead = manualPages().flatMap((page) =>
    [...readPage(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !target.includes("://") && !exists(normalize(join(dirname(page), target))))
      .map((target) => `${page}: ${target}`),
  );
  expect(dead).toEqual([]);
});

test("every page under docs is on its map", () => {
  const map = readPage("docs/README.md");
  const pages = manualPages().filter((page) => page.startsWith("docs/") && page !== "docs/README.md");
  expect(pages.filter((page) => !map.includes(`(${page.slice("docs/".length)})`))).toEqual([]);
});

test("every page of an action is of an action that is there", () => {
  const pages = manualPages().filter((page) => page.startsWith("docs/actions/"));
  expect(pages).not.toEqual([]);
  expect(
    pages.filter((page) => !exists(page.replace("docs/", "src/domain/").replaceAll("_", "-").replace(".md", ".ts"))),
  ).toEqual([]);
});
