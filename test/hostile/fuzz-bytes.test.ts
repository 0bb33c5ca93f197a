import {
  type ClientHttp2Session,
  connect as connectHttp2,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Status } from "nice-grpc";
import { defaultLimits } from "../../src/domain/limits.js";
import { FuzzedDaemon } from "./fuzzed-daemon.js";
import { frame, preface, randomBytes } from "./garbage.js";
import { Random } from "./random.js";

// What comes to the control port and is no gRPC, or not all of it. Whoever sends it may be cut off; whoever else asks is
// answered meanwhile, and nothing stays open when it is gone.

/** Another one: HANGUP_FUZZ_SEED=1 npx jest test/hostile/fuzz. */
const random = new Random(Number(process.env["HANGUP_FUZZ_SEED"] ?? 4264));

let daemon: FuzzedDaemon;

beforeAll(async () => {
  daemon = await FuzzedDaemon.start();
});

/** Each test leaves the daemon as it was. */
afterEach(async () => {
  await daemon.holdsNothing();
});

afterAll(async () => {
  try {
    await daemon.endsWell();
  } finally {
    await daemon[Symbol.asyncDispose]();
  }
});

const headers = 1;
const settings = frame(4, 0, 0, Buffer.alloc(0));
/** `:method: POST`, `:scheme: http`, `:path: /` as HPACK has them. */
const requestHeaders = Buffer.from([0x83, 0x86, 0x84]);

/** A connection to the control port that says these bytes and takes no note of the answer. */
async function open(...parts: readonly Buffer[]): Promise<Socket> {
  const socket = connect(daemon.port, "127.0.0.1");
  // Being cut off is no error here.
  socket.on("error", () => undefined).resume();
  await once(socket, "connect");
  for (const part of parts) socket.write(part);
  return socket;
}

/** Opens so many, each with its own bytes; others are answered; then they are closed. */
async function bear(count: number, bytes: (index: number) => readonly Buffer[]): Promise<void> {
  const sockets = await daemon.answersDuring(
    Promise.all(Array.from({ length: count }, async (_, index) => open(...bytes(index)))),
  );
  await daemon.answersDuring(new Promise((resolve) => setTimeout(resolve, 300)));
  for (const socket of sockets) socket.destroy();
}

test("random bytes on the control port leave everybody else answered, and nothing open", async () => {
  await bear(200, () => [randomBytes(random, 2000)]);
});

test("other protocols on the control port leave everybody else answered, and nothing open", async () => {
  const http1 = Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const tls = Buffer.from("16030100a5010000a10303", "hex");
  await bear(100, (index) => [[http1, tls, Buffer.from("SSH-2.0-x\r\n"), Buffer.alloc(4096)][index % 4]!]);
});

test("random frames of HTTP/2 leave everybody else answered, and nothing open", async () => {
  await bear(200, () => [
    preface,
    settings,
    ...Array.from({ length: random.between(1, 20) }, () =>
      frame(random.between(0, 12), random.between(0, 255), random.between(0, 5), randomBytes(random, 100)),
    ),
  ]);
});

/** Errors of the connection (RFC 9113, 5.4.1), and what is allowed but too much. */
const badFrames: Readonly<Record<string, readonly Buffer[]>> = {
  "DATA without a stream": [frame(0, 0, 0, Buffer.from("x"))],
  "HEADERS that are no HPACK": [frame(headers, 4, 1, Buffer.alloc(50, 0xff))],
  "a frame longer than any may be": [frame(headers, 4, 1, Buffer.alloc(100), 2 ** 24 - 1)],
  "CONTINUATION of nothing": [frame(9, 4, 1, requestHeaders)],
  "a window that grows by nothing": [frame(8, 0, 0, Buffer.alloc(4))],
  "a window that overflows": [1, 2].map(() => frame(8, 0, 0, Buffer.from("7fffffff", "hex"))),
  "SETTINGS of half an entry": [frame(4, 0, 0, Buffer.alloc(3))],
  "20,000 PINGs": Array.from({ length: 20_000 }, () => frame(6, 0, 0, Buffer.alloc(8))),
  "20,000 SETTINGS": Array.from({ length: 20_000 }, () => settings),
  "5,000 streams, each reset at once": Array.from({ length: 5000 }, (_, index) => [
    frame(headers, 4, 2 * index + 1, requestHeaders),
    frame(3, 0, 2 * index + 1, Buffer.alloc(4)),
  ]).flat(),
  "10,000 pieces of endless HEADERS": [
    frame(headers, 0, 1, requestHeaders),
    ...Array.from({ length: 10_000 }, () => frame(9, 0, 1, Buffer.from("4001610162", "hex"))),
  ],
};

test("frames that are errors of the connection leave everybody else answered, and nothing open", async () => {
  const all = Object.values(badFrames);
  await bear(4 * all.length, (index) => [preface, settings, Buffer.concat(all[index % all.length]!)]);
});

