import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ResetSessionResponse,
  Session_State,
  WaitSessionRequest_Condition,
} from "../../../src/gen/hangup/v1/session.js";
import { connectTo, dialJudge, dialWithStuckData, stuckBytes } from "../../support/connections.js";
import { startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { failureOf } from "../../support/failure.js";
import { type Judge, type Peer, startJudge, startJudges } from "../../support/judge.js";

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

const failedRecv = { rc: -1, errno: "ECONNRESET", end: "ECONNRESET", data: Buffer.alloc(0) };
const descriptors = () => readdirSync("/proc/self/fd").length;

/** The receipt of a reset in the JSON of the contract. */
async function resetOf(session: string) {
  const reply = await daemon.sessions.resetSession({ session });
  return (ResetSessionResponse.toJSON(reply) as { receipt: Record<string, unknown> }).receipt;
}

test("an idle peer reads ECONNRESET once, then EOF, and its write is EPIPE", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo);
  await daemon.sessions.resetSession({ session: name });
  expect(await peer.recv()).toEqual(failedRecv);
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  expect(await peer.send({ text: "late" })).toEqual({ rc: -1, errno: "EPIPE" });
});

test("a peer blocked in recv reads ECONNRESET", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo);
  const blocked = peer.recv();
  await daemon.sessions.resetSession({ session: name });
  expect(await blocked).toEqual(failedRecv);
});

test("the very first write after the reply fails with ECONNRESET, 200 of 200", async () => {
  const outcomes = new Map<string, number>();
  for (let i = 0; i < 200; i++) {
    const { peer, name } = await connectTo(daemon, judge, echo);
    await daemon.sessions.resetSession({ session: name });
    const { errno = "written" } = await peer.send({ text: "x" });
    outcomes.set(errno, (outcomes.get(errno) ?? 0) + 1);
    await peer.close();
  }
  expect([...outcomes]).toEqual([["ECONNRESET", 200]]);
});

test("1000 of 1000 idle peers read ECONNRESET, and no descriptor is left", async () => {
  const before = descriptors();
  const outcomes = new Map<string, number>();
  for (let wave = 0; wave < 10; wave++) {
    const peers: Peer[] = [];
    for (let i = 0; i < 100; i++) peers.push(await judge.connect(echo));
    const last = wave * 100 + 100;
    await daemon.sessions.waitSession({ listener: "echo", ordinal: BigInt(last) });
    const sessions = Array.from({ length: 100 }, (_, index) => `echo/${last - index}`);
    await Promise.all(sessions.map((session) => daemon.sessions.resetSession({ session })));
    for (const peer of peers) {
      const { end = "data" } = await peer.recv();
      outcomes.set(end, (outcomes.get(end) ?? 0) + 1);
      await peer.close();
    }
  }
  expect([...outcomes]).toEqual([["ECONNRESET", 1000]]);
  expect(descriptors()).toBe(before);
}, 60_000);

test("1000 of 1000 peers in the midst of data are told ECONNRESET once, on read or on write", async () => {
  const before = descriptors();
  const judges = await startJudges(2);
  try {
    const told = new Map<string, number>();
    const run = async (own: Judge) => {
      for (let i = 0; i < 500; i++) {
        const { peer, name } = await connectTo(daemon, own, echo);
        const running = peer.echoUntilError({ chunk: 2048 });
        await daemon.sessions.waitSession({ session: name, bytesReceived: BigInt(1 + (i % 64) * 1024) });
        await daemon.sessions.resetSession({ session: name });
        const { events } = await running;
        const resets = events.filter(({ end }) => end === "ECONNRESET").length;
        const key = `first ${events[0]?.end}, ECONNRESET ${resets} times, at last ${events.at(-1)?.call} ${events.at(-1)?.end}`;
        told.set(key, (told.get(key) ?? 0) + 1);
        await peer.close();
      }
    };
    await Promise.all(judges.map(run));
    expect([...told]).toEqual([["first ECONNRESET, ECONNRESET 1 times, at last send EPIPE", 1000]]);
  } finally {
    await Promise.all(judges.map((one) => one.stop()));
  }
  // The judges' stdio is gone with them.
  expect(descriptors()).toBe(before);
}, 120_000);

test("its receipt is final: RST by the command, ESTABLISHED before, CLOSED after", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo);
  await peer.send({ text: "hello" });
  expect((await peer.recvAll({ max: 5 })).end).toBe("MAX");
  expect(await resetOf(name)).toEqual({
    session: name,
    uid: expect.any(String),
    localEnd: {
      kind: "RST",
      cause: { kind: "COMMAND", rpc: "ResetSession", action: "reset" },
      time: expect.anything(),
    },
    peerEnd: { kind: "NONE" },
    final: true,
    stateBefore: "ESTABLISHED",
    stateAfter: "CLOSED",
    bytesReceived: "5",
    bytesSent: "5",
    peerOutlook: { nextRead: ["DATA", "ECONNRESET"], nextWrite: ["ECONNRESET"], note: expect.any(String) },
    evidence: "NOT_CAPTURED",
    endTime: expect.anything(),
  });
});

test("throws away what waits behind a full window, and says how much", async () => {
  const { peer, name } = await dialWithStuckData(daemon, judge);
  const receipt = await resetOf(name);
  const { bytes, end } = await peer.recvAll();
  expect(end).toBe("ECONNRESET");
  expect(bytes).toBeLessThan(stuckBytes);
  expect(Number(receipt["unsentBytesDiscarded"])).toBeGreaterThanOrEqual(stuckBytes - bytes);
  expect(Number(receipt["unsentBytesDiscarded"])).toBeLessThanOrEqual(stuckBytes);
});

