import { ask, Child, cpuUs } from "../child.js";
import { Commander } from "../commander.js";
import { drive, tools } from "../contestants.js";
import { assertEndings, type Endings } from "../endings.js";
import { each, interleaved } from "../interleaved.js";
import type { Measure, Row } from "../measure.js";
import { assertReplayed, assertTold, type Tally } from "../tally.js";
import { withAll } from "../with-all.js";

// Real events: those of connections that come and go. Live: as fast as these give them, to one subscriber. Replayed: the
// journal, over and over, as a stream that begins with the oldest; the stream's own limit.

const atOnce = 16;

interface Churned extends Endings {
  readonly unanswered: number;
}

export const events: Measure = {
  name: "events",
  about: "events a second, in order and none lost: live ones, and the journal replayed",
  defaultRounds: 5,
  async run({ rounds, quick, contestants }) {
    const { driver, load } = tools(contestants);
    const ms = quick ? 300 : 1000;
    const replays = quick ? 2 : 20;
    return withAll(contestants.hangups, async (running) => {
      const turns = running.map((one) => ({
        what: one.contestant.name,
        take: async () => {
          const subscription = Child.start(driver, ["-address", one.address, "-n", "1", "subscribe"]);
          await subscription.read();
          const commander = await Commander.start(driver, one);
          const port = await commander.listen("events", "byPeer");
          const begin = performance.now();
          const churned = await ask<Churned>(load, ["churn", port, String(atOnce), String(ms)]);
          const { eof } = churned;
          assertEndings(one.contestant.name, "eof", eof + churned.unanswered, churned);
          subscription.write(String(eof));
          const told = await subscription.read<Tally[]>();
          const seconds = (performance.now() - begin) / 1000;
          await subscription.stop();
          assertTold(one.contestant.name, eof, told);
          await commander.delete("events");
          await commander.stop();

          const before = cpuUs(one.pid);
          const flags = ["-address", one.address, "-n", String(replays)];
          const { ns, tally } = await drive<{ ns: number; tally: Tally }>(driver, flags, "replay");
          assertReplayed(one.contestant.name, tally);
          return {
            live: (told[0]?.events ?? 0) / seconds,
            replayed: tally.events / (ns / 1e9),
            cpu: (cpuUs(one.pid) - before) / tally.events,
            count: eof,
          };
        },
      }));
      const results = [...(await interleaved(turns, { rounds }))];
      return [
        ...results.map(
          ([what, taken]): Row => ({
            what: `live, ${what}`,
            unit: "/s",
            samples: each(taken, ({ live }) => live),
            endings: taken.reduce((sum, { count }) => sum + count, 0),
          }),
        ),
        ...results.map(
          ([what, taken]): Row => ({
            what: `replayed, ${what}`,
            unit: "/s",
            samples: each(taken, ({ replayed }) => replayed),
            cpuUs: each(taken, ({ cpu }) => cpu),
          }),
        ),
      ];
    });
  },
};
