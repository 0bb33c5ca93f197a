import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateListenerRequest } from "../../../src/gen/hangup/v1/listener.js";
import { type Session, WaitSessionRequest_Condition } from "../../../src/gen/hangup/v1/session.js";
import { startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { type Judge, startJudge } from "../../support/judge.js";

// Steps that follow one another, stop one another or come too late, as the far end sees them.

let daemon: TestDaemon;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

type Step = readonly [trigger: object, action: object];

async function listen(steps: readonly Step[], rest: object = {}) {
  const plans = [{ steps: steps.map(([trigger, action]) => ({ trigger, action })) }];
  const { listener } = await daemon.listeners.createListener(
    CreateListenerRequest.fromJSON({ name: "l", plans, ...rest }),
  );
  return { host: listener!.host, port: listener!.port };
}

const accepted = { accepted: {} };
const received = (count: number) => ({ bytesReceived: count });
const sent = (count: number) => ({ bytesSent: count });
const signal = (name: string) => ({ signal: name });
const after = (ms: number) => ({ elapsed: { nanos: ms * 1e6 } });
const idle = (ms: number) => ({ idle: { nanos: ms * 1e6 } });
const say = (text: string) => ({ send: { text } });
const reset = { reset: {} };
const flushed = { reset: { afterFlush: true } };
const close = { close: {} };
const halfClose = { halfClose: {} };
const pause = { pause: {} };
const resume = { resume: {} };

const fire = async (name: string) => daemon.sessions.signalPlan({ session: "l/1", signal: name });

async function ended(): Promise<Session> {
  const { session } = await daemon.sessions.waitSession({
    session: "l/1",
    condition: WaitSessionRequest_Condition.ENDED,
  });
  return session!;
}

/** The steps that acted: verb, bytes received and sent before it, and why it failed. */
function fired({ plan }: Session) {
  return plan!.fired.map(({ action, bytesReceived, bytesSent, failureReason }) =>
    [action, Number(bytesReceived), Number(bytesSent), ...(failureReason === "" ? [] : [failureReason])].join(" "),
  );
}

const digits = "0123456789";

async function all(peer: { recvAll(): Promise<{ data: Buffer; end: string }> }) {
  const { data, end } = await peer.recvAll();
  return `${data.toString()} ${end}`;
}

test("what a resume lets in stops at the next step's byte", async () => {
  const peer = await judge.connect(
    await listen([
      [received(4), pause],
      [signal("on"), resume],
      [received(6), flushed],
    ]),
  );
  await peer.send({ text: digits });
  expect((await peer.recv({ max: 100 })).data.toString()).toBe("0123");
  await fire("on");
  expect(await all(peer)).toBe("45 ECONNRESET");
  expect(fired(await ended())).toEqual(["pause 4 4", "resume 4 4", "reset 6 6"]);
});

test("what a step sends comes at its byte, before the rest of the banner", async () => {
  const steps: Step[] = [
    [sent(4), say("<a>")],
    [sent(6), say("<b>")],
    [sent(13), close],
  ];
  const peer = await judge.connect(await listen(steps, { behaviour: { bannerText: digits } }));
  await peer.shutdown("WR");
  expect(await all(peer)).toBe("0123<a<b>>456 EOF");
});

test("a number of bytes sent stops the echo in the midst of a segment, and what comes behind is not received yet", async () => {
  const peer = await judge.connect(
    await listen([
      [sent(3), say("!")],
      [received(5), flushed],
    ]),
  );
  await peer.send({ text: digits });
  expect(await all(peer)).toBe("012!34 ECONNRESET");
  expect(fired(await ended())).toEqual(["send 3 3", "reset 5 6"]);
});

test("a source is cut at its byte", async () => {
  const peer = await judge.connect(
    await listen([[sent(100_000), flushed]], { behaviour: { source: { bytes: 1_000_000, seed: 7 } } }),
  );
  expect(await peer.recvAll()).toMatchObject({ bytes: 100_000, end: "ECONNRESET" });
});

test("a banner is cut by a close: the peer gets so many bytes, then EOF", async () => {
  const peer = await judge.connect(await listen([[sent(4), close]], { behaviour: { bannerText: digits } }));
  expect(await all(peer)).toBe("0123 EOF");
});

test("a step that replaces the behaviour before it began replaces its banner too, and sends its own once", async () => {
  const behaviour = { bannerText: "new", echo: {} };
  const steps: Step[] = [
    [accepted, { setBehaviour: { behaviour } }],
    [received(1), close],
  ];
  const peer = await judge.connect(await listen(steps, { behaviour: { bannerText: "old", discard: {} } }));
  await peer.send({ text: "x" });
  expect(await all(peer)).toBe("newx EOF");
});

test("half-close, then reset: the peer reads EOF, and its first write is EPIPE", async () => {
  const peer = await judge.connect(
    await listen([
      [received(2), halfClose],
      [received(4), reset],
    ]),
  );
  await peer.send({ text: "0123" });
  expect(await all(peer)).toBe("01 EOF");
  const receipt = (await ended()).receipt!;
  expect(receipt.localEnd).toMatchObject({ cause: { step: 2 }, earlierFin: { cause: { step: 1 } } });
  expect((await peer.send({ text: "x" })).errno).toBe("EPIPE");
});

test("close, then reset at a later byte: the FIN goes first, and the bytes between are counted", async () => {
  const peer = await judge.connect(
    await listen([
      [received(2), close],
      [received(6), reset],
    ]),
  );
  await peer.send({ text: "0123" });
  expect(await all(peer)).toBe("01 EOF");
  await peer.send({ text: "4567" });
  expect(fired(await ended())).toEqual(["close 2 2", "reset 6 2"]);
});

test("a close while bytes of a segment are held back counts them still", async () => {
  const peer = await judge.connect(
    await listen([
      [received(2), pause],
      [signal("on"), close],
      [received(4), reset],
    ]),
  );
  await peer.send({ text: digits });
  expect((await peer.recv({ max: 100 })).data.toString()).toBe("01");
  await fire("on");
  expect(fired(await ended())).toEqual(["pause 2 2", "close 2 2", "reset 4 2"]);
});

test("a reset that the peer's own RST came before is a step that never fired", async () => {
  const peer = await judge.connect(
    await listen([
      [received(4), say("!")],
      [signal("on"), reset],
    ]),
  );
  await peer.send({ text: digits });
  await peer.recv();
  await peer.close({ linger0: true });
  const session = await ended();
  expect(fired(session)).toEqual(["send 4 4"]);
  expect(session.receipt).toMatchObject({ peerEnd: { kind: 2 }, localEnd: { cause: undefined } });
});

test("the end of a session in the midst of a reset after the flush is a step that failed", async () => {
  const data = Buffer.alloc(1024 * 1024).toString("base64");
  const where = await listen([
    [accepted, { send: { data } }],
    [received(1), { reset: { afterFlush: true, flushTimeout: { seconds: 60 } } }],
  ]);
  const peer = await judge.connect({ ...where, rcvbuf: 4096 });
  await peer.send({ text: "x" });
  await untilFired(2);
  await peer.close({ linger0: true });
  expect(fired(await ended())).toEqual(["send 0 0", "reset 1 1048577 SESSION_ENDED"]);
  const { plans } = await daemon.listeners.deleteListener({ listener: "l" });
  expect(plans).toMatchObject([
    {
      steps: [
        { fired: 1n, notFired: 0n },
        { fired: 0n, notFired: 1n },
      ],
    },
  ]);
});

test("a listener that is deleted in the midst of a reset after the flush reports that it never fired", async () => {
  const data = Buffer.alloc(1024 * 1024).toString("base64");
  const where = await listen([
    [accepted, { send: { data } }],
    [received(1), { reset: { afterFlush: true, flushTimeout: { seconds: 60 } } }],
  ]);
  const peer = await judge.connect({ ...where, rcvbuf: 4096 });
  await peer.send({ text: "x" });
  await untilFired(2);
  const { plans } = await daemon.listeners.deleteListener({ listener: "l" });
  expect(plans).toMatchObject([{ steps: [{ fired: 1n }, { fired: 0n, notFired: 1n }] }]);
  expect((await peer.recvAll()).end).toBe("ECONNRESET");
});

test("a flush that takes too long is a step that failed, and the echo goes on where it was", async () => {
  const data = Buffer.alloc(1024 * 1024, "d").toString("base64");
  const where = await listen([
    [accepted, { send: { data } }],
    [received(4), { reset: { afterFlush: true, flushTimeout: { nanos: 50e6 } } }],
  ]);
  const peer = await judge.connect({ ...where, rcvbuf: 4096 });
  await peer.send({ text: digits });
  await untilFailed();
  const { bytes } = await peer.recvAll({ max: 1024 * 1024 });
  expect(bytes).toBe(1024 * 1024);
  expect((await peer.recvAll({ max: 10 })).data.toString()).toBe(digits);
});

test("idle is counted from the last byte, and elapsed from the step before", async () => {
  const peer = await judge.connect(
    await listen([
      [received(1), say("a")],
      [idle(60), say("b")],
      [after(40), flushed],
    ]),
  );
  for (let times = 0; times < 4; times++) {
    await peer.send({ text: "x" });
    await peer.recv();
  }
  const { data, end } = await peer.recvAll();
  expect(data.toString()).toMatch(/b$/);
  expect(end).toBe("ECONNRESET");
  const [first, second, third] = (await ended()).plan!.fired.map(
    ({ time }) => Number(time!.seconds) * 1000 + time!.nanos / 1e6,
  );
  // Timers of Node may be a millisecond early.
  expect(second! - first!).toBeGreaterThanOrEqual(58);
  expect(third! - second!).toBeGreaterThanOrEqual(38);
});

test("a FIN that came before its step counts", async () => {
  const peer = await judge.connect(
    await listen(
      [
        [signal("on"), say("a")],
        [{ peerFin: {} }, say("b")],
        [after(0), close],
      ],
      { onPeerFin: 2 },
    ),
  );
  await peer.shutdown("WR");
  await daemon.sessions.waitSession({ session: "l/1", condition: WaitSessionRequest_Condition.PEER_FIN });
  await fire("on");
  expect(await all(peer)).toBe("ab EOF");
});

test("the peer's FIN comes after all its bytes, however slowly they are echoed", async () => {
  const slowly = { throttle: { bytesPerSecond: 2_000_000, chunkBytes: 4096 } };
  const peer = await judge.connect(
    await listen([
      [accepted, slowly],
      [{ peerFin: {} }, say("bye")],
    ]),
  );
  const size = 300_000;
  await peer.sendAll({ size });
  await peer.shutdown("WR");
  expect(await peer.recvAll()).toMatchObject({ bytes: size + 3, end: "EOF" });
  expect(fired(await ended())).toEqual(["throttle 0 0", `send ${size} ${size}`]);
});

test("while nothing is read the peer's FIN counts at once", async () => {
  const peer = await judge.connect(
    await listen([
      [received(2), pause],
      [{ peerFin: {} }, reset],
    ]),
  );
  await peer.send({ text: "0123" });
  await peer.shutdown("WR");
  expect(await all(peer)).toBe("01 ECONNRESET");
});

test("a delay moves what a step sends, not the step", async () => {
  const delay = { delay: { duration: { nanos: 100e6 } } };
  const peer = await judge.connect(
    await listen([
      [accepted, delay],
      [received(3), flushed],
    ]),
  );
  const before = performance.now();
  await peer.send({ text: digits });
  expect(await all(peer)).toBe("012 ECONNRESET");
  expect(performance.now() - before).toBeGreaterThanOrEqual(98);
});

test("a reset under a throttle throws away what has not gone out", async () => {
  const slowly = { throttle: { bytesPerSecond: 10, chunkBytes: 1 } };
  const peer = await judge.connect(
    await listen([
      [accepted, slowly],
      [received(8), reset],
    ]),
  );
  await peer.send({ text: digits });
  const { bytes, end } = await peer.recvAll();
  expect(bytes).toBeLessThan(8);
  expect(end).toBe("ECONNRESET");
});

test("urgent and last data count as bytes sent", async () => {
  const steps: Step[] = [
    [accepted, { sendUrgent: { text: "!" } }],
    [sent(1), say("a")],
    [sent(2), { lastData: { text: "bc" } }],
  ];
  const peer = await judge.connect(await listen(steps));
  expect(await peer.recv({ flags: ["MSG_OOB"] })).toMatchObject({ rc: 1 });
  expect(await all(peer)).toBe("abc EOF");
  await peer.close();
  expect(fired(await ended())).toEqual(["send_urgent 0 0", "send 0 1", "last_data 0 2"]);
});

test("reset_unread at the first byte that nobody reads is ECONNRESET", async () => {
  const peer = await judge.connect(await listen([[accepted, { resetUnread: {} }]]));
  await peer.send({ text: digits });
  expect(await all(peer)).toBe(" ECONNRESET");
});

test("an action that its state does not allow is a step that failed, and the next one is armed", async () => {
  const peer = await judge.connect(
    await listen([
      [received(2), { heal: {} }],
      [received(4), flushed],
    ]),
  );
  await peer.send({ text: digits });
  expect(await all(peer)).toBe("0123 ECONNRESET");
  expect(fired(await ended())).toEqual(["heal 2 2 WRONG_STATE", "reset 4 4"]);
  const { plans } = await daemon.listeners.deleteListener({ listener: "l" });
  expect(plans).toMatchObject([
    {
      steps: [
        { fired: 0n, notFired: 1n },
        { fired: 1n, notFired: 0n },
      ],
    },
  ]);
});

describe("on a unix socket", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hangup-plans-"));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function connect(steps: readonly Step[]) {
    const path = join(folder, "s");
    await listen(steps, { unixPath: path });
    return judge.connect({ path });
  }

  test("a close at byte 4 gives four echoed bytes and EOF", async () => {
    const peer = await connect([[received(4), close]]);
    await peer.send({ text: digits });
    expect(await all(peer)).toBe("0123 EOF");
  });

  test.each([
    ["at once", reset],
    ["after the flush", flushed],
  ])("a reset %s is a step that failed, and the echo goes on", async (_, action) => {
    const peer = await connect([[received(4), action]]);
    await peer.send({ text: digits });
    await peer.shutdown("WR");
    expect(await all(peer)).toBe(`${digits} EOF`);
    expect(fired(await ended())).toEqual(["reset 4 4 RESET_IMPOSSIBLE"]);
    const { plans } = await daemon.listeners.deleteListener({ listener: "l" });
    expect(plans).toMatchObject([{ steps: [{ fired: 0n, notFired: 1n }] }]);
  });
});

