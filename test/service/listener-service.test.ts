import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeleteListenerRequest_Sessions, DeleteListenerResponse } from "../../src/gen/hangup/v1/listener.js";
import { Session_OnPeerFin, Session_State, WaitSessionRequest_Condition } from "../../src/gen/hangup/v1/session.js";
import { connectTo, dialWithStuckData } from "../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, type Peer, startJudge } from "../support/judge.js";

const { ENDED } = WaitSessionRequest_Condition;

let daemon: TestDaemon;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

async function peersOf(name: string, count: number): Promise<{ port: number; peers: Peer[] }> {
  const { port } = await daemon.listen(name);
  const peers: Peer[] = [];
  for (let i = 0; i < count; i++) peers.push(await judge.connect({ host: "127.0.0.1", port }));
  await daemon.sessions.waitSession({ listener: name, ordinal: BigInt(count) });
  return { port, peers };
}

async function remove(request: Parameters<TestDaemon["listeners"]["deleteListener"]>[0]) {
  return DeleteListenerResponse.toJSON(await daemon.listeners.deleteListener(request)) as {
    listener: Record<string, unknown>;
    counts?: Record<string, string>;
    failures?: { session: string; reason: string; message: string }[];
    receipts?: { session: string }[];
  };
}

describe("DeleteListener", () => {
  test("resets its sessions: each peer reads ECONNRESET, connect is refused, and the reply has the receipts", async () => {
    const { port, peers } = await peersOf("echo", 3);
    await daemon.sessions.closeSession({ session: "echo/1" });
    await peers[0]?.close();
    await daemon.sessions.waitSession({ session: "echo/1", condition: ENDED });

    const reply = await remove({ listener: "echo" });
    expect(reply).toMatchObject({
      listener: { name: "echo", accepted: "3" },
      counts: { sessions: "3", localFin: "1", localRst: "2", peerFin: "1", peerNone: "2" },
      receipts: [
        { session: "echo/3", final: true, localEnd: { kind: "RST", cause: { kind: "LISTENER_DELETED" } } },
        { session: "echo/2", final: true, localEnd: { kind: "RST", cause: { kind: "LISTENER_DELETED" } } },
        { session: "echo/1", final: true, localEnd: { kind: "FIN", cause: { rpc: "CloseSession" } } },
      ],
    });
    expect(reply).not.toHaveProperty("failures");
    expect(reply.listener).not.toHaveProperty("openSessions");
    for (const peer of peers.slice(1)) expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
    expect(await judge.tryConnect({ host: "127.0.0.1", port })).toMatchObject({ ok: false, errno: "ECONNREFUSED" });
    // Forgotten.
    expect((await daemon.sessions.listSessions({})).sessions).toEqual([]);
    expect(await failureOf(daemon.listeners.getListener({ listener: "echo" }))).toMatchObject({ code: "NOT_FOUND" });
  });

  test("CLOSE closes them: each peer reads EOF, and the reply waits for their ends", async () => {
    const { peers } = await peersOf("echo", 3);
    const removing = remove({ listener: "echo", sessions: DeleteListenerRequest_Sessions.CLOSE });
    for (const peer of peers) {
      expect(await peer.recv()).toMatchObject({ end: "EOF" });
      await peer.close();
    }
    const reply = await removing;
    expect(reply.counts).toEqual({ sessions: "3", localFin: "3", peerFin: "3" });
    expect(reply).not.toHaveProperty("failures");
  });

  test("CLOSE releases a peer that never ends after drainTimeout: FIN on our side, NONE on its own", async () => {
    const { peers } = await peersOf("echo", 2);
    await peers[0]?.shutdown("WR");
    await daemon.sessions.waitSession({ session: "echo/1", condition: ENDED });
    const reply = await remove({
      listener: "echo",
      sessions: DeleteListenerRequest_Sessions.CLOSE,
      drainTimeout: ms(150),
    });
    expect(reply.counts).toEqual({ sessions: "2", localFin: "2", peerFin: "1", peerNone: "1" });
    expect(await peers[1]?.recv()).toMatchObject({ end: "EOF" });
  });

  test("CLOSE resets a session whose FIN cannot go out, and tells it as a failure", async () => {
    const echo = { name: "echo", ...(await daemon.listen("echo")) };
    const { peer, name } = await connectTo(daemon, judge, echo, { rcvbuf: 4096 });
    await peer.sendAll({ size: 64 * 1024 * 1024 }, { deadlineMs: 500 });
    const reply = await remove({
      listener: "echo",
      sessions: DeleteListenerRequest_Sessions.CLOSE,
      drainTimeout: ms(150),
    });
    expect(reply.failures).toEqual([{ session: name, reason: "FLUSH_TIMEOUT", message: expect.any(String) }]);
    expect(reply.counts).toMatchObject({ sessions: "1", localRst: "1" });
    expect((await peer.recvAll()).end).toBe("ECONNRESET");
  });

  test("of a unix listener releases its sessions: the peers read EOF", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hangup-"));
    try {
      const path = join(folder, "u.sock");
      await daemon.listen("u", { unixPath: path });
      const peer = await judge.connect({ path });
      await daemon.sessions.waitSession({ session: "u/1" });
      const reply = await remove({ listener: "u" });
      expect(reply.counts).toMatchObject({ sessions: "1", localFin: "1" });
      expect(await peer.recv()).toMatchObject({ end: "EOF" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("maxResults bounds the receipts and never the counts", async () => {
    await peersOf("echo", 5);
    const reply = await remove({ listener: "echo", maxResults: 2 });
    expect(reply.counts).toMatchObject({ sessions: "5", localRst: "5" });
    expect(reply.receipts?.map(({ session }) => session)).toEqual(["echo/5", "echo/4"]);
    await peersOf("other", 1);
    expect(await remove({ listener: "other", maxResults: 0 })).not.toHaveProperty("receipts");
  });

  test("frees the name: a new listener begins again at /1 with another uid", async () => {
    await peersOf("echo", 2);
    const { uid } = (await daemon.sessions.getSession({ session: "echo/1" })).session!;
    const before = (await daemon.listeners.getListener({ listener: "echo" })).listener!;
    await remove({ listener: "echo" });
    await peersOf("echo", 1);
    const after = (await daemon.listeners.getListener({ listener: "echo" })).listener!;
    expect(after.uid).not.toBe(before.uid);
    const { session } = await daemon.sessions.getSession({ session: "echo/1" });
    expect(session).toMatchObject({ name: "echo/1", ordinal: 1n, ended: false });
    expect(session?.uid).not.toBe(uid);
    // The old life is not taken for the new one.
    expect(await failureOf(daemon.sessions.resetSession({ session: "echo/1", uid }))).toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "UID_MISMATCH",
      metadata: { uid: session?.uid },
    });
    expect(await failureOf(daemon.listeners.deleteListener({ listener: "echo", uid: before.uid }))).toMatchObject({
      reason: "UID_MISMATCH",
    });
    expect((await daemon.sessions.resetSession({ session: "echo/1", uid: session!.uid })).receipt?.final).toBe(true);
  });

  test("of a listener that is being deleted is LISTENER_DELETED", async () => {
    await peersOf("echo", 1);
    const first = remove({ listener: "echo", sessions: DeleteListenerRequest_Sessions.CLOSE, drainTimeout: ms(300) });
    await daemon.info.getInfo({});
    expect(await failureOf(daemon.listeners.deleteListener({ listener: "echo" }))).toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "LISTENER_DELETED",
    });
    expect((await first).counts).toMatchObject({ sessions: "1" });
  });

  test("1000 sessions at once: counts of all, and every peer reads ECONNRESET", async () => {
    const { peers } = await peersOf("echo", 1000);
    const reply = await remove({ listener: "echo" });
    expect(reply.counts).toEqual({ sessions: "1000", localRst: "1000", peerNone: "1000" });
    expect(reply.receipts).toHaveLength(100);
    const ends = new Set<string | undefined>();
    for (const peer of peers) ends.add((await peer.recv()).end);
    expect([...ends]).toEqual(["ECONNRESET"]);
  });
});

