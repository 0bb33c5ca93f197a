import { Session_State, WaitSessionRequest_Condition } from "../../../src/gen/hangup/v1/session.js";
import { look, perform } from "../../support/actions.js";
import { dialJudge } from "../../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { type Judge, startJudge } from "../../support/judge.js";

const { ENDED } = WaitSessionRequest_Condition;

let daemon: TestDaemon;
let judge: Judge;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterAll(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

test("INBOUND: our data arrives, its acknowledgement does not, and our kernel retransmits", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { blackHole: { direction: "INBOUND" } });
  expect(await look(daemon, name)).toMatchObject({ blackHole: "INBOUND", state: "ESTABLISHED" });
  await perform(daemon, name, { send: { text: "hello" } });
  expect((await peer.recv()).data.toString()).toBe("hello");
  let retransmits = 0;
  for (const end = performance.now() + 5000; retransmits === 0 && performance.now() < end; ) {
    const { tcpInfo } = (await look(daemon, name)) as {
      tcpInfo: { totalRetransmits?: number; unackedSegments?: number };
    };
    retransmits = tcpInfo.totalRetransmits ?? 0;
  }
  expect(retransmits).toBeGreaterThan(0);
  expect(await look(daemon, name)).toMatchObject({ unsentBytes: "5" });
  await peer.close({ linger0: true });
});

test("INBOUND is the default", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { blackHole: {} });
  expect(await look(daemon, name)).toMatchObject({ blackHole: "INBOUND" });
  await peer.close({ linger0: true });
});

test.each(["INBOUND", "BOTH"] as const)(
  "%s: what the peer sends is not read, and it is told ETIMEDOUT",
  async (direction) => {
    const { peer, name } = await dialJudge(daemon, judge);
    await peer.setsockopt("TCP_USER_TIMEOUT", 300);
    await perform(daemon, name, { blackHole: { direction } });
    expect(await peer.send({ text: "lost" })).toEqual({ rc: 4 });
    expect(await peer.recv({ deadlineMs: 10_000 })).toMatchObject({ end: "ETIMEDOUT" });
    expect(await look(daemon, name)).toMatchObject({ state: "ESTABLISHED", blackHole: direction });
    expect((await look(daemon, name))["bytesReceived"]).toBeUndefined();
    await peer.close();
  },
);

test("INBOUND: the peer reads the FIN of a close, and its own is not seen until healed", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { blackHole: {} });
  await daemon.sessions.closeSession({ session: name });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  expect(await look(daemon, name)).toMatchObject({ state: "FIN_WAIT1" });
  await peer.close();
  expect(await look(daemon, name)).toMatchObject({ state: "FIN_WAIT1" });
  await perform(daemon, name, { heal: {} });
  const { session } = await daemon.sessions.waitSession({ session: name, condition: ENDED });
  expect(session?.receipt).toMatchObject({ localEnd: { kind: 1 }, peerEnd: { kind: 1 } });
});

test("INBOUND on the peer’s FIN: both sides have closed, and the last acknowledgement is lost: LAST_ACK, then gone", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await peer.shutdown("WR");
  await daemon.sessions.waitSession({ session: name, condition: WaitSessionRequest_Condition.PEER_FIN });
  await perform(daemon, name, { blackHole: {} });
  await daemon.sessions.closeSession({ session: name });
  expect((await daemon.sessions.getSession({ session: name })).session).toMatchObject({
    state: Session_State.LAST_ACK,
    ended: false,
  });
  await perform(daemon, name, { heal: {} });
  const { session } = await daemon.sessions.waitSession({ session: name, condition: ENDED });
  expect(session?.state).toBe(Session_State.CLOSED);
  await peer.close();
});

test("BOTH: a reset is not obeyed, and the receipt expects the peer to block", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { blackHole: { direction: "BOTH" } });
  expect(await perform(daemon, name, { reset: {} })).toMatchObject({
    localEnd: { kind: "RST" },
    peerOutlook: { nextRead: ["BLOCKS"], nextWrite: ["OK"] },
  });
  expect(await peer.recv({ deadlineMs: 50 })).toMatchObject({ end: "ETIMEDOUT_JUDGE" });
  expect(await peer.tcpState()).toBe("ESTABLISHED");
  await peer.close();
});

test("a close that nobody acknowledges is released after its drain timeout, with the peer’s end NONE", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { blackHole: { direction: "BOTH" } });
  await daemon.sessions.closeSession({ session: name, drainTimeout: ms(100) });
  const { session } = await daemon.sessions.waitSession({ session: name, condition: ENDED });
  expect(session?.receipt).toMatchObject({ localEnd: { kind: 1 }, peerEnd: { kind: 3, cause: { kind: 5 } } });
  expect(await peer.tcpState()).toBe("ESTABLISHED");
  await peer.close();
});
