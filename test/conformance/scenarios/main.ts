// Runs the scenarios in every language, and writes what was seen: seen.json, and docs/languages.md from it.
//   [--check] [language...]
// --check writes nothing: it fails where a language saw other than it should, or told it in other words than the same
// version did before. A language whose tools are missing is skipped by its name; with HANGUP_REQUIRE_LANGUAGES=1 it is a
// failure.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { startDaemon } from "../../../src/daemon.js";
import { runClient } from "./client-run.js";
import { type Language, languages, page } from "./page.js";
import { readScenarios, type Scenario } from "./scenario.js";
import { complaints, type Seen, wordingChanged } from "./seen.js";

const root = resolve(__dirname, "../..");
const folder = join(root, "test/conformance/scenarios");
const list = join(folder, "scenarios.json");
const seenFile = join(folder, "seen.json");
const pageFile = join(root, "docs/languages.md");

/** What has to be on the PATH. */
const needs: Readonly<Record<Language, readonly string[]>> = {
  python: ["python3"],
  go: ["go"],
  java: ["java", "mvn"],
  rust: ["cargo"],
  typescript: ["node"],
  c: ["cc", "make", "pkg-config"],
  shell: ["bash", "curl"],
};

function missingFor(language: Language): string[] {
  return needs[language].filter((tool) => spawnSync("which", [tool], { stdio: "ignore" }).status !== 0);
}

/** What each of them saw, and what is wrong with it. */
async function runAll(wanted: readonly Language[], scenarios: readonly Scenario[], before: readonly Seen[]) {
  const daemon = await startDaemon({
    listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
    logger: pino({ level: "silent" }),
  });
  const all: Seen[] = [];
  const wrong: string[] = [];
  try {
    for (const language of wanted) {
      const missing = missingFor(language);
      if (missing.length > 0) {
        console.log(`${language}: skipped, no ${missing.join(", ")} on the PATH`);
        if (process.env["HANGUP_REQUIRE_LANGUAGES"] === "1") wrong.push(`${language}: skipped`);
        continue;
      }
      try {
        const seen = await runClient(root, language, list, daemon.address);
        const was = before.find((one) => one.language === language);
        const found = complaints(scenarios, seen);
        console.log(`${language}: ${scenarios.length} scenarios, ${found.length} not as expected (${seen.version})`);
        if (was !== undefined && was.version !== seen.version)
          console.log(`  its wording was written by ${was.version}`);
        wrong.push(...found);
        if (values.check) wrong.push(...wordingChanged(was, seen));
        all.push(seen);
      } catch (error) {
        wrong.push(`${language}: ${String(error)}`);
      }
    }
  } finally {
    await daemon.stop();
  }
  return { all, wrong };
}

const { values, positionals } = parseArgs({
  options: { check: { type: "boolean", default: false } },
  allowPositionals: true,
});

async function main(): Promise<void> {
  const names = Object.keys(languages) as Language[];
  const strangers = positionals.filter((name) => !names.includes(name as Language));
  if (strangers.length > 0) throw new Error(`no such language: ${strangers.join(", ")}; there are ${names.join(", ")}`);
  const wanted = names.filter((name) => positionals.length === 0 || positionals.includes(name));
  const scenarios = readScenarios(list);
  const before = existsSync(seenFile) ? (JSON.parse(readFileSync(seenFile, "utf8")) as Seen[]) : [];
  const { all, wrong } = await runAll(wanted, scenarios, before);
  for (const line of wrong) console.error(line);
  process.exitCode = wrong.length === 0 ? 0 : 1;
  if (values.check) return;
  const merged = names.flatMap((name) => [...all, ...before].find(({ language }) => language === name) ?? []);
  writeFileSync(seenFile, `${JSON.stringify(merged, undefined, 2)}\n`);
  writeFileSync(pageFile, page(scenarios, merged));
}

void main();
