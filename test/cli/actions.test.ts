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

const peerOf = async (listener: string, ...options: string[]): Promise<Peer> =>
  connected(judge, served, listener, ...options);

/** What a verb prints of a single session, line by line as `name: value`. */
function factsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    linesOf(text).flatMap((line) => {
      const [, name, value] = /^ {2}(\S+(?: \S+)*?) {2,}(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}

describe("endings of the catalogue by the command", () => {
  test("linger: the peer has acknowledged everything, and reads EOF", async () => {
    const peer = await peerOf("linger");
    expect(factsOf(await served.verb("linger", "linger/1"))).toMatchObject({ "local end": "FIN  linger" });
    expect(await peer.recv()).toMatchObject({ end: "EOF" });
    await peer.close();
  });

  test("linger --timeout: the peer has not read everything in time, and gets ECONNRESET", async () => {
    const peer = await peerOf("lingering", "--behaviour", "source");
    const facts = factsOf(await served.verb("linger", "lingering/1", "--timeout", "50ms"));
    expect(facts).toMatchObject({ "local end": expect.stringMatching(/RST {2}linger$/), final: "yes" });
    expect(await peer.recvAll()).toMatchObject({ end: "ECONNRESET" });
    await peer.close();
  });

  test("reset-unread: the peer gets ECONNRESET", async () => {
    const peer = await peerOf("unread", "--behaviour", "silent");
    await peer.sendAll({ text: "x" });
    expect(factsOf(await served.verb("reset-unread", "unread/1"))).toMatchObject({ "local end": "RST  reset_unread" });
    expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
    await peer.close();
  });

  test("reset-unread --timeout: with nothing unread nothing is ended", async () => {
    const peer = await peerOf("all-read");
    const { code, lines } = await served.refused("reset-unread", "all-read/1", "--timeout", "20ms");
    expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringMatching(/\(NOTHING_UNREAD\)$/)] });
    expect(await peer.tcpState()).toBe("ESTABLISHED");
    await peer.close();
  });

  test("fin-then-reset: the peer reads EOF, and its first write gives EPIPE", async () => {
    const peer = await peerOf("both");
    expect(factsOf(await served.verb("fin-then-reset", "both/1"))).toMatchObject({
      "local end": "FIN+RST  fin_then_reset",
    });
    expect(await peer.recv()).toMatchObject({ end: "EOF" });
    expect(await peer.send({ text: "x" })).toMatchObject({ errno: "EPIPE" });
    await peer.close();
  });

  test("last-data --text: the peer reads the bytes, then EOF", async () => {
    const peer = await peerOf("last");
    expect(factsOf(await served.verb("last-data", "last/1", "--text", "bye"))).toMatchObject({
      "local end": "FIN  last_data",
    });
    const { data, end } = await peer.recvAll();
    expect([data.toString(), end]).toEqual(["bye", "EOF"]);
    await peer.close();
  });

  test("vanish: the peer stays ESTABLISHED, and its next segment is answered with RST", async () => {
    const peer = await peerOf("vanish");
    expect(factsOf(await served.verb("vanish", "vanish/1"))).toMatchObject({
      "local end": "NONE  vanish",
      final: "yes",
    });
    expect(await peer.tcpState()).toBe("ESTABLISHED");
    expect(await peer.send({ text: "x" })).toEqual({ rc: 1 });
    expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
    await peer.close();
  });

  test("reset --after-flush: the peer has all that was sent, then ECONNRESET", async () => {
    const peer = await peerOf("flushed", "--behaviour", "manual");
    await served.verb("send", "flushed/1", "--text", "all of it");
    expect(factsOf(await served.verb("reset", "flushed/1", "--after-flush"))).toMatchObject({
      "local end": "RST  reset",
    });
    const { data, end } = await peer.recvAll();
    expect([data.toString(), end]).toEqual(["all of it", "ECONNRESET"]);
    await peer.close();
  });

  test("reset --discarded-data: the peer gets ECONNRESET and not a byte of it", async () => {
    const peer = await peerOf("discarded");
    await served.verb("reset", "discarded/1", "--discarded-data", Buffer.from("never").toString("base64"));
    expect(await peer.recvAll()).toMatchObject({ bytes: 0, end: "ECONNRESET" });
    await peer.close();
  });
});

