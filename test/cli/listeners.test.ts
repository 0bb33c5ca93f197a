import { linesOf, portOf, type Served, serve } from "../support/cli.js";
import { type Judge, type Peer, startJudge } from "../support/judge.js";
import { connected } from "./connected.js";

let judge: Judge;
let served: Served;
beforeAll(async () => {
  [judge, served] = await Promise.all([startJudge(), serve()]);
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await judge.stop();
});

const listening = async (...words: string[]): Promise<number> => portOf((await served.verb("listen", ...words)).trim());
const connect = async (port: number): Promise<Peer> => judge.connect({ host: "127.0.0.1", port });

describe("hangup listen", () => {
  test("--state refusing: connect gives ECONNREFUSED", async () => {
    const port = await listening("refusing", "--state", "refusing");
    expect(await judge.tryConnect({ host: "127.0.0.1", port })).toMatchObject({ ok: false, errno: "ECONNREFUSED" });
  });

  test("--state queueing --backlog 0: one connection is completed, and the next is not", async () => {
    const port = await listening("queueing", "--state", "queueing", "--backlog", "0");
    const peer = await connect(port);
    expect(await judge.tryConnect({ host: "127.0.0.1", port, deadlineMs: 300, nonBlocking: true })).toMatchObject({
      ok: false,
      errno: "ETIMEDOUT_JUDGE",
    });
    await peer.close();
  });

  test("--reset-on-accept at-first-byte: connect and write succeed, and the read gives ECONNRESET", async () => {
    const peer = await connect(await listening("first-byte", "--reset-on-accept", "at-first-byte"));
    expect(await peer.send({ text: "x" })).toEqual({ rc: 1 });
    expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
    await peer.close();
  });

  test("--behaviour source --source-bytes: the peer reads so many, the same ones of the same seed", async () => {
    const options = ["--behaviour", "source", "--source-bytes", "5000", "--source-seed", "3"];
    const read = async (name: string) => {
      const peer = await connect(await listening(name, ...options));
      const { sha256 } = await peer.recvAll({ max: 5000 });
      await peer.close();
      return sha256;
    };
    expect(await read("source-a")).toBe(await read("source-b"));
  });

  test("--banner: the peer reads it first, and then its echo", async () => {
    const peer = await connect(await listening("banner", "--banner", "220 hello "));
    await peer.sendAll({ text: "ping" });
    expect((await peer.recvAll({ max: 14 })).data.toString()).toBe("220 hello ping");
    await peer.close();
  });

  test("--behaviour and its options, and the kernel's sizes, are fields of the listener", async () => {
    const { listener } = JSON.parse(
      await served.verb(
        "listen",
        "fields",
        "--behaviour",
        "source",
        "--source-bytes-per-second",
        "9",
        "--banner-data",
        "AP8=",
        "--backlog",
        "7",
        "--receive-buffer-bytes",
        "4096",
        "--reset-on-accept",
        "AT_ONCE",
        "--json",
      ),
    );
    expect(listener).toMatchObject({
      behaviour: { bannerData: "AP8=", source: { bytesPerSecond: "9" } },
      backlog: 7,
      receiveBufferBytes: 4096,
      resetOnAccept: "AT_ONCE",
      state: "LISTENING",
    });
  });
});

describe("hangup update", () => {
  test("--state refusing and listening: connect gives ECONNREFUSED, then succeeds, on the same port", async () => {
    const port = await listening("switched");
    expect(await served.verb("update", "switched", "--state", "refusing")).toBe(
      `switched  REFUSING  127.0.0.1:${port}\n`,
    );
    expect(await judge.tryConnect({ host: "127.0.0.1", port })).toMatchObject({ ok: false, errno: "ECONNREFUSED" });
    await served.verb("update", "switched", "--state", "listening");
    const peer = await connect(port);
    await peer.close();
  });

  test("--state stalled: connect is not answered", async () => {
    const port = await listening("stalled");
    await served.verb("update", "stalled", "--state", "stalled");
    expect(await judge.tryConnect({ host: "127.0.0.1", port, deadlineMs: 300, nonBlocking: true })).toMatchObject({
      ok: false,
      errno: "ETIMEDOUT_JUDGE",
    });
  });

  test("changes what it is told, and leaves the rest", async () => {
    await listening("changed", "--label", "a=b", "--on-peer-fin", "stay-open");
    const { listener } = JSON.parse(await served.verb("update", "changed", "--behaviour", "discard", "--json"));
    expect(listener).toMatchObject({ behaviour: { discard: {} }, labels: { a: "b" }, onPeerFin: "STAY_OPEN" });
  });

  test("with the uid of another life nothing is changed", async () => {
    await listening("guarded");
    const { lines } = await served.refused("update", "guarded", "--state", "refusing", "--uid", "another");
    expect(lines).toEqual([expect.stringMatching(/^hangup: .* \(UID_MISMATCH\)$/)]);
    const { listener } = JSON.parse(await served.verb("update", "guarded", "--label", "a=b", "--json"));
    expect(listener).toMatchObject({ state: "LISTENING" });
  });
});

describe("hangup listeners", () => {
  test("lists in columns, and in JSON", async () => {
    await using own = await serve();
    expect(JSON.parse(await own.verb("listeners", "--json"))).toEqual({ listeners: [] });
    const address = (await own.verb("listen", "only", "--behaviour", "discard")).trim();
    const [header, row, ...rest] = linesOf(await own.verb("listeners"));
    expect(rest).toEqual([]);
    expect(header).toMatch(/^LISTENER +STATE +ADDRESS +BEHAVIOUR +ACCEPTED +OPEN$/);
    expect(row?.split(/ +/)).toEqual(["only", "LISTENING", address, "discard", "0", "0"]);
    expect(await own.verb("listeners", "--scope", "-")).toMatch(/^SCOPE +LISTENER[^]*\ndefault +only /);
  });
});

describe("hangup delete", () => {
  test("its sessions are reset, and then nobody listens", async () => {
    const peer = await connected(judge, served, "deleted");
    const lines = linesOf(await served.verb("delete", "deleted"));
    expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
    await peer.close();
    expect(lines).toEqual([
      "deleted, 1 sessions",
      expect.stringMatching(/^ +FIN +RST +NONE$/),
      expect.stringMatching(/^ {2}local end +0 +1 +0$/),
      expect.stringMatching(/^ {2}peer end +0 +0 +1$/),
    ]);
    expect(await served.refused("delete", "deleted")).toMatchObject({
      code: 1,
      lines: [expect.stringMatching(/\(UNKNOWN_LISTENER\)$/)],
    });
  });

  test("--sessions close: the peer reads EOF", async () => {
    const peer = await connected(judge, served, "closed");
    const reply = JSON.parse(
      await served.verb("delete", "closed", "--sessions", "close", "--drain-timeout", "50ms", "--json"),
    );
    expect(reply.counts).toMatchObject({ sessions: "1", localFin: "1" });
    expect(await peer.recv()).toMatchObject({ end: "EOF" });
    await peer.close();
  });
});
