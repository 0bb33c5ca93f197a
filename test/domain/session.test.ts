import {
  GetSessionResponse,
  Session_OnPeerFin,
  Session_State,
  WaitSessionRequest_Condition,
} from "../../src/gen/hangup/v1/session.js";
import { type Connected, connectTo, dialJudge } from "../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { type Judge, startJudge } from "../support/judge.js";

// What the peer did, told as what it was. Node alone would say "end" to most of this, or nothing.

const { ENDED, PEER_FIN, PEER_RST } = WaitSessionRequest_Condition;
const MiB = 1024 * 1024;

let daemon: TestDaemon;
let judge: Judge;
let echo: { name: string; host: string; port: number };

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
  echo = { name: "echo", ...(await daemon.listen("echo")) };
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

async function receiptAtEnd(session: string) {
  const reply = await daemon.sessions.waitSession({ session, condition: ENDED });
  return (GetSessionResponse.toJSON(reply) as { session: { receipt: Record<string, unknown> } }).session.receipt;
}

/** Bytes and RST with no time between them. */
async function sendAndReset({ peer }: Connected, text: string): Promise<void> {
  const replies = await judge.batch([
    { command: "send", handle: peer.handle, text },
    { command: "close", handle: peer.handle, linger0: true },
  ]);
  expect(replies).toEqual([{ rc: text.length }, { rc: 0 }]);
}

const rstByPeer = { kind: "RST", cause: { kind: "PEER" }, time: expect.anything(), errno: "ECONNRESET" };
const finByPeer = { kind: "FIN", cause: { kind: "PEER" }, time: expect.anything() };

test("the peer’s FIN is FIN", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo);
  await peer.close();
  expect(await receiptAtEnd(name)).toMatchObject({
    peerEnd: finByPeer,
    localEnd: { kind: "FIN", cause: { kind: "BEHAVIOUR" } },
    stateBefore: "CLOSE_WAIT",
    stateAfter: "CLOSED",
  });
});

test("the peer’s RST is RST", async () => {
  const { peer, name } = await connectTo(daemon, judge, echo);
  await peer.close({ linger0: true });
  const receipt = await receiptAtEnd(name);
  expect(receipt).toMatchObject({ peerEnd: rstByPeer, localEnd: { kind: "NONE" }, stateAfter: "CLOSED", final: true });
  // Our side did nothing that its peer could meet.
  expect(receipt).not.toHaveProperty("peerOutlook");
});

test("data and FIN together are FIN, 100 of 100", async () => {
  const told = new Map<string, number>();
  for (let i = 0; i < 100; i++) {
    const { peer, name } = await connectTo(daemon, judge, echo);
    await judge.batch([
      { command: "send", handle: peer.handle, text: "hello" },
      { command: "shutdown", handle: peer.handle, how: "WR" },
    ]);
    expect(await peer.recvAll()).toMatchObject({ bytes: 5, end: "EOF" });
    await peer.close();
    const { peerEnd, bytesReceived } = await receiptAtEnd(name);
    const key = `${(peerEnd as { kind: string }).kind}, ${String(bytesReceived)} bytes`;
    told.set(key, (told.get(key) ?? 0) + 1);
  }
  expect([...told]).toEqual([["FIN, 5 bytes", 100]]);
});

test("data and RST together are RST on an echo, 200 of 200", async () => {
  const told = new Map<string, number>();
  for (let i = 0; i < 200; i++) {
    const connected = await connectTo(daemon, judge, echo);
    await sendAndReset(connected, "hello");
    const { peerEnd } = await receiptAtEnd(connected.name);
    const { kind } = peerEnd as { kind: string };
    told.set(kind, (told.get(kind) ?? 0) + 1);
  }
  expect([...told]).toEqual([["RST", 200]]);
});

test("data and RST together on a dialed session: ReceiveData gives the data, then ECONNRESET, 200 of 200", async () => {
  const told = new Map<string, number>();
  for (let i = 0; i < 200; i++) {
    const connected = await dialJudge(daemon, judge);
    await sendAndReset(connected, "hello");
    const { text, eof, errno } = await daemon.sessions.receiveData({ session: connected.name, minBytes: 100 });
    const { peerEnd } = await receiptAtEnd(connected.name);
    const key = `${text}, eof ${eof}, ${errno}, peer ${(peerEnd as { kind: string }).kind}`;
    told.set(key, (told.get(key) ?? 0) + 1);
  }
  expect([...told]).toEqual([["hello, eof false, ECONNRESET, peer RST", 200]]);
});

