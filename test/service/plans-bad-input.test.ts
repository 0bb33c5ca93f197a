import { CreateListenerRequest, UpdateListenerRequest } from "../../src/gen/hangup/v1/listener.js";
import { OpenSessionRequest } from "../../src/gen/hangup/v1/session.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, startJudge } from "../support/judge.js";

// A plan that cannot be is refused with the path of its field, before anything listens.

let daemon: TestDaemon;
let judge: Judge;
/** A port that nobody else takes while the judge is bound to it; freed just before it is asked for. */
let port: number;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
  const holder = await judge.listen({ host: "127.0.0.1" });
  port = holder.port;
  await holder.close();
});

afterAll(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

const times = (count: number, value: object) => Array.from({ length: count }, () => value);
const reset = { reset: {} };
const accepted = { accepted: {} };
const step = (trigger: object | undefined, rest: object = { action: reset }) => ({
  ...(trigger && { trigger }),
  ...rest,
});
const send = { send: { text: "x" } };
const good = step({ bytesReceived: 1 }, { action: send });
/** A good step, and then this one. */
const second = (bad: object) => ({ plans: [{ steps: [good, bad] }] });
const after = (first: object, then: object) =>
  second2(step(accepted, { action: first }), step({ bytesReceived: 1 }, { action: then }));
const second2 = (first: object, then: object) => ({ plans: [{ steps: [first, then] }] });
const lastData = { lastData: { text: "x" } };

const step1 = "plans[0].steps[1]";
const trigger1 = `${step1}.trigger`;
const action1 = `${step1}.action`;

type Case = readonly [what: string, request: object, field: string, reason: string];

const shapes: readonly Case[] = [
  ["a step without a trigger", second(step(undefined)), trigger1, "MISSING_FIELD"],
  ["a trigger without a fact", second(step({})), trigger1, "MISSING_FIELD"],
  ["a step without an action", second(step(accepted, {})), action1, "MISSING_FIELD"],
  ["an action without a verb", second(step(accepted, { action: {} })), action1, "MISSING_FIELD"],
  [
    "an action and a choice",
    second(step(accepted, { action: reset, oneOf: [reset] })),
    `${step1}.one_of`,
    "CONFLICTING_FIELDS",
  ],
  ["a choice without a verb", second(step(accepted, { oneOf: [reset, {}] })), `${step1}.one_of[1]`, "MISSING_FIELD"],
  ["a choice of 17", second(step(accepted, { oneOf: times(17, send) })), `${step1}.one_of`, "INVALID_FIELD"],
  ["a plan without steps", { plans: [{ steps: [good] }, {}] }, "plans[1].steps", "MISSING_FIELD"],
  ["65 steps", { plans: [{ steps: times(65, good) }] }, "plans[0].steps", "INVALID_FIELD"],
  ["65 plans", { plans: times(65, { connections: 1, steps: [good] }) }, "plans", "INVALID_FIELD"],
  [
    "a plan behind an endless one",
    { plans: [{ connections: 1, steps: [good] }, { steps: [good] }, { connections: 1, steps: [good] }] },
    "plans[1].connections",
    "INVALID_FIELD",
  ],
  [
    "an action that is wrong in itself",
    second(step(accepted, { action: { send: { text: "" } } })),
    `${action1}.send.payload`,
    "MISSING_FIELD",
  ],
];

const huge = "9007199254740992";
const triggers: readonly Case[] = (
  [
    ["bytes_received 0", { bytesReceived: 0 }, "bytes_received"],
    ["bytes_sent 0", { bytesSent: 0 }, "bytes_sent"],
    ["bytes_received 2^53", { bytesReceived: huge }, "bytes_received"],
    ["bytes_sent 2^64-1, as a negative number comes", { bytesSent: "18446744073709551615" }, "bytes_sent"],
    ["a range from 0", { bytesReceivedBetween: { min: 0, max: 5 } }, "bytes_received_between.min"],
    ["a range without its end", { bytesSentBetween: { min: 5 } }, "bytes_sent_between.max"],
    ["a range that runs backwards", { bytesReceivedBetween: { min: 5, max: 4 } }, "bytes_received_between.max"],
    ["a range to 2^53", { bytesSentBetween: { min: 1, max: huge } }, "bytes_sent_between.max"],
    ["an empty pattern of text", { patternText: "" }, "pattern_text"],
    ["an empty pattern of bytes", { patternData: "" }, "pattern_data"],
    ["a pattern of 4097 bytes", { patternText: "x".repeat(4097) }, "pattern_text"],
    ["a pattern of 4098 bytes in 1366 letters", { patternText: "€".repeat(1366) }, "pattern_text"],
    ["a pattern of 4097 bytes as bytes", { patternData: Buffer.alloc(4097).toString("base64") }, "pattern_data"],
    ["a negative time", { elapsed: { seconds: -1 } }, "elapsed"],
    ["a time of more than an hour", { elapsed: { seconds: 3600, nanos: 1_000_000 } }, "elapsed"],
    ["an idle time of 0", { idle: {} }, "idle"],
    ["a negative idle time", { idle: { nanos: -1_000_000 } }, "idle"],
    ["an idle time of more than an hour", { idle: { seconds: 3601 } }, "idle"],
    ["a signal with a space", { signal: "two words" }, "signal"],
    ["a signal of 64 letters", { signal: "x".repeat(64) }, "signal"],
  ] as const
).map(([what, trigger, field]) => [what, second(step(trigger)), `${trigger1}.${field}`, "INVALID_FIELD"]);
const noSignal: Case = ["a signal without a name", second(step({ signal: "" })), `${trigger1}.signal`, "MISSING_FIELD"];

/** Each ending, and what Linux cannot do behind it. */
const endings: readonly Case[] = (
  [
    [
      "close",
      { close: {} },
      ["close", "half_close", "last_data", "linger", "fin_then_reset", "send", "pause", "vanish"],
    ],
    ["last_data", lastData, ["close", "half_close", "last_data", "send"]],
    [
      "half_close",
      { halfClose: {} },
      ["half_close", "last_data", "send", "send_urgent", "fin_then_reset", "reset_unread"],
    ],
    ["linger", { linger: {} }, ["reset", "close", "send"]],
    ["reset", { reset: {} }, ["reset", "close", "send", "pause"]],
    ["reset_unread", { resetUnread: {} }, ["reset", "close", "send"]],
    ["fin_then_reset", { finThenReset: {} }, ["reset", "close", "send"]],
    ["vanish", { vanish: {} }, ["reset", "close", "heal"]],
  ] as const
).flatMap(([name, first, thens]) =>
  thens.map((then): Case => [`${then} after ${name}`, after(first, actionOf(then)), action1, "INVALID_FIELD"]),
);

function actionOf(name: string): object {
  const json: Record<string, object> = {
    close: { close: {} },
    half_close: { halfClose: {} },
    last_data: lastData,
    linger: { linger: {} },
    fin_then_reset: { finThenReset: {} },
    reset_unread: { resetUnread: {} },
    reset,
    send,
    send_urgent: { sendUrgent: { text: "x" } },
    pause: { pause: {} },
    heal: { heal: {} },
    vanish: { vanish: {} },
  };
  return json[name]!;
}

const chosen: readonly Case[] = [
  [
    "a step after an ending that the seed may choose",
    second2(step(accepted, { oneOf: [send, reset] }), step({ bytesReceived: 1 }, { action: send })),
    action1,
    "INVALID_FIELD",
  ],
  [
    "a choice of which one cannot follow",
    second2(step(accepted, { action: { close: {} } }), step({ bytesReceived: 1 }, { oneOf: [reset, send] })),
    `${step1}.one_of[1]`,
    "INVALID_FIELD",
  ],
  [
    "a choice of one that cannot follow",
    second2(step(accepted, { action: { close: {} } }), step({ bytesReceived: 1 }, { oneOf: [send] })),
    `${step1}.one_of[0]`,
    "INVALID_FIELD",
  ],
];

test.each([...shapes, ...triggers, noSignal, ...endings, ...chosen])(
  "%s is INVALID_ARGUMENT on its field, and nothing listens",
  async (_, request, field, reason) => {
    const { listeners } = daemon;
    const failure = await failureOf(
      listeners.createListener(CreateListenerRequest.fromJSON({ name: "l", port, ...request })),
    );
    expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", field, reason });
    expect((await listeners.listListeners({})).listeners).toEqual([]);
    expect(await judge.tryConnect({ host: "127.0.0.1", port })).toMatchObject({ ok: false, errno: "ECONNREFUSED" });
  },
);

test("after all of them the port is free", async () => {
  const { listeners } = daemon;
  await listeners.createListener({ name: "free", port });
  await listeners.deleteListener({ listener: "free" });
});

test.each([
  ["reset", "close"],
  ["reset", "last_data"],
  ["reset", "half_close"],
  ["close", "half_close"],
  ["linger", "half_close"],
])("%s may come after %s", async (then, first) => {
  const { listeners } = daemon;
  await listeners.createListener(
    CreateListenerRequest.fromJSON({ name: "l", ...after(actionOf(first), actionOf(then)) }),
  );
  await listeners.deleteListener({ listener: "l" });
});

test("a bad plan in UpdateListener leaves the old ones", async () => {
  const { listeners } = daemon;
  await listeners.createListener(
    CreateListenerRequest.fromJSON({ name: "l", plans: [{ seed: 7, steps: [good, good] }] }),
  );
  const request = UpdateListenerRequest.fromJSON({ listener: "l", plans: [{ steps: [step({ bytesReceived: 0 })] }] });
  const failure = await failureOf(listeners.updateListener(request));
  expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", field: "plans[0].steps[0].trigger.bytes_received" });
  const { listener } = await listeners.getListener({ listener: "l" });
  expect(listener?.plans).toMatchObject([{ seed: 7n, steps: [{ step: 1 }, { step: 2 }] }]);
  await listeners.deleteListener({ listener: "l" });
});

test("a bad plan in OpenSession is refused before the SYN", async () => {
  const target = await judge.listen({ host: "127.0.0.1" });
  const request = OpenSessionRequest.fromJSON({
    target: `127.0.0.1:${target.port}`,
    plan: { steps: [good, step({ idle: {} })] },
  });
  expect(await failureOf(daemon.sessions.openSession(request))).toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "plan.steps[1].trigger.idle",
  });
  expect(await target.poll({ events: ["POLLIN"], deadlineMs: 0 })).toEqual([]);
  expect((await daemon.sessions.listSessions({})).sessions).toEqual([]);
  await target.close();
});

