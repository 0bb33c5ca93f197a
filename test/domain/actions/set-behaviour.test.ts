import { look, perform } from "../../support/actions.js";
import { connectTo, dialJudge } from "../../support/connections.js";
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

let count = 0;
async function echo() {
  const name = `echo-${++count}`;
  return connectTo(daemon, judge, { name, ...(await daemon.listen(name)) });
}

test("discard: the peer’s bytes are read and not answered", async () => {
  const { peer, name } = await echo();
  await perform(daemon, name, { setBehaviour: { behaviour: { discard: {} } } });
  await peer.send({ text: "hello" });
  await daemon.sessions.waitSession({ session: name, bytesReceived: 5n });
  expect(await peer.recv({ deadlineMs: 50 })).toMatchObject({ end: "ETIMEDOUT_JUDGE" });
  expect(await look(daemon, name)).toMatchObject({ behaviour: { discard: {} } });
  await peer.close();
});

test("silent: they stay in the kernel; echo again: they are answered", async () => {
  const { peer, name } = await echo();
  await perform(daemon, name, { setBehaviour: { behaviour: { silent: {} } } });
  await peer.send({ text: "hello" });
  expect(await peer.recv({ deadlineMs: 50 })).toMatchObject({ end: "ETIMEDOUT_JUDGE" });
  expect(await look(daemon, name)).toMatchObject({ unreadBytes: "5" });
  await perform(daemon, name, { setBehaviour: { behaviour: { echo: {} } } });
  expect((await peer.recv()).data.toString()).toBe("hello");
  await peer.close();
});

test("a banner is sent at once", async () => {
  const { peer, name } = await echo();
  await perform(daemon, name, { setBehaviour: { behaviour: { bannerText: "220 ready\r\n", echo: {} } } });
  expect((await peer.recv()).data.toString()).toBe("220 ready\r\n");
  await peer.send({ text: "x" });
  expect((await peer.recv()).data.toString()).toBe("x");
  await peer.close();
});

test("source: the same seed gives the same bytes as to another", async () => {
  const one = await echo();
  const other = await echo();
  const behaviour = { source: { bytes: "100000", seed: "3" } };
  await perform(daemon, one.name, { setBehaviour: { behaviour } });
  await perform(daemon, other.name, { setBehaviour: { behaviour } });
  const [first, second] = [await one.peer.recvAll({ max: 100_000 }), await other.peer.recvAll({ max: 100_000 })];
  expect(first).toMatchObject({ bytes: 100_000, end: "MAX" });
  expect(first.sha256).toBe(second.sha256);
  await one.peer.close();
  await other.peer.close();
});

test("an endless source stops when the behaviour changes", async () => {
  const { peer, name } = await echo();
  await perform(daemon, name, { setBehaviour: { behaviour: { source: { bytesPerSecond: "100000" } } } });
  expect(await peer.recvAll({ max: 5000 })).toMatchObject({ bytes: 5000 });
  await perform(daemon, name, { setBehaviour: { behaviour: { discard: {} } } });
  await perform(daemon, name, { close: {} });
  expect(await peer.recvAll()).toMatchObject({ end: "EOF" });
  await peer.close();
});

test("manual: what comes from now on waits for ReceiveData", async () => {
  const { peer, name } = await echo();
  await perform(daemon, name, { setBehaviour: { behaviour: { manual: {} } } });
  await peer.send({ text: "kept" });
  expect((await daemon.sessions.receiveData({ session: name, minBytes: 4 })).text).toBe("kept");
  await peer.close();
});

test("echo on a dialed session: what waited before stays for ReceiveData, what comes is echoed", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await peer.send({ text: "before" });
  await daemon.sessions.waitSession({ session: name, bytesReceived: 6n });
  await perform(daemon, name, { setBehaviour: { behaviour: { echo: {} } } });
  await peer.send({ text: "after" });
  expect((await peer.recvAll({ max: 5 })).data.toString()).toBe("after");
  expect((await daemon.sessions.receiveData({ session: name, minBytes: 6 })).text).toBe("before");
  await peer.close();
});