test("after a half-close the peer reads EOF and its write is EPIPE, never ECONNRESET", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo);
  await daemon.sessions.halfCloseSession({ session: name });
  await daemon.sessions.waitSession({ session: name, state: Session_State.FIN_WAIT2 });
  expect(await resetOf(name)).toMatchObject({
    localEnd: {
      kind: "RST",
      cause: { kind: "COMMAND", rpc: "ResetSession" },
      earlierFin: { cause: { kind: "COMMAND", rpc: "HalfCloseSession" }, time: expect.anything() },
    },
    stateBefore: "FIN_WAIT2",
    stateAfter: "CLOSED",
    peerOutlook: { nextRead: ["EOF"], nextWrite: ["EPIPE"] },
  });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  expect(await peer.send({ text: "x" })).toEqual({ rc: -1, errno: "EPIPE" });
});

test("after a close the peer reads EOF and its write is EPIPE", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo);
  await daemon.sessions.closeSession({ session: name });
  await daemon.sessions.waitSession({ session: name, state: Session_State.FIN_WAIT2 });
  expect(await resetOf(name)).toMatchObject({
    localEnd: { kind: "RST", earlierFin: { cause: { rpc: "CloseSession" } } },
    stateBefore: "FIN_WAIT2",
  });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  expect(await peer.send({ text: "x" })).toEqual({ rc: -1, errno: "EPIPE" });
});

test("in FIN_WAIT1, the FIN stuck behind data, the peer reads what it has and then ECONNRESET", async () => {
  const { peer, name } = await dialWithStuckData(daemon, judge);
  await daemon.sessions.halfCloseSession({ session: name });
  expect(await resetOf(name)).toMatchObject({
    stateBefore: "FIN_WAIT1",
    stateAfter: "CLOSED",
    localEnd: { kind: "RST" },
  });
  expect(await peer.recvAll()).toMatchObject({ end: "ECONNRESET" });
});

test("in CLOSE_WAIT the peer that has half-closed reads ECONNRESET", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await peer.shutdown("WR");
  await daemon.sessions.waitSession({ session: name, condition: PEER_FIN });
  expect(await resetOf(name)).toMatchObject({
    stateBefore: "CLOSE_WAIT",
    stateAfter: "CLOSED",
    peerEnd: { kind: "FIN", cause: { kind: "PEER" } },
    peerOutlook: { nextRead: ["ECONNRESET"], nextWrite: ["ECONNRESET"] },
  });
  expect(await peer.recv()).toEqual(failedRecv);
});

test("in LAST_ACK is RESET_IMPOSSIBLE, names the state, and changes nothing", async () => {
  const { peer, name } = await dialWithStuckData(daemon, judge);
  await peer.shutdown("WR");
  await daemon.sessions.waitSession({ session: name, condition: PEER_FIN });
  await daemon.sessions.closeSession({ session: name });
  const { session } = await daemon.sessions.getSession({ session: name });
  expect(session?.state).toBe(Session_State.LAST_ACK);

  const failure = await failureOf(daemon.sessions.resetSession({ session: name }));
  expect(failure).toMatchObject({
    code: "FAILED_PRECONDITION",
    reason: "RESET_IMPOSSIBLE",
    metadata: { state: "LAST_ACK" },
    resource: `hangup.v1/session ${name}`,
    receipt: { session: name, final: false },
  });
  expect(failure.message).toContain("LAST_ACK");

  expect(await peer.recvAll()).toMatchObject({ bytes: stuckBytes, end: "EOF" });
  const ended = await daemon.sessions.waitSession({ session: name, condition: ENDED });
  expect(ended.session?.receipt).toMatchObject({
    localEnd: { kind: 1 },
    peerEnd: { kind: 1 },
    stateAfter: Session_State.CLOSED,
  });
});

test("in CLOSING is RESET_IMPOSSIBLE, and the session goes on to TIME_WAIT", async () => {
  const { peer, name } = await dialWithStuckData(daemon, judge);
  await daemon.sessions.halfCloseSession({ session: name });
  await peer.shutdown("WR");
  await daemon.sessions.waitSession({ session: name, state: Session_State.CLOSING });
  const failure = await failureOf(daemon.sessions.resetSession({ session: name }));
  expect(failure).toMatchObject({ reason: "RESET_IMPOSSIBLE", metadata: { state: "CLOSING" } });
  expect(await peer.recvAll()).toMatchObject({ bytes: stuckBytes, end: "EOF" });
  const ended = await daemon.sessions.waitSession({ session: name, condition: ENDED });
  expect(ended.session?.receipt?.stateAfter).toBe(Session_State.TIME_WAIT);
});

test("after the end is SESSION_ENDED with the final receipt", async () => {
  const { name } = await connectTo(daemon, judge, echo);
  await daemon.sessions.resetSession({ session: name });
  expect(await failureOf(daemon.sessions.resetSession({ session: name }))).toMatchObject({
    code: "FAILED_PRECONDITION",
    reason: "SESSION_ENDED",
    receipt: { session: name, final: true, localEnd: { kind: 2 } },
  });
});

test("on a unix socket is RESET_IMPOSSIBLE, and the peer goes on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hangup-"));
  try {
    const path = join(folder, "u.sock");
    await daemon.listen("u", { unixPath: path });
    const peer = await judge.connect({ path });
    await daemon.sessions.waitSession({ session: "u/1" });
    const failure = await failureOf(daemon.sessions.resetSession({ session: "u/1" }));
    expect(failure).toMatchObject({ code: "FAILED_PRECONDITION", reason: "RESET_IMPOSSIBLE" });
    expect(failure.message).toContain("close gives EOF");
    await peer.send({ text: "still here" });
    expect((await peer.recv()).data.toString()).toBe("still here");
    await daemon.sessions.closeSession({ session: "u/1" });
    expect(await peer.recv()).toMatchObject({ end: "EOF" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
