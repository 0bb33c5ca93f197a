import { readdirSync } from "node:fs";
import {
  CloseSessionResponse,
  GetSessionResponse,
  Session_State,
  WaitSessionRequest_Condition,
} from "../../../src/gen/hangup/v1/session.js";
import { connectTo, dialJudge, dialWithStuckData, stuckBytes } from "../../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { failureOf } from "../../support/failure.js";
import { type Judge, type Peer, startJudge } from "../../support/judge.js";

const { ENDED, PEER_FIN } = WaitSessionRequest_Condition;

let daemon: TestDaemon;
let judge: Judge;
let echo: { name: string; host: string; port: number };

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
  echo = { name: "echo", ...(await daemon.listen("echo")) };
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

const descriptors = () => readdirSync("/proc/self/fd").length;

/** The final receipt, as JSON. */
async function receiptAtEnd(session: string) {
  const reply = await daemon.sessions.waitSession({ session, condition: ENDED });
  return (GetSessionResponse.toJSON(reply) as { session: { receipt: Record<string, unknown> } }).session.receipt;
}

test("the peer reads EOF; when it closes too the session is ended, TIME_WAIT after", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo);
  await peer.send({ text: "hello" });
  await peer.recvAll({ max: 5 });
  const reply = CloseSessionResponse.toJSON(await daemon.sessions.closeSession({ session: name }));
  expect(reply).toMatchObject({
    session: { finSent: true },
    receipt: {
      localEnd: { kind: "FIN", cause: { kind: "COMMAND", rpc: "CloseSession" }, time: expect.anything() },
      stateBefore: "ESTABLISHED",
      peerOutlook: { nextRead: ["DATA", "EOF"], nextWrite: ["OK"] },
    },
  });
  // Not over: the peer has not ended.
  expect(reply).not.toHaveProperty("receipt.final");
  expect(reply).not.toHaveProperty("receipt.peerEnd");
  await daemon.sessions.waitSession({ session: name, state: Session_State.FIN_WAIT2 });

  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  await peer.close();
  expect(await receiptAtEnd(name)).toMatchObject({
    localEnd: { kind: "FIN", cause: { rpc: "CloseSession" } },
    peerEnd: { kind: "FIN", cause: { kind: "PEER" }, time: expect.anything() },
    final: true,
    stateAfter: "TIME_WAIT",
    bytesReceived: "5",
    bytesSent: "5",
  });
});

test("1000 of 1000 peers read EOF, and no descriptor is left when they have closed", async () => {
  const before = descriptors();
  const outcomes = new Map<string, number>();
  for (let wave = 0; wave < 10; wave++) {
    const peers: Peer[] = [];
    for (let i = 0; i < 100; i++) peers.push(await judge.connect(echo));
    const last = wave * 100 + 100;
    await daemon.sessions.waitSession({ listener: "echo", ordinal: BigInt(last) });
    const sessions = Array.from({ length: 100 }, (_, index) => `echo/${last - index}`);
    await Promise.all(sessions.map((session) => daemon.sessions.closeSession({ session })));
    for (const peer of peers) {
      const { end = "data" } = await peer.recv();
      outcomes.set(end, (outcomes.get(end) ?? 0) + 1);
      await peer.close();
    }
    await Promise.all(sessions.map((session) => daemon.sessions.waitSession({ session, condition: ENDED })));
  }
  expect([...outcomes]).toEqual([["EOF", 1000]]);
  expect(descriptors()).toBe(before);
}, 60_000);

test("what a peer goes on to send is drained: it meets no RST", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo);
  await daemon.sessions.closeSession({ session: name });
  const size = 8 * 1024 * 1024;
  expect(await peer.sendAll({ size })).toEqual({ sent: size });
  await peer.shutdown("WR");
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  expect(await receiptAtEnd(name)).toMatchObject({
    localEnd: { kind: "FIN" },
    peerEnd: { kind: "FIN" },
    bytesReceived: String(size),
    stateAfter: "TIME_WAIT",
  });
  expect(await peer.soError()).toBeUndefined();
});

