// The catalogue without a test runner, so that any user and any namespace can run it: against the daemon at
// HANGUP_ADDRESS, else one of its own.
//   --runs <n>|full   how often each entry is run; full: 200, or 20 where one takes about a second
//   --complete        an entry that cannot be had here, or cannot be captured, is a failure
//   --out <file>      what was seen, as JSON
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { startDaemon } from "../../src/daemon.js";
import { catalogue } from "./catalogue.js";
import { fullRuns } from "./entry.js";
import { type Observed, observed } from "./observed.js";
import { runEntry } from "./run-entry.js";
import { openStage } from "./stage.js";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    complete: { type: "boolean", default: false },
    out: { type: "string" },
  },
});

async function main(): Promise<void> {
  const given = process.env["HANGUP_ADDRESS"];
  const own =
    given === undefined
      ? await startDaemon({ listen: { kind: "tcp", host: "127.0.0.1", port: 0 }, logger: pino({ level: "silent" }) })
      : undefined;
  const counts = { passed: 0, failed: 0, notRun: 0 };
  const seen: Observed[] = [];
  try {
    await using stage = await openStage(own?.address ?? given ?? "", 5);
    if (!stage.captured) say("no packets", stage.lacking(["capture"]) ?? "");
    if (values.complete && !stage.captured) counts.failed += 1;
    for (const entry of catalogue) {
      const lacking = stage.lacking(entry.needs);
      if (lacking !== undefined) {
        counts[values.complete ? "failed" : "notRun"] += 1;
        say("not run", `${entry.name}: ${lacking}`);
        continue;
      }
      const runs = values.runs === "full" ? fullRuns(entry) : Number(values.runs);
      const result = await runEntry(stage, entry, runs);
      seen.push(observed(result));
      const passed = result.complaints.length === 0;
      counts[passed ? "passed" : "failed"] += 1;
      say(passed ? `${runs} runs` : "FAILED", entry.name);
      if (result.incomplete > 0)
        say("", `${result.incomplete} of them with packets missing: only their outcomes count`);
      for (const complaint of result.complaints) say("", complaint);
      for (const [outcome, times] of passed ? [] : result.outcomes) say("", `${times} times ${outcome}`);
    }
  } finally {
    await own?.stop();
  }
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(seen, undefined, 1)}\n`);
  const user = `uid ${process.getuid?.() ?? "?"}`;
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.notRun} not run (${user})`);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}

function say(what: string, text: string): void {
  console.log(`${what.padEnd(10)} ${text}`);
}

void main();
