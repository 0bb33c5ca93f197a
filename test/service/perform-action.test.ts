import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Action } from "../../src/gen/hangup/v1/action.js";
import {
  GetSessionResponse,
  Session_State,
  Session_View,
  WaitSessionRequest_Condition,
} from "../../src/gen/hangup/v1/session.js";
import { look, perform } from "../support/actions.js";
import { connectTo, dialJudge } from "../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, type Peer, startJudge } from "../support/judge.js";

const { ENDED } = WaitSessionRequest_Condition;
const reset = Action.fromJSON({ reset: {} });

let daemon: TestDaemon;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

async function peersOf(name: string, count: number, request: object = {}): Promise<Peer[]> {
  const listener = await daemon.listen(name, request);
  const peers: Peer[] = [];
  for (let i = 0; i < count; i++) peers.push(await judge.connect(listener));
  await daemon.sessions.waitSession({ listener: name, ordinal: BigInt(count) });
  return peers;
}

const endOf = async (peer: Peer) => (await peer.recv({ deadlineMs: 100 })).end;

describe("the target", () => {
  test("of none is INVALID_ARGUMENT, and nobody is reset", async () => {
    const [peer] = await peersOf("echo", 1);
    expect(await failureOf(daemon.sessions.performAction({ action: reset }))).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "MISSING_FIELD",
      field: "session",
    });
    expect(await endOf(peer!)).toBe("ETIMEDOUT_JUDGE");
  });

  test("one session: that one alone reads ECONNRESET", async () => {
    const [first, second] = await peersOf("echo", 2);
    expect(await daemon.sessions.performAction({ session: "echo/2", action: reset })).toMatchObject({
      targeted: 1n,
      performed: 1n,
      failed: {},
      failures: [],
      receipts: [{ session: "echo/2", final: true }],
    });
    expect(await endOf(second!)).toBe("ECONNRESET");
    expect(await endOf(first!)).toBe("ETIMEDOUT_JUDGE");
  });

  test("several sessions, one of them named twice: each once", async () => {
    const [first, second, third] = await peersOf("echo", 3);
    const reply = await daemon.sessions.performAction({ sessions: ["echo/1", "echo/3", "echo/1"], action: reset });
    expect(reply).toMatchObject({ targeted: 2n, performed: 2n });
    expect([await endOf(first!), await endOf(second!), await endOf(third!)]).toEqual([
      "ECONNRESET",
      "ETIMEDOUT_JUDGE",
      "ECONNRESET",
    ]);
  });

  test("a listener: its living sessions", async () => {
    const [first, second] = await peersOf("echo", 2);
    const [other] = await peersOf("other", 1);
    await daemon.sessions.resetSession({ session: "echo/1" });
    const reply = await daemon.sessions.performAction({ listener: "echo", action: reset });
    expect(reply).toMatchObject({ targeted: 1n, performed: 1n, receipts: [{ session: "echo/2" }] });
    expect([await endOf(first!), await endOf(second!), await endOf(other!)]).toEqual([
      "ECONNRESET",
      "ECONNRESET",
      "ETIMEDOUT_JUDGE",
    ]);
  });

  test("all: those of every listener, and the dialed ones", async () => {
    const peers = [...(await peersOf("one", 2)), ...(await peersOf("two", 1)), (await dialJudge(daemon, judge)).peer];
    expect(await daemon.sessions.performAction({ all: true, action: reset })).toMatchObject({
      targeted: 4n,
      performed: 4n,
    });
    for (const peer of peers) expect(await endOf(peer)).toBe("ECONNRESET");
    expect(await daemon.sessions.performAction({ all: true, action: reset })).toMatchObject({
      targeted: 0n,
      performed: 0n,
    });
  });

  test("an unknown one is NOT_FOUND, and none of the others is touched", async () => {
    const [peer] = await peersOf("echo", 1);
    expect(
      await failureOf(daemon.sessions.performAction({ sessions: ["echo/1", "echo/9"], action: reset })),
    ).toMatchObject({
      code: "NOT_FOUND",
      reason: "UNKNOWN_SESSION",
      resource: "hangup.v1/session echo/9",
    });
    expect(await failureOf(daemon.sessions.performAction({ listener: "ech", action: reset }))).toMatchObject({
      code: "NOT_FOUND",
      reason: "UNKNOWN_LISTENER",
    });
    expect(await endOf(peer!)).toBe("ETIMEDOUT_JUDGE");
  });

  test("of another life is UID_MISMATCH, and this one is not touched", async () => {
    const [peer] = await peersOf("echo", 1);
    const call = daemon.sessions.performAction({ session: "echo/1", uid: "another", action: reset });
    expect(await failureOf(call)).toMatchObject({ code: "FAILED_PRECONDITION", reason: "UID_MISMATCH" });
    expect(await endOf(peer!)).toBe("ETIMEDOUT_JUDGE");
  });

  test("more than 1000 names is INVALID_ARGUMENT", async () => {
    const sessions = Array.from({ length: 1001 }, (_, index) => `echo/${index}`);
    expect(await failureOf(daemon.sessions.performAction({ sessions, action: reset }))).toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "sessions",
    });
  });
});

