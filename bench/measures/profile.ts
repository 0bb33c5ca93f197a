import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, Child } from "../child.js";
import { Commander } from "../commander.js";
import { type Contestant, drive, type Running, tools, type Way } from "../contestants.js";
import { assertEndings, type Endings } from "../endings.js";
import { Held } from "../held.js";
import { interleaved } from "../interleaved.js";
import type { Measure, Row } from "../measure.js";
import { type Area, areas, type Profile, sourcesOf, timeByArea } from "../profile.js";
import { repeats } from "../repeats.js";
import { assertTold, type Tally } from "../tally.js";

// Where the time of the daemon's thread goes, on the first Node that there is. Being looked at so often makes it slower
// by a few per cent: how fast it is, the other measures tell.

const samplingUs = 250;

/** Does the work, and tells of how many units it was. */
type Work = (one: Running, warming: boolean) => Promise<number>;

export const profile: Measure = {
  name: "profile",
  about: "where the time of the daemon's thread goes: us of it for each cycle, reset, connection or MB",
  layout: "matrix",
  defaultRounds: 3,
  async run(options) {
    const { contestants, quick } = options;
    const { driver, load } = tools(contestants);
    const cyclesBy =
      (way: Way, ...flags: string[]): Work =>
      async (one, warming) => {
        const count = repeats({ quick, rounds: 1 }, warming);
        const task = [...one.flags(way), ...flags, "-n", String(count)];
        const { endings } = await drive<{ endings: Endings }>(driver, task, "cycles");
        assertEndings(one.contestant.name, "econnreset", count, endings);
        return count;
      };
    const listening =
      (ending: "commanded" | "byPeer", work: (port: string, commander: Commander) => Promise<number>): Work =>
      async (one) => {
        const commander = await Commander.start(driver, one);
        const done = await work(await commander.listen("profile", ending), commander);
        await commander.delete("profile");
        await commander.stop();
        return done;
      };
    const flood = listening("byPeer", async (port) => {
      const { bytes } = await ask<{ bytes: number[] }>(load, ["flood", port, "64", quick ? "200" : "1500"]);
      return bytes.reduce((sum, each) => sum + each, 0) / 1e6;
    });
    const churn = listening("byPeer", async (port) => {
      const churned = await ask<Endings & { unanswered: number }>(load, ["churn", port, "16", quick ? "200" : "1000"]);
      assertEndings("churn", "eof", churned.eof + churned.unanswered, churned);
      return churned.eof;
    });
    const churnBefore =
      (subscribers: number): Work =>
      async (one, warming) => {
        const flags = ["-address", one.address, "-n", String(subscribers), "subscribe"];
        const subscription = Child.start(driver, flags);
        await subscription.read();
        const count = await churn(one, warming);
        subscription.write(String(count));
        assertTold(one.contestant.name, count, await subscription.read<Tally[]>());
        await subscription.stop();
        return count;
      };
    const resets = listening("commanded", async (port, commander) => {
      const count = quick ? 500 : 9900;
      const held = await Held.open(load, port, count);
      await commander.resetAll("profile");
      await held.ended("mass reset");
      return count;
    });

    const [first] = contestants.hangups;
    const chosen = contestants.hangups.filter(({ command }) => command === first?.command);
    const turns = chosen.flatMap((one) => {
      const works: readonly (readonly [string, Work])[] = [
        ...one.ways.map((way) => [`${way} cycle`, cyclesBy(way)] as const),
        ...one.ways.map((way) => [`${way} cycle with plan`, cyclesBy(way, "-planned")] as const),
        ["connection of churn", churn],
        ["the same, 10 subscribers", churnBefore(10)],
        ["session of 9,900, opened and reset", resets],
        ["MB over 64 connections", flood],
      ];
      const named = (what: string) => (chosen.length === 1 ? what : `${what}, ${one.name}`);
      return works.map(([what, work]) => ({ what: named(what), take: () => profiled(one, work) }));
    });
    const results = await interleaved(turns, options, 0);
    return [...results].flatMap(([what, taken]) =>
      areas.map(
        (area): Row => ({
          what: `${what}: ${area}`,
          unit: "us",
          samples: taken.map((spent) => spent.get(area) ?? 0),
        }),
      ),
    );
  },
};

/** The time of one unit of work in a daemon that is warm, by what it went to. */
async function profiled(contestant: Contestant, work: Work): Promise<Map<Area, number>> {
  const folder = mkdtempSync(join(tmpdir(), "hangup-profile-"));
  try {
    const flags = ["--cpu-prof", "--cpu-prof-interval", String(samplingUs), "--cpu-prof-dir", folder];
    const one = await contestant.start(flags);
    let units = 0;
    let window: [number, number] = [0, 0];
    try {
      await work(one, true);
      const from = monotonicUs();
      units = await work(one, false);
      window = [from, monotonicUs()];
    } finally {
      await one.stop();
    }
    const [file = ""] = readdirSync(folder);
    const taken = JSON.parse(readFileSync(join(folder, file), "utf8")) as Profile;
    const spent = timeByArea(taken, sourcesOf(contestant.sourceMap ?? ""), window);
    return new Map([...spent].map(([area, us]) => [area, us / units]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