test("RST without data on a dialed session: ReceiveData is empty with ECONNRESET", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  const receiving = daemon.sessions.receiveData({ session: name });
  await peer.close({ linger0: true });
  expect(await receiving).toMatchObject({ text: "", eof: false, errno: "ECONNRESET" });
  // And again, as often as it is asked.
  expect(await daemon.sessions.receiveData({ session: name })).toMatchObject({ eof: false, errno: "ECONNRESET" });
});

describe("on a session that is not read", () => {
  /** The peer sends and does not read its echo, until nothing more moves: the daemon has stopped reading. */
  async function underBackpressure() {
    const connected = await connectTo(daemon, judge, echo, { rcvbuf: 4096 });
    const { errno } = await connected.peer.sendAll({ size: 64 * MiB }, { deadlineMs: 500 });
    expect(errno).toBe("ETIMEDOUT_JUDGE");
    return connected;
  }

  test("the RST of a peer that does not take its echo is noticed", async () => {
    const { peer, name } = await underBackpressure();
    await peer.close({ linger0: true });
    expect(await receiptAtEnd(name)).toMatchObject({ peerEnd: rstByPeer, localEnd: { kind: "NONE" } });
  });

  test("the close of a peer that leaves its echo unread is RST, as on the wire", async () => {
    const { peer, name } = await underBackpressure();
    await peer.close();
    expect(await receiptAtEnd(name)).toMatchObject({ peerEnd: { kind: "RST" } });
  });

  /** More than an inbox and the chunk that fills it can take, and no more than our kernel takes beside them. */
  const size = MiB + 80 * 1024;

  /** A session that is read by ReceiveData alone, with a window that takes all of that: the kernel's own may not. */
  async function inboxOf() {
    const listener = await daemon.listen("inbox", {
      behaviour: { kind: { $case: "manual", value: {} } },
      onPeerFin: Session_OnPeerFin.STAY_OPEN,
      receiveBufferBytes: 128 * 1024,
    });
    return connectTo(daemon, judge, { name: "inbox", ...listener });
  }

  test("the RST of a peer that filled an inbox is noticed, and ReceiveData gives every byte, then ECONNRESET", async () => {
    const { peer, name } = await inboxOf();
    expect(await peer.sendAll({ size })).toEqual({ sent: size });
    // What has not left the peer's kernel its RST throws away.
    await untilUnread(name, size);
    await peer.close({ linger0: true });
    const { session } = await daemon.sessions.waitSession({ session: name, condition: PEER_RST });
    expect(session).toMatchObject({ peerRstSeen: true, ended: false });
    expect(await drain(name)).toEqual({ bytes: size, end: "ECONNRESET" });
    expect(await receiptAtEnd(name)).toMatchObject({ peerEnd: rstByPeer, bytesReceived: String(size), final: true });
  });

  test("the FIN behind a full inbox is noticed, and ReceiveData gives every byte, then EOF", async () => {
    const { peer, name } = await inboxOf();
    expect(await peer.sendAll({ size })).toEqual({ sent: size });
    await untilUnread(name, size);
    await peer.shutdown("WR");
    const { session } = await daemon.sessions.waitSession({ session: name, condition: PEER_FIN });
    expect(session).toMatchObject({ state: Session_State.CLOSE_WAIT, ended: false });
    expect(await drain(name)).toEqual({ bytes: size, end: "EOF" });
  });

  test("8 MB pass through the inbox whole, and what waits in it outlives the RST", async () => {
    const { peer, name } = await dialJudge(daemon, judge);
    const total = 8 * MiB;
    const sending = peer.sendAll({ size: total });
    let bytes = 0;
    while (bytes < total - MiB / 2) {
      bytes += (await daemon.sessions.receiveData({ session: name, maxBytes: 256 * 1024 })).data.length;
    }
    expect(await sending).toEqual({ sent: total });
    await daemon.sessions.waitSession({ session: name, bytesReceived: BigInt(total) });
    await peer.close({ linger0: true });
    await daemon.sessions.waitSession({ session: name, condition: ENDED });
    expect(await drain(name)).toEqual({ bytes: total - bytes, end: "ECONNRESET" });
  });

  /** ReceiveData until the end. */
  async function drain(session: string) {
    let bytes = 0;
    for (;;) {
      const { data, eof, errno } = await daemon.sessions.receiveData({ session });
      bytes += data.length;
      if (eof || errno !== "") return { bytes, end: eof ? "EOF" : errno };
    }
  }

  /** Nothing announces what lies unread in the kernel, so it is asked, up to a deadline. */
  async function untilUnread(session: string, bytes: number): Promise<void> {
    const deadline = performance.now() + 5000;
    for (;;) {
      const reply = await daemon.sessions.getSession({ session });
      if (reply.session?.unreadBytes === BigInt(bytes)) return;
      if (performance.now() > deadline) throw new Error(`${reply.session?.unreadBytes} of ${bytes} bytes are here`);
    }
  }
});

