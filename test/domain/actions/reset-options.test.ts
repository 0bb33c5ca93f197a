// The options of reset: `after_flush` and `discarded_data`.
import { Action } from "../../../src/gen/hangup/v1/action.js";
import { look, perform } from "../../support/actions.js";
import { connectTo, dialJudge, dialWithStuckData, stuckBytes } from "../../support/connections.js";
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

test("after_flush: the peer reads all that was written, then ECONNRESET, 50 of 50", async () => {
  const outcomes = new Map<string, number>();
  for (let run = 0; run < 50; run++) {
    const { peer, name } = await dialJudge(daemon, judge);
    await perform(daemon, name, { send: { random: { bytes: 60_000 } } });
    const receipt = await perform(daemon, name, { reset: { afterFlush: true } });
    expect(receipt?.["unsentBytesDiscarded"]).toBeUndefined();
    const { bytes, end } = await peer.recvAll();
    const outcome = `${bytes} then ${end}`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    await peer.close();
  }
  expect([...outcomes]).toEqual([["60000 then ECONNRESET", 50]]);
});

test("after_flush: a peer that does not read is FLUSH_TIMEOUT, not reset, and gets all once it reads", async () => {
  const { peer, name } = await dialWithStuckData(daemon, judge);
  const action = Action.fromJSON({ reset: { afterFlush: true, flushTimeout: ms(100) } });
  expect(await failureOf(daemon.sessions.performAction({ session: name, action }))).toMatchObject({
    code: "DEADLINE_EXCEEDED",
    reason: "FLUSH_TIMEOUT",
    metadata: { state: "ESTABLISHED" },
  });
  expect(await peer.recvAll({ max: stuckBytes })).toMatchObject({ bytes: stuckBytes, end: "MAX" });
  await peer.send({ text: "still read" });
  expect((await daemon.sessions.receiveData({ session: name, minBytes: 10 })).text).toBe("still read");
  await peer.close();
});

test("after_flush: while it waits an echo reads and writes nothing", async () => {
  const listener = { name: "echo", ...(await daemon.listen("echo", { receiveBufferBytes: 1 })) };
  const { peer, name } = await connectTo(daemon, judge, listener);
  await perform(daemon, name, { blackHole: {} });
  await perform(daemon, name, { send: { text: "unacknowledged" } });
  const resetting = perform(daemon, name, { reset: { afterFlush: true, flushTimeout: ms(20_000) } });
  expect(await look(daemon, name)).toMatchObject({ unsentBytes: "14" });
  const late = await failureOf(daemon.sessions.sendData({ session: name, payload: { $case: "text", value: "x" } }));
  expect(late).toMatchObject({ code: "FAILED_PRECONDITION", reason: "WRONG_STATE" });
  expect(late.message).toContain("a reset waits");
  await peer.send({ text: "not to be echoed" });
  await perform(daemon, name, { heal: {} });
  expect(await resetting).toMatchObject({ localEnd: { kind: "RST" } });
  expect(await peer.recvAll()).toMatchObject({ bytes: 14, end: "ECONNRESET" });
  await peer.close();
});

test("discarded_data: not a byte of it arrives, earlier ones do, 50 of 50", async () => {
  const outcomes = new Map<string, number>();
  for (let run = 0; run < 50; run++) {
    const { peer, name } = await dialJudge(daemon, judge);
    await perform(daemon, name, { send: { text: "early" } });
    const receipt = await perform(daemon, name, { reset: { discardedData: Buffer.from("lost").toString("base64") } });
    expect(Number(receipt?.["unsentBytesDiscarded"])).toBeGreaterThanOrEqual(4);
    const { data, end } = await peer.recvAll();
    const outcome = `${data.toString()} then ${end}`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    await peer.close();
  }
  expect([...outcomes]).toEqual([["early then ECONNRESET", 50]]);
});

test("discarded_data of a whole segment is INVALID_ARGUMENT that says how much fits, and not reset", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  const action = Action.fromJSON({ reset: { discardedData: Buffer.alloc(65_536).toString("base64") } });
  const failure = await failureOf(daemon.sessions.performAction({ session: name, action }));
  expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", field: "action.reset.discarded_data" });
  expect(failure.message).toMatch(/\d+ bytes at most here/);
  expect(await peer.recv({ deadlineMs: 50 })).toMatchObject({ end: "ETIMEDOUT_JUDGE" });
  await peer.close();
});
