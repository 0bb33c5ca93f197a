// Every bound of a daemon, at the bound and one past it.
import { createClientFactory } from "nice-grpc";
import { errorDetailsClientMiddleware } from "nice-grpc-error-details";
import { defaultLimits, type Limits } from "../../src/domain/limits.js";
import { Action } from "../../src/gen/hangup/v1/action.js";
import { CreateListenerRequest, UpdateListenerRequest } from "../../src/gen/hangup/v1/listener.js";
import { ScopeServiceDefinition } from "../../src/gen/hangup/v1/scope.js";
import { OpenSessionRequest } from "../../src/gen/hangup/v1/session.js";
import { look, perform } from "../support/actions.js";
import { dialJudge } from "../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, startJudge } from "../support/judge.js";

let judge: Judge;

beforeAll(async () => {
  judge = await startJudge();
});

afterAll(async () => judge.stop());

const bounded = async (limits: Partial<Limits>) => startTestDaemon({ limits });
const text = (value: string) => ({ $case: "text" as const, value });
const past = { code: "RESOURCE_EXHAUSTED" };

function listen(daemon: TestDaemon, json: object) {
  return daemon.listeners.createListener(CreateListenerRequest.fromJSON(json));
}

/** Holds a scope, with the place of a call that waits, until it is disposed of. */
async function holding(daemon: TestDaemon, scope = "held"): Promise<Disposable> {
  const given = new AbortController();
  const scopes = createClientFactory().use(errorDetailsClientMiddleware).create(ScopeServiceDefinition, daemon.channel);
  const stream = scopes.holdScope({ scope }, { signal: given.signal })[Symbol.asyncIterator]();
  await stream.next();
  const over = stream.next().catch(() => undefined);
  return { [Symbol.dispose]: () => void (given.abort(), over) };
}

/** A step that sends when it is told to. */
const sending = (send: object) => ({ trigger: { signal: "go" }, action: { send } });

test("GetInfo tells every bound, as it was set", async () => {
  const limits: Limits = { ...defaultLimits, scopes: 7, dataBytes: 9, planBytes: 11, endedInboxBytes: 2 ** 33 };
  await using daemon = await bounded(limits);
  const told = (await daemon.info.getInfo({})).limits!;
  // As many sessions as asked for, where the descriptors are enough for them.
  expect(told).toMatchObject({ ...limits, endedInboxBytes: 2n ** 33n, sessions: expect.any(Number) });
  expect(told.sessions).toBeLessThanOrEqual(limits.sessions);
});

test("waiters: one too many is TOO_MANY_WAITERS, until another has ended", async () => {
  await using daemon = await bounded({ waiters: 1 });
  const { name, peer } = await dialJudge(daemon, judge);
  const first = daemon.sessions.receiveData({ session: name, minBytes: 1, timeout: ms(60_000) });
  const wait = () => daemon.sessions.waitSession({ session: name, timeout: ms(0) });
  // The first is there when the second is refused.
  let failure = await wait().then(
    () => undefined,
    () => failureOf(wait()),
  );
  while (failure === undefined) {
    failure = await wait().then(
      () => undefined,
      () => failureOf(wait()),
    );
  }
  expect(failure).toMatchObject({ ...past, reason: "TOO_MANY_WAITERS" });
  await peer.sendAll({ text: "x" });
  await first;
  await wait();
  await peer.close();
});

