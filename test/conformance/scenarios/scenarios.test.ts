// The list and what is written of it. TypeScript runs it here, as Node is all that this needs; the other languages are
// run by `npm run languages`.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readPage, root } from "../../docs/manual.js";
import { startTestDaemon } from "../../support/daemon.js";
import { runClient } from "./client-run.js";
import { languages, type Overhead, page } from "./page.js";
import { expectedOutcomes, nameOf, outcomeText, readScenarios, reportedSteps, stepNames } from "./scenario.js";
import { complaints, parseSeen, type Seen, wordingChanged } from "./seen.js";

const list = join(__dirname, "scenarios.json");
const scenarios = readScenarios(list);
const seen = JSON.parse(readFileSync(join(__dirname, "seen.json"), "utf8")) as Seen[];
const costs = JSON.parse(readFileSync(join(__dirname, "overhead.json"), "utf8")) as Overhead[];

test("each scenario has a name of its own, steps that are known, and one that is reported", () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
  for (const scenario of scenarios) {
    expect(stepNames).toEqual(expect.arrayContaining(scenario.steps.map(nameOf)));
    expect(reportedSteps(scenario)).not.toEqual([]);
  }
});

test("a known difference is of a language that is there, in every step's outcome, with its reason, and is one", () => {
  for (const scenario of scenarios) {
    for (const [language, difference] of Object.entries(scenario.differences ?? {})) {
      expect(Object.keys(languages)).toContain(language);
      expect(difference.expect).toHaveLength(reportedSteps(scenario).length);
      expect(difference.expect).not.toEqual(reportedSteps(scenario).map(({ expect: one }) => one));
      expect(difference.reason).toMatch(/^\S.*[^.]$/);
    }
  }
});

test("every language has seen every scenario, and saw what it should", () => {
  expect(seen.map(({ language }) => language)).toEqual(Object.keys(languages));
  expect(seen.flatMap((one) => complaints(scenarios, one))).toEqual([]);
});

test("docs/languages.md is of what was seen (else: npm run languages)", () => {
  expect(readPage("docs/languages.md")).toBe(page(scenarios, seen, costs));
});

test("TypeScript sees what it should; the other languages are skipped here, by name", async () => {
  await using daemon = await startTestDaemon();
  expect(complaints(scenarios, await runClient(root, "typescript", list, daemon.daemon.address))).toEqual([]);
  const others = Object.keys(languages).filter((language) => language !== "typescript");
  process.stderr.write(`languages: ran typescript; skipped (npm run languages): ${others.join(", ")}\n`);
}, 120_000);

describe("what a client printed", () => {
  const lines = (steps: object[]) =>
    `{"language":"python","version":"3","sockets":"socket","http":"urllib"}\n${scenarios
      .map(({ name }) => JSON.stringify({ scenario: name, steps: name === "eof" ? steps : expected(name) }))
      .join("\n")}\n`;
  const expected = (name: string) => {
    const scenario = scenarios.find((one) => one.name === name)!;
    const outcomes = expectedOutcomes(scenario, "python");
    return reportedSteps(scenario).map((step, index) => ({
      step: step.name,
      outcome: outcomeText(outcomes[index]),
      saw: "x",
    }));
  };
  const eof = expected("eof");

  test("is right when each outcome is the expected one", () => {
    expect(complaints(scenarios, parseSeen(lines(eof)))).toEqual([]);
  });

  test("is wrong with another outcome, a step too few, or a scenario too few", () => {
    const other = [...eof.slice(0, -1), { step: "read", outcome: "ECONNRESET", saw: "an error" }];
    expect(complaints(scenarios, parseSeen(lines(other)))).toEqual([
      "python, eof: read gave ECONNRESET (an error), and not EOF",
    ]);
    expect(complaints(scenarios, parseSeen(lines(eof.slice(1))))).toHaveLength(1);
    const { eof: _, ...rest } = parseSeen(lines(eof)).scenarios;
    expect(complaints(scenarios, { ...parseSeen(lines(eof)), scenarios: rest })).toEqual([
      "python, eof: it was not run",
    ]);
  });

  test("has other words than before only where the same version said them", () => {
    const now = parseSeen(lines(eof.map((step) => ({ ...step, saw: "y" }))));
    const before = parseSeen(lines(eof));
    expect(wordingChanged(scenarios, before, now)).toHaveLength(eof.length);
    expect(wordingChanged(scenarios, { ...before, version: "2" }, now)).toEqual([]);
    expect(wordingChanged(scenarios, now, now)).toEqual([]);
  });
});
