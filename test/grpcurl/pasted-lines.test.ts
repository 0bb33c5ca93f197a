import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { type Judge, type Peer, startJudge } from "../support/judge.js";
import { Grpcurl } from "./grpcurl.js";

// Lines of JSON as a person pastes them behind `grpcurl -plaintext -d`, and what they do to a real connection.

interface Listener {
  name: string;
  host: string;
  port: number;
  address: string;
}

const EOF_RESULT = { rc: 0, end: "EOF", data: Buffer.alloc(0) };
const RESET_RESULT = { rc: -1, errno: "ECONNRESET", end: "ECONNRESET", data: Buffer.alloc(0) };

let daemon: TestDaemon;
let grpcurl: Grpcurl;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
  grpcurl = new Grpcurl(daemon.daemon.address);
});

afterEach(async () => {
  await Promise.all([daemon.stop(), judge.stop()]);
});

async function createListener(json: string): Promise<Listener> {
  const { listener } = await grpcurl.reply<{ listener: Listener }>("ListenerService/CreateListener", json);
  return listener;
}

/** A connection of the judge, which the daemon knows as echo/1. */
async function connectToEcho(json = '{"name":"echo"}'): Promise<Peer> {
  const { host, port } = await createListener(json);
  const peer = await judge.connect({ host, port });
  await grpcurl.reply("SessionService/WaitSession", '{"session":"echo/1"}');
  return peer;
}