test("a RST in CLOSE_WAIT goes over the FIN and keeps it in mind; its errno is EPIPE", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await peer.shutdown("WR");
  await daemon.sessions.waitSession({ session: name, state: Session_State.CLOSE_WAIT });
  await peer.close({ linger0: true });
  expect(await receiptAtEnd(name)).toMatchObject({
    peerEnd: { kind: "RST", errno: "EPIPE", earlierFin: { cause: { kind: "PEER" }, time: expect.anything() } },
    localEnd: { kind: "NONE" },
    stateAfter: "CLOSED",
  });
  const { session } = await daemon.sessions.getSession({ session: name });
  expect(session).toMatchObject({ peerFinSeen: true, peerRstSeen: true });
});

test("an EOF once told is not taken back by a later RST", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await peer.send({ text: "hello" });
  await peer.shutdown("WR");
  expect(await daemon.sessions.receiveData({ session: name, minBytes: 100 })).toMatchObject({
    text: "hello",
    eof: true,
  });
  await peer.close({ linger0: true });
  expect(await receiptAtEnd(name)).toMatchObject({ peerEnd: { kind: "RST", earlierFin: expect.anything() } });
});

test("a RST in FIN_WAIT2 is told as RST by the peer", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await daemon.sessions.halfCloseSession({ session: name });
  await daemon.sessions.waitSession({ session: name, state: Session_State.FIN_WAIT2 });
  await peer.close({ linger0: true });
  expect(await receiptAtEnd(name)).toMatchObject({ peerEnd: rstByPeer, localEnd: { kind: "FIN" } });
});

test("STAY_OPEN stays in CLOSE_WAIT and can still send", async () => {
  const half = { name: "half", ...(await daemon.listen("half", { onPeerFin: Session_OnPeerFin.STAY_OPEN })) };
  const { peer, name } = await connectTo(daemon, judge, half);
  await peer.shutdown("WR");
  const { session } = await daemon.sessions.waitSession({ session: name, state: Session_State.CLOSE_WAIT });
  expect(session).toMatchObject({ peerFinSeen: true, finSent: false, ended: false });
  await daemon.sessions.sendData({ session: name, payload: { $case: "text", value: "still here" } });
  expect((await peer.recv()).data.toString()).toBe("still here");
  await daemon.sessions.closeSession({ session: name });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  expect(await receiptAtEnd(name)).toMatchObject({
    localEnd: { cause: { rpc: "CloseSession" } },
    peerEnd: { kind: "FIN" },
  });
});

test("a command while another of the session still waits is not held back", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  const receiving = daemon.sessions.receiveData({ session: name, minBytes: 5, timeout: ms(20_000) });
  const waiting = daemon.sessions.waitSession({ session: name, condition: ENDED, timeout: ms(20_000) });
  const { receipt } = await daemon.sessions.resetSession({ session: name });
  expect(receipt?.final).toBe(true);
  expect((await waiting).session?.ended).toBe(true);
  // It ended by our own RST: no EOF of the peer, and no error of it either.
  expect(await receiving).toMatchObject({ text: "", eof: false });
  expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
});

test("commands take effect in the order in which they were asked", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  const text = (value: string) => ({ session: name, payload: { $case: "text" as const, value } });
  await Promise.all([
    daemon.sessions.sendData(text("one ")),
    daemon.sessions.sendData(text("two ")),
    daemon.sessions.sendData(text("three")),
    daemon.sessions.closeSession({ session: name }),
  ]);
  const { data, end } = await peer.recvAll();
  expect([data.toString(), end]).toEqual(["one two three", "EOF"]);
});
