// Runs the scenarios in every language, and writes what was seen: seen.json, and docs/languages.md from it.
//   [--check | --overhead] [language...]
// --check writes nothing: it fails where a language saw other than it should, or told it in other words than the same
// version did before. --overhead measures what the clients cost, and runs no scenario: overhead.json. A language whose tools are missing is skipped by its name; with HANGUP_REQUIRE_LANGUAGES=1 it is a
// failure.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { startDaemon } from "../../../src/daemon.js";
import { runClient } from "./client-run.js";
import { type Language, languages, type Overhead, page } from "./page.js";
import { readScenarios, type Scenario } from "./scenario.js";
import { complaints, type Seen, wordingChanged } from "./seen.js";

const root = resolve(__dirname, "../..");
const folder = join(root, "test/conformance/scenarios");
const list = join(folder, "scenarios.json");
const seenFile = join(folder, "seen.json");
const costsFile = join(folder, "overhead.json");
const pageFile = join(root, "docs/languages.md");

/** What has to be on the PATH. */
const needs: Readonly<Record<Language, readonly string[]>> = {
  python: ["python3"],
  go: ["go"],
  java: ["java", "mvn"],
  rust: ["cargo"],
  typescript: ["node"],
  c: ["cc", "make", "pkg-config"],
  shell: ["bash", "curl", "socat"],
};

/** What was written before, by language; nothing before the first time. */
function readList<One>(file: string): One[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as One[]) : [];
}

/** In the order of the languages, what is new before what was there. */
function merged<One extends { language: string }>(fresh: readonly One[], before: readonly One[]): One[] {
  return names.flatMap((name) => [...fresh, ...before].find(({ language }) => language === name) ?? []);
}

function writeList(file: string, ones: readonly unknown[]): void {
  writeFileSync(file, `${JSON.stringify(ones, undefined, 2)}\n`);
}

function measured(language: Language): Overhead {
  const env = { ...process.env };
  // The daemon is the run's own.
  delete env["HANGUP_ADDRESS"];
  const printed = execFileSync("bash", [join(root, "clients", language, "overhead.sh")], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    env,
  });
  return JSON.parse(printed.trim().split("\n").at(-1) ?? "") as Overhead;
}

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
        if (values.check) wrong.push(...wordingChanged(scenarios, was, seen));
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
  options: { check: { type: "boolean", default: false }, overhead: { type: "boolean", default: false } },
  allowPositionals: true,
});
const names = Object.keys(languages) as Language[];

async function main(): Promise<void> {
  const strangers = positionals.filter((name) => !names.includes(name as Language));
  if (strangers.length > 0) throw new Error(`no such language: ${strangers.join(", ")}; there are ${names.join(", ")}`);
  const wanted = names.filter((name) => positionals.length === 0 || positionals.includes(name));
  const scenarios = readScenarios(list);
  const before = readList<Seen>(seenFile);
  const costsBefore = readList<Overhead>(costsFile);
  if (values.overhead) {
    const costs = merged(wanted.filter((language) => missingFor(language).length === 0).map(measured), costsBefore);
    console.table(costs);
    writeList(costsFile, costs);
    writeFileSync(pageFile, page(scenarios, before, costs));
    return;
  }
  const { all, wrong } = await runAll(wanted, scenarios, before);
  for (const line of wrong) console.error(line);
  process.exitCode = wrong.length === 0 ? 0 : 1;
  if (values.check) return;
  const seen = merged(all, before);
  writeList(seenFile, seen);
  writeFileSync(pageFile, page(scenarios, seen, costsBefore));
}

void main();
