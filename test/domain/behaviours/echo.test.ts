import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session_OnPeerFin, Session_State, WaitSessionRequest_Condition } from "../../../src/gen/hangup/v1/session.js";
import { connectTo } from "../../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { type Judge, type Peer, startJudge } from "../../support/judge.js";

const MiB = 1024 * 1024;

let daemon: TestDaemon;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon({ allowListen: ["0.0.0.0/0", "::/0"] }), startJudge()]);
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

async function expectEcho(peer: Peer): Promise<void> {
  await peer.send({ text: "hello" });
  expect((await peer.recvAll({ max: 5 })).data.toString()).toBe("hello");
}

test.each(["127.0.0.1", "::1"])("on %s it sends back what it gets", async (host) => {
  const listener = { name: "echo", ...(await daemon.listen("echo", { host })) };
  const { peer } = await connectTo(daemon, judge, listener);
  await expectEcho(peer);
});

test("on :: it is reached by IPv4 and IPv6, and IPv4 addresses are written as such", async () => {
  const { port, host, address } = await daemon.listen("echo", { host: "::" });
  expect({ host, address }).toEqual({ host: "::", address: `[::1]:${port}` });
  const four = await judge.connect({ host: "127.0.0.1", port });
  const six = await judge.connect({ host: "::1", port });
  await expectEcho(four);
  await expectEcho(six);
  const { session: bySix } = await daemon.sessions.waitSession({ listener: "echo", peer: `[::1]:${six.localPort}` });
  expect(bySix).toMatchObject({ state: Session_State.ESTABLISHED, localAddress: `[::1]:${port}` });
  const { session: byFour } = await daemon.sessions.waitSession({
    listener: "echo",
    peer: `127.0.0.1:${four.localPort}`,
  });
  expect(byFour).toMatchObject({
    state: Session_State.ESTABLISHED,
    localAddress: `127.0.0.1:${port}`,
    peerAddress: `127.0.0.1:${four.localPort}`,
  });
  // The mapped spelling means the same peer.
  const { session: byMapped } = await daemon.sessions.waitSession({ peer: `[::ffff:127.0.0.1]:${four.localPort}` });
  expect(byMapped?.name).toBe(byFour?.name);
  // And its endings are as on a socket of IPv4.
  const { receipt } = await daemon.sessions.resetSession({ session: byFour!.name });
  expect(receipt).toMatchObject({ stateBefore: Session_State.ESTABLISHED, stateAfter: Session_State.CLOSED });
  expect(await four.recv()).toMatchObject({ end: "ECONNRESET" });
});

test("on :: the state after a graceful close over IPv4 is TIME_WAIT", async () => {
  const { port } = await daemon.listen("echo", { host: "::" });
  const { peer, name } = await connectTo(daemon, judge, { name: "echo", host: "127.0.0.1", port });
  await daemon.sessions.closeSession({ session: name });
  await peer.close();
  const { session } = await daemon.sessions.waitSession({
    session: name,
    condition: WaitSessionRequest_Condition.ENDED,
  });
  expect(session?.receipt?.stateAfter).toBe(Session_State.TIME_WAIT);
});

test("on a unix socket it sends back what it gets, and its end is EOF", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hangup-"));
  try {
    const path = join(folder, "u.sock");
    await daemon.listen("u", { unixPath: path });
    const peer = await judge.connect({ path });
    await expectEcho(peer);
    const { session } = await daemon.sessions.waitSession({ listener: "u", ordinal: 1n });
    expect(session).toMatchObject({ localAddress: `unix:${path}`, peerAddress: "unix:", state: Session_State.UNKNOWN });
    await peer.shutdown("WR");
    expect(await peer.recv()).toMatchObject({ end: "EOF" });
    const ended = await daemon.sessions.waitSession({ session: "u/1", condition: WaitSessionRequest_Condition.ENDED });
    expect(ended.session?.receipt).toMatchObject({ localEnd: { kind: 1 }, peerEnd: { kind: 1 } });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("CLOSE_TOO answers FIN with FIN, after the last byte of the echo", async () => {
  const listener = { name: "echo", ...(await daemon.listen("echo")) };
  const { peer, name } = await connectTo(daemon, judge, listener);
  const data = Buffer.alloc(MiB, "xyz");
  expect(await peer.sendAll({ data })).toEqual({ sent: data.length });
  await peer.shutdown("WR");
  const { bytes, sha256, end } = await peer.recvAll();
  expect({ bytes, sha256, end }).toEqual({
    bytes: data.length,
    sha256: createHash("sha256").update(data).digest("hex"),
    end: "EOF",
  });
  await daemon.sessions.waitSession({ session: name, condition: WaitSessionRequest_Condition.ENDED });
});

test("STAY_OPEN echoes to the end and sends no FIN until told", async () => {
  const listener = { name: "half", ...(await daemon.listen("half", { onPeerFin: Session_OnPeerFin.STAY_OPEN })) };
  const { peer, name } = await connectTo(daemon, judge, listener);
  await peer.send({ text: "hello" });
  await peer.shutdown("WR");
  await daemon.sessions.waitSession({ session: name, state: Session_State.CLOSE_WAIT, bytesSent: 5n });
  expect((await peer.recvAll({ max: 5 })).data.toString()).toBe("hello");
  expect(await peer.poll({ events: ["POLLIN", "POLLRDHUP"], deadlineMs: 100 })).toEqual([]);
  await daemon.sessions.closeSession({ session: name });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
});

test("64 MB to a peer that does not read are held back in bounded memory, and every byte taken comes back", async () => {
  const listener = { name: "echo", ...(await daemon.listen("echo")) };
  const { peer, name } = await connectTo(daemon, judge, listener);
  const before = process.memoryUsage().arrayBuffers;
  const { sent, errno } = await peer.sendAll({ size: 64 * MiB }, { deadlineMs: 1500 });
  expect(errno).toBe("ETIMEDOUT_JUDGE");
  const { session } = await daemon.sessions.getSession({ session: name });
  // What the kernel of our side may hold in each direction (tcp_wmem, tcp_rmem), and a chunk of Node's.
  expect(Number(session?.unsentBytes)).toBeLessThan(5 * MiB);
  expect(Number(session?.unreadBytes)).toBeLessThan(7 * MiB);
  // Chunks already echoed and not yet collected are in it too; without backpressure it would be tens of MB.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(12 * MiB);
  // Nothing moves while the peer does not read.
  await expect(
    daemon.sessions.waitSession({ session: name, bytesReceived: session!.bytesReceived + 1n, timeout: ms(200) }),
  ).rejects.toThrow("DEADLINE_EXCEEDED");

  await peer.shutdown("WR");
  const { bytes, sha256, end } = await peer.recvAll({ deadlineMs: 15_000 });
  expect({ bytes, sha256, end }).toEqual({
    bytes: sent,
    sha256: createHash("sha256").update(Buffer.alloc(sent, "a")).digest("hex"),
    end: "EOF",
  });
});
