import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type Action, type ActionName, perform } from "../../src/domain/actions/action.js";
import { Fixture } from "../../src/domain/fixture.js";
import { defaultLimits } from "../../src/domain/limits.js";
import type { Scope } from "../../src/domain/scope.js";
import type { Session } from "../../src/domain/session.js";
import type { Measure } from "../measure.js";

// How long an action keeps the event loop: the time from the call to its return, before anything is awaited, in this very
// process, while 1,000 sessions echo. The peers are a process of their own, and are sockets of Node, which do not
// tell every errno: they are not asked what they saw, and an action that is refused fails the measure.

const echoing = 1000;
const flushTimeoutMs = 1000;
const drainTimeoutMs = 1000;
const baseline = "no action";
const listener = {
  onPeerFin: "CLOSE_TOO",
  labels: {},
  behaviour: { kind: { name: "echo" } },
  resetOnAccept: "NEVER",
  state: "LISTENING",
  backlog: 511,
  receiveBufferBytes: undefined,
  plans: [],
} as const;

interface Entry {
  readonly action?: Action;
  readonly first?: Action;
  /** After that the peer sends a byte. */
  readonly peerSends?: true;
}

/** Each action as it is mostly used. `heal` and `resume` follow what they undo. */
const catalogue: Readonly<Record<ActionName, Entry>> = {
  close: { action: { verb: "close", flushTimeoutMs, drainTimeoutMs } },
  half_close: { action: { verb: "half_close", flushTimeoutMs } },
  reset: { action: { verb: "reset", afterFlush: false, discardedData: undefined, flushTimeoutMs } },
  linger: { action: { verb: "linger", timeoutMs: 1000, drainTimeoutMs } },
  reset_unread: { first: { verb: "pause" }, peerSends: true, action: { verb: "reset_unread", timeoutMs: 0 } },
  fin_then_reset: { action: { verb: "fin_then_reset", flushTimeoutMs } },
  last_data: { action: { verb: "last_data", data: Buffer.from("bye"), flushTimeoutMs, drainTimeoutMs } },
  vanish: { action: { verb: "vanish" } },
  black_hole: { action: { verb: "black_hole", direction: "INBOUND" } },
  heal: { first: { verb: "black_hole", direction: "INBOUND" }, action: { verb: "heal" } },
  pause: { action: { verb: "pause" } },
  resume: { first: { verb: "pause" }, action: { verb: "resume" } },
  throttle: { action: { verb: "throttle", throttle: { bytesPerSecond: 1000, chunkBytes: 10, pauseMs: 0 } } },
  delay: { action: { verb: "delay", delayMs: 10 } },
  send: { action: { verb: "send", data: Buffer.from("hello"), flushTimeoutMs } },
  send_urgent: { action: { verb: "send_urgent", data: Buffer.from("!"), flushTimeoutMs } },
  set_behaviour: { action: { verb: "set_behaviour", behaviour: { kind: { name: "discard" } } } },
};

export const actions: Measure = {
  name: "actions",
  about: `how long each action keeps the event loop while ${echoing} sessions echo`,
  defaultRounds: 50,
  async run({ rounds }) {
    const fixture = new Fixture(defaultLimits);
    const scope = fixture.scope("");
    const busy = await scope.createListener("busy", { kind: "tcp", host: "127.0.0.1", port: 0 }, listener);
    const quiet = await scope.createListener("quiet", { kind: "tcp", host: "127.0.0.1", port: 0 }, listener);
    const peers = spawn(process.execPath, ["-e", peerProgram, String(busy.view().port), String(quiet.view().port)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const exited = once(peers, "exit");
    const lines = createInterface({ input: peers.stdout })[Symbol.asyncIterator]();
    try {
      // Each line tells that the connections asked for are open.
      await lines.next();
      const entries: readonly (readonly [string, Entry])[] = [[baseline, {}], ...Object.entries(catalogue)];
      const samples = new Map<string, number[]>(entries.map(([name]) => [name, []]));
      const performing: Promise<unknown>[] = [];
      const refused: string[] = [];
      for (let round = -2; round < rounds; round += 1) {
        for (const [name, { action, first, peerSends }] of entries) {
          peers.stdin.write("open\n");
          await lines.next();
          const session = await accepted(scope);
          if (first !== undefined) await perform(session, first, context);
          if (peerSends) {
            peers.stdin.write("send\n");
            await lines.next();
          }
          const { took, done } = performed(session, action);
          // That none was refused is looked at in the end: to wait here would be to measure a loop that has rested.
          performing.push(done.catch((error: unknown) => refused.push(`${name}: ${String(error)}`)));
          if (round >= 0) samples.get(name)?.push(took);
        }
      }
      await Promise.all(performing);
      if (refused.length > 0) throw new Error(`refused: ${refused.length}, the first ${refused[0]}`);
      return [...samples].map(([what, taken]) => ({
        what,
        unit: "us",
        samples: taken,
        ...(what === baseline ? {} : { beside: [baseline] }),
      }));
    } finally {
      peers.stdin.end();
      await exited;
      await fixture.stop();
    }
  },
};

const context = { cause: { kind: "COMMAND", rpc: "PerformAction", action: "" }, limits: defaultLimits } as const;

/** The newest session of the quiet listener; the peer's process has told that it is open, the accept may come after. */
async function accepted(scope: Scope): Promise<Session> {
  for (;;) {
    const session = scope.find({ listener: "quiet" });
    if (session !== undefined && !used.has(session)) {
      used.add(session);
      return session;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const used = new WeakSet<Session>();

/** How long it kept the loop, in us, and what it waits for afterwards. */
function performed(session: Session, action: Action | undefined): { took: number; done: Promise<void> } {
  const begin = process.hrtime.bigint();
  let done = Promise.resolve();
  if (action === undefined) session.assertLiving("nothing");
  else done = perform(session, action, context);
  return { took: Number(process.hrtime.bigint() - begin) / 1000, done };
}

/** 1,000 connections that send what comes back, one message each under way; one more for `open`, a byte on it for `send`. */
const peerProgram = `
  const net = require('node:net');
  const [busy, quiet] = process.argv.slice(1).map(Number);
  let open = 0;
  for (let i = 0; i < ${echoing}; i++) {
    const socket = net.connect(busy, '127.0.0.1', () => {
      socket.write(Buffer.alloc(64));
      if (++open === ${echoing}) console.log('ready');
    });
    socket.on('data', (chunk) => setTimeout(() => socket.write(chunk), 20)).on('error', () => {});
  }
  let socket;
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    if (line === 'send') return socket.write('?', () => console.log('sent'));
    socket = net.connect(quiet, '127.0.0.1', () => console.log('open'));
    socket.on('data', () => {}).on('error', () => {});
  }).on('close', () => process.exit(0));
`;
