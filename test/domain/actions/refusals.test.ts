// What an action refuses: FAILED_PRECONDITION that names the state and says what to do instead, and nothing has changed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Action } from "../../../src/gen/hangup/v1/action.js";
import { Session_State, WaitSessionRequest_Condition } from "../../../src/gen/hangup/v1/session.js";
import { type ActionJson, look, perform } from "../../support/actions.js";
import { dialJudge, dialWithStuckData } from "../../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { failureOf } from "../../support/failure.js";
import { type Judge, type Peer, startJudge } from "../../support/judge.js";

const { ENDED, PEER_FIN } = WaitSessionRequest_Condition;

let daemon: TestDaemon;
let judge: Judge;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterAll(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

const text = { text: "x" };
const all: Readonly<Record<string, ActionJson>> = {
  close: { close: {} },
  half_close: { halfClose: {} },
  reset: { reset: {} },
  linger: { linger: {} },
  reset_unread: { resetUnread: { timeout: ms(0) } },
  fin_then_reset: { finThenReset: {} },
  last_data: { lastData: text },
  vanish: { vanish: {} },
  black_hole: { blackHole: {} },
  heal: { heal: {} },
  pause: { pause: {} },
  resume: { resume: {} },
  throttle: { throttle: { chunkBytes: 1 } },
  delay: { delay: { duration: ms(1) } },
  send: { send: text },
  send_urgent: { sendUrgent: text },
  set_behaviour: { setBehaviour: { behaviour: { discard: {} } } },
};

/** Everything of a session that a command could change. */
async function standing(session: string) {
  const { tcpInfo: _estimates, stateTimeLeft: _clock, ...rest } = await look(daemon, session);
  return rest;
}

async function refused(session: string, action: ActionJson) {
  const before = await standing(session);
  const failure = await failureOf(daemon.sessions.performAction({ session, action: Action.fromJSON(action) }));
  expect(await standing(session)).toEqual(before);
  expect(failure.resource).toBe(`hangup.v1/session ${session}`);
  expect(failure.metadata["state"]).toBe(before["state"]);
  return failure;
}

test.each(Object.keys(all))("%s of a session that has ended is SESSION_ENDED with its receipt", async (verb) => {
  const { peer, name } = await dialJudge(daemon, judge);
  await daemon.sessions.resetSession({ session: name });
  expect(await refused(name, all[verb]!)).toMatchObject({
    code: "FAILED_PRECONDITION",
    reason: "SESSION_ENDED",
    receipt: { final: true },
  });
  await peer.close();
});

const afterOurFin: Readonly<Record<string, string>> = {
  half_close: "FIN_ALREADY_SENT",
  reset_unread: "WRONG_STATE",
  fin_then_reset: "FIN_ALREADY_SENT",
  last_data: "FIN_ALREADY_SENT",
  send: "FIN_ALREADY_SENT",
  send_urgent: "FIN_ALREADY_SENT",
};

test.each(Object.entries(afterOurFin))("%s after our FIN is %s, and the peer may still send", async (verb, reason) => {
  const { peer, name } = await dialJudge(daemon, judge);
  await daemon.sessions.halfCloseSession({ session: name });
  await daemon.sessions.waitSession({ session: name, state: Session_State.FIN_WAIT2 });
  expect(await refused(name, all[verb]!)).toMatchObject({ code: "FAILED_PRECONDITION", reason });
  expect(await peer.send({ text: "still" })).toEqual({ rc: 5 });
  expect((await daemon.sessions.receiveData({ session: name, minBytes: 5 })).text).toBe("still");
  await peer.close({ linger0: true });
});

const afterClose: Readonly<Record<string, string>> = {
  close: "ALREADY_CLOSED",
  linger: "ALREADY_CLOSED",
  pause: "ALREADY_CLOSED",
  set_behaviour: "ALREADY_CLOSED",
};

test.each(Object.entries(afterClose))("%s after close is %s, and the peer may still send", async (verb, reason) => {
  const { peer, name } = await dialJudge(daemon, judge);
  await daemon.sessions.closeSession({ session: name });
  await daemon.sessions.waitSession({ session: name, state: Session_State.FIN_WAIT2 });
  expect(await refused(name, all[verb]!)).toMatchObject({ code: "FAILED_PRECONDITION", reason });
  expect(await peer.recv()).toMatchObject({ end: "EOF" });
  expect(await peer.send({ text: "drained" })).toEqual({ rc: 7 });
  await daemon.sessions.waitSession({ session: name, bytesReceived: 7n });
  await peer.close({ linger0: true });
});

test.each(["CLOSING", "LAST_ACK"] as const)(
  "reset in %s is RESET_IMPOSSIBLE, and the peer reads all, then EOF",
  async (state) => {
    const { peer, name } = await dialWithStuckData(daemon, judge);
    if (state === "CLOSING") await daemon.sessions.halfCloseSession({ session: name });
    await peer.shutdown("WR");
    await daemon.sessions.waitSession({ session: name, condition: PEER_FIN });
    if (state === "LAST_ACK") await daemon.sessions.halfCloseSession({ session: name });
    await daemon.sessions.waitSession({ session: name, state: Session_State[state] });
    const failure = await refused(name, { reset: {} });
    expect(failure).toMatchObject({ code: "FAILED_PRECONDITION", reason: "RESET_IMPOSSIBLE", metadata: { state } });
    expect(failure.message).toMatch(new RegExp(`no RST in ${state}.*instead`));
    expect(await peer.recvAll()).toMatchObject({ bytes: 512 * 1024, end: "EOF" });
    await peer.close();
  },
);

test("reset in TIME_WAIT is SESSION_ENDED: the descriptor is gone, the state is told", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await daemon.sessions.closeSession({ session: name });
  await peer.close();
  await daemon.sessions.waitSession({ session: name, condition: ENDED });
  expect(await refused(name, { reset: {} })).toMatchObject({
    reason: "SESSION_ENDED",
    metadata: { state: "TIME_WAIT" },
  });
});

