import { Action } from "../../../src/gen/hangup/v1/action.js";
import { WaitSessionRequest_Condition } from "../../../src/gen/hangup/v1/session.js";
import { holdBack, perform } from "../../support/actions.js";
import { connectTo, dialJudge } from "../../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { failureOf } from "../../support/failure.js";
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

test("the peer reads what was sent before, the last data and EOF, and the session drains as after close", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { send: { text: "first, " } });
  expect(await perform(daemon, name, { lastData: { text: "last" } })).toMatchObject({
    localEnd: { kind: "FIN", cause: { rpc: "PerformAction", action: "last_data" } },
    bytesSent: "11",
  });
  const { data, end } = await peer.recvAll();
  expect([data.toString(), end]).toEqual(["first, last", "EOF"]);
  expect(await peer.send({ text: "drained" })).toEqual({ rc: 7 });
  await peer.close();
  const { session } = await daemon.sessions.waitSession({ session: name, condition: ENDED });
  expect(session).toMatchObject({ bytesReceived: 7n, receipt: { final: true, peerEnd: { kind: 1 } } });
});

test("more than one segment is INVALID_ARGUMENT that says how much fits, and nothing is sent", async () => {
  const { peer, name } = await connectTo(
    daemon,
    judge,
    { name: "v4", ...(await daemon.listen("v4")) },
    { rcvbuf: 4096 },
  );
  const action = Action.fromJSON({ lastData: { data: Buffer.alloc(65_536).toString("base64") } });
  const failure = await failureOf(daemon.sessions.performAction({ session: name, action }));
  expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", field: "action.last_data.payload" });
  expect(failure.message).toMatch(/one segment has at most \d+ here/);
  await peer.send({ text: "x" });
  expect((await peer.recvAll({ max: 1 })).data.toString()).toBe("x");
  await peer.close();
});

test("behind bytes that wait in the daemon is FLUSH_TIMEOUT, and the session goes on", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await holdBack(daemon, name, "abc");
  const action = Action.fromJSON({ lastData: { text: "z", flushTimeout: ms(50) } });
  expect(await failureOf(daemon.sessions.performAction({ session: name, action }))).toMatchObject({
    reason: "FLUSH_TIMEOUT",
  });
  await perform(daemon, name, { throttle: {} });
  await perform(daemon, name, { lastData: { text: "z" } });
  const { data, end } = await peer.recvAll();
  expect([data.toString(), end]).toEqual(["abcz", "EOF"]);
  await peer.close();
});
