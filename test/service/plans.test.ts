import { setMaxListeners } from "node:events";
import { Event_Kind } from "../../src/gen/hangup/v1/event.js";
import { CreateListenerRequest, UpdateListenerRequest } from "../../src/gen/hangup/v1/listener.js";
import { OpenSessionRequest, Session_State, WaitSessionRequest_Condition } from "../../src/gen/hangup/v1/session.js";
import { ms, startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, startJudge } from "../support/judge.js";

// Plans by the contract: who gets which, what is told of them, and signals that step through them.

let daemon: TestDaemon;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

const { ENDED } = WaitSessionRequest_Condition;

async function listen(plans: readonly object[], name = "l") {
  const { listener } = await daemon.listeners.createListener(CreateListenerRequest.fromJSON({ name, plans }));
  return { host: listener!.host, port: listener!.port };
}

const step = (trigger: object, action: object) => ({ trigger, action });
const onByte = (action: object) => ({ steps: [step({ bytesReceived: 1 }, action)] });
const reset = { reset: { afterFlush: true } };
const close = { close: {} };
const say = (text: string) => ({ send: { text } });

/** Connects, sends a byte and its FIN, and tells what came. */
async function attempt(where: { host: string; port: number }): Promise<string> {
  const peer = await judge.connect(where);
  await peer.send({ text: "x" });
  await peer.shutdown("WR");
  const { data, end } = await peer.recvAll();
  await peer.close();
  return `${data.toString()} ${end}`;
}

test("plans go to connections in accept order, not in the order in which they send", async () => {
  const where = await listen([
    { connections: 1, ...onByte(reset) },
    { connections: 2, ...onByte(say("!")) },
  ]);
  const peers = [
    await judge.connect(where),
    await judge.connect(where),
    await judge.connect(where),
    await judge.connect(where),
  ];
  const got: string[] = [];
  for (const peer of peers.toReversed()) {
    await peer.send({ text: "x" });
    await daemon.sessions.waitSession({ listener: "l", peerPort: peer.localPort, bytesReceived: 1n });
    await peer.shutdown("WR");
    const { data, end } = await peer.recvAll();
    got.unshift(`${data.toString()} ${end}`);
  }
  expect(got).toEqual(["x ECONNRESET", "x! EOF", "x! EOF", "x EOF"]);
});

test('"fail two, then pass" holds for two, whoever connects', async () => {
  const where = await listen([{ connections: 2, ...onByte(reset) }]);
  const got: string[] = [];
  for (let count = 0; count < 4; count++) got.push(await attempt(where));
  expect(got).toEqual(["x ECONNRESET", "x ECONNRESET", "x EOF", "x EOF"]);
});

test("UpdateListener changes the plan of connections still to come, and of no other", async () => {
  const where = await listen([onByte(reset)]);
  const before = await judge.connect(where);
  await daemon.sessions.waitSession({ session: "l/1" });
  await daemon.listeners.updateListener(UpdateListenerRequest.fromJSON({ listener: "l", plans: [onByte(say("new"))] }));
  expect(await attempt(where)).toBe("xnew EOF");
  await before.send({ text: "x" });
  expect((await before.recvAll()).end).toBe("ECONNRESET");
});

test("GetSession tells the plan, its seed, and each step that has acted: which, what, when and at which byte", async () => {
  const where = await listen([
    { connections: 1, ...onByte(close) },
    { seed: "18446744073709551615", steps: [step({ bytesReceived: 2 }, say("abc")), step({ signal: "never" }, close)] },
  ]);
  await attempt(where);
  const peer = await judge.connect(where);
  await peer.send({ text: "xyz" });
  expect((await peer.recvAll({ max: 6 })).data.toString()).toBe("xyabcz");
  const { session } = await daemon.sessions.getSession({ session: "l/2" });
  expect(session?.plan).toEqual({
    plan: 2,
    seed: 2n ** 64n - 1n,
    steps: 2,
    fired: [
      {
        step: 1,
        action: "send",
        time: expect.anything(),
        bytesReceived: 2n,
        bytesSent: 2n,
        failureReason: "",
        failureMessage: "",
      },
    ],
  });
});