describe("UpdateListener", () => {
  const state = async () => {
    const { listener } = await daemon.listeners.getListener({ listener: "echo" });
    return { onPeerFin: listener?.onPeerFin, labels: listener?.labels };
  };
  const { CLOSE_TOO, STAY_OPEN } = Session_OnPeerFin;

  test("changes the fields of its mask, and without one those that are set", async () => {
    await daemon.listen("echo", { labels: { a: "1" } });
    await daemon.listeners.updateListener({ listener: "echo", onPeerFin: STAY_OPEN });
    expect(await state()).toEqual({ onPeerFin: STAY_OPEN, labels: { a: "1" } });
    await daemon.listeners.updateListener({
      listener: "echo",
      onPeerFin: CLOSE_TOO,
      labels: { b: "2" },
      updateMask: ["labels"],
    });
    expect(await state()).toEqual({ onPeerFin: STAY_OPEN, labels: { b: "2" } });
    // In the mask and not set: back to the default.
    await daemon.listeners.updateListener({ listener: "echo", updateMask: ["labels", "on_peer_fin"] });
    expect(await state()).toEqual({ onPeerFin: CLOSE_TOO, labels: {} });
  });

  test("holds for the connections still to come alone", async () => {
    const { port, peers } = await peersOf("echo", 1);
    await daemon.listeners.updateListener({ listener: "echo", onPeerFin: STAY_OPEN });
    const later = await judge.connect({ host: "127.0.0.1", port });
    await daemon.sessions.waitSession({ session: "echo/2" });
    await peers[0]?.shutdown("WR");
    expect(await peers[0]?.recv()).toMatchObject({ end: "EOF" });
    await later.shutdown("WR");
    const { session } = await daemon.sessions.waitSession({ session: "echo/2", state: Session_State.CLOSE_WAIT });
    expect(session?.onPeerFin).toBe(STAY_OPEN);
  });
});