test("in the midst of an echo that the peer does not read: the peer reads a part of its echo, then EOF", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo, { rcvbuf: 4096 });
  const { sent, errno } = await peer.sendAll({ size: 64 * 1024 * 1024 }, { deadlineMs: 500 });
  expect(errno).toBe("ETIMEDOUT_JUDGE");
  const closing = daemon.sessions.closeSession({ session: name, flushTimeout: ms(20_000) });
  const { bytes, end } = await peer.recvAll({ deadlineMs: 20_000 });
  expect(end).toBe("EOF");
  expect(bytes).toBeLessThanOrEqual(sent);
  await closing;
  await peer.close();
  expect(await receiptAtEnd(name)).toMatchObject({
    localEnd: { kind: "FIN" },
    peerEnd: { kind: "FIN" },
    bytesSent: String(bytes),
    bytesReceived: String(sent),
  });
});

test("after drainTimeout without the peer’s FIN it is released, and the receipt says so", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo);
  await daemon.sessions.closeSession({ session: name, drainTimeout: ms(400) });
  expect(await receiptAtEnd(name)).toMatchObject({
    localEnd: { kind: "FIN", cause: { kind: "COMMAND", rpc: "CloseSession" } },
    peerEnd: { kind: "NONE", cause: { kind: "DRAIN_TIMEOUT" } },
    final: true,
    stateBefore: "FIN_WAIT2",
    stateAfter: "FIN_WAIT2",
    peerOutlook: { nextRead: ["EOF"], nextWrite: ["OK"] },
  });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  expect(await peer.send({ text: "x" })).toEqual({ rc: 1 });
  await peer.poll({ events: [] });
  expect(await peer.send({ text: "x" })).toEqual({ rc: -1, errno: "EPIPE" });
});

test("a drainTimeout of 0 releases at once", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo);
  await daemon.sessions.closeSession({ session: name, drainTimeout: ms(0) });
  expect(await receiptAtEnd(name)).toMatchObject({ peerEnd: { kind: "NONE", cause: { kind: "DRAIN_TIMEOUT" } } });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
});

test("a peer that resets instead of closing too is told as RST", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo);
  await daemon.sessions.closeSession({ session: name });
  await peer.close({ linger0: true });
  expect(await receiptAtEnd(name)).toMatchObject({
    localEnd: { kind: "FIN" },
    peerEnd: { kind: "RST", cause: { kind: "PEER" }, errno: "ECONNRESET" },
    final: true,
    stateAfter: "CLOSED",
  });
});

