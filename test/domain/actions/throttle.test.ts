import { look, perform } from "../../support/actions.js";
import { dialJudge } from "../../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { type Judge, startJudge } from "../../support/judge.js";

let daemon: TestDaemon;
let judge: Judge;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterAll(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

test("all bytes arrive, in order, and not sooner than the pauses between the chunks allow", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { throttle: { chunkBytes: 2, pause: ms(20) } });
  const began = performance.now();
  await perform(daemon, name, { send: { text: "0123456789" } });
  // Five chunks have four pauses between them.
  expect(performance.now() - began).toBeGreaterThanOrEqual(79);
  expect((await peer.recvAll({ max: 10 })).data.toString()).toBe("0123456789");
  await peer.close();
});

test("not sooner than the bytes a second allow", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { throttle: { bytesPerSecond: "10000", chunkBytes: 100 } });
  const began = performance.now();
  await perform(daemon, name, { send: { random: { bytes: 3000 } } });
  // The first chunk goes at once: 2900 bytes at 10 a millisecond.
  expect(performance.now() - began).toBeGreaterThanOrEqual(280);
  expect(await peer.recvAll({ max: 3000 })).toMatchObject({ bytes: 3000, end: "MAX" });
  await peer.close();
});

test("the peer reads a byte at a time", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { throttle: { chunkBytes: 1, pause: ms(100) } });
  const sending = perform(daemon, name, { send: { text: "abc" } });
  const reads = [await peer.recv(), await peer.recv(), await peer.recv()];
  expect(reads.map(({ data }) => data.toString())).toEqual(["a", "b", "c"]);
  await sending;
  await peer.close();
});

test("a close waits behind it: the FIN is last", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { throttle: { chunkBytes: 1, pause: ms(10) } });
  const sending = perform(daemon, name, { send: { text: "slowly" } });
  await perform(daemon, name, { close: {} });
  await sending;
  const { data, end } = await peer.recvAll();
  expect([data.toString(), end]).toEqual(["slowly", "EOF"]);
  await peer.close();
});

test("taken away again, what waited goes at once", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { throttle: { chunkBytes: 1, pause: ms(60_000) } });
  const sending = perform(daemon, name, { send: { text: "hurry" } });
  expect((await peer.recv()).data.toString()).toBe("h");
  expect(await look(daemon, name)).toMatchObject({ unsentBytes: "4" });
  await perform(daemon, name, { throttle: {} });
  await sending;
  expect((await peer.recvAll({ max: 4 })).data.toString()).toBe("urry");
  await peer.close();
});

test("a reset throws away what waits, and counts it", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { throttle: { chunkBytes: 1, pause: ms(60_000) } });
  const sending = perform(daemon, name, { send: { text: "hello" } }).catch(() => "ended");
  expect((await peer.recv()).data.toString()).toBe("h");
  expect(await perform(daemon, name, { reset: {} })).toMatchObject({ unsentBytesDiscarded: "4" });
  expect(await sending).toBe("ended");
  expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
  await peer.close();
});
