import { residentKb } from "../child.js";
import { drive, epoll, goEcho, tools, toxiproxy } from "../contestants.js";
import { Commander } from "../commander.js";
import { each, interleaved } from "../interleaved.js";
import { Held } from "../held.js";
import type { Measure } from "../measure.js";

export const memory: Measure = {
  name: "memory",
  about: "resident memory of one idle session, of 9,900 that have echoed a message each; a process each round",
  defaultRounds: 3,
  async run({ rounds, quick, contestants }) {
    const { driver, load } = tools(contestants);
    const sessions = quick ? 500 : 9900;
    const turns = contestants.all.map((contestant) => ({
      what: contestant.name,
      take: async () => {
        const one = await contestant.start();
        try {
          // What is loaded and compiled at first use is no session's.
          await drive(driver, [...one.flags(), "-n", "200"], "cycles");
          const commander = await Commander.start(driver, one);
          const port = await commander.listen("idle", "commanded");
          const before = residentKb(one.pid);
          const held = await Held.open(load, port, sessions);
          const after = residentKb(one.pid);
          await commander.resetAll("idle");
          await held.ended(contestant.name);
          await commander.stop();
          return { base: before / 1024, one: (after - before) / sessions };
        } finally {
          await one.stop();
        }
      },
    }));
    const results = [...(await interleaved(turns, { rounds }, 0))];
    return [
      ...results.map(([what, taken]) => ({
        what: `one session, ${what}`,
        unit: "KB",
        samples: each(taken, ({ one }) => one),
        beside: [toxiproxy, goEcho, epoll].map((peer) => `one session, ${peer}`),
        endings: sessions * rounds,
      })),
      ...results.map(([what, taken]) => ({
        what: `before them, ${what}`,
        unit: "MB",
        samples: each(taken, ({ base }) => base),
      })),
    ];
  },
};