test("each step that acts is an event, and one that cannot is another", async () => {
  const where = await listen([
    { seed: 7, steps: [step({ bytesReceived: 1 }, { heal: {} }), step({ bytesReceived: 2 }, reset)] },
  ]);
  const peer = await judge.connect(where);
  await peer.send({ text: "xy" });
  expect((await peer.recvAll()).end).toBe("ECONNRESET");
  await daemon.sessions.waitSession({ session: "l/1", condition: ENDED });
  const kinds = [Event_Kind.PLAN_STEP_FIRED, Event_Kind.PLAN_STEP_FAILED];
  const { events } = await daemon.events.listEvents({ kinds });
  const about = { scope: "default", listener: "l", session: "l/1" };
  expect(events).toMatchObject([
    {
      ...about,
      fact: {
        $case: "planStepFired",
        value: { plan: 1, seed: 7n, step: { step: 1, action: "heal", bytesReceived: 1n, bytesSent: 1n } },
      },
    },
    {
      ...about,
      fact: { $case: "planStepFailed", value: { plan: 1, seed: 7n, step: { step: 1, failureReason: "WRONG_STATE" } } },
    },
    {
      ...about,
      fact: {
        $case: "planStepFired",
        value: { step: { step: 2, action: "reset", bytesReceived: 2n, bytesSent: 2n, failureReason: "" } },
      },
    },
  ]);
});

test("DeleteListener reports steps that never fired, and connections that never came", async () => {
  const where = await listen([
    { connections: 2, seed: 3, steps: [step({ bytesReceived: 1 }, say("!")), step({ bytesReceived: 100 }, reset)] },
    { connections: 5, seed: 4, steps: [step({ accepted: {} }, close)] },
  ]);
  expect(await attempt(where)).toBe("x! EOF");
  const { plans } = await daemon.listeners.deleteListener({ listener: "l" });
  expect(plans).toEqual([
    {
      plan: 1,
      seed: 3n,
      connections: 2,
      connectionsSeen: 1n,
      steps: [
        { step: 1, fired: 1n, notFired: 0n },
        { step: 2, fired: 0n, notFired: 1n },
      ],
    },
    { plan: 2, seed: 4n, connections: 5, connectionsSeen: 0n, steps: [{ step: 1, fired: 0n, notFired: 0n }] },
  ]);
});

test("two runs with the same seed choose the same, and the seed used is told so that it can be given again", async () => {
  const choices = [say("a"), say("b"), say("c"), close, reset];
  const run = async (name: string, seed?: bigint) => {
    const plan = {
      ...(seed === undefined ? {} : { seed: String(seed) }),
      steps: [{ trigger: { bytesReceivedBetween: { min: 1, max: 9 } }, oneOf: choices }],
    };
    const where = await listen([plan], name);
    const got: string[] = [];
    for (let count = 0; count < 12; count++) {
      const peer = await judge.connect(where);
      await peer.send({ text: "123456789" });
      // What the session had to say before it heard of our FIN: all of it is there when it has echoed or ended.
      await daemon.sessions.waitSession({ listener: name, peerPort: peer.localPort, bytesReceived: 9n });
      await peer.shutdown("WR");
      const { data, end } = await peer.recvAll();
      got.push(`${data.toString()} ${end}`);
      await peer.close();
    }
    const { plans } = await daemon.listeners.deleteListener({ listener: name });
    return { got, seed: plans[0]!.seed };
  };
  const first = await run("one");
  expect(new Set(first.got).size).toBeGreaterThan(1);
  expect(await run("two", first.seed)).toEqual(first);
});

