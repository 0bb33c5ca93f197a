import { ask, cpuUs } from "../child.js";
import { Commander } from "../commander.js";
import { drive, epoll, type Running, tools, toxiproxy, type Way } from "../contestants.js";
import { assertEndings, type Endings } from "../endings.js";
import { each, interleaved } from "../interleaved.js";
import type { Measure } from "../measure.js";
import { percentile, worstShare } from "../statistics.js";
import { ways, withAll } from "../with-all.js";

// The far end writes 64 KiB and reads what comes back, as fast as both go, in a process of its own. With 64 connections
// a second client commands meanwhile, so rarely that it takes no CPU worth the name.

const many = 64;
const everyMs = 40;

interface Flood {
  readonly ns: number;
  readonly bytes: readonly number[];
}

export const throughput: Measure = {
  name: "throughput",
  about: `echo of 64 KiB writes over 1 and ${many} connections, and a reset command to its ECONNRESET meanwhile`,
  defaultRounds: 5,
  async run({ rounds, quick, contestants }) {
    const { driver, load } = tools(contestants);
    const [oneMs, manyMs] = quick ? [200, 300] : [1000, 2500];
    const flood = async (one: Running, connections: number, ms: number): Promise<Flood & { cpu: number }> => {
      const commander = await Commander.start(driver, one);
      try {
        const port = await commander.listen("flood", "byPeer");
        const before = cpuUs(one.pid);
        const taken = await ask<Flood>(load, ["flood", port, String(connections), String(ms)]);
        const cpu = cpuUs(one.pid) - before;
        await commander.delete("flood");
        return { ...taken, cpu };
      } finally {
        await commander.stop();
      }
    };
    const probe = async (one: Running, way: Way) => {
      const flags = [...one.flags(way), "-every", `${everyMs}ms`, "-during", `${manyMs - 50}ms`];
      const { ns, endings } = await drive<{ ns: number[]; endings: Endings }>(driver, flags, "latency");
      assertEndings(one.contestant.name, "econnreset", ns.length, endings);
      return ns;
    };
    return withAll(contestants.all, async (running) => {
      const singles = running.map((one) => ({
        what: `1 connection, ${one.contestant.name}`,
        take: async () => {
          const flooded = await flood(one, 1, oneMs);
          return { rate: megabytes(flooded), cpu: flooded.cpu / (total(flooded) / 1e6) };
        },
      }));
      const crowds = ways(running).map(({ what, way, one }) => ({
        what,
        take: async () => {
          const [flooded, ns] = await Promise.all([flood(one, many, manyMs), probe(one, way)]);
          return {
            rate: megabytes(flooded),
            cpu: flooded.cpu / (total(flooded) / 1e6),
            worst: worstShare(flooded.bytes),
            p50: percentile(ns, 50) / 1000,
            p99: percentile(ns, 99) / 1000,
            probes: ns.length,
          };
        },
      }));
      const single = await interleaved(singles, { rounds });
      const crowd = [...(await interleaved(crowds, { rounds }))];
      const beside = (about: string) => [toxiproxy, epoll].map((peer) => `${about}, ${peer}`);
      const manyAbout = `${many} connections`;
      return [
        ...[...single].map(([what, taken]) => ({
          what,
          unit: "MB/s",
          samples: each(taken, ({ rate }) => rate),
          cpuUs: each(taken, ({ cpu }) => cpu),
          beside: beside("1 connection"),
        })),
        ...crowd.map(([what, taken]) => ({
          what: `${manyAbout}, ${what}`,
          unit: "MB/s",
          samples: each(taken, ({ rate }) => rate),
          cpuUs: each(taken, ({ cpu }) => cpu),
          beside: beside(manyAbout),
        })),
        ...crowd.map(([what, taken]) => ({
          what: `worst connection, ${what}`,
          unit: "of the mean",
          samples: each(taken, ({ worst }) => worst),
        })),
        ...(["p50", "p99"] as const).flatMap((percent) =>
          crowd.map(([what, taken]) => ({
            what: `command ${percent}, ${what}`,
            unit: "us",
            samples: each(taken, (one) => one[percent]),
            beside: beside(`command ${percent}`),
            endings: taken.reduce((sum, { probes }) => sum + probes, 0),
          })),
        ),
      ];
    });
  },
};

function total({ bytes }: Flood): number {
  return bytes.reduce((sum, one) => sum + one, 0);
}

function megabytes(flood: Flood): number {
  return total(flood) / 1e6 / (flood.ns / 1e9);
}