describe("failures", () => {
  test("of a single session are the error of the call", async () => {
    await peersOf("echo", 1);
    await daemon.sessions.resetSession({ session: "echo/1" });
    expect(await failureOf(daemon.sessions.performAction({ session: "echo/1", action: reset }))).toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "SESSION_ENDED",
    });
  });

  test("of several are counted by reason and told each, and hold up none of the others", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hangup-"));
    try {
      const path = join(folder, "u.sock");
      await daemon.listen("u", { unixPath: path });
      const onUnix = await judge.connect({ path });
      await daemon.sessions.waitSession({ session: "u/1" });
      const [ended, closed, well] = await peersOf("echo", 3);
      await daemon.sessions.resetSession({ session: "echo/1" });
      await daemon.sessions.closeSession({ session: "echo/2" });

      const sessions = ["echo/1", "echo/2", "u/1", "echo/3"];
      const reply = await daemon.sessions.performAction({ sessions, action: Action.fromJSON({ finThenReset: {} }) });
      expect(reply).toMatchObject({
        targeted: 4n,
        performed: 1n,
        failed: { SESSION_ENDED: 1n, UNIX_SOCKET: 1n, FIN_ALREADY_SENT: 1n },
        receipts: [{ session: "echo/3" }],
      });
      const told = reply.failures.map(({ session, reason }) => `${session} ${reason}`);
      expect(told.toSorted()).toEqual(["echo/1 SESSION_ENDED", "echo/2 FIN_ALREADY_SENT", "u/1 UNIX_SOCKET"]);
      for (const { message } of reply.failures) expect(message).toMatch(/use|see|instead/);
      expect([await endOf(ended!), await endOf(closed!), await endOf(well!), await endOf(onUnix)]).toEqual([
        "ECONNRESET",
        "EOF",
        "EOF",
        "ETIMEDOUT_JUDGE",
      ]);
      expect(await well!.send({ text: "x" })).toEqual({ rc: -1, errno: "EPIPE" });
      await onUnix.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("past a timeout come beside what was performed", async () => {
    const [sends, silent] = await peersOf("quiet", 2, { behaviour: { kind: { $case: "silent", value: {} } } });
    await sends!.send({ text: "unread" });
    const action = Action.fromJSON({ resetUnread: { timeout: ms(100) } });
    expect(await daemon.sessions.performAction({ listener: "quiet", action })).toMatchObject({
      targeted: 2n,
      performed: 1n,
      failed: { NOTHING_UNREAD: 1n },
      failures: [{ session: "quiet/2", reason: "NOTHING_UNREAD" }],
    });
    expect([await endOf(sends!), await endOf(silent!)]).toEqual(["ECONNRESET", "ETIMEDOUT_JUDGE"]);
  });
});

test("maxResults bounds the receipts and never the counts", async () => {
  await peersOf("echo", 5);
  const reply = await daemon.sessions.performAction({ listener: "echo", action: reset, maxResults: 2 });
  expect(reply).toMatchObject({ targeted: 5n, performed: 5n });
  expect(reply.receipts).toHaveLength(2);
  await peersOf("more", 3);
  expect((await daemon.sessions.performAction({ listener: "more", action: reset, maxResults: 0 })).receipts).toEqual(
    [],
  );
  for (const maxResults of [-1, 1001]) {
    expect(await failureOf(daemon.sessions.performAction({ all: true, action: reset, maxResults }))).toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "max_results",
    });
  }
});

test("300 at once: every peer reads ECONNRESET", async () => {
  const peers = await peersOf("echo", 300);
  expect(await daemon.sessions.performAction({ all: true, action: reset })).toMatchObject({
    targeted: 300n,
    performed: 300n,
  });
  const ends = new Set<string | undefined>();
  for (const peer of peers) ends.add(await endOf(peer));
  expect([...ends]).toEqual(["ECONNRESET"]);
});

