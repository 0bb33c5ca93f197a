import { type Contestant, drive, freePort, tools, toxiproxy } from "../contestants.js";
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
    const results = [...(await interleaved<StartUp>([...bare, ...started], { rounds }))];
    const bares = results.filter(([what]) => what.startsWith("node -e 0"));
    const others = results.filter(([what]) => !what.startsWith("node -e 0"));
    const rows = (what: string, pick: (taken: StartUp) => number, endings?: number): Row[] =>
      others.map(([name, taken]) => ({
        what: `${what}, ${name}`,
        unit: "ms",
        samples: each(taken, (one) => pick(one) / 1e6),
        beside: [...nodeBeside(name), `${what}, ${toxiproxy}`],
        ...(endings === undefined ? {} : { endings }),
      }));
    return [
      ...bares.map(([what, taken]) => ({
        what,
        unit: "ms",
        samples: each(taken, ({ exitedNs = 0 }) => exitedNs / 1e6),
      })),
      ...rows("ready", ({ readyNs }) => readyNs),
      ...rows("first answer", ({ answeredNs }) => answeredNs),
      ...rows(`${cycles} cycles`, ({ cyclesNs }) => cyclesNs, cycles * rounds),
    ];
  },
};

/** The bare Node of a row whose name ends in one. */
function nodeBeside(name: string): string[] {
  const node = /Node \d+$/.exec(name)?.[0];
  return node === undefined ? [] : [`node -e 0, ${node}`];
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
