import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Address } from "../../src/kernel/address.js";
import type { Connection } from "../../src/kernel/connection.js";
import { ListeningSocket, type ListenOptions } from "../../src/kernel/listen.js";
import { type Judge, startJudges } from "../support/judge.js";

let judge: Judge;
let other: Judge;
let sockets: ListeningSocket[] = [];
let accepted: Connection[] = [];

beforeAll(async () => {
  [judge, other] = (await startJudges(2)) as [Judge, Judge];
});

afterEach(() => {
  for (const connection of accepted) connection.abandon();
  for (const socket of sockets) socket.close();
  [sockets, accepted] = [[], []];
});

afterAll(async () => {
  await Promise.all([judge.stop(), other.stop()]);
});

const usual: ListenOptions = { state: "LISTENING", backlog: 511, receiveBufferBytes: undefined, lingerZero: false };
const loopback: Address = { kind: "tcp", host: "127.0.0.1", port: 0 };

async function open(options: Partial<ListenOptions> = {}, address: Address = loopback) {
  const socket = await ListeningSocket.open(
    address,
    { ...usual, ...options },
    {
      onConnection: (connection) => accepted.push(connection),
      onAcceptError: (errno) => {
        throw new Error(`accept: ${errno}`);
      },
    },
  );
  sockets.push(socket);
  return { socket, where: socket.address.kind === "tcp" ? socket.address : { host: "", port: 0 } };
}

const quickly = { nonBlocking: true, userTimeoutMs: 300, deadlineMs: 5000 } as const;
const met = async (where: { host: string; port: number }, options: object = {}) => {
  const attempt = await judge.tryConnect({ ...where, ...options });
  if (!attempt.ok) return attempt.errno;
  await attempt.peer.close({ linger0: true });
  return "ok";
};
/** Whether another process can have the port, with SO_REUSEADDR as servers set it. */
const taken = async ({ host, port }: { host: string; port: number }) => {
  const { errno } = await other.ask<{ errno?: string }>({ command: "listen", host, port });
  return errno;
};

test.each(["LISTENING", "REFUSING", "STALLED", "QUEUEING"] as const)("in %s others get EADDRINUSE", async (state) => {
  const { socket, where } = await open({ state });
  expect(socket.state).toBe(state);
  expect(await taken(where)).toBe("EADDRINUSE");
});

test("through every state and back the port stays, is nobody else’s, and clients meet what the state says", async () => {
  const { socket, where } = await open({ state: "REFUSING", backlog: 0 });
  const steps = [
    ["LISTENING", "ok"],
    ["STALLED", "ETIMEDOUT"],
    ["LISTENING", "ok"],
    ["REFUSING", "ECONNREFUSED"],
    ["STALLED", "ETIMEDOUT"],
    ["REFUSING", "ECONNREFUSED"],
    ["QUEUEING", "ok"],
    ["STALLED", "ETIMEDOUT"],
    ["LISTENING", "ok"],
  ] as const;
  for (const [state, outcome] of steps) {
    await socket.enter(state);
    expect(socket.state).toBe(state);
    expect([state, await met(where, quickly)]).toEqual([state, outcome]);
    expect(await taken(where)).toBe("EADDRINUSE");
  }
});

test("a connection that was accepted lives on when its listener refuses, and reads and writes", async () => {
  const { socket, where } = await open({ state: "REFUSING" });
  await socket.enter("LISTENING");
  const peer = await judge.connect(where);
  await untilAccepted(1);
  await socket.enter("REFUSING");
  expect(await peer.send({ text: "x" })).toEqual({ rc: 1 });
  expect(await peer.recv({ deadlineMs: 50 })).toMatchObject({ end: "ETIMEDOUT_JUDGE" });
  expect(await peer.tcpState()).toBe("ESTABLISHED");
  await socket.enter("LISTENING");
  expect(await met(where)).toBe("ok");
  await peer.close();
});

test("100 flips under a client that connects all the time: ok or ECONNREFUSED; ECONNRESET only as it flips", async () => {
  const { socket, where } = await open();
  const outcomes = new Set<string>();
  const flips = new AbortController();
  let attempts = 0;
  const client = (async () => {
    for (; !flips.signal.aborted; attempts++) outcomes.add(await met(where));
  })();
  for (let flip = 0; flip < 100; flip++) {
    await socket.enter(flip % 2 === 0 ? "REFUSING" : "LISTENING");
    const goal = attempts + 2;
    await untilHolds("the client has met it", () => attempts >= goal);
  }
  flips.abort();
  await client;
  // A connect that the kernel completed, and that was still in the queue when listening ended, is reset.
  outcomes.delete("ECONNRESET");
  expect([...outcomes].toSorted()).toEqual(["ECONNREFUSED", "ok"]);
  await socket.enter("LISTENING");
  expect(await met(where)).toBe("ok");
});

