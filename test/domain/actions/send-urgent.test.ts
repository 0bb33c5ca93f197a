import { Action } from "../../../src/gen/hangup/v1/action.js";
import { holdBack, look, perform } from "../../support/actions.js";
import { dialJudge } from "../../support/connections.js";
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

test("poll gives POLLPRI, a read stops at the mark, and the last byte is read with MSG_OOB", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { sendUrgent: { text: "abX" } });
  expect(await peer.poll({ events: ["POLLPRI"] })).toEqual(["POLLPRI"]);
  await perform(daemon, name, { send: { text: "cd" } });
  expect((await peer.recv()).data.toString()).toBe("ab");
  expect((await peer.recv({ flags: ["MSG_OOB"] })).data.toString()).toBe("X");
  expect((await peer.recv()).data.toString()).toBe("cd");
  expect(await look(daemon, name)).toMatchObject({ bytesSent: "5" });
  await peer.close();
});

test("a single byte is urgent", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { sendUrgent: { data: "WA==" } });
  expect((await peer.recv({ flags: ["MSG_OOB"] })).data.toString()).toBe("X");
  expect(await peer.poll({ events: ["POLLIN"], deadlineMs: 0 })).toEqual([]);
  await peer.close();
});

test("behind bytes that wait in the daemon is FLUSH_TIMEOUT, and nothing urgent is sent", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await holdBack(daemon, name, "abc");
  const action = Action.fromJSON({ sendUrgent: { text: "X", flushTimeout: ms(50) } });
  expect(await failureOf(daemon.sessions.performAction({ session: name, action }))).toMatchObject({
    reason: "FLUSH_TIMEOUT",
  });
  expect(await peer.poll({ events: ["POLLPRI"], deadlineMs: 0 })).toEqual([]);
  await peer.close();
});