test("fin_then_reset after the peer’s FIN is WRONG_STATE, as no RST follows then; reset still gives one", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await peer.shutdown("WR");
  await daemon.sessions.waitSession({ session: name, condition: PEER_FIN });
  const failure = await refused(name, { finThenReset: {} });
  expect(failure).toMatchObject({
    code: "FAILED_PRECONDITION",
    reason: "WRONG_STATE",
    metadata: { state: "CLOSE_WAIT" },
  });
  expect(failure.message).toContain("use reset or close");
  await perform(daemon, name, { reset: {} });
  expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
  await peer.close();
});

test("heal without a black hole is WRONG_STATE, and so is a second black hole", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  expect(await refused(name, { heal: {} })).toMatchObject({ code: "FAILED_PRECONDITION", reason: "WRONG_STATE" });
  await perform(daemon, name, { blackHole: { direction: "INBOUND" } });
  const failure = await refused(name, { blackHole: { direction: "BOTH" } });
  expect(failure).toMatchObject({ code: "FAILED_PRECONDITION", reason: "WRONG_STATE" });
  expect(failure.message).toContain("heal it first");
  await perform(daemon, name, { heal: {} });
  expect(await peer.send({ text: "hello" })).toEqual({ rc: 5 });
  expect((await daemon.sessions.receiveData({ session: name, minBytes: 5 })).text).toBe("hello");
  await peer.close({ linger0: true });
});

describe("on a unix socket", () => {
  let folder: string;
  let peer: Peer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "hangup-"));
    await daemon.listen("u", { unixPath: join(folder, "u.sock") });
    peer = await judge.connect({ path: join(folder, "u.sock") });
    await daemon.sessions.waitSession({ session: "u/1" });
  });

  afterAll(async () => {
    await peer.close();
    rmSync(folder, { recursive: true });
  });

  const reasons: Readonly<Record<string, string>> = {
    reset: "RESET_IMPOSSIBLE",
    linger: "UNIX_SOCKET",
    fin_then_reset: "UNIX_SOCKET",
    last_data: "UNIX_SOCKET",
    vanish: "UNIX_SOCKET",
    black_hole: "UNIX_SOCKET",
    send_urgent: "UNIX_SOCKET",
  };

  test.each(Object.entries(reasons))(
    "%s is %s, with what to use instead, and the peer goes on",
    async (verb, reason) => {
      const failure = await refused("u/1", all[verb]!);
      expect(failure).toMatchObject({ code: "FAILED_PRECONDITION", reason });
      expect(failure.message).toMatch(/close|pause|send/);
      await peer.send({ text: verb });
      expect((await peer.recvAll({ max: verb.length })).data.toString()).toBe(verb);
    },
  );
});
