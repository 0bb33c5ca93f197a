import { look, perform } from "../../support/actions.js";
import { connectTo, dialJudge } from "../../support/connections.js";
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

test("what is sent goes out so much later, and the answer of a send waits for that", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { delay: { duration: ms(150) } });
  const began = performance.now();
  const sending = perform(daemon, name, { send: { text: "late" } });
  expect((await peer.recv()).data.toString()).toBe("late");
  expect(performance.now() - began).toBeGreaterThanOrEqual(149);
  await sending;
  await peer.close();
});

test("an echo comes late", async () => {
  const { peer, name } = await connectTo(daemon, judge, { name: "echo", ...(await daemon.listen("echo")) });
  await perform(daemon, name, { delay: { duration: ms(150) } });
  const began = performance.now();
  await peer.send({ text: "hello" });
  expect((await peer.recv()).data.toString()).toBe("hello");
  expect(performance.now() - began).toBeGreaterThanOrEqual(149);
  await peer.close();
});

test("the FIN of a close is late too, and behind the data", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { delay: { duration: ms(150) } });
  const began = performance.now();
  const sending = perform(daemon, name, { send: { text: "late" } });
  await perform(daemon, name, { close: {} });
  expect(performance.now() - began).toBeGreaterThanOrEqual(149);
  await sending;
  const { data, end } = await peer.recvAll();
  expect([data.toString(), end]).toEqual(["late", "EOF"]);
  await peer.close();
});

test("taken away again, later bytes still come after those that are late", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { delay: { duration: ms(150) } });
  const sending = perform(daemon, name, { send: { text: "first " } });
  await perform(daemon, name, { delay: {} });
  await perform(daemon, name, { send: { text: "second" } });
  await sending;
  expect((await peer.recvAll({ max: 12 })).data.toString()).toBe("first second");
  await peer.close();
});

test("taken away again, what is sent is late no more", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  // Longer than a test may take.
  await perform(daemon, name, { delay: { duration: ms(300_000) } });
  await perform(daemon, name, { delay: {} });
  await perform(daemon, name, { send: { text: "now" } });
  expect((await peer.recv()).data.toString()).toBe("now");
  await peer.close();
});

test("a reset is not late", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { delay: { duration: ms(60_000) } });
  const sending = perform(daemon, name, { send: { text: "never" } }).catch(() => "ended");
  // The send has come before this answers.
  expect(await look(daemon, name)).toMatchObject({ unsentBytes: "5" });
  expect(await perform(daemon, name, { reset: {} })).toMatchObject({ unsentBytesDiscarded: "5" });
  expect(await sending).toBe("ended");
  expect(await peer.recvAll()).toMatchObject({ bytes: 0, end: "ECONNRESET" });
  await peer.close();
});