describe("signals", () => {
  const onSignal = (text: string) => ({ steps: [step({ signal: "go" }, say(text))] });

  test("a signal for a listener is latched for each session, those to come too", async () => {
    const where = await listen([onSignal("1")]);
    const early = await judge.connect(where);
    await daemon.sessions.waitSession({ session: "l/1" });
    expect(await daemon.sessions.signalPlan({ listener: "l", signal: "go" })).toEqual({ sessions: 1n });
    expect((await early.recv()).data.toString()).toBe("1");
    expect((await (await judge.connect(where)).recv()).data.toString()).toBe("1");
  });

  test("a signal for the scope reaches every listener of it", async () => {
    const [one, other] = [await listen([onSignal("1")], "one"), await listen([onSignal("2")], "other")];
    expect(await daemon.sessions.signalPlan({ signal: "go" })).toEqual({ sessions: 0n });
    expect((await (await judge.connect(one)).recv()).data.toString()).toBe("1");
    expect((await (await judge.connect(other)).recv()).data.toString()).toBe("2");
  });

  test("a signal for a session is for no other", async () => {
    const where = await listen([{ steps: [step({ signal: "go" }, reset)] }]);
    const [one, other] = [await judge.connect(where), await judge.connect(where)];
    await daemon.sessions.waitSession({ session: "l/2" });
    expect(await daemon.sessions.signalPlan({ session: "l/2", signal: "go" })).toEqual({ sessions: 1n });
    expect((await other.recv()).end).toBe("ECONNRESET");
    await one.send({ text: "x" });
    expect((await one.recv()).data.toString()).toBe("x");
  });

  test("a signal fired twice is one latched fact: each step that waits for it acts once", async () => {
    const where = await listen([
      {
        steps: [
          step({ signal: "go" }, say("1")),
          step({ bytesReceived: 1 }, say("2")),
          step({ signal: "go" }, say("3")),
        ],
      },
    ]);
    const peer = await judge.connect(where);
    await daemon.sessions.waitSession({ session: "l/1" });
    await daemon.sessions.signalPlan({ session: "l/1", signal: "go" });
    await daemon.sessions.signalPlan({ session: "l/1", signal: "go" });
    await peer.send({ text: "x" });
    await peer.shutdown("WR");
    expect((await peer.recvAll()).data.toString()).toBe("1x23");
  });

  test("a signal to an ended session of which a plan names it reaches nobody, and is no error", async () => {
    const where = await listen([{ steps: [step({ signal: "go" }, reset)] }]);
    await judge.connect(where);
    await daemon.sessions.waitSession({ session: "l/1" });
    await daemon.sessions.signalPlan({ session: "l/1", signal: "go" });
    await daemon.sessions.waitSession({ session: "l/1", condition: ENDED });
    expect(await daemon.sessions.signalPlan({ session: "l/1", signal: "go" })).toEqual({ sessions: 0n });
  });

  test("two sessions are choreographed: the second ends between two steps of the first", async () => {
    const first = { connections: 1, steps: [step({ signal: "one" }, say("a")), step({ signal: "three" }, close)] };
    const where = await listen([first, { connections: 1, steps: [step({ signal: "two" }, reset)] }]);
    const [a, b] = [await judge.connect(where), await judge.connect(where)];
    await daemon.sessions.waitSession({ session: "l/2" });
    for (const signal of ["one", "two", "three"]) {
      expect(await daemon.sessions.signalPlan({ listener: "l", signal })).toEqual({ sessions: 1n });
    }
    expect(await a.recvAll({ max: 1 })).toMatchObject({ bytes: 1 });
    expect((await b.recv()).end).toBe("ECONNRESET");
    expect((await a.recv()).end).toBe("EOF");
    const { events } = await daemon.events.listEvents({ kinds: [Event_Kind.PLAN_STEP_FIRED] });
    expect(events.map(({ session }) => session)).toEqual(["l/1", "l/2", "l/1"]);
  });

  test("a dialed session is signalled by its name", async () => {
    const target = await judge.listen({ host: "127.0.0.1" });
    const plan = { seed: 5, steps: [step({ signal: "go" }, reset)] };
    const request = OpenSessionRequest.fromJSON({ name: "c", target: `127.0.0.1:${target.port}`, plan });
    const { session } = await daemon.sessions.openSession(request);
    expect(session?.plan).toMatchObject({ plan: 1, seed: 5n, steps: 1, fired: [] });
    const peer = await target.accept();
    expect(await daemon.sessions.signalPlan({ session: "c", signal: "go" })).toEqual({ sessions: 1n });
    expect((await peer.recv()).end).toBe("ECONNRESET");
  });
});

