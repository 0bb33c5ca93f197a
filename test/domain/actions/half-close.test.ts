import { GetSessionResponse, Session_State, WaitSessionRequest_Condition } from "../../../src/gen/hangup/v1/session.js";
import { connectTo, dialJudge } from "../../support/connections.js";
import { startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { failureOf } from "../../support/failure.js";
import { type Judge, startJudge } from "../../support/judge.js";

const { ENDED } = WaitSessionRequest_Condition;

let daemon: TestDaemon;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

async function receiptAtEnd(session: string) {
  const reply = await daemon.sessions.waitSession({ session, condition: ENDED });
  return (GetSessionResponse.toJSON(reply) as { session: { receipt: Record<string, unknown> } }).session.receipt;
}

test("the peer reads EOF, and its data still comes the other way", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await daemon.sessions.halfCloseSession({ session: name });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  const { session } = await daemon.sessions.waitSession({ session: name, state: Session_State.FIN_WAIT2 });
  expect(session).toMatchObject({ finSent: true, ended: false, peerFinSeen: false });

  expect(await peer.send({ text: "after your FIN" })).toEqual({ rc: 14 });
  expect((await daemon.sessions.receiveData({ session: name, minBytes: 14 })).text).toBe("after your FIN");
  expect(await peer.send({ text: "last" })).toEqual({ rc: 4 });
  await peer.close();
  expect(await daemon.sessions.receiveData({ session: name, minBytes: 100 })).toMatchObject({
    text: "last",
    eof: true,
  });
  expect(await receiptAtEnd(name)).toMatchObject({
    localEnd: { kind: "FIN", cause: { kind: "COMMAND", rpc: "HalfCloseSession" } },
    peerEnd: { kind: "FIN", cause: { kind: "PEER" } },
    bytesReceived: "18",
    stateAfter: "TIME_WAIT",
  });
});

test("of an echo: what comes after is read and not echoed", async () => {
  const echo = { name: "echo", ...(await daemon.listen("echo")) };
  const { peer, name } = await connectTo(daemon, judge, echo);
  await daemon.sessions.halfCloseSession({ session: name });
  await peer.send({ text: "hello" });
  await daemon.sessions.waitSession({ session: name, bytesReceived: 5n });
  expect(await peer.recvAll()).toMatchObject({ bytes: 0, end: "EOF" });
});

test("then close: no second FIN, and the session ends at the peer’s", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await daemon.sessions.halfCloseSession({ session: name });
  const { receipt } = await daemon.sessions.closeSession({ session: name });
  expect(receipt).toMatchObject({ localEnd: { kind: 1, cause: { rpc: "HalfCloseSession" } }, final: false });
  await peer.close();
  expect(await receiptAtEnd(name)).toMatchObject({
    localEnd: { kind: "FIN", cause: { rpc: "HalfCloseSession" } },
    peerEnd: { kind: "FIN" },
  });
});

test("twice is FIN_ALREADY_SENT with the receipt so far; so is a half-close after a close", async () => {
  const { name } = await dialJudge(daemon, judge);
  await daemon.sessions.halfCloseSession({ session: name });
  const expected = {
    code: "FAILED_PRECONDITION",
    reason: "FIN_ALREADY_SENT",
    receipt: { session: name, final: false, localEnd: { kind: 1 } },
  };
  expect(await failureOf(daemon.sessions.halfCloseSession({ session: name }))).toMatchObject(expected);
  await daemon.sessions.closeSession({ session: name });
  expect(await failureOf(daemon.sessions.halfCloseSession({ session: name }))).toMatchObject(expected);
});

test("data behind our FIN is FIN_ALREADY_SENT", async () => {
  const { name } = await dialJudge(daemon, judge);
  await daemon.sessions.halfCloseSession({ session: name });
  expect(
    await failureOf(daemon.sessions.sendData({ session: name, payload: { $case: "text", value: "x" } })),
  ).toMatchObject({
    code: "FAILED_PRECONDITION",
    reason: "FIN_ALREADY_SENT",
  });
});

test("in CLOSE_WAIT goes over LAST_ACK to the end", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await peer.shutdown("WR");
  await daemon.sessions.waitSession({ session: name, state: Session_State.CLOSE_WAIT });
  await daemon.sessions.halfCloseSession({ session: name });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  expect(await receiptAtEnd(name)).toMatchObject({
    localEnd: { kind: "FIN" },
    peerEnd: { kind: "FIN" },
    stateAfter: "CLOSED",
  });
});
