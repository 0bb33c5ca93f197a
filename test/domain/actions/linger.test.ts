import { Action } from "../../../src/gen/hangup/v1/action.js";
import { Session_State, WaitSessionRequest_Condition } from "../../../src/gen/hangup/v1/session.js";
import { look, perform } from "../../support/actions.js";
import { dialJudge, dialWithStuckData, stuckBytes } from "../../support/connections.js";
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

test("acknowledged: the peer reads all, then EOF, and the answer does not wait for the timeout", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { send: { text: "bye" } });
  const began = performance.now();
  const receipt = await perform(daemon, name, { linger: { timeout: ms(20_000) } });
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(receipt).toMatchObject({ localEnd: { kind: "FIN", cause: { rpc: "PerformAction", action: "linger" } } });
  expect(await look(daemon, name)).toMatchObject({ state: "FIN_WAIT2" });
  expect(await peer.recvAll()).toMatchObject({ bytes: 3, end: "EOF" });
  await peer.close();
  await daemon.sessions.waitSession({ session: name, condition: ENDED });
});

test("acknowledged, then drained no longer: the session ends, and the peer’s second write is EPIPE", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { linger: { timeout: ms(5000), drainTimeout: ms(0) } });
  await daemon.sessions.waitSession({ session: name, condition: ENDED });
  expect(await peer.send({ text: "x" })).toEqual({ rc: 1 });
  expect(await peer.send({ text: "x" })).toEqual({ rc: -1, errno: "EPIPE" });
  await peer.close();
});

test("not acknowledged, for the peer does not read: RST after the timeout and not before", async () => {
  const { peer, name } = await dialWithStuckData(daemon, judge);
  const began = performance.now();
  const receipt = await perform(daemon, name, { linger: { timeout: ms(300) } });
  expect(performance.now() - began).toBeGreaterThanOrEqual(299);
  expect(receipt).toMatchObject({
    localEnd: {
      kind: "RST",
      cause: { rpc: "PerformAction", action: "linger" },
      earlierFin: { cause: { rpc: "PerformAction", action: "linger" } },
    },
    stateBefore: "FIN_WAIT1",
    final: true,
  });
  const { bytes, end } = await peer.recvAll();
  expect(end).toBe("ECONNRESET");
  expect(bytes).toBeLessThan(stuckBytes);
  expect(Number(receipt?.["unsentBytesDiscarded"])).toBeGreaterThanOrEqual(stuckBytes - bytes);
  await peer.close();
});

test("an acknowledgement of the bytes alone is none: while that of the FIN is lost it waits, and resets", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { blackHole: { direction: "INBOUND" } });
  const receipt = await perform(daemon, name, { linger: { timeout: ms(200) } });
  expect(receipt).toMatchObject({ localEnd: { kind: "RST" }, stateBefore: "FIN_WAIT1" });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  expect(await peer.send({ text: "x" })).toEqual({ rc: -1, errno: "EPIPE" });
  await peer.close();
});

test("a peer that reads in time gets all, then EOF, and no RST", async () => {
  const { peer, name } = await dialWithStuckData(daemon, judge);
  const lingering = perform(daemon, name, { linger: { timeout: ms(20_000) } });
  await daemon.sessions.waitSession({ session: name, state: Session_State.FIN_WAIT1 });
  expect(await peer.recvAll()).toMatchObject({ bytes: stuckBytes, end: "EOF" });
  expect(await lingering).toMatchObject({ localEnd: { kind: "FIN" } });
  await peer.close();
});

test("after a half_close it waits for the acknowledgement of that FIN", async () => {
  const { peer, name } = await dialWithStuckData(daemon, judge);
  await daemon.sessions.halfCloseSession({ session: name });
  const receipt = await perform(daemon, name, { linger: { timeout: ms(100) } });
  expect(receipt).toMatchObject({
    localEnd: { kind: "RST", cause: { action: "linger" }, earlierFin: { cause: { action: "half_close" } } },
  });
  expect(await peer.recvAll()).toMatchObject({ end: "ECONNRESET" });
  await peer.close();
});

test("holds nobody up while it waits: a hundred calls and a reset of another session are answered before", async () => {
  const { peer: stuck, name } = await dialWithStuckData(daemon, judge);
  const other = await dialJudge(daemon, judge);
  let isOver = false;
  // Longer than anything here takes: the reset at the end is what ends it.
  const action = Action.fromJSON({ linger: { timeout: ms(120_000) } });
  const lingering = daemon.sessions.performAction({ session: name, action }).finally(() => (isOver = true));
  await daemon.sessions.waitSession({ session: name, state: Session_State.FIN_WAIT1 });
  for (let call = 0; call < 100; call++) await daemon.info.getInfo({});
  await daemon.sessions.resetSession({ session: other.name });
  expect(await other.peer.recv()).toMatchObject({ end: "ECONNRESET" });
  expect(isOver).toBe(false);
  await daemon.sessions.resetSession({ session: name });
  await lingering;
  await stuck.close();
});