test.each([
  ["a signal that no plan waits for", "nobody", "UNKNOWN_SIGNAL"],
  ["a signal without a name", "", "MISSING_FIELD"],
  ["a signal that is no name", "two words", "INVALID_FIELD"],
])("%s is INVALID_ARGUMENT in SignalPlan, for a listener and for the scope", async (_, signal, reason) => {
  const { listeners, sessions } = daemon;
  const plans = [{ steps: [step({ signal: "known" })] }];
  await listeners.createListener(CreateListenerRequest.fromJSON({ name: "l", plans }));
  for (const target of [{ listener: "l" }, {}]) {
    const failure = await failureOf(sessions.signalPlan({ ...target, signal }));
    expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", field: "signal", reason });
    if (signal === "nobody") expect(failure.message).toContain("known");
  }
  await listeners.deleteListener({ listener: "l" });
});

test("SignalPlan for a session or listener that is not there is NOT_FOUND", async () => {
  const { sessions } = daemon;
  expect(await failureOf(sessions.signalPlan({ session: "s", signal: "x" }))).toMatchObject({
    code: "NOT_FOUND",
    field: "session",
  });
  expect(await failureOf(sessions.signalPlan({ listener: "l", signal: "x" }))).toMatchObject({
    code: "NOT_FOUND",
    field: "listener",
  });
});