describe("lists", () => {
  test("page through all, oldest first, while others come and go", async () => {
    for (let i = 1; i <= 5; i++) await daemon.listen(`l${i}`);
    const names: string[] = [];
    let pageToken = "";
    do {
      const page = await daemon.listeners.listListeners({ pageSize: 2, pageToken });
      expect(page.listeners.length).toBeLessThanOrEqual(2);
      names.push(...page.listeners.map(({ name }) => name));
      // One that was given goes away between two pages, and shifts nothing.
      if (pageToken === "") await daemon.listeners.deleteListener({ listener: "l1" });
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(names).toEqual(["l1", "l2", "l3", "l4", "l5"]);
  });

  test("250 sessions page by 100 without a gap, each within the default message limit", async () => {
    await peersOf("echo", 250);
    const sizes: number[] = [];
    const names: string[] = [];
    let pageToken = "";
    do {
      const page = await daemon.sessions.listSessions({ pageToken });
      sizes.push(page.sessions.length);
      names.push(...page.sessions.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(sizes).toEqual([100, 100, 50]);
    expect(names).toEqual(Array.from({ length: 250 }, (_, i) => `echo/${i + 1}`));
  });

  test("a page that would not fit a reply is cut short, and the rest follows", async () => {
    const { address } = await daemon.listen("echo");
    // 10 KB of labels each: 500 of them are more than the 4 MiB that a client takes by default.
    const labels = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`${i}`.padEnd(63, "k"), "v".repeat(255)]));
    for (let i = 0; i < 500; i++) await daemon.sessions.openSession({ name: `c${i}`, target: address, labels });
    await daemon.sessions.waitSession({ session: "echo/500" });
    const sizes: number[] = [];
    let pageToken = "";
    do {
      const page = await daemon.sessions.listSessions({ pageSize: 1000, pageToken });
      sizes.push(page.sessions.length);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1000);

    const numbers: bigint[] = [];
    for (let afterSequence = 0n; ; ) {
      const { events, nextAfterSequence } = await daemon.events.listEvents({ afterSequence, pageSize: 1000 });
      if (events.length === 0) break;
      numbers.push(...events.map(({ sequence }) => sequence));
      afterSequence = nextAfterSequence;
    }
    // The listener and 500 connections with two ends each.
    expect(numbers).toEqual(Array.from({ length: 1001 }, (_, i) => BigInt(i + 1)));
  });

  test("a page that is full and the last has no token", async () => {
    for (let i = 1; i <= 2; i++) await daemon.listen(`l${i}`);
    expect((await daemon.listeners.listListeners({ pageSize: 2 })).nextPageToken).toBe("");
  });

  test("scope - reads all scopes, default and empty are one", async () => {
    await peersOf("echo", 1);
    for (const scope of ["", "default", "-"]) {
      expect(
        (await daemon.listeners.listListeners({ scope })).listeners.map(({ scope: of, name }) => `${of} ${name}`),
      ).toEqual(["default echo"]);
      expect((await daemon.sessions.listSessions({ scope })).sessions.map(({ name }) => name)).toEqual(["echo/1"]);
      expect(
        (await daemon.sessions.listSessions({ scope, listener: "echo" })).sessions.map(({ name }) => name),
      ).toEqual(["echo/1"]);
    }
  });
});