describe("waiters: past the bound nothing is done, by", () => {
  const flushTimeout = ms(5000);
  const act = (daemon: TestDaemon, session: string, action: object) =>
    daemon.sessions.performAction({ session, action: Action.fromJSON(action) });

  test.each<[string, (daemon: TestDaemon, session: string) => Promise<unknown>]>([
    ["SendData", (daemon, session) => daemon.sessions.sendData({ session, payload: text("x"), flushTimeout })],
    ["CloseSession", (daemon, session) => daemon.sessions.closeSession({ session })],
    ["HalfCloseSession", (daemon, session) => daemon.sessions.halfCloseSession({ session })],
    ["close", (daemon, session) => act(daemon, session, { close: {} })],
    ["half_close", (daemon, session) => act(daemon, session, { halfClose: {} })],
    ["reset after flush", (daemon, session) => act(daemon, session, { reset: { afterFlush: true } })],
    ["linger", (daemon, session) => act(daemon, session, { linger: {} })],
    ["reset_unread", (daemon, session) => act(daemon, session, { resetUnread: {} })],
    ["fin_then_reset", (daemon, session) => act(daemon, session, { finThenReset: {} })],
    ["last_data", (daemon, session) => act(daemon, session, { lastData: { text: "x" } })],
    ["send", (daemon, session) => act(daemon, session, { send: { text: "x" } })],
    ["send_urgent", (daemon, session) => act(daemon, session, { sendUrgent: { text: "x" } })],
  ])("%s", async (_, call) => {
    await using daemon = await bounded({ waiters: 1 });
    const { name, peer } = await dialJudge(daemon, judge);
    using _held = await holding(daemon);
    const before = (await daemon.events.listEvents({})).nextAfterSequence;
    expect(await failureOf(call(daemon, name))).toMatchObject({ ...past, reason: "TOO_MANY_WAITERS" });
    expect((await daemon.events.listEvents({ afterSequence: before })).events).toEqual([]);
    expect(await look(daemon, name)).toMatchObject({ state: "ESTABLISHED" });
    await peer.close();
  });

  test("HoldScope: there is no such scope", async () => {
    await using daemon = await bounded({ waiters: 1 });
    using _held = await holding(daemon);
    expect(await failureOf(holding(daemon, "another"))).toMatchObject({ ...past, reason: "TOO_MANY_WAITERS" });
    await expect(daemon.listeners.listListeners({ scope: "another" })).rejects.toThrow(/UNKNOWN_SCOPE|no scope/);
  });

  test("a reset_unread that waits, which is one call on however many sessions", async () => {
    await using daemon = await bounded({ waiters: 2 });
    for (const _ of [1, 2, 3]) await dialJudge(daemon, judge);
    const action = Action.fromJSON({ resetUnread: { timeout: ms(60_000) } });
    const waiting = [1, 2].map(async () => daemon.sessions.performAction({ all: true, action }));
    const more = () => failureOf(daemon.sessions.performAction({ all: true, action }));
    expect(await more()).toMatchObject({ ...past, reason: "TOO_MANY_WAITERS" });
    await daemon.daemon.stop();
    for (const { failed } of await Promise.all(waiting)) expect(failed).toEqual({ SESSION_ENDED: 3n });
  });
});

test("waiters: what waits for nothing is done past the bound, and the place of a stream is free when it has ended", async () => {
  await using daemon = await bounded({ waiters: 1 });
  const { name, peer } = await dialJudge(daemon, judge);
  {
    using _held = await holding(daemon);
    await daemon.sessions.sendData({ session: name, payload: text("x"), flushTimeout: ms(0) });
    await perform(daemon, name, { pause: {} });
    await daemon.sessions.resetSession({ session: name });
    expect((await peer.recvAll()).end).toBe("ECONNRESET");
  }
  // Its place is free when the daemon has heard of it, and the scope's end is told after that.
  for await (const { events } of daemon.events.streamEvents({ scope: "-", afterSequence: 0n })) {
    if (events.some(({ fact }) => fact?.$case === "scopeEnded")) break;
  }
  await daemon.sessions.waitSession({ session: name, condition: 1, timeout: ms(0) });
});

test("subscribers: one too many is TOO_MANY_SUBSCRIBERS, until another has ended", async () => {
  await using daemon = await bounded({ subscribers: 1 });
  const first = daemon.events.streamEvents({})[Symbol.asyncIterator]();
  await first.next();
  const another = async () => {
    for await (const _ of daemon.events.streamEvents({ maxEvents: 1, afterSequence: 0n })) return;
  };
  expect(await failureOf(another())).toMatchObject({ ...past, reason: "TOO_MANY_SUBSCRIBERS" });
  await listen(daemon, { name: "ends-the-next" });
  await daemon.daemon.stop();
  await expect(first.next().then(({ value }) => value?.events.length)).resolves.toBe(1);
});

