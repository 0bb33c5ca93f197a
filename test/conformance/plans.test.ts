import { CreateListenerRequest } from "../../src/gen/hangup/v1/listener.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import type { Command, Judge, Reply } from "../support/judge.js";
import { startJudges } from "../support/judge.js";

// Planned resets at byte N by the thousand, 50 connections at a time: each far end tells what it got.

const full = process.env["HANGUP_PLAN_RUNS"] === "full";
const resets = full ? 10_000 : 500;
const parallel = 50;
const judgeCount = 5;
const perJudge = parallel / judgeCount;

let daemon: TestDaemon;
let judges: Judge[];

beforeAll(async () => {
  [daemon, judges] = await Promise.all([startTestDaemon(), startJudges(judgeCount)]);
});

afterAll(async () => {
  await Promise.all([...judges.map(async (judge) => judge.stop()), daemon.stop()]);
});

/** What a far end saw: bytes, and how often each call gave each end. */
interface Outcome {
  readonly bytes: number;
  readonly ends: readonly string[];
}

/** How a peer goes about it: which commands it gives once connected, `$0`, and what its replies come to. */
interface Peer {
  readonly commands: (atByte: number) => readonly Command[];
  readonly outcome: (replies: readonly Reply[]) => Outcome;
}

const handle = "$0";
const ends = (replies: readonly Reply[]) => replies.map(({ end, errno }) => (end ?? errno ?? "none") as string);

/** Sends just the bytes that the plan waits for, then reads to the end, and once more behind it. */
const reader: Peer = {
  commands: (atByte) => [
    { command: "sendAll", handle, size: atByte },
    { command: "recvAll", handle },
    { command: "recv", handle },
    { command: "send", handle, size: 1 },
  ],
  outcome: ([sent, read, again, write]) => {
    if (sent?.["errno"] !== undefined) throw new Error(`send: ${JSON.stringify(sent)}`);
    return { bytes: Number(read?.["bytes"]), ends: ends([read!, again!, write!]) };
  },
};

/** Sends on and on, and reads what comes back: the error meets whichever call is first. */
const talker: Peer = {
  commands: () => [{ command: "echoUntilError", handle, chunk: 7 }],
  outcome: ([echo]) => {
    if (echo?.["errno"] !== undefined) throw new Error(`echo: ${JSON.stringify(echo)}`);
    const events = echo?.["events"] as readonly { call: string; end?: string }[];
    return { bytes: Number(echo?.["received"]), ends: events.map(({ end }) => end ?? "none") };
  },
};

/** All far ends of a listener, 50 at a time: each judge has 10 connections open before the first of them sends. */
async function outcomesOf(
  where: { host: string; port: number },
  peer: Peer,
  atByte: number,
  count: number,
): Promise<Outcome[]> {
  const rounds = count / parallel;
  const commands = peer.commands(atByte);
  const ofJudge = async (judge: Judge) => {
    const outcomes: Outcome[] = [];
    for (let round = 0; round < rounds; round++) {
      const connects = Array.from({ length: perJudge }, (): Command => ({ command: "connect", ...where }));
      const acts = connects.flatMap((_, index) => commands.map((command) => ({ ...command, handle: `$${index}` })));
      const closes = connects.map((_, index): Command => ({ command: "close", handle: `$${index}` }));
      const replies = await judge.batch([...connects, ...acts, ...closes]);
      const wrong = replies.slice(0, perJudge).find((reply) => !("handle" in reply));
      if (wrong !== undefined) throw new Error(`connect: ${JSON.stringify(wrong)}`);
      for (let index = 0; index < perJudge; index++) {
        const from = perJudge + index * commands.length;
        outcomes.push(peer.outcome(replies.slice(from, from + commands.length)));
      }
    }
    return outcomes;
  };
  return (await Promise.all(judges.map(ofJudge))).flat();
}

/** Outcomes that are alike are counted, so that thousands can be compared with what each of them has to be. */
function counted(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { bytes, ends: seen } of outcomes) {
    const key = `${bytes} bytes, ${seen.join(" ")}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

async function underPlan<T>(
  reset: object,
  atByte: number,
  use: (where: { host: string; port: number }) => Promise<T>,
): Promise<T> {
  const { listeners } = daemon;
  const plans = [{ connections: resets, steps: [{ trigger: { bytesReceived: atByte }, action: { reset } }] }];
  const { listener } = await listeners.createListener(CreateListenerRequest.fromJSON({ name: "l", plans }));
  const result = await use({ host: listener!.host, port: listener!.port });
  const report = await listeners.deleteListener({ listener: "l" });
  expect(report.plans).toMatchObject([
    {
      plan: 1,
      connections: resets,
      connectionsSeen: BigInt(resets),
      steps: [{ step: 1, fired: BigInt(resets), notFired: 0n }],
    },
  ]);
  return result;
}

const timeoutMs = full ? 180_000 : 30_000;

test.each([[1], [10], [1000]])(
  `${resets} resets after the flush at byte %i: a peer that reads gets exactly so many, then ECONNRESET, once`,
  async (atByte) => {
    const outcomes = await underPlan({ afterFlush: true }, atByte, async (where) =>
      outcomesOf(where, reader, atByte, resets),
    );
    expect(counted(outcomes)).toEqual({ [`${atByte} bytes, ECONNRESET EOF EPIPE`]: resets });
  },
  timeoutMs,
);

test(
  `${resets} resets after the flush at byte 10: a peer that goes on sending gets exactly so many, and ECONNRESET once`,
  async () => {
    const outcomes = await underPlan({ afterFlush: true }, 10, async (where) => outcomesOf(where, talker, 10, resets));
    for (const { bytes, ends: seen } of outcomes) {
      expect(bytes).toBe(10);
      expect(seen.filter((end) => end === "ECONNRESET")).toHaveLength(1);
    }
    expect(outcomes).toHaveLength(resets);
  },
  timeoutMs,
);

test(
  `${resets} resets at once at byte 1000: each peer gets at most so many, then ECONNRESET`,
  async () => {
    const outcomes = await underPlan({}, 1000, async (where) => outcomesOf(where, reader, 1000, resets));
    for (const { bytes, ends: seen } of outcomes) {
      expect(bytes).toBeLessThanOrEqual(1000);
      expect(seen).toEqual(["ECONNRESET", "EOF", "EPIPE"]);
    }
    expect(outcomes).toHaveLength(resets);
  },
  timeoutMs,
);
