import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Judge, type Peer, startJudge, startJudges } from "./judge.js";

// What the kernel itself is known to do, without the daemon: if the judge can be fooled, it shows here.

const IPV4 = { host: "127.0.0.1" };
const EOF_RESULT = { rc: 0, end: "EOF", data: Buffer.alloc(0) };
const failed = (errno: string) => ({ rc: -1, errno });
const failedRecv = (errno: string) => ({ rc: -1, errno, end: errno, data: Buffer.alloc(0) });

let judge: Judge;

beforeEach(async () => {
  judge = await startJudge();
});

afterEach(async () => {
  await judge.stop();
});

async function connectedPair(host = "127.0.0.1"): Promise<{ near: Peer; far: Peer }> {
  const listener = await judge.listen({ host });
  const near = await judge.connect({ host, port: listener.port });
  const far = await listener.accept();
  await listener.close();
  return { near, far };
}

/** The far end is with another judge, so that one can act while the other waits. */
async function pairAcross(acting: Judge): Promise<{ near: Peer; far: Peer }> {
  const listener = await acting.listen(IPV4);
  const near = await judge.connect({ ...IPV4, port: listener.port });
  const far = await listener.accept();
  return { near, far };
}

async function connectedUnixPair(): Promise<{ near: Peer; far: Peer }> {
  // An abstract name, so that no file is left behind.
  const path = `\0hangup-judge-${process.pid}-${expect.getState().currentTestName}`.slice(0, 100);
  const listener = await judge.listen({ path });
  const near = await judge.connect({ path });
  const far = await listener.accept();
  return { near, far };
}

describe("close", () => {
  test("sends FIN: recv is EOF each time, the first send works, the next is EPIPE", async () => {
    const { near, far } = await connectedPair();
    expect(await far.close()).toEqual({ rc: 0 });

    expect(await near.poll({ events: ["POLLRDHUP"] })).toEqual(["POLLRDHUP"]);
    expect(await near.poll()).toEqual(["POLLIN", "POLLOUT", "POLLRDHUP"]);
    expect(await near.tcpState()).toBe("CLOSE_WAIT");
    expect(await near.recv()).toEqual(EOF_RESULT);
    expect(await near.recv()).toEqual(EOF_RESULT);

    expect(await near.send({ text: "late" })).toEqual({ rc: 4 });
    await near.poll({ events: [] });
    expect(await near.poll()).toEqual(["POLLIN", "POLLOUT", "POLLERR", "POLLHUP", "POLLRDHUP"]);
    expect(await near.soError()).toBe("EPIPE");
    expect(await near.recv()).toEqual(EOF_RESULT);
    expect(await near.send({ text: "later" })).toEqual(failed("EPIPE"));
  });

  test("with unread data sends RST, and what was sent before stays readable", async () => {
    const { near, far } = await connectedPair();
    await far.send({ size: 1000 });
    await near.send({ text: "never read" });
    await far.poll({ events: ["POLLIN"] });
    await far.close();

    const { bytes, end } = await near.recvAll();
    expect({ bytes, end }).toEqual({ bytes: 1000, end: "ECONNRESET" });
  });

  test("with linger 0 resets: recv is ECONNRESET once, then EOF, and send is EPIPE", async () => {
    const { near, far } = await connectedPair();
    await far.close({ linger0: true });

    expect(await near.poll()).toEqual(["POLLIN", "POLLOUT", "POLLERR", "POLLHUP", "POLLRDHUP"]);
    expect(await near.tcpState()).toBe("CLOSE");
    expect(await near.recv()).toEqual(failedRecv("ECONNRESET"));
    expect(await near.recv()).toEqual(EOF_RESULT);
    expect(await near.send({ text: "late" })).toEqual(failed("EPIPE"));
  });

  test("with linger 0: a send that comes first takes the ECONNRESET, and recv is EOF", async () => {
    const { near, far } = await connectedPair();
    await far.close({ linger0: true });

    expect(await near.send({ text: "late" })).toEqual(failed("ECONNRESET"));
    expect(await near.send({ text: "later" })).toEqual(failed("EPIPE"));
    expect(await near.recv()).toEqual(EOF_RESULT);
  });

  test("with linger 0: SO_ERROR takes the ECONNRESET too", async () => {
    const { near, far } = await connectedPair();
    await far.close({ linger0: true });

    expect(await near.soError()).toBe("ECONNRESET");
    expect(await near.soError()).toBeUndefined();
    expect(await near.recv()).toEqual(EOF_RESULT);
  });

  test("with linger 0 after data: recv gives the data, then ECONNRESET", async () => {
    const { near, far } = await connectedPair();
    await far.send({ text: "hello" });
    await near.poll({ events: ["POLLIN"] });
    await far.close({ linger0: true });

    expect(await near.recv()).toEqual({ rc: 5, data: Buffer.from("hello") });
    expect(await near.recv()).toEqual(failedRecv("ECONNRESET"));
    expect(await near.recv()).toEqual(EOF_RESULT);
  });

  test("with linger 0 after a half-close: recv is EOF and the first send is EPIPE, never ECONNRESET", async () => {
    const { near, far } = await connectedPair();
    await far.shutdown("WR");
    await near.poll({ events: ["POLLRDHUP"] });
    await far.close({ linger0: true });

    expect(await near.poll({ events: [] })).toEqual(["POLLERR", "POLLHUP"]);
    expect(await near.recv()).toEqual(EOF_RESULT);
    expect(await near.send({ text: "late" })).toEqual(failed("EPIPE"));
  });

  test("ends the handle", async () => {
    const { near } = await connectedPair();
    await near.close();
    await expect(near.recv()).rejects.toThrow(`no handle ${near.handle}`);
  });
});