test("sessions: of two dials at once one is TOO_MANY_SESSIONS, and its place is free when the other has ended", async () => {
  await using daemon = await bounded({ sessions: 1 });
  const target = await judge.listen({ host: "127.0.0.1" });
  const dial = (name: string) => daemon.sessions.openSession({ name, target: `127.0.0.1:${target.port}` });
  const outcomes = await Promise.allSettled([dial("a"), dial("b")]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(await failureOf(dial("c"))).toMatchObject({ ...past, reason: "TOO_MANY_SESSIONS" });
  const [living] = (await daemon.sessions.listSessions({ living: true })).sessions;
  await daemon.sessions.resetSession({ session: living!.name });
  await dial("c");
  await target.close();
});

test("sessions: a dial that fails takes no place", async () => {
  await using daemon = await bounded({ sessions: 1 });
  const refusing = await judge.listen({ host: "127.0.0.1" });
  await refusing.close();
  for (let n = 0; n < 3; n++) {
    expect(await failureOf(daemon.sessions.openSession({ target: `127.0.0.1:${refusing.port}` }))).toMatchObject({
      reason: "CONNECT_FAILED",
    });
  }
  const { peer } = await dialJudge(daemon, judge);
  await peer.close();
});

test("data bytes: as many are sent and received; one more is DATA_TOO_LARGE, or INVALID_FIELD where the field is known", async () => {
  await using daemon = await bounded({ dataBytes: 100 });
  const { name, peer } = await dialJudge(daemon, judge);
  await daemon.sessions.sendData({ session: name, payload: text("x".repeat(100)) });
  expect((await peer.recvAll({ max: 100 })).bytes).toBe(100);
  expect(await failureOf(daemon.sessions.sendData({ session: name, payload: text("x".repeat(101)) }))).toMatchObject({
    ...past,
    reason: "DATA_TOO_LARGE",
    field: "data",
  });
  const send = (json: object) =>
    daemon.sessions.performAction({ session: name, action: Action.fromJSON({ send: json }) });
  await send({ random: { bytes: 50 }, repeat: 2 });
  expect((await peer.recvAll({ max: 100 })).bytes).toBe(100);
  expect(await failureOf(send({ random: { bytes: 101 } }))).toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "action.send.random.bytes",
  });
  await peer.sendAll({ size: 100 });
  expect((await daemon.sessions.receiveData({ session: name, minBytes: 100 })).data.length).toBe(100);
  expect(await failureOf(daemon.sessions.receiveData({ session: name, minBytes: 101 }))).toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "min_bytes",
  });
  await peer.close();
});

test("send queue bytes: as many wait; one more is SEND_QUEUE_FULL, and is not sent", async () => {
  await using daemon = await bounded({ sendQueueBytes: 10 });
  const { name, peer } = await dialJudge(daemon, judge);
  await perform(daemon, name, { delay: { duration: ms(60_000) } });
  const send = (value: string) =>
    daemon.sessions.sendData({ session: name, payload: text(value), flushTimeout: ms(0) });
  expect(await failureOf(send("0123456789"))).toMatchObject({ reason: "FLUSH_TIMEOUT" });
  expect(await failureOf(send("x"))).toMatchObject({ ...past, reason: "SEND_QUEUE_FULL" });
  expect(await look(daemon, name)).toMatchObject({ unsentBytes: "10" });
  await peer.close();
});

test("message bytes: what is larger is RESOURCE_EXHAUSTED, and the daemon goes on", async () => {
  await using daemon = await bounded({ messageBytes: 64 * 1024, dataBytes: 32 * 1024 });
  const { name, peer } = await dialJudge(daemon, judge);
  const send = (bytes: number) =>
    daemon.sessions.sendData({ session: name, payload: { $case: "data", value: Buffer.alloc(bytes) } });
  // Our own answer where it fits a message, the library's where it does not.
  expect(await failureOf(send(64 * 1024 - 100))).toMatchObject({ ...past, reason: "DATA_TOO_LARGE" });
  expect(await failureOf(send(64 * 1024))).toMatchObject({ ...past, reason: "" });
  await send(32 * 1024);
  await peer.close();
});

