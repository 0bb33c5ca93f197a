import { join } from "node:path";
import { Commander } from "../commander.js";
import { epoll, goEcho, type Running, tools, toxiproxy } from "../contestants.js";
import { Held } from "../held.js";
import { each, interleaved } from "../interleaved.js";
import type { Measure, Row } from "../measure.js";

// One command for all sessions of a listener. The daemon's longest turn is told by its own clock: loop-delay.cjs is
// loaded into it beforehand.

const preload = join(__dirname, "../bench/loop-delay.cjs");

export const massReset: Measure = {
  name: "mass-reset",
  about: "9,900 sessions reset by one command: from its sending to the last ECONNRESET, and the daemon's longest turn",
  defaultRounds: 5,
  async run({ rounds, quick, contestants }) {
    const { driver, load } = tools(contestants);
    const sessions = quick ? 500 : 9900;
    const running: Running[] = [];
    try {
      for (const one of contestants.all) running.push(await one.start(one.isHangup ? ["--require", preload] : []));
      const turns = running.map((one) => ({
        what: one.contestant.name,
        take: async () => {
          const commander = await Commander.start(driver, one);
          const port = await commander.listen("mass", "commanded");
          const held = await Held.open(load, port, sessions);
          await longestTurn(one);
          const { sentNs, answeredNs } = await commander.resetAll("mass");
          const { lastNs } = await held.ended(one.contestant.name);
          const turn = await longestTurn(one);
          await commander.delete("mass");
          await commander.stop();
          return { all: (lastNs - sentNs) / 1e6, answered: (answeredNs - sentNs) / 1e6, turn };
        },
      }));
      const results = [...(await interleaved(turns, { rounds }))];
      const peers = [toxiproxy, goEcho, epoll];
      const rows = results.map(
        ([name, taken]): Row => ({
          what: `all reset, ${name}`,
          unit: "ms",
          samples: each(taken, ({ all }) => all),
          beside: peers.map((peer) => `all reset, ${peer}`),
          endings: sessions * rounds,
        }),
      );
      const own = results.filter(([name]) => contestants.hangups.some((one) => one.name === name));
      return [
        ...rows,
        ...own.map(([name, taken]) => ({
          what: `answered, ${name}`,
          unit: "ms",
          samples: each(taken, ({ answered }) => answered),
        })),
        ...own.map(([name, taken]) => ({
          what: `longest turn, ${name}`,
          unit: "ms",
          samples: each(taken, ({ turn }) => turn),
        })),
      ];
    } finally {
      await Promise.all(running.map((one) => one.stop()));
    }
  },
};

/** The longest turn of its loop since this was asked last, in ms. */
async function longestTurn(one: Running): Promise<number> {
  if (!one.contestant.isHangup) return 0;
  one.signal("SIGUSR2");
  return (await one.read<{ longestTurnMs: number }>()).longestTurnMs;
}
