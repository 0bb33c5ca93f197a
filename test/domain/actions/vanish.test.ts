import { Session_State } from "../../../src/gen/hangup/v1/session.js";
import { look, perform } from "../../support/actions.js";
import { dialJudge } from "../../support/connections.js";
import { startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { type Judge, startJudge } from "../../support/judge.js";

let daemon: TestDaemon;
let judge: Judge;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterAll(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

test("the peer stays ESTABLISHED; its first write is accepted, and what it then reads is ECONNRESET", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  expect(await perform(daemon, name, { vanish: {} })).toMatchObject({
    localEnd: { kind: "NONE", cause: { rpc: "PerformAction", action: "vanish" } },
    peerEnd: { kind: "NONE" },
    stateBefore: "ESTABLISHED",
    stateAfter: "CLOSED",
    final: true,
    peerOutlook: { nextRead: ["BLOCKS"], nextWrite: ["OK"] },
  });
  expect(await peer.tcpState()).toBe("ESTABLISHED");
  expect(await peer.send({ text: "anyone?" })).toEqual({ rc: 7 });
  expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
  await peer.close();
});

test("what the peer’s kernel had is still read, then nothing", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { send: { text: "last words" } });
  await perform(daemon, name, { vanish: {} });
  expect(await peer.recvAll({ deadlineMs: 100 })).toMatchObject({ bytes: 10, end: "ETIMEDOUT_JUDGE" });
  await peer.close();
});

test("what the peer has sent is acknowledged before, or it would be sent again, and be answered by RST", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  // Who answers acknowledges with the answer, and so waits for one.
  for (const text of ["a", "b", "c"]) {
    await peer.send({ text });
    await daemon.sessions.receiveData({ session: name, minBytes: 1 });
    await perform(daemon, name, { send: { text } });
    expect((await peer.recv()).data.toString()).toBe(text);
  }
  await peer.send({ text: "d" });
  await daemon.sessions.receiveData({ session: name, minBytes: 1 });
  await perform(daemon, name, { vanish: {} });
  // Longer than it takes to send again (200 ms, tcp(7): RTO).
  expect(await peer.recv({ deadlineMs: 700 })).toMatchObject({ end: "ETIMEDOUT_JUDGE" });
  await peer.close();
});

test("unread and unsent bytes are thrown away, and counted", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { pause: {} });
  await peer.send({ text: "unread" });
  expect(await perform(daemon, name, { vanish: {} })).toMatchObject({ unreadBytesDiscarded: "6" });
  expect(await peer.tcpState()).toBe("ESTABLISHED");
  await peer.close();
});

test("after a half_close the peer has its EOF, and is told nothing more", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await daemon.sessions.halfCloseSession({ session: name });
  await daemon.sessions.waitSession({ session: name, state: Session_State.FIN_WAIT2 });
  await perform(daemon, name, { vanish: {} });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  expect(await peer.tcpState()).toBe("CLOSE_WAIT");
  expect(await look(daemon, name)).toMatchObject({ ended: true, receipt: { stateBefore: "FIN_WAIT2" } });
  await peer.close();
});
