import { join } from "node:path";
import { ask, cpuUs } from "../child.js";
import { toxiproxy } from "../contestants.js";
import { assertEndings, type Endings } from "../endings.js";
import { each, interleaved } from "../interleaved.js";
import type { Measure } from "../measure.js";
import { counted, repeats } from "../repeats.js";
import { calledBy, withAll } from "../with-all.js";

const root = join(__dirname, "..");
/** By the client that Python users of Toxiproxy have. */
const theirs = "toxiproxy-python";
const program = join(root, "bench/peers/cycles.py");
export const pythonCycles: Measure = {
  name: "python-cycles",
  about: "the same cycles from Python: by grpcio; Toxiproxy by http.client, one connection kept, and by its own client",
  defaultRounds: 10,
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
          : [
              { way: contestant.ways[0], called: toxiproxy, flags: [] },
              // The last of a flag counts.
              { way: contestant.ways[0], called: theirs, flags: ["-way", "toxiproxy-python"] },
            ];
        return variants.map(({ way, called, flags }) => {
          const what = contestant.isHangup ? calledBy(contestant, called) : called;
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
        beside: [toxiproxy, theirs],
        endings: counted(options),
      }));
    });
  },
};
