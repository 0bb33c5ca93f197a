import { look, perform } from "../../support/actions.js";
import { connectTo, dialJudge } from "../../support/connections.js";
import { startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { type Judge, startJudge } from "../../support/judge.js";

let daemon: TestDaemon;
let judge: Judge;

beforeAll(async () => {
  daemon = await startTestDaemon();
  judge = await startJudge();
});

afterAll(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

test("what waited in the kernel is echoed, in order and to the last byte", async () => {
  const { peer, name } = await connectTo(daemon, judge, { name: "echo", ...(await daemon.listen("echo")) });
  await perform(daemon, name, { pause: {} });
  await peer.sendAll({ data: Buffer.from("0123456789".repeat(1000)) });
  expect(await look(daemon, name)).toMatchObject({ readingPaused: true, unreadBytes: "10000" });
  await perform(daemon, name, { resume: {} });
  expect((await peer.recvAll({ max: 10_000 })).data.toString()).toBe("0123456789".repeat(1000));
  expect((await look(daemon, name))["readingPaused"]).toBeUndefined();
  await peer.close();
});

test("a peer that was blocked in write goes on", async () => {
  const listener = {
    name: "sink",
    ...(await daemon.listen("sink", { behaviour: { kind: { $case: "discard", value: {} } } })),
  };
  const { peer, name } = await connectTo(daemon, judge, listener, { sndbuf: 16 * 1024 });
  await perform(daemon, name, { pause: {} });
  const size = 1024 * 1024;
  const sending = peer.sendAll({ size }, { deadlineMs: 20_000 });
  await untilUnread(name);
  await perform(daemon, name, { resume: {} });
  expect(await sending).toEqual({ sent: size });
  await daemon.sessions.waitSession({ session: name, bytesReceived: BigInt(size) });
  await peer.close();
});

async function untilUnread(session: string): Promise<void> {
  for (const end = performance.now() + 5000; performance.now() < end; ) {
    if ((await look(daemon, session))["unreadBytes"] !== undefined) return;
  }
  throw new Error("nothing came");
}

test("without a pause before nothing changes", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { resume: {} });
  await peer.send({ text: "x" });
  expect((await daemon.sessions.receiveData({ session: name })).text).toBe("x");
  await peer.close();
});

test("the peer’s FIN that came during the pause is answered after its bytes", async () => {
  const { peer, name } = await connectTo(daemon, judge, { name: "fin", ...(await daemon.listen("fin")) });
  await perform(daemon, name, { pause: {} });
  await peer.send({ text: "last" });
  await peer.shutdown("WR");
  await perform(daemon, name, { resume: {} });
  const { data, end } = await peer.recvAll();
  expect([data.toString(), end]).toEqual(["last", "EOF"]);
  await peer.close();
});