test("SendData that a step cuts off is ABORTED, and so many bytes were sent as the step says", async () => {
  const where = await listen([{ steps: [step({ bytesSent: 4 }, reset)] }]);
  const peer = await judge.connect(where);
  await daemon.sessions.waitSession({ session: "l/1" });
  const sending = daemon.sessions.sendData({ session: "l/1", payload: { $case: "text", value: "0123456789" } });
  expect(await failureOf(sending)).toMatchObject({ code: "ABORTED", reason: "SESSION_ENDED" });
  const { data, end } = await peer.recvAll();
  expect({ data: data.toString(), end }).toEqual({ data: "0123", end: "ECONNRESET" });
});

describe("many waiters", () => {
  const waiters = 1000;

  test("1000 waiters for sessions and facts still to come are all answered", async () => {
    const where = await listen([onByte(reset)]);
    const waiting = Array.from({ length: waiters }, async (_, index) => {
      const goal = index % 3 === 0 ? { condition: ENDED } : index % 3 === 1 ? { bytesReceived: 1n } : {};
      const which = index % 2 === 0 ? { session: "l/1" } : { listener: "l", ordinal: 1n };
      const { session } = await daemon.sessions.waitSession({ ...which, ...goal, timeout: ms(20_000) });
      return session?.name;
    });
    // The waits are asked on the same connection before it: they are there.
    await daemon.sessions.listSessions({});
    expect(await attempt(where)).toBe("x ECONNRESET");
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["l/1"]));
  });

  test("what is true already is answered at once, also with a timeout of 0", async () => {
    expect(await attempt(await listen([onByte(reset)]))).toBe("x ECONNRESET");
    const { session } = await daemon.sessions.waitSession({
      session: "l/1",
      condition: ENDED,
      bytesReceived: 1n,
      bytesSent: 1n,
      timeout: ms(0),
    });
    expect(session).toMatchObject({ name: "l/1", state: Session_State.CLOSED });
  });

  test.each([
    ["cancelled", "CANCELLED", 60_000],
    ["past their deadline", "DEADLINE_EXCEEDED", 300],
  ])("1000 waiters that are %s leave no timer behind", async (_, code, timeoutMs) => {
    const where = await listen([]);
    await judge.connect(where);
    await daemon.sessions.waitSession({ session: "l/1" });
    const timersBefore = timers();
    const controller = new AbortController();
    // One of the test's own for a thousand calls.
    setMaxListeners(0, controller.signal);
    const waiting = Array.from({ length: waiters }, async (_each, index) => {
      // Of a session that lives, and of one that does not exist; a fact, and a state.
      const which = index % 2 === 0 ? { session: "l/1" } : { session: "l/2" };
      const goal = index % 4 < 2 ? { condition: ENDED } : { state: Session_State.CLOSE_WAIT };
      const call = daemon.sessions.waitSession(
        { ...which, ...goal, timeout: ms(timeoutMs) },
        { signal: controller.signal },
      );
      return call.then(
        () => "answered",
        (error: unknown) =>
          (error as Error).name === "AbortError"
            ? "CANCELLED"
            : ((error as Error).message.match(/[A-Z_]{6,}/)?.[0] ?? ""),
      );
    });
    if (code === "CANCELLED") {
      await until(() => timers() >= timersBefore + waiters);
      controller.abort();
    }
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([code]));
    // The server hears of a cancel a moment later than the client.
    await until(() => timers() < timersBefore + 20);
    // Nobody is left to be told: the session ends, and the next one comes, as ever.
    expect(await attempt(where)).toBe("x EOF");
  });

  /** Asks the daemon for something until it holds. */
  async function until(holds: () => boolean): Promise<void> {
    for (const end = performance.now() + 20_000; !holds(); await daemon.sessions.listSessions({})) {
      if (performance.now() > end) throw new Error(`${timers()} timers`);
    }
  }

  /** Timers of this process, in which the daemon runs. */
  function timers(): number {
    return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  }
});