describe("the other actions by the command", () => {
  test("black-hole --direction both: the echo comes only after heal", async () => {
    const peer = await peerOf("hole");
    await served.verb("black-hole", "hole/1", "--direction", "both");
    const { session } = JSON.parse(await served.verb("session", "hole/1", "--json"));
    expect(session).toMatchObject({ blackHole: "BOTH" });
    await peer.sendAll({ text: "ping" });
    expect(await peer.recv({ deadlineMs: 300 })).toMatchObject({ errno: "ETIMEDOUT_JUDGE" });
    await served.verb("heal", "hole/1");
    expect((await peer.recvAll({ max: 4 })).data.toString()).toBe("ping");
    await peer.close();
  });

  test("pause: the peer's bytes stay in the kernel, until resume", async () => {
    const peer = await peerOf("paused");
    expect(await served.verb("pause", "paused/1")).toBe("paused/1\n");
    await peer.sendAll({ text: "ping" });
    const { session } = JSON.parse(await served.verb("session", "paused/1", "--json"));
    expect(session).toMatchObject({ readingPaused: true, unreadBytes: "4" });
    await served.verb("resume", "paused/1");
    expect((await peer.recvAll({ max: 4 })).data.toString()).toBe("ping");
    await peer.close();
  });

  test.each([
    ["--text", ["--text", "grüße"], Buffer.from("grüße")],
    ["--text --repeat", ["--text", "ab", "--repeat", "3"], Buffer.from("ababab")],
    ["--data", ["--data", "AP8="], Buffer.from([0, 255])],
  ])("send %s: the peer reads the bytes", async (which, options, bytes) => {
    const peer = await peerOf(which.replaceAll(/\W+/g, "send"));
    await served.verb("send", `${which.replaceAll(/\W+/g, "send")}/1`, ...options);
    expect((await peer.recvAll({ max: bytes.length })).data).toEqual(bytes);
    await peer.close();
  });

  test("send --random: the same seed gives the same bytes, another one others", async () => {
    const peer = await peerOf("random");
    const read = async (...seed: string[]) => {
      await served.verb("send", "random/1", "--random", "1000", ...seed);
      return (await peer.recvAll({ max: 1000 })).sha256;
    };
    const first = await read("--seed", "7");
    expect(await read("--seed", "7")).toBe(first);
    expect(await read("--seed", "8")).not.toBe(first);
    await peer.close();
  });

  test("send-urgent: the peer polls POLLPRI, and reads the last byte out of band", async () => {
    const peer = await peerOf("urgent");
    await served.verb("send-urgent", "urgent/1", "--text", "ab!");
    expect(await peer.poll({ events: ["POLLPRI"] })).toContain("POLLPRI");
    expect((await peer.recv({ flags: ["MSG_OOB"] })).data.toString()).toBe("!");
    await peer.close();
  });

  test.each([
    ["throttle", ["--chunk-bytes", "1", "--pause", "1m"], 1],
    ["throttle", ["--bytes-per-second", "1", "--chunk-bytes", "64"], 64],
    ["delay", ["--duration", "5m"], 0],
  ])("%s %j: the peer has %i of the bytes so far", async (verb, options, bytes) => {
    const listener = `slow-${bytes}`;
    const peer = await peerOf(listener);
    await served.verb(verb, `${listener}/1`, ...options);
    const { code, lines } = await served.refused(
      "send",
      `${listener}/1`,
      "--text",
      "x".repeat(100),
      "--flush-timeout",
      "20ms",
    );
    expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringMatching(/\(FLUSH_TIMEOUT\)$/)] });
    expect(await peer.sioInq()).toBe(bytes);
    await served.verb("reset", `${listener}/1`);
    await peer.close();
  });

  test("set-behaviour: banner, then what the peer sends waits to be received", async () => {
    const peer = await peerOf("changing");
    await served.verb("set-behaviour", "changing/1", "--behaviour", "manual", "--banner", "hello");
    expect((await peer.recvAll({ max: 5 })).data.toString()).toBe("hello");
    await peer.sendAll({ text: "ping" });
    expect(await served.verb("receive", "changing/1", "--min-bytes", "4")).toBe("ping");
    await peer.close();
  });
});