describe("the kernel’s view", () => {
  test("GetSession FULL has TCP_INFO, BASIC has none", async () => {
    const { peer, name } = await dialJudge(daemon, judge);
    await perform(daemon, name, { send: { text: "hello" } });
    await peer.recv();
    expect(await look(daemon, name)).toMatchObject({
      tcpInfo: {
        rtt: { nanos: expect.any(Number) },
        retransmissionTimeout: { nanos: expect.any(Number) },
        sendMss: expect.any(Number),
        congestionWindow: expect.any(Number),
      },
    });
    const basic = await daemon.sessions.getSession({ session: name });
    expect(basic.session?.tcpInfo).toBeUndefined();
    const full = await daemon.sessions.getSession({ session: name, view: Session_View.FULL });
    expect(full.session?.tcpInfo?.bytesAcked).toBeGreaterThanOrEqual(5n);
    await peer.close();
  });

  test("after both FINs, ours first, is TIME_WAIT with up to 60 s left, and the peer is CLOSED", async () => {
    const { peer, name } = await dialJudge(daemon, judge);
    await daemon.sessions.closeSession({ session: name });
    await peer.close();
    await daemon.sessions.waitSession({ session: name, condition: ENDED });
    const { session } = await daemon.sessions.getSession({ session: name, view: Session_View.FULL });
    expect(session).toMatchObject({ state: Session_State.TIME_WAIT, ended: true });
    expect(session?.tcpInfo).toBeUndefined();
    const { seconds = 0n } = session?.stateTimeLeft ?? {};
    expect(seconds).toBeGreaterThan(50n);
    expect(seconds).toBeLessThanOrEqual(60n);
  });

  test("released in FIN_WAIT2, that state has a time left too", async () => {
    const { peer, name } = await dialJudge(daemon, judge);
    await daemon.sessions.closeSession({ session: name, drainTimeout: ms(300) });
    await daemon.sessions.waitSession({ session: name, state: Session_State.FIN_WAIT2 });
    await daemon.sessions.waitSession({ session: name, condition: ENDED });
    const { session } = await daemon.sessions.getSession({ session: name, view: Session_View.FULL });
    expect(session?.stateTimeLeft?.seconds).toBeGreaterThan(50n);
    expect(await peer.tcpState()).toBe("CLOSE_WAIT");
    await peer.close();
  });

  test("with the peer’s data and FIN lost: FIN_WAIT1 until the heal, then TIME_WAIT with all of it read", async () => {
    const { peer, name } = await dialJudge(daemon, judge);
    await perform(daemon, name, { blackHole: { direction: "INBOUND" } });
    await peer.send({ text: "unheard" });
    await peer.shutdown("WR");
    await perform(daemon, name, { close: {} });
    expect(await peer.recv()).toMatchObject({ end: "EOF" });
    expect(await look(daemon, name)).toMatchObject({ state: "FIN_WAIT1" });
    await perform(daemon, name, { heal: {} });
    const { session } = await daemon.sessions.waitSession({ session: name, condition: ENDED });
    expect(GetSessionResponse.toJSON({ session })).toMatchObject({
      session: { bytesReceived: "7", state: "TIME_WAIT" },
    });
    await peer.close();
  });

  test("session_state_changed tells each state once, also after the end", async () => {
    const { peer, name } = await connectTo(daemon, judge, { name: "echo", ...(await daemon.listen("echo")) });
    await perform(daemon, name, { blackHole: {} });
    await daemon.sessions.closeSession({ session: name, drainTimeout: ms(2000) });
    await perform(daemon, name, { heal: {} });
    await daemon.sessions.waitSession({ session: name, state: Session_State.FIN_WAIT2 });
    await daemon.sessions.waitSession({ session: name, condition: ENDED });
    await peer.close();
    const states: string[][] = [];
    for await (const { events } of daemon.events.streamEvents({ session: name, afterSequence: 0n })) {
      for (const { fact } of events) {
        if (fact?.$case === "sessionStateChanged") states.push([nameOf(fact.value.previous), nameOf(fact.value.state)]);
      }
      if (states.at(-1)?.[1] === "TIME_WAIT") break;
    }
    expect(states).toEqual([
      ["ESTABLISHED", "FIN_WAIT1"],
      ["FIN_WAIT1", "FIN_WAIT2"],
      ["FIN_WAIT2", "TIME_WAIT"],
    ]);
  });
});

function nameOf(value: number): string {
  return Object.entries(Session_State).find(([, number]) => number === value)?.[0] ?? String(value);
}