test("more connections than there may be that are idle, or stop within the preface or a frame, hold up nobody", async () => {
  const halves = [
    [],
    [preface.subarray(0, 10)],
    [preface, settings, frame(headers, 4, 1, requestHeaders, 500)],
    [preface, settings, frame(headers, 0, 1, requestHeaders)],
  ];
  const sockets: Socket[] = [];
  for (let index = 0; index < defaultLimits.connections + 200; index++) sockets.push(await open(...halves[index % 4]!));
  await daemon.answersNewcomer();
  const began = performance.now();
  // A byte now and then, as slowly as can be.
  await daemon.answersDuring(
    (async () => {
      while (performance.now() - began < 1500) {
        for (const socket of sockets) if (socket.writable) socket.write(Buffer.alloc(1));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })(),
  );
  for (const socket of sockets) socket.destroy();
});

async function http2(): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://${daemon.address}`, { maxSendHeaderBlockLength: 64 * 1024 * 1024 });
  session.on("error", () => undefined);
  await once(session, "connect");
  return session;
}

/** A call by hand. Gives its grpc-status, or how its stream or the connection was ended instead. */
async function call(
  session: ClientHttp2Session,
  path: string,
  body: Buffer,
  more: Record<string, string> = {},
): Promise<string> {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...more,
  });
  let status: string | undefined;
  let httpStatus: number | undefined;
  const note = (got: IncomingHttpHeaders & IncomingHttpStatusHeader) => {
    status ??= got["grpc-status"] as string | undefined;
    httpStatus ??= got[":status"];
  };
  stream
    .on("response", note)
    .on("trailers", note)
    .on("error", () => undefined)
    .resume();
  stream.end(body);
  await new Promise((resolve) => stream.once("close", resolve));
  return status === undefined ? `HTTP ${httpStatus}, RST_STREAM ${stream.rstCode}` : `status ${status}`;
}

const getInfo = "/hangup.v1.DaemonService/GetInfo";
const emptyMessage = Buffer.alloc(5);

test("huge headers cost their caller the connection, and leave nothing open", async () => {
  const session = await http2();
  const huge = { "x-huge": "x".repeat(1024 * 1024) };
  const outcome = await daemon.answersDuring(call(session, getInfo, emptyMessage, huge));
  // COMPRESSION_ERROR.
  expect(outcome).toBe("HTTP undefined, RST_STREAM 9");
  session.destroy();
});

test.each([
  ["a message that breaks off", Buffer.from([0, 0, 0, 0, 100, 1, 2, 3]), Status.UNIMPLEMENTED],
  ["half the length of a message", Buffer.from([0, 0]), Status.UNIMPLEMENTED],
  ["no message at all", Buffer.alloc(0), Status.UNIMPLEMENTED],
  ["two messages for one", Buffer.concat([emptyMessage, emptyMessage]), Status.UNIMPLEMENTED],
  ["a message of 4 GiB", Buffer.from([0, 255, 255, 255, 255]), Status.RESOURCE_EXHAUSTED],
])("%s is a status of that call alone, and no bug", async (_, body, status) => {
  const session = await http2();
  expect(await call(session, getInfo, body)).toBe(`status ${status}`);
  expect(await call(session, getInfo, emptyMessage)).toBe("status 0");
  session.destroy();
});

test("a call that is no gRPC is told so by HTTP 415, and ends that call alone", async () => {
  const session = await http2();
  expect(await call(session, getInfo, emptyMessage, { "content-type": "application/json" })).toBe(
    "HTTP 415, RST_STREAM 0",
  );
  expect(await call(session, getInfo, emptyMessage)).toBe("status 0");
  session.destroy();
});

test("1,000 streams at once on one connection are all answered", async () => {
  const session = await http2();
  const waiting = "/hangup.v1.SessionService/WaitSession";
  // session: "nobody", timeout: 1 s.
  const message = Buffer.from("12066e6f626f64796a020801", "hex");
  const wait = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
  const outcomes = await daemon.answersDuring(
    Promise.all(Array.from({ length: 1000 }, async () => call(session, waiting, wait))),
  );
  expect([...new Set(outcomes)]).toEqual(["status 4"]);
  expect(await call(session, getInfo, emptyMessage)).toBe("status 0");
  session.destroy();
});

test("2,000 calls cancelled at once cost their caller the connection at most, and nobody else anything", async () => {
  const session = await http2();
  const streams = Array.from({ length: 2000 }, () => {
    const stream = session.request({
      ":method": "POST",
      ":path": getInfo,
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("error", () => undefined).resume();
    return stream;
  });
  await daemon.answersDuring(
    (async () => {
      for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
      await Promise.all(streams.map(async (stream) => (stream.closed ? undefined : once(stream, "close"))));
    })(),
  );
  session.destroy();
});
