import { createHash } from "node:crypto";
import { Action } from "../../../src/gen/hangup/v1/action.js";
import { look, perform } from "../../support/actions.js";
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

async function sentAndRead(action: object, bytes: number): Promise<Buffer> {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { send: action });
  const { data } = await peer.recvAll({ max: bytes });
  await peer.close();
  return data;
}

test("text, as UTF-8", async () => {
  expect((await sentAndRead({ text: "grüße" }, 7)).toString("utf8")).toBe("grüße");
});

test("bytes, as they are", async () => {
  expect(await sentAndRead({ data: "AP8QAA==" }, 4)).toEqual(Buffer.from([0, 255, 16, 0]));
});

test("repeated", async () => {
  expect((await sentAndRead({ text: "ab", repeat: 3 }, 6)).toString()).toBe("ababab");
});

test("random: the same seed gives the same bytes, another one others", async () => {
  const [one, same, other] = [
    await sentAndRead({ random: { bytes: 1000, seed: "7" } }, 1000),
    await sentAndRead({ random: { bytes: 1000, seed: "7" } }, 1000),
    await sentAndRead({ random: { bytes: 1000, seed: "8" } }, 1000),
  ];
  expect(one).toEqual(same);
  expect(one).not.toEqual(other);
});

test("1 MiB arrives whole", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  const sending = perform(daemon, name, { send: { text: "0123456789abcdef", repeat: 65_536 } });
  const { bytes, sha256 } = await peer.recvAll({ max: 1024 * 1024 });
  await sending;
  expect(bytes).toBe(1024 * 1024);
  expect(sha256).toBe(createHash("sha256").update("0123456789abcdef".repeat(65_536)).digest("hex"));
  await peer.close();
});

test("of an echo goes between its echoes", async () => {
  const { peer, name } = await connectTo(daemon, judge, { name: "echo", ...(await daemon.listen("echo")) });
  await peer.send({ text: "a" });
  expect((await peer.recv()).data.toString()).toBe("a");
  await perform(daemon, name, { send: { text: "unasked" } });
  await peer.send({ text: "b" });
  expect((await peer.recvAll({ max: 8 })).data.toString()).toBe("unaskedb");
  await peer.close();
});

test("to a peer that does not read is FLUSH_TIMEOUT, and the bytes stay queued", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { delay: { duration: ms(60_000) } });
  const action = Action.fromJSON({ send: { text: "queued", flushTimeout: ms(50) } });
  expect(await failureOf(daemon.sessions.performAction({ session: name, action }))).toMatchObject({
    code: "DEADLINE_EXCEEDED",
    reason: "FLUSH_TIMEOUT",
  });
  expect(await look(daemon, name)).toMatchObject({ unsentBytes: "6" });
  await peer.close();
});

test("past 4 MiB that wait is RESOURCE_EXHAUSTED (SEND_QUEUE_FULL), and nothing is queued", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { delay: { duration: ms(60_000) } });
  const mib = Action.fromJSON({ send: { random: { bytes: 1024 * 1024 }, flushTimeout: ms(0) } });
  for (let count = 0; count < 4; count++) {
    expect(await failureOf(daemon.sessions.performAction({ session: name, action: mib }))).toMatchObject({
      reason: "FLUSH_TIMEOUT",
    });
  }
  const one = Action.fromJSON({ send: { text: "x" } });
  expect(await failureOf(daemon.sessions.performAction({ session: name, action: one }))).toMatchObject({
    code: "RESOURCE_EXHAUSTED",
    reason: "SEND_QUEUE_FULL",
  });
  expect(await look(daemon, name)).toMatchObject({ unsentBytes: String(4 * 1024 * 1024) });
  await peer.close();
});