describe("targets of an action", () => {
  /** Several connections of one listener. */
  async function peersOf(listener: string, count: number): Promise<Peer[]> {
    const port = portOf((await served.verb("listen", listener)).trim());
    const peers = [];
    for (let ordinal = 1; ordinal <= count; ordinal++) {
      peers.push(await judge.connect({ host: "127.0.0.1", port }));
      await served.verb("wait", "--listener", listener, "--ordinal", String(ordinal));
    }
    return peers;
  }

  async function endsOf(peers: readonly Peer[]): Promise<(string | undefined)[]> {
    const ends = [];
    for (const peer of peers) ends.push((await peer.recv({ deadlineMs: 1000 })).end);
    return ends;
  }

  test("several sessions by name: those, and no other", async () => {
    const peers = await peersOf("named", 3);
    const lines = linesOf(await served.verb("reset", "named/1", "named/3"));
    expect(await endsOf([0, 2].map((at) => peers[at] as Peer))).toEqual(["ECONNRESET", "ECONNRESET"]);
    expect(await peers[1]?.tcpState()).toBe("ESTABLISHED");
    expect(lines).toEqual([
      expect.stringMatching(/^SESSION +LOCAL END +PEER END +FINAL$/),
      expect.stringMatching(/^named\/1 +RST +NONE +yes$/),
      expect.stringMatching(/^named\/3 +RST +NONE +yes$/),
      "performed on 2 of 2 sessions",
    ]);
    for (const peer of peers) await peer.close();
  });

  test("--listener: all of its living sessions", async () => {
    const peers = await peersOf("whole", 2);
    const reply = JSON.parse(await served.verb("close", "--listener", "whole", "--max-results", "1", "--json"));
    expect(reply).toMatchObject({ targeted: "2", performed: "2" });
    expect(reply.receipts).toHaveLength(1);
    expect(await endsOf(peers)).toEqual(["EOF", "EOF"]);
    for (const peer of peers) await peer.close();
  });

  test("--all: every living session of the scope, also when there is none", async () => {
    await using own = await serve();
    expect(await own.verb("half-close", "--all")).toBe("performed on 0 of 0 sessions\n");
    const address = (await own.verb("listen", "one")).trim();
    const peer = await judge.connect({ host: "127.0.0.1", port: portOf(address) });
    await own.verb("wait", "one/1");
    expect(linesOf(await own.verb("half-close", "--all")).at(-1)).toBe("performed on 1 of 1 sessions");
    expect(await peer.recv()).toMatchObject({ end: "EOF" });
    await peer.close();
  });

  test("what cannot be done on one is told in one line, exit code 1, and holds up none of the others", async () => {
    const peers = await peersOf("mixed", 2);
    await served.verb("reset", "mixed/1");
    const { code, stdout, lines } = await served.refused("reset", "mixed/1", "mixed/2");
    expect({ code, lines }).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^hangup: not done on 1 of 2 sessions: mixed\/1: .* \(SESSION_ENDED\)$/)],
    });
    expect(linesOf(stdout).at(-1)).toBe("performed on 1 of 2 sessions");
    expect(await endsOf(peers)).toEqual(["ECONNRESET", "ECONNRESET"]);
    for (const peer of peers) await peer.close();
  });

  test.each([
    ["no session", ["vanish"]],
    ["--uid with several sessions", ["pause", "a/1", "a/2", "--uid", "x"]],
    ["--text with --data", ["send", "a/1", "--text", "x", "--data", "eA=="]],
    ["--discarded-data with --after-flush", ["reset", "a/1", "--after-flush", "--discarded-data", "eA=="]],
    ["no base64", ["send", "a/1", "--data", "x y"]],
    ["no duration", ["linger", "a/1", "--timeout", "5"]],
    ["no direction", ["black-hole", "a/1", "--direction", "outbound"]],
    ["no behaviour", ["set-behaviour", "a/1", "--behaviour", "parrot"]],
    ["--source-bytes without source", ["set-behaviour", "a/1", "--behaviour", "echo", "--source-bytes", "1"]],
  ])("%s is wrong usage: 2 and one line", async (_, words) => {
    const { code, stdout, lines } = await served.refused(...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(lines).toEqual([expect.stringMatching(/^hangup: .* \(USAGE\)$/)]);
  });
});