test.each([0, 1, 3])(
  "QUEUEING with backlog %i completes one more than that, and leaves the next SYN unanswered",
  async (backlog) => {
    const { where } = await open({ state: "QUEUEING", backlog });
    const outcomes: string[] = [];
    for (let count = 0; count < backlog + 2; count++) {
      const attempt = await judge.tryConnect({ ...where, ...quickly });
      outcomes.push(attempt.ok ? "ok" : attempt.errno);
    }
    expect(outcomes).toEqual([...Array.from({ length: backlog + 1 }, () => "ok"), "ETIMEDOUT"]);
    expect(accepted).toEqual([]);
  },
);

test("a client whose SYN was left unanswered connects at a later one, once the listener listens", async () => {
  const { socket, where } = await open({ state: "STALLED" });
  const connecting = judge.connect({ ...where, deadlineMs: 10_000 });
  await untilHolds("a SYN was sent", () => {
    const port = where.port.toString(16).toUpperCase().padStart(4, "0");
    return new RegExp(`:${port} 02 `).test(readFileSync("/proc/net/tcp", "utf8"));
  });
  await socket.enter("LISTENING");
  const peer = await connecting;
  expect(await peer.tcpState()).toBe("ESTABLISHED");
  await peer.close();
});

test.each(["REFUSING", "close"] as const)("%s with connections in the queue: each reads ECONNRESET", async (end) => {
  const { socket, where } = await open({ state: "QUEUEING" });
  const peers = [await judge.connect(where), await judge.connect(where)];
  await peers[1]!.send({ text: "unread" });
  if (end === "close") socket.close();
  else await socket.enter("REFUSING");
  for (const peer of peers) {
    expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
    await peer.close();
  }
});

test("after close the port is free", async () => {
  const { socket, where } = await open({ state: "REFUSING" });
  socket.close();
  expect(await taken(where)).toBeUndefined();
});

test("with a receive buffer of 1 byte a peer can send a few KB and no more", async () => {
  const { where } = await open({ receiveBufferBytes: 1 });
  const peer = await judge.connect({ ...where, sndbuf: 4096 });
  const { sent, errno } = await peer.sendAll({ size: 1024 * 1024 }, { deadlineMs: 200 });
  expect(errno).toBe("ETIMEDOUT_JUDGE");
  expect(sent).toBeLessThan(64 * 1024);
  await peer.close({ linger0: true });
});

test("a connection that nobody owns is abandoned by RST", async () => {
  const { where } = await open({});
  const peer = await judge.connect(where);
  await untilAccepted(1);
  accepted[0]!.abandon();
  expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
});

async function untilAccepted(count: number): Promise<void> {
  await untilHolds("it was accepted", () => accepted.length >= count);
}

async function untilHolds(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !holds(); ) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test.each([
  ["::1", "::1"],
  ["::", "127.0.0.1"],
  ["::", "::1"],
])("on %s a client of %s meets each state", async (host, from) => {
  const { socket, where } = await open({}, { kind: "tcp", host, port: 0 });
  const target = { host: from, port: where.port };
  expect(await met(target)).toBe("ok");
  await socket.enter("STALLED");
  expect(await met(target, quickly)).toBe("ETIMEDOUT");
  await socket.enter("REFUSING");
  expect(await met(target)).toBe("ECONNREFUSED");
  await socket.enter("LISTENING");
  expect(await met(target)).toBe("ok");
});

test("on a unix socket REFUSING keeps the file: ECONNREFUSED, EADDRINUSE for others, and it listens there again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hangup-"));
  try {
    const path = join(folder, "u.sock");
    const { socket } = await open({}, { kind: "unix", path });
    for (let round = 0; round < 3; round++) {
      expect((await judge.tryConnect({ path })).ok).toBe(true);
      await socket.enter("REFUSING");
      expect(await judge.tryConnect({ path })).toMatchObject({ ok: false, errno: "ECONNREFUSED" });
      expect(await other.ask({ command: "listen", path })).toMatchObject({ errno: "EADDRINUSE" });
      await socket.enter("LISTENING");
    }
    socket.close();
    expect(await judge.tryConnect({ path })).toMatchObject({ ok: false, errno: "ENOENT" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
