import { WaitSessionRequest_Condition } from "../../../src/gen/hangup/v1/session.js";
import { look, perform } from "../../support/actions.js";
import { connectTo } from "../../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { type Judge, startJudge } from "../../support/judge.js";

const { PEER_FIN, PEER_RST } = WaitSessionRequest_Condition;

let daemon: TestDaemon;
let judge: Judge;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterAll(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

let count = 0;
async function small() {
  const name = `small-${++count}`;
  const listener = { name, ...(await daemon.listen(name, { receiveBufferBytes: 1 })) };
  return connectTo(daemon, judge, listener, { sndbuf: 16 * 1024 });
}

test("not a byte more is read: the peer fills the window, and its write blocks", async () => {
  const { peer, name } = await small();
  await perform(daemon, name, { pause: {} });
  const { sent, errno } = await peer.sendAll({ size: 4 * 1024 * 1024 }, { deadlineMs: 200 });
  expect(errno).toBe("ETIMEDOUT_JUDGE");
  expect(await peer.poll({ events: ["POLLOUT"], deadlineMs: 0 })).toEqual([]);
  const session = await look(daemon, name);
  expect(session).toMatchObject({ readingPaused: true, state: "ESTABLISHED" });
  expect(session["bytesReceived"]).toBeUndefined();
  expect(Number(session["unreadBytes"])).toBeGreaterThan(0);
  expect(sent).toBeGreaterThan(Number(session["unreadBytes"]));
  await peer.close({ linger0: true });
});

test("bytes that came before are echoed, those after wait in the kernel", async () => {
  const { peer, name } = await small();
  await peer.send({ text: "before" });
  expect((await peer.recvAll({ max: 6 })).data.toString()).toBe("before");
  await perform(daemon, name, { pause: {} });
  await peer.send({ text: "after" });
  expect(await peer.recv({ deadlineMs: 50 })).toMatchObject({ end: "ETIMEDOUT_JUDGE" });
  expect(await look(daemon, name)).toMatchObject({ bytesReceived: "6", unreadBytes: "5" });
  await peer.close({ linger0: true });
});

test("the peer’s FIN and RST are noticed though nothing is read", async () => {
  const fin = await small();
  await perform(daemon, fin.name, { pause: {} });
  await fin.peer.send({ text: "unread" });
  await fin.peer.shutdown("WR");
  await daemon.sessions.waitSession({ session: fin.name, condition: PEER_FIN });
  expect(await look(daemon, fin.name)).toMatchObject({ state: "CLOSE_WAIT", unreadBytes: "6" });
  await fin.peer.close({ linger0: true });

  const rst = await small();
  await perform(daemon, rst.name, { pause: {} });
  await rst.peer.close({ linger0: true });
  await daemon.sessions.waitSession({ session: rst.name, condition: PEER_RST });
});

test("the session still sends", async () => {
  const { peer, name } = await small();
  await perform(daemon, name, { pause: {} });
  await perform(daemon, name, { send: { text: "hello" } });
  expect((await peer.recv()).data.toString()).toBe("hello");
  await peer.close({ linger0: true });
});

test("close after it reads to the peer’s FIN, and no RST comes of the unread bytes", async () => {
  const { peer, name } = await small();
  await perform(daemon, name, { pause: {} });
  await peer.send({ text: "unread" });
  await perform(daemon, name, { close: { drainTimeout: ms(5000) } });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  await daemon.sessions.waitSession({ session: name, bytesReceived: 6n });
  expect(await peer.tcpState()).toBe("CLOSE_WAIT");
  await peer.close();
});
