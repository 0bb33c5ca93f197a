import { linesOf, type Served, serve, start } from "../support/cli.js";
import { type Judge, startJudge } from "../support/judge.js";
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

describe("hangup wait", () => {
  test("finds a session by the local port of its peer, and prints its name alone", async () => {
    const peer = await connected(judge, served, "by-port");
    expect(await served.verb("wait", "--peer-port", String(peer.localPort))).toBe("by-port/1\n");
    const { session } = JSON.parse(await served.verb("wait", "--peer", `127.0.0.1:${peer.localPort}`, "--json"));
    expect(session).toMatchObject({ name: "by-port/1", listener: "by-port" });
    await peer.close();
  });

  test.each([
    ["--condition", "peer-fin", false],
    ["--condition", "peer-rst", true],
    ["--condition", "ended", false],
    ["--state", "close-wait", false],
  ])("%s %s ends when the peer does it, and not before", async (option, fact, linger0) => {
    const peer = await connected(judge, served, fact, "--on-peer-fin", fact === "ended" ? "close-too" : "stay-open");
    const now = await served.refused("wait", `${fact}/1`, option, fact, "--timeout", "0s");
    expect(now).toMatchObject({ code: 1, lines: [expect.stringMatching(/^hangup: .* \(WAIT_TIMEOUT\)$/)] });
    await using waiting = start(["wait", `${fact}/1`, option, fact, "--address", served.address]);
    await peer.close({ linger0 });
    expect(await waiting.exit()).toMatchObject({ code: 0, stdout: `${fact}/1\n` });
  });

  test("--bytes-received and --bytes-sent: both hold at once", async () => {
    const peer = await connected(judge, served, "counted");
    await peer.sendAll({ text: "ping" });
    const { session } = JSON.parse(
      await served.verb("wait", "counted/1", "--bytes-received", "4", "--bytes-sent", "4", "--json"),
    );
    expect(session).toMatchObject({ bytesReceived: "4", bytesSent: "4" });
    expect(await served.refused("wait", "counted/1", "--bytes-received", "5", "--timeout", "0s")).toMatchObject({
      code: 1,
    });
    await peer.close();
  });

  test("--opened-after-sequence and --uid shut out other lives", async () => {
    const peer = await connected(judge, served, "lives");
    const { session } = JSON.parse(await served.verb("wait", "lives/1", "--json"));
    const { uid, openedSequence } = session;
    const before = String(Number(openedSequence) - 1);
    expect(await served.verb("wait", "--listener", "lives", "--uid", uid, "--opened-after-sequence", before)).toBe(
      "lives/1\n",
    );
    for (const other of [
      ["--uid", "another"],
      ["--opened-after-sequence", openedSequence],
    ]) {
      expect(await served.refused("wait", "--listener", "lives", ...other, "--timeout", "0s")).toMatchObject({
        code: 1,
      });
    }
    await peer.close();
  });

  test.each([
    ["--state", "asleep"],
    ["--condition", "rain"],
    ["--peer-port", "70000"],
  ])("%s %s is wrong usage: 2 and one line", async (option, word) => {
    const { code, lines } = await served.refused("wait", "a/1", option, word);
    expect({ code, lines }).toEqual({ code: 2, lines: [expect.stringMatching(/^hangup: .* \(USAGE\)$/)] });
  });
});

describe("hangup receive", () => {
  test("prints the bytes as they are, --max-bytes of them at most", async () => {
    const target = await judge.listen({ host: "127.0.0.1" });
    await served.verb("dial", `127.0.0.1:${target.port}`, "--name", "taker", "--behaviour", "manual");
    const peer = await target.accept();
    await peer.sendAll({ text: "four" });
    expect(await served.verb("receive", "taker", "--min-bytes", "2", "--max-bytes", "2")).toBe("fo");
    expect(JSON.parse(await served.verb("receive", "taker", "--min-bytes", "2", "--json"))).toMatchObject({
      text: "ur",
    });
    expect(await served.refused("receive", "taker", "--timeout", "10ms")).toMatchObject({
      code: 1,
      lines: [expect.stringMatching(/\(RECEIVE_TIMEOUT\)$/)],
    });
    await peer.shutdown("WR");
    expect(await served.verb("receive", "taker")).toBe("");
    for (const socket of [peer, target]) await socket.close();
  });

  test("a RST behind the bytes is exit code 1, after the bytes", async () => {
    const peer = await connected(judge, served, "cut", "--behaviour", "manual");
    await peer.sendAll({ text: "part" });
    await served.verb("wait", "cut/1", "--bytes-received", "4");
    await peer.close({ linger0: true });
    await served.verb("wait", "cut/1", "--condition", "peer-rst");
    const { code, stdout, lines } = await served.refused("receive", "cut/1", "--min-bytes", "5");
    expect({ code, stdout, lines }).toEqual({
      code: 1,
      stdout: "part",
      lines: [expect.stringMatching(/\(ECONNRESET\)$/)],
    });
  });
});

describe("hangup dial", () => {
  test("--behaviour echo: the target reads its own bytes", async () => {
    const target = await judge.listen({ host: "127.0.0.1" });
    await served.verb("dial", `127.0.0.1:${target.port}`, "--behaviour", "echo", "--banner", "hi ");
    const peer = await target.accept();
    await peer.sendAll({ text: "ping" });
    expect((await peer.recvAll({ max: 7 })).data.toString()).toBe("hi ping");
    for (const socket of [peer, target]) await socket.close();
  });
});

describe("hangup session", () => {
  test("prints facts, --full the kernel's view, and the receipt once there is one", async () => {
    const peer = await connected(judge, served, "told");
    const plain = await served.verb("session", "told/1");
    expect(plain).toMatch(/^state +ESTABLISHED$/m);
    expect(plain).not.toMatch(/^tcp info/m);
    expect(await served.verb("session", "told/1", "--full")).toMatch(/^tcp info rtt +\d/m);
    expect(JSON.parse(await served.verb("session", "told/1", "--full", "--json")).session.tcpInfo).toMatchObject({
      sendMss: expect.any(Number),
    });
    await served.verb("reset", "told/1");
    expect(linesOf(await served.verb("session", "told/1")).find((line) => /local end/.test(line))).toMatch(
      /RST {2}ResetSession$/,
    );
    await peer.close();
  });
});