describe("names of dialed sessions", () => {
  test("are free again once ended: opening anew replaces the record, with another uid", async () => {
    const { address } = await daemon.listen("echo");
    const first = (await daemon.sessions.openSession({ name: "c1", target: address })).session!;
    await daemon.sessions.resetSession({ session: "c1" });
    expect((await daemon.sessions.getSession({ session: "c1" })).session?.receipt?.final).toBe(true);
    const second = (await daemon.sessions.openSession({ name: "c1", target: address })).session!;
    expect(second.uid).not.toBe(first.uid);
    expect((await daemon.sessions.getSession({ session: "c1" })).session).toMatchObject({
      uid: second.uid,
      ended: false,
    });
    const { sessions } = await daemon.sessions.listSessions({});
    expect(sessions.filter(({ name }) => name === "c1")).toHaveLength(1);
  });

  test("keep their old record when the opening anew fails", async () => {
    const { address } = await daemon.listen("echo");
    await daemon.sessions.openSession({ name: "c1", target: address });
    await daemon.sessions.resetSession({ session: "c1" });
    await failureOf(daemon.sessions.openSession({ name: "c1", target: "127.0.0.1:1" }));
    expect((await daemon.sessions.getSession({ session: "c1" })).session?.receipt?.final).toBe(true);
  });
});

test("ended sessions stay readable, the first that ended goes first when there are too many", async () => {
  await daemon.stop();
  daemon = await startTestDaemon({ limits: { endedSessions: 3 } });
  await peersOf("echo", 5);
  for (const ordinal of [2, 1, 3, 4, 5]) await daemon.sessions.resetSession({ session: `echo/${ordinal}` });
  const { sessions } = await daemon.sessions.listSessions({});
  expect(sessions.map(({ name }) => name)).toEqual(["echo/3", "echo/4", "echo/5"]);
  expect((await daemon.listeners.getListener({ listener: "echo" })).listener).toMatchObject({
    accepted: 5n,
    openSessions: 0n,
  });
});

test("the stop of the daemon resets what lives: the peer reads ECONNRESET", async () => {
  const { peers } = await peersOf("echo", 2);
  const dialed = await dialWithStuckData(daemon, judge);
  await daemon.daemon.stop();
  for (const peer of peers) expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
  expect((await dialed.peer.recvAll()).end).toBe("ECONNRESET");
});
