import { cpuUs } from "../child.js";
import { drive, epoll, goEcho, tools, toxiproxy } from "../contestants.js";
import { assertEndings, type Endings } from "../endings.js";
import { each, interleaved } from "../interleaved.js";
import type { Measure } from "../measure.js";
import { counted, repeats } from "../repeats.js";
import { calledBy, ways, withAll } from "../with-all.js";

// One client, one cycle after the other: what a test that opens, ends and cleans up waits for. Its client is bench/peers/go
// for all of them.

export const cycles: Measure = {
  name: "cycles",
  about: "cycles a second (listen, dial, echo, reset, ECONNRESET seen, delete), one after the other",
  defaultRounds: 10,
  async run(options) {
    const { contestants } = options;
    const { driver } = tools(contestants);
    return withAll(contestants.all, async (running) => {
      const planned = running
        .filter(({ contestant }) => contestant.isHangup)
        .flatMap((one) =>
          one.contestant.ways.map((way) => ({
            what: calledBy(one.contestant, `${way} + plan`),
            way,
            one,
            flags: ["-planned"],
          })),
        );
      const turns = [...ways(running).map((entry) => ({ ...entry, flags: [] })), ...planned].map(
        ({ what, way, one, flags }) => ({
          what,
          take: async (warming: boolean) => {
            const count = repeats(options, warming);
            const before = cpuUs(one.pid);
            const all = [...one.flags(way), ...flags, "-n", String(count)];
            const { ns, endings } = await drive<{ ns: number; endings: Endings }>(driver, all, "cycles");
            assertEndings(what, "econnreset", count, endings);
            return { perSecond: count / (ns / 1e9), cpu: (cpuUs(one.pid) - before) / count };
          },
        }),
      );
      const results = await interleaved(turns, options);
      return [...results].map(([what, taken]) => ({
        what,
        unit: "/s",
        samples: each(taken, ({ perSecond }) => perSecond),
        cpuUs: each(taken, ({ cpu }) => cpu),
        beside: [toxiproxy, goEcho, epoll],
        endings: counted(options),
      }));
    });
  },
};
