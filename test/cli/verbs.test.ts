import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { actionVerbs } from "../../src/cli/action-verbs.js";
import { type Judge, type Peer, startJudge } from "../support/judge.js";
import { hangup, linesOf, portOf, scratchDirectory, type Served, serve, start } from "../support/cli.js";

let judge: Judge;
let served: Served;
beforeAll(async () => {
  [judge, served] = await Promise.all([startJudge(), serve()]);
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await judge.stop();
});

/** A listener of its own for a test, and the judge connected to it. */
async function connected(listener: string, ...options: string[]): Promise<Peer> {
  const address = (await served.verb("listen", listener, ...options)).trim();
  const peer = await judge.connect({ host: "127.0.0.1", port: portOf(address) });
  // An echo back proves that the session has its name.
  await peer.sendAll({ text: "ping" });
  expect((await peer.recvAll({ max: 4 })).data.toString()).toBe("ping");
  return peer;
}

describe("endings by the command", () => {
  test("close: the peer reads EOF, and its own FIN ends the session", async () => {
    const peer = await connected("closing");
    const reply = JSON.parse(await served.verb("close", "closing/1", "--json"));
    expect(reply.receipt).toMatchObject({ localEnd: { kind: "FIN", cause: { kind: "COMMAND", rpc: "CloseSession" } } });
    expect(await peer.recv()).toMatchObject({ end: "EOF" });
    await peer.close();
  });

  test("half-close: the peer reads EOF, and what it sends still arrives", async () => {
    const peer = await connected("halving");
    expect(await served.verb("half-close", "halving/1")).toMatch(
      /^halving\/1\n {2}local end {4}FIN {2}HalfCloseSession\n/,
    );
    expect(await peer.recv()).toMatchObject({ end: "EOF" });
    expect(await peer.sendAll({ text: "more" })).toEqual({ sent: 4 });
    await peer.close();
    const events = await served.verb(
      "watch",
      "--after-sequence",
      "0",
      "--session",
      "halving/1",
      "--kinds",
      "peer_fin",
      "--max-events",
      "1",
      "--json",
    );
    expect(JSON.parse(linesOf(events)[1] ?? "")).toMatchObject({ peerFin: { bytesReceived: "8" } });
  });

  test("reset: the peer gets ECONNRESET", async () => {
    const peer = await connected("resetting");
    const text = await served.verb("reset", "resetting/1");
    expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
    await peer.close();
    expect(text).toMatch(/^resetting\/1\n {2}local end {4}RST {2}ResetSession\n/);
    expect(text).toMatch(/\n {2}final {8}yes\n$/);
  });

  test("reset --json tells each time to the nanosecond", async () => {
    const peer = await connected("timing");
    const { receipt } = JSON.parse(await served.verb("reset", "timing/1", "--json"));
    // One of a million times would end in six zeros.
    expect(receipt.localEnd.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(\d{3})?Z$/);
    expect(receipt).toMatchObject({ final: true, stateBefore: "ESTABLISHED", stateAfter: "CLOSED" });
    await peer.close();
  });

  test("with the uid of another life nothing is ended", async () => {
    const peer = await connected("guarded");
    for (const action of ["close", "half-close", "reset"]) {
      const { code, lines } = await served.refused(action, "guarded/1", "--uid", "another");
      expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringMatching(/^hangup: .* \(UID_MISMATCH\)$/)] });
    }
    await peer.sendAll({ text: "pong" });
    expect((await peer.recvAll({ max: 4 })).data.toString()).toBe("pong");
    await peer.close();
  });
});

describe("hangup listen", () => {
  test("prints the address alone, and it can be dialed", async () => {
    const peer = await connected("dialable");
    await peer.close();
  });

  test("has the fields of the contract as options", async () => {
    const { listener } = JSON.parse(
      await served.verb(
        "listen",
        "six",
        "--host",
        "::1",
        "--on-peer-fin",
        "stay-open",
        "--label",
        "a=b",
        "--label",
        "c=d=e",
        "--json",
      ),
    );
    expect(listener).toMatchObject({
      scope: "default",
      name: "six",
      host: "::1",
      onPeerFin: "STAY_OPEN",
      labels: { a: "b", c: "d=e" },
      state: "LISTENING",
    });
    expect(listener.address).toBe(`[::1]:${listener.port}`);
  });

  test("listens on a unix socket", async () => {
    await using directory = await scratchDirectory();
    const path = join(directory.path, "l.sock");
    expect(await served.verb("listen", "by-path", "--unix-path", path)).toBe(`unix:${path}\n`);
    const peer = await judge.connect({ path });
    await peer.close();
  });

  test("without a name the daemon makes one", async () => {
    expect(JSON.parse(await served.verb("listen", "--json")).listener.name).toMatch(/^listener-\d+$/);
  });

  test("a taken name is 1 and one line", async () => {
    await served.verb("listen", "taken");
    const { code, stdout, lines } = await served.refused("listen", "taken");
    expect({ code, stdout, lines }).toEqual({
      code: 1,
      stdout: "",
      lines: [expect.stringMatching(/^hangup: .* \(NAME_TAKEN\)$/)],
    });
  });
});