describe("a reset that arrives while the judge waits", () => {
  test("ends a recv that waits in poll", async () => {
    await using acting = await startJudge();
    const { near, far } = await pairAcross(acting);

    const received = near.recv();
    await far.close({ linger0: true });
    expect(await received).toEqual(failedRecv("ECONNRESET"));
  });

  test("ends a send that waits for a window", async () => {
    await using acting = await startJudge();
    const { near, far } = await pairAcross(acting);

    const sent = near.sendAll({ size: 64 * 1024 * 1024 });
    await far.poll({ events: ["POLLIN"] });
    await far.close({ linger0: true });
    expect((await sent).errno).toBe("ECONNRESET");
  });
});

describe("shutdown", () => {
  test("of the write side leaves the other direction open", async () => {
    const { near, far } = await connectedPair();
    await far.shutdown("WR");

    expect(await near.recv()).toEqual(EOF_RESULT);
    expect(await near.send({ text: "still here" })).toEqual({ rc: 10 });
    expect((await far.recv()).data.toString()).toBe("still here");
    expect(await far.send({ text: "no" })).toEqual(failed("EPIPE"));
    expect(await far.tcpState()).toBe("FIN_WAIT2");
  });
});

describe("connect", () => {
  test.each(["127.0.0.1", "::1"])("to a port without a listener at %s is ECONNREFUSED", async (host) => {
    const listener = await judge.listen({ host });
    await listener.close();
    const to = { host, port: listener.port };

    expect(await judge.tryConnect(to)).toEqual({ ok: false, errno: "ECONNREFUSED", call: "connect" });
    expect(await judge.tryConnect({ ...to, nonBlocking: true })).toEqual({
      ok: false,
      errno: "ECONNREFUSED",
      call: "so_error",
    });
    await expect(judge.connect(to)).rejects.toThrow("ECONNREFUSED (connect)");
  });

  test.each([false, true])("past its deadline is ETIMEDOUT_JUDGE (nonBlocking %s)", async (nonBlocking) => {
    // Backlog 0 holds one connection; the next SYN is dropped without an answer.
    const listener = await judge.listen({ ...IPV4, backlog: 0 });
    const to = { ...IPV4, port: listener.port, nonBlocking };
    await judge.connect(to);
    expect(await judge.tryConnect({ ...to, deadlineMs: 50 })).toEqual({
      ok: false,
      errno: "ETIMEDOUT_JUDGE",
      call: nonBlocking ? "poll" : "connect",
    });
  });

  test("with TCP_USER_TIMEOUT meets the ETIMEDOUT of the kernel", async () => {
    const listener = await judge.listen({ ...IPV4, backlog: 0 });
    const to = { ...IPV4, port: listener.port };
    await judge.connect(to);
    expect(await judge.tryConnect({ ...to, userTimeoutMs: 100 })).toEqual({
      ok: false,
      errno: "ETIMEDOUT",
      call: "connect",
    });
  });

  test("binds the local address and port that it is given", async () => {
    const listener = await judge.listen(IPV4);
    const placeholder = await judge.listen({ host: "127.0.0.2" });
    const localPort = placeholder.port;
    await placeholder.close();
    const near = await judge.connect({ ...IPV4, port: listener.port, localAddress: "127.0.0.2", localPort });
    const far = await listener.accept();
    expect([near.localAddress, near.localPort]).toEqual(["127.0.0.2", localPort]);
    expect([far.remoteAddress, far.remotePort]).toEqual(["127.0.0.2", localPort]);
  });

  test("nonBlocking leaves a socket whose send blocks", async () => {
    const listener = await judge.listen(IPV4);
    const near = await judge.connect({ ...IPV4, port: listener.port, nonBlocking: true });
    const { sent, errno } = await near.sendAll({ size: 64 * 1024 * 1024 }, { deadlineMs: 50 });
    expect(errno).toBe("ETIMEDOUT_JUDGE");
    expect(sent).toBeGreaterThan(0);
    expect(await near.send({ text: "x" }, { flags: ["MSG_DONTWAIT"] })).toEqual(failed("EAGAIN"));
  });
});

