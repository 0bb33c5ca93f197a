import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type ClientHttp2Session, connect as connectHttp2, type SecureClientSessionOptions } from "node:http2";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { type Daemon, type DaemonOptions, startDaemon } from "../../src/daemon.js";
import { parseAddress } from "../../src/kernel/address.js";
import { certificateObstacle, Certificates } from "../support/certificates.js";

// Whoever connects and does no more keeps nobody out; whoever has begun a call is closed for nobody.

const most = 20;
const token = "0123456789abcdef";
const getInfo = "/hangup.v1.DaemonService/GetInfo";
const health = "/grpc.health.v1.Health/Check";

let folder: string;
let tokenFile: string;
const opened: { destroy(): void }[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hangup-"));
  tokenFile = join(folder, "token");
  writeFileSync(tokenFile, token);
});
afterEach(() => {
  for (const each of opened.splice(0)) each.destroy();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function start(options: Partial<DaemonOptions> = {}): Promise<Daemon> {
  return await startDaemon({
    listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
    logger: pino({ level: "silent" }),
    limits: { connections: most },
    ...options,
  });
}

function where({ address }: Daemon): NetConnectOpts {
  const parsed = parseAddress(address)!;
  return parsed.kind === "unix" ? { path: parsed.path } : { host: parsed.host, port: parsed.port };
}

/** So many connections, one after the other, that say nothing. */
async function silent(daemon: Daemon, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let n = 0; n < count; n++) {
    const socket = connect(where(daemon)).resume();
    socket.on("error", () => undefined);
    opened.push(socket);
    await once(socket, "connect");
    sockets.push(socket);
  }
  return sockets;
}

/** A new connection that speaks HTTP/2 and begins no call. It answers PING, as Node does by itself. */
async function http2(daemon: Daemon, tls?: SecureClientSessionOptions): Promise<ClientHttp2Session> {
  const session =
    tls === undefined
      ? connectHttp2("http://localhost", { createConnection: () => connect(where(daemon)) })
      : connectHttp2(`https://${daemon.address}`, tls);
  session.on("error", () => undefined);
  opened.push(session);
  await Promise.race([once(session, "remoteSettings"), once(session, "close")]);
  return session;
}

/** Gives the grpc-status of a call, or "closed". */
async function call(session: ClientHttp2Session, path = getInfo, bearer?: string): Promise<string> {
  if (session.closed || session.destroyed) return "closed";
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
  });
  let status = "closed";
  for (const event of ["response", "trailers"]) {
    stream.on(event, (headers: Record<string, string>) => (status = headers["grpc-status"] ?? status));
  }
  stream.on("error", () => undefined).resume();
  stream.end(Buffer.alloc(5));
  await once(stream, "close");
  return status;
}

const answered = "0";
const unauthenticated = "16";

test.each(["TCP", "a unix socket"])("over %s silent connections keep no newcomer out", async (kind) => {
  await using daemon = await start(kind === "TCP" ? {} : { listen: { kind: "unix", path: join(folder, "api.sock") } });
  const before = await http2(daemon);
  expect(await call(before)).toBe(answered);
  await silent(daemon, 3 * most);
  expect(await call(await http2(daemon))).toBe(answered);
  // Who had begun a call before is still there.
  expect(await call(before)).toBe(answered);
});

test("it is the oldest without a call that is closed, and none while there is room", async () => {
  await using daemon = await start();
  const before = await http2(daemon);
  expect(await call(before)).toBe(answered);
  const idle = await silent(daemon, most - 1);
  expect(await call(before)).toBe(answered);
  expect(idle.map(({ closed }) => closed)).not.toContain(true);
  const closed = once(idle[0]!, "close");
  const [newest] = await silent(daemon, 1);
  await closed;
  expect(await call(before)).toBe(answered);
  expect([...idle.slice(1), newest!].map((socket) => socket.closed)).not.toContain(true);
});

test("where all have begun a call the newcomer is closed, and when one of them goes the next is served", async () => {
  await using daemon = await start();
  const sessions: ClientHttp2Session[] = [];
  for (let n = 0; n < most; n++) {
    const session = await http2(daemon);
    expect(await call(session)).toBe(answered);
    sessions.push(session);
  }
  expect(await call(await http2(daemon))).toBe("closed");
  const outcomes = await Promise.all(sessions.map(async (session) => call(session)));
  expect(new Set(outcomes)).toEqual(new Set([answered]));
  sessions[0]!.destroy();
  await once(sessions[0]!, "close");
  // The daemon learns of it in its own time.
  let outcome = "closed";
  for (const deadline = Date.now() + 10_000; outcome === "closed" && Date.now() < deadline; ) {
    outcome = await call(await http2(daemon));
  }
  expect(outcome).toBe(answered);
});

test("with a token a call without it, a wrong one and open health make nobody stay", async () => {
  await using daemon = await start({ tokenFile, openHealth: true, keepaliveMs: 1000 });
  const before = await http2(daemon);
  expect(await call(before, getInfo, token)).toBe(answered);
  for (let n = 0; n < 2 * most; n++) {
    const session = await http2(daemon);
    if (n % 4 === 1) expect(await call(session)).toBe(unauthenticated);
    if (n % 4 === 2) expect(await call(session, getInfo, `${token}0`)).toBe(unauthenticated);
    if (n % 4 === 3) expect(await call(session, health)).toBe(answered);
  }
  expect(await call(await http2(daemon), getInfo, token)).toBe(answered);
  expect(await call(before, getInfo, token)).toBe(answered);
});

const obstacle = certificateObstacle();
const describeTls = obstacle === undefined || process.env["CI"] === "true" ? describe : describe.skip;

describeTls(`TLS${obstacle === undefined ? "" : ` (not run: ${obstacle})`}`, () => {
  let files: Certificates;
  let tls: Partial<DaemonOptions>;
  let own: SecureClientSessionOptions;

  beforeAll(() => {
    files = new Certificates();
    tls = { tlsCert: files.daemon.cert, tlsKey: files.daemon.key, tlsClientCa: files.ca.cert };
    const { cert, key } = files.client;
    own = { ca: readFileSync(files.ca.cert), cert: readFileSync(cert), key: readFileSync(key) };
  });
  afterAll(() => files[Symbol.dispose]());

  test("connections that never shake hands keep no holder of a certificate out", async () => {
    await using daemon = await start(tls);
    const before = await http2(daemon, own);
    expect(await call(before)).toBe(answered);
    await silent(daemon, 3 * most);
    expect(await call(await http2(daemon, own))).toBe(answered);
    expect(await call(before)).toBe(answered);
  });

  test("connections that are over are counted no more", async () => {
    await using daemon = await start(tls);
    const before = await http2(daemon, own);
    for (let n = 0; n < 2 * most; n++) {
      const session = await http2(daemon, own);
      expect(await call(session)).toBe(answered);
      session.close();
      await once(session, "close");
    }
    // It never began a call, and was never in the way.
    expect(await call(before)).toBe(answered);
  });
});
