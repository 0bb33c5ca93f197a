import { join } from "node:path";
import { ask, cpuUs } from "../child.js";
import { toxiproxy } from "../contestants.js";
import { assertEndings, type Endings } from "../endings.js";
import { each, interleaved } from "../interleaved.js";
import type { Measure } from "../measure.js";
import { counted, repeats } from "../repeats.js";
import { calledBy, withAll } from "../with-all.js";

const root = join(__dirname, "..");
const program = join(root, "bench/peers/cycles.py");
export const pythonCycles: Measure = {
  name: "python-cycles",
  about: "the same cycles from Python: by grpcio, and by http.client for Toxiproxy",
  defaultRounds: 5,
  async run(options) {
    const { contestants } = options;
    const { python } = contestants;
    if (python === undefined) throw new Error(`no Python: ${contestants.skipped.get("Python")}`);
    const beside = contestants.peers.filter(({ name }) => name === toxiproxy);
    return withAll([...contestants.hangups, ...beside], async (running) => {
      const turns = running.flatMap((one) => {
        const { contestant } = one;
        const variants = contestant.isHangup
          ? contestant.ways.flatMap((way) => [
              { way, called: way, flags: [] },
              { way, called: `${way} + plan`, flags: ["-planned"] },
            ])
          : contestant.ways.map((way) => ({ way, called: way, flags: [] }));
        return variants.map(({ way, called, flags }) => {
          const what = calledBy(contestant, called);
          return {
            what,
            take: async (warming: boolean) => {
              const count = repeats(options, warming);
              const before = cpuUs(one.pid);
              const { ns, endings } = await ask<{ ns: number; endings: Endings }>(
                python,
                [program, ...one.flags(way), ...flags, "-n", String(count)],
                { PYTHONPATH: join(root, "clients/python/src"), PYTHONDONTWRITEBYTECODE: "1" },
              );
              assertEndings(what, "econnreset", count, endings);
              return { perSecond: count / (ns / 1e9), cpu: (cpuUs(one.pid) - before) / count };
            },
          };
        });
      });
      const results = await interleaved(turns, options);
      return [...results].map(([what, taken]) => ({
        what,
        unit: "/s",
        samples: each(taken, ({ perSecond }) => perSecond),
        cpuUs: each(taken, ({ cpu }) => cpu),
        beside: [toxiproxy],
        endings: counted(options),
      }));
    });
  },
};