describe("hangup dial", () => {
  test("prints the name of the session, and its options are those of the contract", async () => {
    const target = await judge.listen({ host: "127.0.0.1" });
    expect(await served.verb("dial", `127.0.0.1:${target.port}`, "--name", "c1", "--timeout", "2s")).toBe("c1\n");
    const first = await target.accept();
    const { session } = JSON.parse(
      await served.verb(
        "dial",
        `127.0.0.1:${target.port}`,
        "--local-address",
        "127.0.0.2",
        "--on-peer-fin",
        "close-too",
        "--label",
        "x=y",
        "--json",
      ),
    );
    const second = await target.accept();
    expect(session).toMatchObject({
      origin: "DIALED",
      state: "ESTABLISHED",
      onPeerFin: "CLOSE_TOO",
      labels: { x: "y" },
    });
    expect(session.localAddress).toMatch(/^127\.0\.0\.2:\d+$/);
    expect(second.remoteAddress).toBe("127.0.0.2");
    for (const socket of [first, second, target]) await socket.close();
  });

  test("a refused target is 1 and one line with the errno", async () => {
    const held = createServer().listen(0, "127.0.0.1");
    await once(held, "listening");
    const address = held.address();
    const port = typeof address === "object" ? address?.port : undefined;
    held.close();
    await once(held, "close");
    const { code, lines } = await served.refused("dial", `127.0.0.1:${port}`);
    expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringMatching(/ECONNREFUSED.* \(CONNECT_FAILED\)$/)] });
  });
});

describe("hangup sessions", () => {
  test("lists in columns, and in JSON", async () => {
    const peer = await connected("listed");
    const [header = "", row = "", ...rest] = linesOf(await served.verb("sessions", "--listener", "listed"));
    expect(rest).toEqual([]);
    expect(header).toMatch(/^SESSION +STATE +LOCAL +PEER +RECEIVED +SENT +LOCAL END +PEER END$/);
    expect(row).toMatch(/^listed\/1 +ESTABLISHED +127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+ +4 +4 +- +-$/);
    expect(row.indexOf("ESTABLISHED")).toBe(header.indexOf("STATE"));

    await served.verb("reset", "listed/1");
    const ended = JSON.parse(await served.verb("sessions", "--listener", "listed", "--json"));
    expect(ended.sessions).toMatchObject([{ name: "listed/1", ended: true, receipt: { localEnd: { kind: "RST" } } }]);
    expect(JSON.parse(await served.verb("sessions", "--listener", "listed", "--living", "--json"))).toEqual({
      sessions: [],
    });
    await peer.close();
  });

  test("--scope - lists all scopes, with their names", async () => {
    expect(await served.verb("sessions", "--scope", "-")).toMatch(/^SCOPE +SESSION /);
  });
});

describe("hangup watch", () => {
  test("says that it has begun, then tells of what happens, and ends after --max-events", async () => {
    await served.verb("listen", "watched");
    await using watching = start([
      "watch",
      "--listener",
      "watched",
      "--max-events",
      "3",
      "--json",
      "--address",
      served.address,
    ]);
    expect(JSON.parse(await watching.line())).toMatchObject({ subscribed: { daemonUid: expect.any(String) } });
    const { session } = JSON.parse(
      await served.verb("dial", await addressOf("watched"), "--name", "watcher", "--json"),
    );
    await served.verb("reset", "watched/1");
    expect(JSON.parse(await watching.line())).toMatchObject({
      session: "watched/1",
      sessionOpened: { session: { peerAddress: session.localAddress } },
    });
    expect(JSON.parse(await watching.line())).toMatchObject({ actionPerformed: { action: "reset" } });
    expect(JSON.parse(await watching.line())).toMatchObject({ sessionEnded: { receipt: { final: true } } });
    expect(await watching.exit()).toMatchObject({ code: 0, stderr: "" });
  });

  test("is readable without --json", async () => {
    await served.verb("listen", "readable");
    const [, line = ""] = linesOf(
      await served.verb("watch", "--after-sequence", "0", "--listener", "readable", "--max-events", "1"),
    );
    expect(line).toMatch(/^ *\d+ {2}\d\d:\d\d:\d\d\.\d{3,6} +listener_created +readable +127\.0\.0\.1:\d+$/);
  });

  test("the end of its reader is its own end, without a word", async () => {
    await served.verb("listen", "early");
    await using watching = start(["watch", "--listener", "early", "--address", served.address]);
    await watching.line();
    watching.stopReading();
    await served.verb("dial", await addressOf("early"));
    expect(await watching.exit()).toMatchObject({ code: 0, stderr: "" });
  });

  test("the end of the daemon is 1 and one line", async () => {
    await using brief = await serve();
    await using watching = start(["watch", "--address", brief.address]);
    await watching.line();
    brief.running.send("SIGTERM");
    const { code, stderr } = await watching.exit();
    expect({ code, lines: linesOf(stderr) }).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^hangup: .* \([A-Z_]+\)$/)],
    });
  });
});

