import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, type Contestant, drive, freePort, tools, toxiproxy } from "../contestants.js";
import { assertEndings, type Endings } from "../endings.js";
import { each, interleaved } from "../interleaved.js";
import type { Measure, Row } from "../measure.js";
import { calledBy } from "../with-all.js";

// From spawn to the ready line, to the answer of a first call that is sent once that line is there, and to the end of 50
// cycles. Node's own start is in all of them: it is measured beside them.

interface StartUp {
  readonly readyNs: number;
  readonly answeredNs: number;
  readonly cyclesNs: number;
  readonly endings?: Endings;
  readonly exitedNs?: number;
}

const cycles = 50;
/** See bench/peers/grpc-js-alone.ts. */
const floor = "grpc-js-alone";
const peers = join(__dirname, "../bench/peers");

export const startUp: Measure = {
  name: "start-up",
  about: `from spawn to the first answered call, and to ${cycles} cycles done`,
  defaultRounds: 15,
  async run({ rounds, contestants }) {
    const { driver } = tools(contestants);
    const bare = contestants.hangups.map(({ name, command }) => ({
      what: `node -e 0, ${name}`,
      take: () => drive<StartUp>(driver, ["-way", "none"], "start-up", command, "-e", "0"),
    }));
    const started = contestants.all.flatMap((one) =>
      one.ways.map((way) => ({
        what: calledBy(one, way),
        take: async () => {
          // What Toxiproxy proxies to is no part of its start, and has to be there before.
          const upstream = one.name === toxiproxy ? await one.start() : undefined;
          try {
            const flags = upstream?.flags(way) ?? ["-way", way, "-ready-line"];
            const command = await commandOf(one);
            const all = [...flags, ...command.flags, "-n", String(cycles)];
            const taken = await drive<StartUp>(driver, all, "start-up", ...command.line);
            assertEndings(one.name, "econnreset", cycles, taken.endings ?? { econnreset: 0, eof: 0, other: 0 });
            return taken;
          } finally {
            await upstream?.stop();
          }
        },
      })),
    );
    const bundle = bundleFloor();
    const floors = contestants.hangups.map(({ name, command }) => {
      const cache = join(cacheFolder, `${floor}-${name}.cache`);
      rmSync(cache, { force: true });
      const line = [command, join(peers, "with-code-cache.cjs"), bundle, cache];
      return {
        what: `${floor}, ${name}`,
        take: () => drive<StartUp>(driver, ["-way", "unary", "-ready-line"], "start-up", ...line),
      };
    });
    const results = [...(await interleaved<StartUp>([...bare, ...floors, ...started], { rounds }))];
    const taking = (kind: string) => results.filter(([what]) => what.startsWith(kind));
    const bares = taking("node -e 0");
    const alone = taking(floor);
    const others = results.filter((result) => !bares.includes(result) && !alone.includes(result));
    const rows = (what: string, of: typeof results, pick: (taken: StartUp) => number, endings?: number): Row[] =>
      of.map(([name, taken]) => ({
        what: `${what}, ${name}`,
        unit: "ms",
        samples: each(taken, (one) => pick(one) / 1e6),
        beside: [...nodeBeside(what, name), `${what}, ${toxiproxy}`],
        ...(endings === undefined ? {} : { endings }),
      }));
    return [
      ...bares.map(([what, taken]) => ({
        what,
        unit: "ms",
        samples: each(taken, ({ exitedNs = 0 }) => exitedNs / 1e6),
      })),
      ...rows("ready", [...alone, ...others], ({ readyNs }) => readyNs),
      ...rows("first answer", [...alone, ...others], ({ answeredNs }) => answeredNs),
      ...rows(`${cycles} cycles`, others, ({ cyclesNs }) => cyclesNs, cycles * rounds),
    ];
  },
};

/** What the Node of a row whose name ends in one takes by itself, and with grpc-js. */
function nodeBeside(what: string, name: string): string[] {
  const node = /Node \d+$/.exec(name)?.[0];
  return node === undefined ? [] : [`node -e 0, ${node}`, `${what}, ${floor}, ${node}`];
}

function bundleFloor(): string {
  const bundle = join(cacheFolder, `${floor}.cjs`);
  const args = [join(peers, `${floor}.ts`), "--bundle", "--platform=node", "--target=node20", `--outfile=${bundle}`];
  const { status, stderr } = spawnSync(join(peers, "../../node_modules/.bin/esbuild"), args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${floor} cannot be bundled: ${stderr}`);
  return bundle;
}

/** Toxiproxy tells no address: it gets one. */
async function commandOf({ name, command, args, env }: Contestant) {
  if (name !== toxiproxy) return { flags: [], line: [command, ...args] };
  const port = String(await freePort());
  const given = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  return {
    flags: ["-address", `127.0.0.1:${port}`],
    line: ["env", ...given, command, "-host", "127.0.0.1", "-port", port],
  };
}