test("a listener that resets at the first byte lets the steps of that byte act before it", async () => {
  const peer = await judge.connect(await listen([[received(1), say("hi")]], { resetOnAccept: "AT_FIRST_BYTE" }));
  await peer.send({ text: digits });
  expect((await peer.recvAll()).end).toBe("ECONNRESET");
  expect(fired(await ended())).toEqual(["send 1 0"]);
});

test("a plan of 64 steps acts at 64 bytes of one segment", async () => {
  const steps = Array.from({ length: 64 }, (_, index): Step => [received(index + 1), say("-")]);
  const peer = await judge.connect(await listen(steps));
  await peer.send({ size: 64 });
  await peer.shutdown("WR");
  const { bytes, data, end } = await peer.recvAll();
  expect({ bytes, end }).toEqual({ bytes: 128, end: "EOF" });
  expect(data.toString()).toBe("x-".repeat(64).replaceAll("x", data.toString("latin1", 0, 1)));
});

/** Until so many steps have fired, by the events. */
const untilFired = async (count: number) => untilEvents("planStepFired", count);
const untilFailed = async () => untilEvents("planStepFailed", 1);

async function untilEvents(kind: "planStepFired" | "planStepFailed", count: number): Promise<void> {
  const deadline = AbortSignal.timeout(5000);
  let seen = 0;
  for await (const { events } of daemon.events.streamEvents({ afterSequence: 0n }, { signal: deadline })) {
    seen += events.filter(({ fact }) => fact?.$case === kind).length;
    if (seen >= count) return;
  }
}