describe("errors", () => {
  test.each([
    ["reset", "nobody/1", "UNKNOWN_SESSION"],
    ["sessions", "--listener=nobody", "UNKNOWN_LISTENER"],
    ["sessions", "--scope=nobody", "UNKNOWN_SCOPE"],
    ["dial", "nowhere", "INVALID_FIELD"],
    ["watch", "--daemon-uid=another", "DAEMON_UID_MISMATCH"],
  ])("%s %s is 1 and one line (%s)", async (verb, argument, reason) => {
    const { code, stdout, lines } = await served.refused(verb, argument);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(lines).toEqual([expect.stringMatching(new RegExp(`^hangup: .* \\(${reason}\\)$`))]);
  });

  test("no daemon there is 1 and one line that says what to do", async () => {
    await using directory = await scratchDirectory();
    const { code, stderr } = await hangup(["info"], { HANGUP_ADDRESS: `unix:${join(directory.path, "none.sock")}` });
    expect(code).toBe(1);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^hangup: no daemon at unix:.*hangup serve.* \(ENOENT\)$/)]);
  });

  test.each([
    ["reset"],
    ["no-such-verb"],
    ["listen", "--port", "70000"],
    ["listen", "--port", "-1"],
    ["listen", "--label", "novalue"],
    ["listen", "--on-peer-fin", "maybe"],
    ["dial", "127.0.0.1:1", "--timeout", "soon"],
    ["watch", "--kinds", "weather"],
    ["watch", "--max-events", "few"],
    ["info", "--address", "nowhere"],
    ["info", "something"],
  ])("%s %s %s is wrong usage: 2 and one line", async (...words) => {
    const { code, stdout, lines } = await served.refused(...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(lines).toEqual([expect.stringMatching(/^hangup: .* \(USAGE\)$/)]);
  });
});

describe("hangup info and --help", () => {
  test("info tells address and capabilities, one on a line", async () => {
    const text = await served.verb("info");
    expect(text).toContain(`address   ${served.address}\n`);
    expect(text).toMatch(/\ncan +(not )?reset/);
  });

  test("--help teaches: every verb, an example, the exit codes", async () => {
    const { code, stdout, stderr } = await hangup(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const daemon = ["serve", "run", "info", "watch"];
    const things = [
      "listen",
      "update",
      "listeners",
      "delete",
      "dial",
      "sessions",
      "session",
      "wait",
      "receive",
      "signal",
      "scope",
      "capture",
    ];
    const actions = Object.values(actionVerbs).flatMap((verbs) => verbs.map(({ name }) => name));
    for (const verb of [...daemon, ...things, ...actions]) expect(stdout).toMatch(new RegExp(`\\n  ${verb} `));
    expect(stdout).toMatch(/addr=\$\(hangup listen echo\)[\s\S]*ECONNRESET[\s\S]*Exit codes:/);
  });

  test("--version prints the version alone", async () => {
    const { code, stdout } = await hangup(["--version"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${served.ready.version}\n` });
  });

  test("without a verb it is wrong usage", async () => {
    expect(await hangup([])).toMatchObject({ code: 2, stdout: "" });
  });
});

/** The address of a listener, from the event of its creation. */
async function addressOf(listener: string): Promise<string> {
  const events = await served.verb(
    "watch",
    "--after-sequence",
    "0",
    "--listener",
    listener,
    "--max-events",
    "1",
    "--json",
  );
  return JSON.parse(linesOf(events)[1] ?? "").listenerCreated.listener.address;
}
