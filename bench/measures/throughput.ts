import { ask, cpuUs } from "../child.js";
import { Commander } from "../commander.js";
import { drive, epoll, type Running, tools, toxiproxy, type Way } from "../contestants.js";
import { assertEndings, type Endings } from "../endings.js";
import { each, interleaved } from "../interleaved.js";
import type { Measure, Row } from "../measure.js";
import { percentile, worstShare } from "../statistics.js";
import { calledBy, withAll } from "../with-all.js";

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
    const [oneMs, manyMs] = quick ? [200, 300] : [1500, 4000];
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
      const turns = running.flatMap((one) =>
        one.contestant.ways.map((way) => ({
          what: calledBy(one.contestant, way),
          take: async () => {
            const single = await flood(one, 1, oneMs);
            const [all, ns] = await Promise.all([flood(one, many, manyMs), probe(one, way)]);
            return {
              single: megabytes(single),
              all: megabytes(all),
              singleCpu: single.cpu / (total(single) / 1e6),
              allCpu: all.cpu / (total(all) / 1e6),
              worst: worstShare(all.bytes),
              p50: percentile(ns, 50) / 1000,
              p99: percentile(ns, 99) / 1000,
              probes: ns.length,
            };
          },
        })),
      );
      const results = [...(await interleaved(turns, { rounds }))];
      type Taken = Awaited<ReturnType<(typeof turns)[number]["take"]>>;
      const rows = (
        about: string,
        unit: string,
        pick: (taken: Taken) => number,
        beside: readonly string[],
        more: (taken: readonly Taken[]) => Partial<Row> = () => ({}),
      ): Row[] =>
        results.map(([what, taken]) => ({
          what: `${about}, ${what}`,
          unit,
          samples: each(taken, pick),
          beside: beside.map((peer) => `${about}, ${peer}`),
          ...more(taken),
        }));
      const endings = (taken: readonly Taken[]) => ({ endings: taken.reduce((sum, { probes }) => sum + probes, 0) });
      return [
        ...rows(
          "1 connection",
          "MB/s",
          ({ single }) => single,
          [toxiproxy, epoll],
          (taken) => ({
            cpuUs: each(taken, ({ singleCpu }) => singleCpu),
          }),
        ),
        ...rows(
          `${many} connections`,
          "MB/s",
          ({ all }) => all,
          [toxiproxy, epoll],
          (taken) => ({
            cpuUs: each(taken, ({ allCpu }) => allCpu),
          }),
        ),
        ...rows("worst connection", "of the mean", ({ worst }) => worst, []),
        ...rows("command p50", "us", ({ p50 }) => p50, [toxiproxy, epoll], endings),
        ...rows("command p99", "us", ({ p99 }) => p99, [toxiproxy, epoll], endings),
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
