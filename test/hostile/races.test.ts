import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Action } from "../../src/gen/hangup/v1/action.js";
import { Listener_ResetOnAccept, Listener_State } from "../../src/gen/hangup/v1/listener.js";
import { Session_OnPeerFin, Session_State, WaitSessionRequest_Condition } from "../../src/gen/hangup/v1/session.js";
import { holdBack, look, perform } from "../support/actions.js";
import { connectTo, dialJudge } from "../support/connections.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { type Judge, startJudge } from "../support/judge.js";

// What two things at once, or one right behind the other, once made go wrong.

let daemon: TestDaemon;
let judge: Judge;
let folder: string;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
  folder = mkdtempSync(join(tmpdir(), "hangup-races-"));
});

afterAll(async () => {
  await judge.stop();
  await daemon.stop();
  rmSync(folder, { recursive: true, force: true });
});

const delay100ms = { delay: { duration: { seconds: "0", nanos: 100e6 } } };

/** The receipt of a session that has ended. */
async function finalReceipt(session: string): Promise<Record<string, unknown>> {
  await daemon.sessions.waitSession({ session, condition: WaitSessionRequest_Condition.ENDED });
  const { receipt } = await look(daemon, session);
  return receipt as Record<string, unknown>;
}

test("fin_then_reset sends its FIN first also behind a delay", async () => {
  const listener = await daemon.listen("fin-delayed");
  const { peer, name } = await connectTo(daemon, judge, { name: "fin-delayed", ...listener });
  await perform(daemon, name, delay100ms);

  const receipt = await perform(daemon, name, { finThenReset: {} });

  expect(receipt).toMatchObject({ localEnd: { kind: "RST", earlierFin: {} } });
  expect((await peer.recv()).end).toBe("EOF");
  expect((await peer.send({ size: 1 })).errno).toBe("EPIPE");
});

test("an empty banner behind a delay sends nothing, and nothing after FIN", async () => {
  const listener = await daemon.listen("empty-banner");
  const { peer, name } = await connectTo(daemon, judge, { name: "empty-banner", ...listener });
  await perform(daemon, name, delay100ms);
  await perform(daemon, name, { setBehaviour: { behaviour: { echo: {}, bannerText: "" } } });
  await perform(daemon, name, { lastData: { text: "x" } });
  expect(await peer.recvAll()).toMatchObject({ bytes: 1, end: "EOF" });

  // Longer than the delay: what was queued would be written now.
  expect((await peer.poll({ events: ["POLLPRI"], deadlineMs: 150 })).includes("POLLERR")).toBe(false);
  await peer.close();

  expect(await finalReceipt(name)).toMatchObject({
    localEnd: { kind: "FIN" },
    peerEnd: { kind: "FIN" },
    bytesSent: "1",
  });
});

test("a close that times out under reset_on_accept releases by FIN, as its receipt says", async () => {
  const listener = await daemon.listen("inherited", { resetOnAccept: Listener_ResetOnAccept.AT_FIRST_BYTE });
  const { peer, name } = await connectTo(daemon, judge, { name: "inherited", ...listener });
  await perform(daemon, name, { close: { drainTimeout: { seconds: "0", nanos: 50e6 } } });

  expect(await finalReceipt(name)).toMatchObject({
    localEnd: { kind: "FIN" },
    peerEnd: { kind: "NONE", cause: { kind: "DRAIN_TIMEOUT" } },
    peerOutlook: { nextRead: ["EOF"], nextWrite: ["OK"] },
  });
  expect((await peer.send({ size: 1 })).errno).toBeUndefined();
});

test("reset_unread behind the peer’s RST claims no RST of ours", async () => {
  const listener = await daemon.listen("unread-rst");
  const kinds = new Set<string>();
  for (let run = 0; run < 20; run++) {
    const { peer, name } = await connectTo(daemon, judge, { name: "unread-rst", ...listener });
    await perform(daemon, name, { pause: {} });
    await judge.batch([
      { command: "send", handle: peer.handle, size: 5 },
      { command: "close", handle: peer.handle, linger0: true },
    ]);
    // Either it is noticed first, or the action notices.
    await perform(daemon, name, { resetUnread: {} }).catch(() => undefined);
    const receipt = await finalReceipt(name);
    kinds.add(`${(receipt["localEnd"] as { kind: string }).kind} ${(receipt["peerEnd"] as { kind: string }).kind}`);
  }
  expect([...kinds]).toEqual(["NONE RST"]);
});

