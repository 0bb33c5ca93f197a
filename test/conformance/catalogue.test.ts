// The whole catalogue, each entry by a peer that makes system calls: what they give stays inside the set that the entry
// declares, and so does what is on the wire, where packets can be captured. A few runs each; all of them, 200 or 20,
// with HANGUP_CATALOGUE_RUNS=full.
import { type Daemon, startDaemon } from "../../src/daemon.js";
import { pino } from "pino";
import { catalogue } from "./catalogue.js";
import { fullRuns } from "./entry.js";
import { runEntry } from "./run-entry.js";
import { openStage, type Stage } from "./stage.js";

const full = process.env["HANGUP_CATALOGUE_RUNS"] === "full";
const fewRuns = 5;

let daemon: Daemon;
let stage: Stage;

beforeAll(async () => {
  daemon = await startDaemon({
    listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
    logger: pino({ level: "silent" }),
  });
  stage = await openStage(daemon.address, fewRuns);
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
  await daemon.stop();
});

test.each(catalogue.map((entry) => [entry.name, entry] as const))(
  "%s",
  async (_name, entry) => {
    const lacking = stage.lacking(entry.needs);
    if (lacking !== undefined) {
      console.log(`not run: ${entry.name}: ${lacking}`);
      return;
    }
    const { complaints, outcomes, wires } = await runEntry(stage, entry, full ? fullRuns(entry) : fewRuns);
    expect({ complaints, ...(complaints.length === 0 ? {} : { outcomes, wires }) }).toEqual({ complaints: [] });
  },
  120_000,
);

test("names are unique", () => {
  const names = catalogue.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test("a set larger than one is explained, and what to use instead is named", () => {
  for (const { outcomes, wire = [], freedom } of catalogue) {
    expect(freedom !== undefined).toBe(outcomes.length > 1);
    if (freedom === undefined) expect(wire.length).toBeLessThanOrEqual(1);
  }
});
