import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateListenerRequest, CreateListenerResponse } from "../../src/gen/hangup/v1/listener.js";
import {
  CloseSessionResponse,
  OpenSessionResponse,
  ReceiveDataResponse,
  ResetSessionResponse,
  WaitSessionRequest,
  WaitSessionResponse,
} from "../../src/gen/hangup/v1/session.js";
import { StreamEventsResponse } from "../../src/gen/hangup/v1/event.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { type Judge, startJudge } from "../support/judge.js";

// The lines that people paste, in the JSON that they paste.

let daemon: TestDaemon;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

async function createListener(json: object) {
  const reply = await daemon.listeners.createListener(CreateListenerRequest.fromJSON(json));
  return (CreateListenerResponse.toJSON(reply) as { listener: Record<string, string & number> }).listener;
}

async function wait(json: object) {
  const reply = await daemon.sessions.waitSession(WaitSessionRequest.fromJSON(json));
  return (WaitSessionResponse.toJSON(reply) as { session: Record<string, string & number> }).session;
}

describe("CreateListener", () => {
  test('{"name":"echo"} listens on a free port of 127.0.0.1', async () => {
    const listener = await createListener({ name: "echo" });
    expect(listener).toEqual({
      scope: "default",
      name: "echo",
      uid: expect.stringMatching(/^[0-9a-f]{12}-\d+$/),
      host: "127.0.0.1",
      port: expect.any(Number),
      address: `127.0.0.1:${listener["port"]}`,
      state: "LISTENING",
      onPeerFin: "CLOSE_TOO",
      behaviour: { echo: {} },
      resetOnAccept: "NEVER",
      backlog: 511,
      createTime: expect.anything(),
    });
    expect(listener["port"]).toBeGreaterThan(0);
  });

  test('{"name":"l6","host":"::1"} listens on IPv6 and writes its address with brackets', async () => {
    const listener = await createListener({ name: "l6", host: "::1" });
    expect(listener).toMatchObject({ host: "::1", address: `[::1]:${listener["port"]}` });
  });

  test('{"name":"u","unixPath":...} listens on a unix socket, and its file goes with the listener', async () => {
    const folder = mkdtempSync(join(tmpdir(), "hangup-"));
    try {
      const unixPath = join(folder, "u.sock");
      const listener = await createListener({ name: "u", unixPath });
      expect(listener).toMatchObject({ name: "u", unixPath, address: `unix:${unixPath}` });
      expect(listener).not.toHaveProperty("port");
      await daemon.listeners.deleteListener({ listener: "u" });
      expect(existsSync(unixPath)).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('{"name":"half","onPeerFin":"STAY_OPEN"} keeps half-open connections', async () => {
    expect(await createListener({ name: "half", onPeerFin: "STAY_OPEN" })).toMatchObject({ onPeerFin: "STAY_OPEN" });
  });

  test("{} is named by the daemon", async () => {
    expect(await createListener({})).toMatchObject({ name: "listener-1" });
    expect(await createListener({})).toMatchObject({ name: "listener-2" });
  });
});

describe("OpenSession", () => {
  test('{"name":"c1","target":...} is DIALED and ESTABLISHED, with both addresses', async () => {
    const { address } = await daemon.listen("echo");
    const reply = await daemon.sessions.openSession({ name: "c1", target: address });
    const { session } = OpenSessionResponse.toJSON(reply) as { session: Record<string, unknown> };
    expect(session).toMatchObject({
      scope: "default",
      name: "c1",
      uid: expect.stringMatching(/^[0-9a-f]{12}-\d+$/),
      origin: "DIALED",
      state: "ESTABLISHED",
      localAddress: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      peerAddress: address,
      onPeerFin: "STAY_OPEN",
    });
    // Not ended, so no receipt.
    for (const absent of ["listener", "ordinal", "ended", "receipt"]) expect(session).not.toHaveProperty(absent);
  });

  test("without a name is dial/1, dial/2", async () => {
    const { address } = await daemon.listen("echo");
    const names = [];
    for (let i = 0; i < 2; i++) names.push((await daemon.sessions.openSession({ target: address })).session?.name);
    expect(names).toEqual(["dial/1", "dial/2"]);
  });

  test("from a local address and port of the caller", async () => {
    const listener = await judge.listen({ host: "127.0.0.1" });
    const { session } = await daemon.sessions.openSession({
      target: `127.0.0.1:${listener.port}`,
      localAddress: "127.0.0.2",
    });
    expect(session?.localAddress).toMatch(/^127\.0\.0\.2:\d+$/);
    expect((await listener.accept()).remoteAddress).toBe("127.0.0.2");
  });

  test("of IPv6 and of a unix socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hangup-"));
    try {
      const l6 = await daemon.listen("l6", { host: "::1" });
      const unixPath = join(folder, "u.sock");
      await daemon.listen("u", { unixPath });
      const six = await daemon.sessions.openSession({ target: l6.address });
      expect(six.session).toMatchObject({ peerAddress: l6.address, localAddress: expect.stringMatching(/^\[::1\]:/) });
      const unix = await daemon.sessions.openSession({ target: `unix:${unixPath}` });
      expect(OpenSessionResponse.toJSON(unix)).toMatchObject({ session: { state: "UNKNOWN" } });
      await daemon.sessions.sendData({ session: unix.session!.name, payload: { $case: "text", value: "hi" } });
      expect((await daemon.sessions.receiveData({ session: unix.session!.name, minBytes: 2 })).text).toBe("hi");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('ListSessions {} has all, {"listener":"echo"} those of one listener, living only those not ended', async () => {
  const { address } = await daemon.listen("echo");
  await daemon.sessions.openSession({ name: "c1", target: address });
  await daemon.sessions.waitSession({ session: "echo/1" });
  const names = async (request: object) =>
    (await daemon.sessions.listSessions(request)).sessions.map(({ name }) => name).toSorted();
  expect(await names({})).toEqual(["c1", "echo/1"]);
  expect(await names({ listener: "echo" })).toEqual(["echo/1"]);
  await daemon.sessions.resetSession({ session: "c1" });
  await daemon.sessions.waitSession({ session: "echo/1", condition: 1 });
  expect(await names({})).toEqual(["c1", "echo/1"]);
  expect(await names({ living: true })).toEqual([]);
});

test("WaitSession takes each of its pasted lines", async () => {
  const { host, port } = await daemon.listen("echo");
  const peer = await judge.connect({ host, port });
  const byPort = await wait({ listener: "echo", peerPort: peer.localPort });
  expect(byPort).toMatchObject({
    name: "echo/1",
    origin: "ACCEPTED",
    listener: "echo",
    ordinal: "1",
    peerAddress: `127.0.0.1:${peer.localPort}`,
    localAddress: `127.0.0.1:${port}`,
    state: "ESTABLISHED",
  });
  expect(await wait({ listener: "echo", ordinal: 1 })).toEqual(byPort);
  await peer.send({ text: "hello" });
  expect(await wait({ session: "echo/1", bytesReceived: 5 })).toMatchObject({ bytesReceived: "5" });
  const ending = wait({ session: "echo/1", condition: "ENDED", timeout: { seconds: 2 } });
  await daemon.sessions.resetSession({ session: "echo/1" });
  expect(await ending).toMatchObject({ ended: true, state: "CLOSED", receipt: { final: true } });

  const half = await daemon.listen("half", { onPeerFin: 2 });
  const other = await judge.connect(half);
  await other.shutdown("WR");
  expect(await wait({ session: "half/1", state: "CLOSE_WAIT" })).toMatchObject({
    peerFinSeen: true,
    state: "CLOSE_WAIT",
  });
});

test("SendData and ReceiveData carry text and bytes, and tell of EOF behind them", async () => {
  const { address } = await daemon.listen("echo");
  await daemon.sessions.openSession({ name: "c1", target: address });
  await daemon.sessions.sendData({ session: "c1", payload: { $case: "text", value: "hello" } });
  const first = await daemon.sessions.receiveData({ session: "c1", minBytes: 5 });
  expect(ReceiveDataResponse.toJSON(first)).toEqual({ data: "aGVsbG8=", text: "hello" });

  await daemon.sessions.sendData({ session: "c1", payload: { $case: "data", value: Buffer.from([0xff, 0]) } });
  await daemon.sessions.halfCloseSession({ session: "c1" });
  await daemon.sessions.waitSession({ session: "c1", condition: 1 });
  // Not UTF-8, so no text; and bytes outlive the end of their session.
  const last = await daemon.sessions.receiveData({ session: "c1", minBytes: 3 });
  expect(ReceiveDataResponse.toJSON(last)).toEqual({ data: "/wA=", eof: true });
  expect(await daemon.sessions.receiveData({ session: "c1" })).toMatchObject({ eof: true, errno: "" });
});

test("CloseSession, HalfCloseSession and ResetSession answer with session and receipt", async () => {
  const { host, port } = await daemon.listen("echo");
  for (let i = 0; i < 3; i++) await judge.connect({ host, port });
  await daemon.sessions.waitSession({ session: "echo/3" });
  const end = (rpc: string) => ({ kind: "FIN", cause: { kind: "COMMAND", rpc }, time: expect.anything() });

  const closed = CloseSessionResponse.toJSON(await daemon.sessions.closeSession({ session: "echo/1" }));
  expect(closed).toMatchObject({
    session: { name: "echo/1", finSent: true },
    receipt: { session: "echo/1", localEnd: end("CloseSession"), stateBefore: "ESTABLISHED", evidence: "NOT_CAPTURED" },
  });
  const half = CloseSessionResponse.toJSON(await daemon.sessions.halfCloseSession({ session: "echo/2" }));
  expect(half).toMatchObject({ session: { finSent: true }, receipt: { localEnd: end("HalfCloseSession") } });
  const reset = ResetSessionResponse.toJSON(await daemon.sessions.resetSession({ session: "echo/3" }));
  expect(reset).toMatchObject({
    session: { name: "echo/3", ended: true, state: "CLOSED" },
    receipt: {
      localEnd: { kind: "RST", cause: { kind: "COMMAND", rpc: "ResetSession" } },
      peerEnd: { kind: "NONE" },
      final: true,
      stateBefore: "ESTABLISHED",
      stateAfter: "CLOSED",
      peerOutlook: { nextRead: ["ECONNRESET"], nextWrite: ["ECONNRESET"] },
    },
  });
});

test("StreamEvents takes each of its pasted lines", async () => {
  const { host, port } = await daemon.listen("echo");
  const peer = await judge.connect({ host, port });
  await daemon.sessions.waitSession({ session: "echo/1" });
  await daemon.sessions.resetSession({ session: "echo/1" });
  await peer.recv();
  const kinds = async (request: object, maxEvents: number) => {
    const seen: string[] = [];
    for await (const message of daemon.events.streamEvents({ ...request, maxEvents })) {
      const json = StreamEventsResponse.toJSON(message) as { events: object[] };
      const fields = new Set(["sequence", "time", "scope", "listener", "session", "uid"]);
      for (const event of json.events) seen.push(...Object.keys(event).filter((key) => !fields.has(key)));
    }
    return seen;
  };
  expect(await kinds({ afterSequence: 1n }, 3)).toEqual([
    "subscribed",
    "sessionOpened",
    "actionPerformed",
    "sessionEnded",
  ]);
  expect(await kinds({ session: "echo/1", afterSequence: 0n }, 1)).toEqual(["subscribed", "sessionOpened"]);
});