describe("CreateListener", () => {
  test('{"name":"echo"} listens on a port of 127.0.0.1', async () => {
    const listener = await createListener('{"name":"echo"}');
    const { port } = listener;
    expect(listener).toMatchObject({
      scope: "default",
      name: "echo",
      host: "127.0.0.1",
      port: expect.any(Number),
      address: `127.0.0.1:${port}`,
      state: "LISTENING",
      onPeerFin: "CLOSE_TOO",
    });
    await judge.connect({ host: "127.0.0.1", port });
  });

  test('{"name":"l6","host":"::1"} listens on IPv6', async () => {
    const { host, port, address } = await createListener('{"name":"l6","host":"::1"}');
    expect({ host, address }).toEqual({ host: "::1", address: `[::1]:${port}` });
    await judge.connect({ host: "::1", port });
  });

  test('{"name":"u","unixPath":...} listens on a unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), "hangup-"));
    try {
      const path = join(folder, "u.sock");
      const { address } = await createListener(`{"name":"u","unixPath":"${path}"}`);
      expect(address).toBe(`unix:${path}`);
      await judge.connect({ path });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('{"name":"half","onPeerFin":"STAY_OPEN"} keeps its sessions open past the FIN of the peer', async () => {
    const { port } = await createListener('{"name":"half","onPeerFin":"STAY_OPEN"}');
    const peer = await judge.connect({ host: "127.0.0.1", port });
    await peer.shutdown("WR");
    const reply = await grpcurl.reply("SessionService/WaitSession", '{"session":"half/1","state":"CLOSE_WAIT"}');
    expect(reply).toMatchObject({ session: { name: "half/1", peerFinSeen: true } });
  });
});

describe("OpenSession, SendData and ReceiveData", () => {
  test("dial, send and receive by name", async () => {
    const { address } = await createListener('{"name":"echo"}');
    expect(await grpcurl.reply("SessionService/OpenSession", `{"name":"c1","target":"${address}"}`)).toMatchObject({
      session: {
        name: "c1",
        origin: "DIALED",
        state: "ESTABLISHED",
        localAddress: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        peerAddress: address,
      },
    });
    await grpcurl.reply("SessionService/SendData", '{"session":"c1","text":"hello"}');
    const hello = Buffer.from("hello").toString("base64");
    expect(await grpcurl.reply("SessionService/ReceiveData", '{"session":"c1","minBytes":5}')).toEqual({
      data: hello,
      text: "hello",
    });
    await grpcurl.reply("SessionService/SendData", `{"session":"c1","data":"${hello}"}`);
    await grpcurl.reply("SessionService/CloseSession", '{"session":"echo/1"}');
    expect(await grpcurl.reply("SessionService/ReceiveData", '{"session":"c1","minBytes":6}')).toEqual({
      data: hello,
      text: "hello",
      eof: true,
    });
  });
});

describe("ListSessions", () => {
  test('{} and {"listener":"echo"} list', async () => {
    await connectToEcho();
    for (const json of ["{}", '{"listener":"echo"}']) {
      expect(await grpcurl.reply("SessionService/ListSessions", json)).toMatchObject({
        sessions: [{ name: "echo/1", origin: "ACCEPTED", listener: "echo", ordinal: "1" }],
      });
    }
  });
});

describe("WaitSession", () => {
  test("finds the session by the local port of the peer, and by ordinal", async () => {
    const { port } = await createListener('{"name":"echo"}');
    const peer = await judge.connect({ host: "127.0.0.1", port });
    for (const json of [`{"listener":"echo","peerPort":${peer.localPort}}`, '{"listener":"echo","ordinal":1}']) {
      expect(await grpcurl.reply("SessionService/WaitSession", json)).toMatchObject({ session: { name: "echo/1" } });
    }
  });

  test("waits for bytes", async () => {
    const peer = await connectToEcho();
    const waiting = grpcurl.reply("SessionService/WaitSession", '{"session":"echo/1","bytesReceived":5}');
    await peer.sendAll({ text: "hello" });
    expect(await waiting).toMatchObject({ session: { bytesReceived: "5" } });
  });

  test("waits for the end", async () => {
    const peer = await connectToEcho();
    const waiting = grpcurl.reply(
      "SessionService/WaitSession",
      '{"session":"echo/1","condition":"ENDED","timeout":"2s"}',
    );
    await peer.close({ linger0: true });
    expect(await waiting).toMatchObject({
      session: { ended: true, receipt: { peerEnd: { kind: "RST" }, final: true } },
    });
  });

  test("waits for a state", async () => {
    const peer = await connectToEcho('{"name":"echo","onPeerFin":"STAY_OPEN"}');
    const waiting = grpcurl.reply("SessionService/WaitSession", '{"session":"echo/1","state":"CLOSE_WAIT"}');
    await peer.shutdown("WR");
    expect(await waiting).toMatchObject({ session: { state: "CLOSE_WAIT" } });
  });
});

describe("an ending answers with session and receipt", () => {
  test('CloseSession {"session":"echo/1"}: the peer reads EOF', async () => {
    const peer = await connectToEcho();
    expect(await grpcurl.reply("SessionService/CloseSession", '{"session":"echo/1"}')).toMatchObject({
      session: { name: "echo/1" },
      receipt: {
        localEnd: { kind: "FIN", cause: { kind: "COMMAND", rpc: "CloseSession" } },
        stateBefore: "ESTABLISHED",
      },
    });
    expect(await peer.recv()).toEqual(EOF_RESULT);
  });

  test('HalfCloseSession {"session":"echo/1"}: the peer reads EOF, and its bytes are still read', async () => {
    const peer = await connectToEcho();
    expect(await grpcurl.reply("SessionService/HalfCloseSession", '{"session":"echo/1"}')).toMatchObject({
      session: { name: "echo/1", finSent: true },
      receipt: { localEnd: { kind: "FIN" } },
    });
    expect(await peer.recv()).toEqual(EOF_RESULT);
    await peer.sendAll({ text: "hello" });
    await grpcurl.reply("SessionService/WaitSession", '{"session":"echo/1","bytesReceived":5}');
  });

  test('ResetSession {"session":"echo/1"}: the peer reads ECONNRESET', async () => {
    const peer = await connectToEcho();
    expect(await grpcurl.reply("SessionService/ResetSession", '{"session":"echo/1"}')).toMatchObject({
      session: { name: "echo/1", ended: true },
      receipt: { localEnd: { kind: "RST" }, final: true },
    });
    expect(await peer.recv()).toEqual(RESET_RESULT);
  });

  test('DeleteListener {"listener":"echo"} resets its sessions', async () => {
    const peer = await connectToEcho();
    expect(await grpcurl.reply("ListenerService/DeleteListener", '{"listener":"echo"}')).toMatchObject({
      listener: { name: "echo" },
      counts: { sessions: "1", localRst: "1" },
      receipts: [{ session: "echo/1", localEnd: { kind: "RST", cause: { kind: "LISTENER_DELETED" } } }],
    });
    expect(await peer.recv()).toEqual(RESET_RESULT);
  });
});

describe("StreamEvents", () => {
  type Event = { sequence: string } & Record<string, unknown>;

  async function take(events: AsyncGenerator<{ events: Event[] }>, count: number): Promise<Event[]> {
    const taken: Event[] = [];
    for await (const message of events) {
      taken.push(...message.events);
      if (taken.length >= count) break;
    }
    return taken;
  }

  test.each(["{}", '{"session":"echo/1"}'])("%s begins with `subscribed` and misses nothing after it", async (json) => {
    await connectToEcho();
    const events = grpcurl.stream<{ events: Event[] }>("EventService/StreamEvents", json);
    const first = await events.next();
    expect(first.value).toMatchObject({ events: [{ subscribed: { daemonUid: daemon.daemon.uid } }] });
    await grpcurl.reply("SessionService/ResetSession", '{"session":"echo/1"}');
    const kinds = (await take(events, 2)).map((event) => Object.keys(event).at(-1));
    expect(kinds).toEqual(expect.arrayContaining(["actionPerformed"]));
  });

  test('{"afterSequence":"17","maxEvents":3} gives events 18, 19 and 20 and ends with exit code 0', async () => {
    for (let created = 0; created < 20; created += 1) await daemon.listen(`l${created}`);
    const { code, stdout } = await grpcurl.call("EventService/StreamEvents", '{"afterSequence":"17","maxEvents":3}');
    expect(code).toBe(0);
    expect([...stdout.matchAll(/"sequence": "(\d+)"/g)].map(([, sequence]) => sequence)).toEqual([
      "20",
      "18",
      "19",
      "20",
    ]);
  });
});

test("GetInfo {} tells what works here", async () => {
  expect(await grpcurl.reply("DaemonService/GetInfo", "{}")).toMatchObject({
    apiVersion: "hangup.v1",
    address: daemon.daemon.address,
    capabilities: expect.arrayContaining([{ name: "reset", available: true }]),
  });
});