describe("with a peer that does not read", () => {
  /** Bytes that did not even fit into our kernel. */
  async function fillQueue() {
    const { peer, name } = await dialJudge(daemon, judge);
    const value = Buffer.alloc(1024 * 1024, "d");
    for (let sent = 0; ; sent += value.length) {
      const send = daemon.sessions.sendData({
        session: name,
        payload: { $case: "data", value },
        flushTimeout: ms(300),
      });
      const failure = await send.then(
        () => undefined,
        (error: unknown) => failureOf(Promise.reject(error)),
      );
      if (failure === undefined) continue;
      expect(failure).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "FLUSH_TIMEOUT" });
      return { peer, name, bytes: sent + value.length };
    }
  }

  test("flushTimeout is DEADLINE_EXCEEDED with the FIN pending; when the peer reads it gets all, then EOF", async () => {
    const { peer, name, bytes } = await fillQueue();
    const failure = await failureOf(daemon.sessions.closeSession({ session: name, flushTimeout: ms(200) }));
    expect(failure).toMatchObject({
      code: "DEADLINE_EXCEEDED",
      reason: "FLUSH_TIMEOUT",
      resource: `hangup.v1/session ${name}`,
    });
    expect(failure.message).toContain("pending");
    const { session } = await daemon.sessions.getSession({ session: name });
    expect(session).toMatchObject({ finSent: false, ended: false, state: Session_State.ESTABLISHED });
    // Asked for once is asked for: no second close, no second FIN, no byte behind it.
    expect(await failureOf(daemon.sessions.closeSession({ session: name }))).toMatchObject({
      reason: "ALREADY_CLOSED",
    });
    expect(await failureOf(daemon.sessions.halfCloseSession({ session: name }))).toMatchObject({
      reason: "FIN_ALREADY_SENT",
    });
    expect(
      await failureOf(daemon.sessions.sendData({ session: name, payload: { $case: "text", value: "x" } })),
    ).toMatchObject({
      reason: "FIN_ALREADY_SENT",
    });

    const read = await peer.recvAll({ deadlineMs: 20_000 });
    expect(read).toMatchObject({ bytes, end: "EOF" });
    await peer.close();
    expect(await receiptAtEnd(name)).toMatchObject({
      localEnd: { kind: "FIN" },
      peerEnd: { kind: "FIN" },
      bytesSent: String(bytes),
    });
  });

  test("a reset while the FIN is pending is a RST without a FIN before it", async () => {
    const { peer, name } = await fillQueue();
    await failureOf(daemon.sessions.closeSession({ session: name, flushTimeout: ms(0) }));
    const { receipt } = await daemon.sessions.resetSession({ session: name });
    expect(receipt).toMatchObject({
      localEnd: { kind: 2, earlierFin: undefined },
      stateBefore: Session_State.ESTABLISHED,
    });
    expect(await peer.recvAll()).toMatchObject({ end: "ECONNRESET" });
  });

  test("a FIN that is with our kernel is enough for the answer: FIN_WAIT1, and the peer later reads all, then EOF", async () => {
    const { peer, name } = await dialWithStuckData(daemon, judge);
    const { session } = await daemon.sessions.closeSession({ session: name });
    expect(session).toMatchObject({ finSent: true, state: Session_State.FIN_WAIT1 });
    expect(await peer.recvAll()).toMatchObject({ bytes: stuckBytes, end: "EOF" });
  });
});

test("twice is ALREADY_CLOSED with the receipt so far", async () => {
  const { name } = await connectTo(daemon, judge, echo);
  await daemon.sessions.closeSession({ session: name });
  expect(await failureOf(daemon.sessions.closeSession({ session: name }))).toMatchObject({
    code: "FAILED_PRECONDITION",
    reason: "ALREADY_CLOSED",
    receipt: { session: name, final: false, localEnd: { kind: 1, cause: { rpc: "CloseSession" } } },
  });
});

test("after the end each command is SESSION_ENDED with the final receipt", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo);
  await daemon.sessions.closeSession({ session: name });
  await peer.close();
  await daemon.sessions.waitSession({ session: name, condition: ENDED });
  const commands = [
    daemon.sessions.closeSession({ session: name }),
    daemon.sessions.halfCloseSession({ session: name }),
    daemon.sessions.resetSession({ session: name }),
    daemon.sessions.sendData({ session: name, payload: { $case: "text", value: "x" } }),
  ];
  for (const command of commands) {
    expect(await failureOf(command)).toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "SESSION_ENDED",
      receipt: { session: name, final: true, localEnd: { kind: 1 }, peerEnd: { kind: 1 } },
    });
  }
});

test("in CLOSE_WAIT ends by FIN both ways, CLOSED after", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await peer.shutdown("WR");
  await daemon.sessions.waitSession({ session: name, condition: PEER_FIN, state: Session_State.CLOSE_WAIT });
  await daemon.sessions.closeSession({ session: name });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  expect(await receiptAtEnd(name)).toMatchObject({
    localEnd: { kind: "FIN", cause: { rpc: "CloseSession" } },
    peerEnd: { kind: "FIN", cause: { kind: "PEER" } },
    stateBefore: "CLOSE_WAIT",
    stateAfter: "CLOSED",
  });
});