test("a listener deleted while its host is looked up is not left listening", async () => {
  const [created] = await Promise.allSettled([
    daemon.listen("half-made", { host: "localhost" }),
    daemon.listeners.deleteListener({ listener: "half-made" }),
  ]);
  // Whichever came first, after this one nothing listens.
  await daemon.listeners.deleteListener({ listener: "half-made" }).catch(() => undefined);
  if (created.status === "rejected") throw created.reason;
  const { host, port } = created.value;
  expect(await judge.tryConnect({ host, port })).toMatchObject({ ok: false, errno: "ECONNREFUSED" });
});

test("a unix listener deleted while it begins to listen leaves no file behind", async () => {
  const unixPath = join(folder, "refused.sock");
  for (let run = 0; run < 20; run++) {
    await daemon.listeners.createListener({ name: "refused", unixPath, state: Listener_State.REFUSING });
    const changing = daemon.listeners.updateListener({ listener: "refused", state: Listener_State.LISTENING });
    await Promise.allSettled([changing, daemon.listeners.deleteListener({ listener: "refused" })]);
    expect(existsSync(unixPath)).toBe(false);
  }
});

test("a peer that has half-closed and writes first after our RST gets ECONNRESET, as the receipt says", async () => {
  const listener = await daemon.listen("half-closed", { onPeerFin: Session_OnPeerFin.STAY_OPEN });
  const { peer, name } = await connectTo(daemon, judge, { name: "half-closed", ...listener });
  await peer.shutdown("WR");
  await daemon.sessions.waitSession({ session: name, condition: WaitSessionRequest_Condition.PEER_FIN });
  expect(await perform(daemon, name, { reset: {} })).toMatchObject({ peerOutlook: { nextWrite: ["ECONNRESET"] } });
  expect((await peer.send({ size: 1 })).errno).toBe("ECONNRESET");
  expect((await peer.send({ size: 1 })).errno).toBe("EPIPE");
});

test("a session that does not read ends when both FINs are through and no byte is left", async () => {
  const listener = await daemon.listen("silent", { behaviour: { kind: { $case: "silent", value: {} } } });
  const { peer, name } = await connectTo(daemon, judge, { name: "silent", ...listener });
  await perform(daemon, name, { halfClose: {} });
  await peer.shutdown("WR");
  expect(await finalReceipt(name)).toMatchObject({ localEnd: { kind: "FIN" }, peerEnd: { kind: "FIN" } });
});

test("a release with unread bytes after both FINs claims no RST", async () => {
  const listener = await daemon.listen("unread-late", { behaviour: { kind: { $case: "silent", value: {} } } });
  const { peer, name } = await connectTo(daemon, judge, { name: "unread-late", ...listener });
  await peer.send({ size: 1 });
  await peer.shutdown("WR");
  await daemon.sessions.waitSession({ session: name, condition: WaitSessionRequest_Condition.PEER_FIN });
  await perform(daemon, name, { lastData: { text: "x", drainTimeout: { seconds: "0", nanos: 0 } } });
  expect(await finalReceipt(name)).toMatchObject({ localEnd: { kind: "FIN" }, peerEnd: { kind: "FIN" } });
});

test("vanish behind an acknowledged FIN leaves the peer with its EOF, as the receipt says", async () => {
  const listener = await daemon.listen("vanish-late");
  const { peer, name } = await connectTo(daemon, judge, { name: "vanish-late", ...listener });
  await perform(daemon, name, { halfClose: {} });
  await daemon.sessions.waitSession({ session: name, state: Session_State.FIN_WAIT2 });
  expect(await perform(daemon, name, { vanish: {} })).toMatchObject({ peerOutlook: { nextRead: ["EOF"] } });
  expect((await peer.recv()).end).toBe("EOF");
});

test("a paused session that was reset while it had bytes to send ends by close", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { pause: {} });
  await holdBack(daemon, name, "held back");
  await judge.batch([
    { command: "send", handle: peer.handle, size: 70_000 },
    { command: "close", handle: peer.handle, linger0: true },
  ]);
  await daemon.sessions.waitSession({ session: name, condition: WaitSessionRequest_Condition.PEER_RST });
  const full = { seconds: "0", nanos: 0 };
  await perform(daemon, name, { throttle: {} });
  await daemon.sessions
    .performAction({ session: name, action: Action.fromJSON({ close: { flushTimeout: full } }) })
    .catch(() => undefined);
  expect(await finalReceipt(name)).toMatchObject({ localEnd: { kind: "NONE" }, peerEnd: { kind: "RST" } });
});
