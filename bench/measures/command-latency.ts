import { drive, epoll, goEcho, tools, toxiproxy } from "../contestants.js";
import { assertEndings, type Endings } from "../endings.js";
import { each, interleaved } from "../interleaved.js";
import type { Measure } from "../measure.js";
import { counted, repeats } from "../repeats.js";
import { percentile } from "../statistics.js";
import { ways, withAll } from "../with-all.js";

export const commandLatency: Measure = {
  name: "command-latency",
  about: "from the sending of a reset command to ECONNRESET at the peer, which is reading",
  defaultRounds: 10,
  async run(options) {
    const { contestants } = options;
    const { driver } = tools(contestants);
    return withAll(contestants.all, async (running) => {
      const turns = ways(running).map(({ what, way, one }) => ({
        what,
        take: async (warming: boolean) => {
          const count = repeats(options, warming);
          const all = [...one.flags(way), "-n", String(count)];
          const { ns, endings } = await drive<{ ns: number[]; endings: Endings }>(driver, all, "latency");
          assertEndings(what, "econnreset", count, endings);
          return { p50: percentile(ns, 50) / 1000, p99: percentile(ns, 99) / 1000 };
        },
      }));
      const results = await interleaved(turns, options);
      const row = (percent: "p50" | "p99", what: string, samples: number[]) => ({
        what: `${percent} ${what}`,
        unit: "us",
        samples,
        beside: [toxiproxy, goEcho, epoll].map((peer) => `${percent} ${peer}`),
        endings: counted(options),
      });
      return [
        ...[...results].map(([what, taken]) =>
          row(
            "p50",
            what,
            each(taken, ({ p50 }) => p50),
          ),
        ),
        ...[...results].map(([what, taken]) =>
          row(
            "p99",
            what,
            each(taken, ({ p99 }) => p99),
          ),
        ),
      ];
    });
  },
};