describe("plans", () => {
  test("as many as may be, of as many steps", async () => {
    await using daemon = await bounded({ plans: 2, planSteps: 2 });
    const step = { trigger: { accepted: {} }, action: { pause: {} } };
    const plan = (steps: number) => ({ connections: 1, steps: Array.from({ length: steps }, () => step) });
    await listen(daemon, { name: "l", plans: [plan(2), plan(2)] });
    const invalid = { code: "INVALID_ARGUMENT", reason: "INVALID_FIELD" };
    expect(await failureOf(listen(daemon, { plans: [plan(1), plan(1), plan(1)] }))).toMatchObject({
      ...invalid,
      field: "plans",
    });
    expect(await failureOf(listen(daemon, { plans: [plan(3)] }))).toMatchObject({
      ...invalid,
      field: "plans[0].steps",
    });
    const update = UpdateListenerRequest.fromJSON({ listener: "l", plans: [plan(1), plan(3)] });
    expect(await failureOf(daemon.listeners.updateListener(update))).toMatchObject({
      ...invalid,
      field: "plans[1].steps",
    });
    const open = OpenSessionRequest.fromJSON({ target: "127.0.0.1:1", plan: plan(3) });
    expect(await failureOf(daemon.sessions.openSession(open))).toMatchObject({ ...invalid, field: "plan.steps" });
  });

  test.each<[string, object[]]>([
    ["sends", [sending({ text: "x".repeat(60) }), sending({ text: "x".repeat(40) })]],
    ["repeats", [sending({ text: "x".repeat(10), repeat: 10 })]],
    ["sends at random", [sending({ random: { bytes: 100 } })]],
    [
      "chooses among",
      [{ trigger: { signal: "go" }, oneOf: [{ send: { text: "x".repeat(99) } }, { send: { text: "y" } }] }],
    ],
    ["looks for", [{ trigger: { patternText: "x".repeat(100) }, action: { reset: {} } }]],
    ["sends last", [{ trigger: { signal: "go" }, action: { lastData: { text: "x".repeat(100) } } }]],
    [
      "discards",
      [{ trigger: { signal: "go" }, action: { reset: { discardedData: Buffer.alloc(100).toString("base64") } } }],
    ],
    [
      "greets with",
      [
        {
          trigger: { signal: "go" },
          action: { setBehaviour: { behaviour: { echo: {}, bannerText: "x".repeat(100) } } },
        },
      ],
    ],
  ])("may hold 100 bytes, and one more is DATA_TOO_LARGE on its step: %s", async (_, steps) => {
    await using daemon = await bounded({ planBytes: 100 });
    await listen(daemon, { plans: [{ connections: 1, steps }] });
    const more = { connections: 1, steps: [sending({ text: "1" })] };
    expect(await failureOf(listen(daemon, { plans: [{ connections: 1, steps }, more] }))).toMatchObject({
      ...past,
      reason: "DATA_TOO_LARGE",
      field: "plans[1].steps[0]",
    });
  });

  test("what is small to ask for and large to hold is refused before it is made", async () => {
    await using daemon = await startTestDaemon();
    const steps = Array.from({ length: 64 }, () => sending({ random: { bytes: 1024 * 1024 } }));
    const plans = Array.from({ length: 64 }, () => ({ connections: 1, steps }));
    const before = process.memoryUsage().arrayBuffers;
    expect(await failureOf(listen(daemon, { plans }))).toMatchObject({
      reason: "DATA_TOO_LARGE",
      field: "plans[0].steps[16]",
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });
});

test("labels: 32 of 63 and 255 bytes; one more of each is refused with its field", async () => {
  await using daemon = await startTestDaemon();
  const labels = (count: number, key = 60, value = 255) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [String(n).padStart(key, "k"), "v".repeat(value)]));
  await listen(daemon, { labels: labels(32, 63) });
  const invalid = { code: "INVALID_ARGUMENT", reason: "INVALID_FIELD" };
  expect(await failureOf(listen(daemon, { labels: labels(33) }))).toMatchObject({ ...invalid, field: "labels" });
  expect(await failureOf(listen(daemon, { labels: labels(1, 64) }))).toMatchObject({ ...invalid, field: "labels" });
  expect(await failureOf(listen(daemon, { labels: labels(1, 1, 256) }))).toMatchObject({
    ...invalid,
    field: "labels[0]",
  });
});

test("ended sessions: of their bytes as many wait as may; then the one that ended first is forgotten", async () => {
  await using daemon = await bounded({ endedInboxBytes: 10 });
  const endedWith = async (value: string) => {
    const { name, peer } = await dialJudge(daemon, judge);
    await peer.sendAll({ text: value });
    await daemon.sessions.waitSession({ session: name, bytesReceived: BigInt(value.length) });
    await peer.close({ linger0: true });
    await daemon.sessions.waitSession({ session: name, condition: 1 });
    return name;
  };
  const names = async () => (await daemon.sessions.listSessions({})).sessions.map(({ name }) => name);
  const first = await endedWith("01234");
  const second = await endedWith("56789");
  expect(await names()).toEqual([first, second]);
  const third = await endedWith("x");
  expect(await names()).toEqual([second, third]);
});
