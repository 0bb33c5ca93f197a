import { once } from "node:events";
import { connect } from "node:net";
import { Session_OnPeerFin } from "../../../src/gen/hangup/v1/session.js";
import { Connection } from "../../../src/kernel/connection.js";
import { loadFfi } from "../../../src/kernel/ffi.js";
import { Action } from "../../../src/gen/hangup/v1/action.js";
import { holdBack, perform } from "../../support/actions.js";
import { dialJudge, dialWithStuckData } from "../../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { failureOf } from "../../support/failure.js";
import { type Judge, startJudge } from "../../support/judge.js";

let daemon: TestDaemon;
let judge: Judge;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterAll(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

test("the peer reads all, then EOF, and its first write is EPIPE; the receipt has both the FIN and the RST", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await perform(daemon, name, { send: { text: "bye" } });
  const cause = { kind: "COMMAND", rpc: "PerformAction", action: "fin_then_reset" };
  expect(await perform(daemon, name, { finThenReset: {} })).toMatchObject({
    localEnd: { kind: "RST", cause, earlierFin: { cause } },
    stateAfter: "CLOSED",
    final: true,
  });
  expect(await peer.recvAll()).toMatchObject({ bytes: 3, end: "EOF" });
  expect(await peer.send({ text: "x" })).toEqual({ rc: -1, errno: "EPIPE" });
  expect(await peer.soError()).toBeUndefined();
  await peer.close();
});

test("a peer blocked in recv reads EOF", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  const blocked = peer.recv();
  await perform(daemon, name, { finThenReset: {} });
  expect(await blocked).toMatchObject({ end: "EOF" });
  await peer.close();
});

test("behind data that the peer does not read the FIN never leaves: the peer reads what it has, then ECONNRESET", async () => {
  const { peer, name } = await dialWithStuckData(daemon, judge);
  const receipt = await perform(daemon, name, { finThenReset: {} });
  expect(receipt).toMatchObject({ stateBefore: "FIN_WAIT1", peerOutlook: { nextRead: ["DATA", "EOF", "ECONNRESET"] } });
  expect(await peer.recvAll()).toMatchObject({ end: "ECONNRESET" });
  await peer.close();
});

test("a peer's FIN that comes between the look and the RST leaves nothing to reset, and the receipt says FIN", async () => {
  const { host, port } = await daemon.listen("crossing", { onPeerFin: Session_OnPeerFin.STAY_OPEN });
  const socket = connect({ host, port, allowHalfOpen: true });
  await once(socket, "connect");
  const { session } = await daemon.sessions.waitSession({ listener: "crossing", peerPort: socket.localPort! });
  const load = loadFfi();
  if (!load.available) throw new Error(load.reason);
  const { ffi } = load;
  const between = jest.spyOn(Connection.prototype, "sendRst").mockImplementationOnce(function (this: Connection) {
    expect(ffi.shutdown((socket as unknown as { _handle: { fd: number } })._handle.fd, 1)).toBe(0);
    // The real one, the mock being for once.
    this.sendRst();
  });
  try {
    expect(await perform(daemon, session!.name, { finThenReset: {} })).toMatchObject({
      localEnd: { kind: "FIN", cause: { action: "fin_then_reset" } },
      peerEnd: { kind: "FIN" },
      stateAfter: "TIME_WAIT",
      final: true,
    });
  } finally {
    between.mockRestore();
    socket.destroy();
  }
});

test("behind bytes that wait in the daemon is FLUSH_TIMEOUT, and neither FIN nor RST is sent", async () => {
  const { peer, name } = await dialJudge(daemon, judge);
  await holdBack(daemon, name, "abc");
  const action = Action.fromJSON({ finThenReset: { flushTimeout: ms(50) } });
  expect(await failureOf(daemon.sessions.performAction({ session: name, action }))).toMatchObject({
    code: "DEADLINE_EXCEEDED",
    reason: "FLUSH_TIMEOUT",
  });
  await perform(daemon, name, { throttle: {} });
  expect((await peer.recvAll({ max: 3 })).data.toString()).toBe("abc");
  await peer.close();
});
