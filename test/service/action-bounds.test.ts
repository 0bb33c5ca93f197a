// Rates, sizes and delays are bounded: INVALID_ARGUMENT with the path of the field, and nothing is done.
import { Action } from "../../src/gen/hangup/v1/action.js";
import { type ActionJson, look } from "../support/actions.js";
import { dialJudge } from "../support/connections.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, type Peer, startJudge } from "../support/judge.js";

let daemon: TestDaemon;
let judge: Judge;
let peer: Peer;
let name: string;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
  ({ peer, name } = await dialJudge(daemon, judge));
});

afterAll(async () => {
  await peer.close();
  await Promise.all([judge.stop(), daemon.stop()]);
});

const past = { seconds: "301", nanos: 0 };
const before = { seconds: "-1", nanos: 0 };
const bytes = (count: number) => Buffer.alloc(count).toString("base64");

const bad: readonly (readonly [field: string, action: ActionJson])[] = [
  ["action", {}],
  ["action.close.flush_timeout", { close: { flushTimeout: past } }],
  ["action.close.drain_timeout", { close: { drainTimeout: before } }],
  ["action.half_close.flush_timeout", { halfClose: { flushTimeout: past } }],
  ["action.reset.flush_timeout", { reset: { afterFlush: true, flushTimeout: past } }],
  ["action.reset.discarded_data", { reset: { afterFlush: true, discardedData: bytes(1) } }],
  ["action.reset.discarded_data", { reset: { discardedData: bytes(65_537) } }],
  ["action.linger.timeout", { linger: { timeout: past } }],
  ["action.linger.timeout", { linger: { timeout: before } }],
  ["action.linger.drain_timeout", { linger: { drainTimeout: past } }],
  ["action.reset_unread.timeout", { resetUnread: { timeout: past } }],
  ["action.fin_then_reset.flush_timeout", { finThenReset: { flushTimeout: past } }],
  ["action.last_data.payload", { lastData: {} }],
  ["action.last_data.data", { lastData: { data: bytes(65_537) } }],
  ["action.last_data.flush_timeout", { lastData: { text: "x", flushTimeout: past } }],
  ["action.last_data.drain_timeout", { lastData: { text: "x", drainTimeout: past } }],
  ["action.black_hole.direction", { blackHole: { direction: 7 } }],
  ["action.throttle.bytes_per_second", { throttle: { bytesPerSecond: "10000000001" } }],
  ["action.throttle.chunk_bytes", { throttle: { chunkBytes: 65_537 } }],
  ["action.throttle.pause", { throttle: { chunkBytes: 1, pause: { seconds: "61", nanos: 0 } } }],
  ["action.delay.duration", { delay: { duration: past } }],
  ["action.delay.duration", { delay: { duration: before } }],
  ["action.send.payload", { send: {} }],
  ["action.send.payload", { send: { text: "" } }],
  ["action.send.data", { send: { data: bytes(1024 * 1024 + 1) } }],
  ["action.send.repeat", { send: { data: bytes(1024), repeat: 1025 } }],
  ["action.send.random.bytes", { send: { random: { bytes: 1024 * 1024 + 1 } } }],
  ["action.send.random.bytes", { send: { random: { bytes: 0 } } }],
  ["action.send.random.bytes", { send: { random: { bytes: 1024 }, repeat: 1025 } }],
  ["action.send.flush_timeout", { send: { text: "x", flushTimeout: past } }],
  ["action.send_urgent.payload", { sendUrgent: {} }],
  ["action.send_urgent.data", { sendUrgent: { data: bytes(1025) } }],
  ["action.send_urgent.flush_timeout", { sendUrgent: { text: "x", flushTimeout: past } }],
  ["action.set_behaviour.behaviour", { setBehaviour: {} }],
  ["action.set_behaviour.behaviour", { setBehaviour: { behaviour: {} } }],
  [
    "action.set_behaviour.behaviour.banner_data",
    { setBehaviour: { behaviour: { bannerData: bytes(65_537), echo: {} } } },
  ],
  [
    "action.set_behaviour.behaviour.source.bytes_per_second",
    { setBehaviour: { behaviour: { source: { bytesPerSecond: "10000000001" } } } },
  ],
];

test.each(bad.map(([field, action], index) => [index + 1, field, action] as const))(
  "%i: %s",
  async (_index, field, action) => {
    const failure = await failureOf(daemon.sessions.performAction({ session: name, action: Action.fromJSON(action) }));
    expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", field });
    const session = await look(daemon, name);
    expect(session).toMatchObject({ state: "ESTABLISHED", behaviour: { manual: {} } });
    expect(session["bytesSent"]).toBeUndefined();
    expect(session["receipt"]).toBeUndefined();
  },
);

const good: readonly ActionJson[] = [
  { delay: { duration: { seconds: "300", nanos: 0 } } },
  { delay: {} },
  { throttle: { bytesPerSecond: "10000000000", chunkBytes: 65_536, pause: { seconds: "60", nanos: 0 } } },
  { throttle: {} },
];

test.each(good.map((action) => [JSON.stringify(action), action] as const))(
  "at the bound: %s is taken",
  async (_text, action) => {
    const reply = await daemon.sessions.performAction({ session: name, action: Action.fromJSON(action) });
    expect(reply.performed).toBe(1n);
  },
);
