import { Action } from "../../../src/gen/hangup/v1/action.js";
import { perform } from "../../support/actions.js";
import { connectTo, dialJudge } from "../../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { failureOf } from "../../support/failure.js";
import { type Judge, startJudge } from "../../support/judge.js";

let daemon: TestDaemon;
let judge: Judge;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterAll(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

test("a byte that waits unread: the peer reads ECONNRESET, and the receipt says what was thrown away", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { pause: {} });
  await peer.send({ text: "unread" });
  const receipt = await perform(daemon, name, { resetUnread: {} });
  expect(receipt).toMatchObject({
    localEnd: { kind: "RST", cause: { rpc: "PerformAction", action: "reset_unread" } },
    stateBefore: "ESTABLISHED",
    stateAfter: "CLOSED",
    unreadBytesDiscarded: "6",
    final: true,
    peerOutlook: { nextRead: ["ECONNRESET"], nextWrite: ["ECONNRESET"] },
  });
  expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
  await peer.close();
});

test("what we had sent is read before the ECONNRESET", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { send: { text: "hello" } });
  await perform(daemon, name, { pause: {} });
  await peer.send({ text: "unread" });
  await perform(daemon, name, { resetUnread: {} });
  expect(await peer.recvAll()).toMatchObject({ bytes: 5, end: "ECONNRESET" });
  await peer.close();
});

test("waits for a byte to come, and an echo does not echo it", async () => {
  const { peer, name } = await connectTo(daemon, judge, { name: "echo", ...(await daemon.listen("echo")) });
  const resetting = perform(daemon, name, { resetUnread: {} });
  // It is held to be under way when a call that came after it is answered.
  await daemon.info.getInfo({});
  await peer.send({ text: "x" });
  expect(await resetting).toMatchObject({ localEnd: { kind: "RST" }, unreadBytesDiscarded: "1" });
  expect(await peer.recvAll()).toMatchObject({ bytes: 0, end: "ECONNRESET" });
  await peer.close();
});

test("without a byte is DEADLINE_EXCEEDED (NOTHING_UNREAD), and the session goes on as before", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  const action = Action.fromJSON({ resetUnread: { timeout: ms(50) } });
  expect(await failureOf(daemon.sessions.performAction({ session: name, action }))).toMatchObject({
    code: "DEADLINE_EXCEEDED",
    reason: "NOTHING_UNREAD",
    metadata: { state: "ESTABLISHED" },
  });
  await peer.send({ text: "still read" });
  expect((await daemon.sessions.receiveData({ session: name, minBytes: 10 })).text).toBe("still read");
  await peer.close();
});

test("bytes that wait for ReceiveData are read, and do not count", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await peer.send({ text: "read" });
  await daemon.sessions.waitSession({ session: name, bytesReceived: 4n });
  const action = Action.fromJSON({ resetUnread: { timeout: ms(50) } });
  expect(await failureOf(daemon.sessions.performAction({ session: name, action }))).toMatchObject({
    reason: "NOTHING_UNREAD",
  });
  await peer.close();
});