describe("IPv6", () => {
  test("connects, carries data and ends like IPv4", async () => {
    const { near, far } = await connectedPair("::1");
    expect(far.remoteAddress).toBe("::1");
    expect(far.remotePort).toBe(near.localPort);
    await near.send({ text: "six" });
    expect((await far.recv()).data.toString()).toBe("six");
    await far.close({ linger0: true });
    expect(await near.recv()).toEqual(failedRecv("ECONNRESET"));
  });
});

describe("AF_UNIX", () => {
  test("close is EOF and the first send is EPIPE", async () => {
    const { near, far } = await connectedUnixPair();
    await far.close();
    expect(await near.recv()).toEqual(EOF_RESULT);
    expect(await near.send({ text: "late" })).toEqual(failed("EPIPE"));
  });

  test("linger 0 has no effect", async () => {
    const { near, far } = await connectedUnixPair();
    await far.close({ linger0: true });
    expect(await near.recv()).toEqual(EOF_RESULT);
  });

  test("close with unread data is ECONNRESET once, then EOF", async () => {
    const { near, far } = await connectedUnixPair();
    await near.send({ text: "never read" });
    await far.close();
    expect(await near.recv()).toEqual(failedRecv("ECONNRESET"));
    expect(await near.recv()).toEqual(EOF_RESULT);
  });

  test("connect: ENOENT for no file, ECONNREFUSED for one without a listener, EAGAIN for a full queue", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hangup-judge-"));
    try {
      const path = join(folder, "socket");
      expect(await judge.tryConnect({ path })).toMatchObject({ errno: "ENOENT" });
      const listener = await judge.listen({ path, backlog: 0 });
      await judge.connect({ path });
      expect(await judge.tryConnect({ path, nonBlocking: true })).toMatchObject({ errno: "EAGAIN", call: "connect" });
      expect(await judge.tryConnect({ path, deadlineMs: 50 })).toMatchObject({ errno: "ETIMEDOUT_JUDGE" });
      await listener.close();
      expect(await judge.tryConnect({ path })).toMatchObject({ errno: "ECONNREFUSED" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("has no TCP state and no port", async () => {
    const { near } = await connectedUnixPair();
    await expect(near.tcpState()).rejects.toThrow("EOPNOTSUPP");
    expect(() => near.localPort).toThrow("no port");
  });
});

describe("out-of-band data", () => {
  test("is POLLPRI, stops recv at the mark, and is read with MSG_OOB", async () => {
    const { near, far } = await connectedPair();
    await far.send({ text: "abcX" }, { flags: ["MSG_OOB"] });
    await far.send({ text: "def" });

    expect(await near.poll({ events: ["POLLPRI"] })).toEqual(["POLLPRI"]);
    expect((await near.recv()).data.toString()).toBe("abc");
    expect((await near.recv({ flags: ["MSG_OOB"] })).data.toString()).toBe("X");
    expect((await near.recv()).data.toString()).toBe("def");
  });
});

describe("recv", () => {
  test("past its deadline is ETIMEDOUT_JUDGE, and the connection lives on", async () => {
    const { near, far } = await connectedPair();
    expect(await near.recv({ deadlineMs: 20 })).toEqual(failedRecv("ETIMEDOUT_JUDGE"));
    expect(await near.poll({ events: ["POLLIN"], deadlineMs: 0 })).toEqual([]);
    await far.send({ text: "now" });
    expect((await near.recv()).data.toString()).toBe("now");
  });

  test("reads at most max, and MSG_PEEK leaves it there", async () => {
    const { near, far } = await connectedPair();
    await far.send({ data: Buffer.from([0, 255, 10]) });
    expect((await near.recv({ flags: ["MSG_PEEK"] })).data).toEqual(Buffer.from([0, 255, 10]));
    expect(await near.sioInq()).toBe(3);
    expect((await near.recv({ max: 2 })).data).toEqual(Buffer.from([0, 255]));
    expect(await near.sioInq()).toBe(1);
  });
});

describe("recvAll", () => {
  test("counts and hashes everything up to EOF, and keeps the first 64 KiB", async () => {
    const sent = Buffer.alloc(1_000_000, "a");
    await using sender = await startJudge();
    const { near, far } = await pairAcross(sender);

    const received = near.recvAll();
    expect(await far.sendAll({ size: sent.length })).toEqual({ sent: sent.length });
    await far.close();
    expect(await received).toEqual({
      bytes: sent.length,
      data: sent.subarray(0, 64 * 1024),
      sha256: createHash("sha256").update(sent).digest("hex"),
      end: "EOF",
    });
  });

  test("past its deadline, or at max, tells how far it came", async () => {
    const { near, far } = await connectedPair();
    await far.send({ text: "abcdef" });
    expect(await near.recvAll({ max: 4 })).toMatchObject({ bytes: 4, data: Buffer.from("abcd"), end: "MAX" });
    expect(await near.recvAll({ deadlineMs: 20 })).toMatchObject({ data: Buffer.from("ef"), end: "ETIMEDOUT_JUDGE" });
  });
});

describe("the busy peer", () => {
  test("that has sent its last byte is told of a reset by recv, once", async () => {
    await using acting = await startJudge();
    const { near, far } = await pairAcross(acting);

    const echo = near.echoUntilError({ chunk: 100, totalBytes: 250 });
    await far.send({ text: "reply" });
    expect((await far.recvAll({ max: 250 })).bytes).toBe(250);
    // The reset discards nothing that the peer's kernel already has.
    await far.close({ linger0: true });
    expect(await echo).toEqual({
      sent: 250,
      received: 5,
      events: [
        { call: "recv", rc: -1, end: "ECONNRESET" },
        { call: "recv", rc: 0, end: "EOF" },
        { call: "send", rc: -1, end: "EPIPE" },
      ],
    });
  });

  test("that keeps sending is told of a reset once, by whichever call comes first", async () => {
    await using acting = await startJudge();
    const { near, far } = await pairAcross(acting);

    const echo = near.echoUntilError();
    await far.recv();
    await far.close({ linger0: true });
    const { events } = await echo;
    expect(events[0]).toMatchObject({ rc: -1, end: "ECONNRESET" });
    expect(events.slice(1)).toEqual([
      { call: "recv", rc: 0, end: "EOF" },
      { call: "send", rc: -1, end: "EPIPE" },
    ]);
  });

  test("sees FIN as EOF", async () => {
    const { near, far } = await connectedPair();
    await far.shutdown("WR");
    await near.poll({ events: ["POLLRDHUP"] });
    expect(await near.echoUntilError({ chunk: 10, totalBytes: 10 })).toEqual({
      sent: 20,
      received: 0,
      events: [
        { call: "recv", rc: 0, end: "EOF" },
        { call: "recv", rc: 0, end: "EOF" },
        { call: "send", rc: 10 },
      ],
    });
  });

  test("that meets no end says so at its deadline", async () => {
    const { near } = await connectedPair();
    expect(await near.echoUntilError({ chunk: 7, totalBytes: 21, deadlineMs: 20 })).toEqual({
      sent: 21,
      received: 0,
      events: [],
      errno: "ETIMEDOUT_JUDGE",
    });
  });
});

describe("socket options", () => {
  test("are set by name", async () => {
    const { near } = await connectedPair();
    for (const name of ["TCP_NODELAY", "SO_RCVBUF", "SO_SNDBUF", "TCP_USER_TIMEOUT", "TCP_QUICKACK"] as const) {
      expect(await near.setsockopt(name, 1)).toEqual({ rc: 0 });
    }
    expect(await near.setsockopt("TCP_USER_TIMEOUT", -1)).toEqual(failed("EINVAL"));
  });
});

describe("the judge process", () => {
  test("runs a batch in one round trip, with handles from earlier replies", async () => {
    const { port } = await judge.listen(IPV4);
    const replies = await judge.batch([
      { command: "connect", ...IPV4, port },
      { command: "send", handle: "$0", text: "one" },
      { command: "close", handle: "$0", linger0: true },
      { command: "send", handle: "$0", text: "two" },
    ]);
    const handle = replies[0]?.["handle"];
    expect(replies.slice(1)).toEqual([{ rc: 3 }, { rc: 0 }, { error: `no handle ${String(handle)}` }]);
  });

  test("answers commands in order, one at a time", async () => {
    const { near, far } = await connectedPair();
    const answers = await Promise.all([near.send({ text: "1" }), far.recv(), near.close(), far.recv()]);
    expect(answers.map(({ rc }) => rc)).toEqual([1, 1, 0, 0]);
  });

  test("rejects what it does not understand, and goes on", async () => {
    await expect(judge.ask({ command: "toString" })).rejects.toThrow("unknown name toString");
    await expect(judge.ask({ command: "recv", handle: 99 })).rejects.toThrow("no handle 99");
    await expect(judge.tryConnect({ host: "localhost", port: 1 })).rejects.toThrow("numeric");
    expect(await judge.batch([])).toEqual([]);
  });

  test("outlives a broken line, and ends with its stdin", () => {
    const input = 'no JSON\nnull\n{"id":1,"command":"batch"}\n';
    const { status, stdout } = spawnSync(process.execPath, [join(__dirname, "judge-process.mjs")], { input });
    const replies = stdout
      .toString()
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(replies).toEqual([{ error: "not JSON: no JSON" }, { error: "not a command" }, { id: 1, replies: [] }]);
    expect(status).toBe(0);
  });

  test("that dies rejects what is pending and what comes after", async () => {
    const { near } = await connectedPair();
    const waiting = near.recv({ deadlineMs: 60_000 });
    process.kill(judge.pid, "SIGKILL");
    await expect(waiting).rejects.toThrow("judge ended with SIGKILL");
    await expect(near.recv()).rejects.toThrow("judge ended with SIGKILL");
  });

  test("that breaks rejects with its stderr", async () => {
    await using broken = new Judge(spawn(process.execPath, ["-e", 'throw new Error("no FFI here")']));
    await expect(broken.batch([])).rejects.toThrow(/judge ended with code 1: .*no FFI here/s);
  });

  test("can be started several times over", async () => {
    const judges = await startJudges(3);
    expect(new Set(judges.map(({ pid }) => pid)).size).toBe(3);
    await Promise.all(judges.map(async (each) => each.stop()));
  });

  test("stops at once although a command waits", async () => {
    const { near } = await connectedPair();
    const waiting = near.recv({ deadlineMs: 60_000 });
    const rejected = expect(waiting).rejects.toThrow("judge ended");
    await judge.stop();
    await rejected;
  });
});
