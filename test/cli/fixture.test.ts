import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hangup, linesOf, portOf, scratchDirectory, serve, start } from "../support/cli.js";
import { type Judge, startJudge } from "../support/judge.js";

// Files of `hangup serve --fixture` and `hangup listen --plan`.

let judge: Judge;
let scratch: Awaited<ReturnType<typeof scratchDirectory>>;

beforeAll(async () => {
  [judge, scratch] = await Promise.all([startJudge(), scratchDirectory()]);
});
afterAll(async () => {
  await judge.stop();
  await scratch[Symbol.asyncDispose]();
});

async function file(name: string, text: string): Promise<string> {
  const path = join(scratch.path, name);
  await writeFile(path, text);
  return path;
}

/** What is on stderr of a `hangup serve` that does not start with this fixture. */
async function complaint(name: string, text: string): Promise<string> {
  const path = await file(name, text);
  const { code, stdout, stderr } = await hangup(["serve", "--listen", "127.0.0.1:0", "--fixture", path]);
  expect({ code, stdout, lines: linesOf(stderr).length }).toEqual({ code: 1, stdout: "", lines: 1 });
  return stderr.trimEnd().replace(path, name);
}

const good = `# A comment.
listeners:
  - name: echo
    plans:
      - connections: 1
        steps:
          - trigger: { bytesReceived: 4 }
            action: { reset: { afterFlush: true } }
      - steps:
          - trigger:
              pattern_text: "QUIT"
            action: { close: {} }
`;

describe("hangup serve --fixture", () => {
  test("the ready line has the addresses, and the faults are armed by then", async () => {
    await using served = await serve("--fixture", await file("good.yaml", good));
    expect(served.ready.listeners).toEqual({ echo: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/) });
    const where = { host: "127.0.0.1", port: portOf(served.ready.listeners?.["echo"] ?? "") };
    const first = await judge.connect(where);
    await first.send({ text: "12345678" });
    expect(await end(first.recvAll())).toEqual({ data: "1234", end: "ECONNRESET" });
    const second = await judge.connect(where);
    await second.send({ text: "12345678QUIT9" });
    expect(await end(second.recvAll())).toEqual({ data: "12345678QUIT", end: "EOF" });
  });

  test("JSON with tabs, 64-bit numbers as numbers, snake_case and anchors are the same", async () => {
    const json = JSON.stringify(
      {
        listeners: [
          {
            name: "j",
            on_peer_fin: "STAY_OPEN",
            plans: [
              {
                seed: "18446744073709551615",
                steps: [{ trigger: { accepted: {} }, action: { send: { data: "aGk=" } } }],
              },
            ],
          },
        ],
      },
      null,
      "\t",
    ).replace('"18446744073709551615"', "18446744073709551615");
    await using served = await serve("--fixture", await file("same.json", json));
    const peer = await judge.connect({ host: "127.0.0.1", port: portOf(served.ready.listeners?.["j"] ?? "") });
    expect((await peer.recv()).data.toString()).toBe("hi");
    expect(JSON.parse(await served.verb("sessions", "--json"))).toMatchObject({
      sessions: [{ onPeerFin: "STAY_OPEN", plan: { seed: "18446744073709551615" } }],
    });
    const anchored =
      "listeners:\n  - name: a\n    behaviour: &quiet { discard: {} }\n  - name: b\n    behaviour: *quiet\n";
    await using other = await serve("--fixture", await file("anchors.yaml", anchored));
    expect(JSON.parse(await other.verb("listeners", "--json"))).toMatchObject({
      listeners: [
        { name: "a", behaviour: { discard: {} } },
        { name: "b", behaviour: { discard: {} } },
      ],
    });
  });

  test("sessions are dialed once the listeners accept", async () => {
    const far = await judge.listen({ host: "127.0.0.1" });
    const sessions = `sessions:\n  - name: out\n    target: 127.0.0.1:${far.port}\n    plan: { steps: [{ trigger: { accepted: {} }, action: { send: { text: hello } } }] }\n`;
    await using served = await serve("--fixture", await file("dial.yaml", sessions));
    expect(served.ready.listeners).toEqual({});
    const peer = await far.accept();
    expect((await peer.recv()).data.toString()).toBe("hello");
    await far.close();
  });

  test("a file that asks for nothing is a fixture", async () => {
    await using served = await serve("--fixture", await file("nothing.yaml", "{}\n"));
    expect(served.ready.listeners).toEqual({});
  });

  test("SIGTERM while a dial is under way ends it with 0, and the peer of an earlier session gets ECONNRESET", async () => {
    const [far, full] = await Promise.all([
      judge.listen({ host: "127.0.0.1" }),
      judge.listen({ host: "127.0.0.1", backlog: 0 }),
    ]);
    // Its queue is full: further SYNs are not answered.
    const filling = await judge.connect({ host: "127.0.0.1", port: full.port });
    const text = `sessions:\n  - target: 127.0.0.1:${far.port}\n  - { target: "127.0.0.1:${full.port}", timeout: 60s }\n`;
    await using running = start([
      "serve",
      "--listen",
      "127.0.0.1:0",
      "--log-level",
      "warn",
      "--fixture",
      await file("slow.yaml", text),
    ]);
    const peer = await far.accept();
    running.send("SIGTERM");
    expect(await running.exit()).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    expect((await peer.recv()).end).toBe("ECONNRESET");
    for (const socket of [filling, full, far]) await socket.close();
  });
});

describe("all or nothing", () => {
  test("a target that refuses leaves no listener, and the peer of an earlier session gets ECONNRESET", async () => {
    const [far, gone] = await Promise.all([judge.listen({ host: "127.0.0.1" }), judge.listen({ host: "127.0.0.1" })]);
    const port = (
      await judge.listen({ host: "127.0.0.1" }).then(async (free) => [free.port, await free.close()] as const)
    )[0];
    await gone.close();
    const text = `listeners: [{ name: echo, port: ${port} }]\nsessions:\n  - target: 127.0.0.1:${far.port}\n  - name: late\n    target: 127.0.0.1:${gone.port}\n`;
    expect(await complaint("refused.yaml", text)).toMatch(
      /^hangup: refused\.yaml:[45]: sessions\[1\](\.target)?: .*ECONNREFUSED.* \(CONNECT_FAILED\)$/,
    );
    expect(await judge.tryConnect({ host: "127.0.0.1", port })).toMatchObject({ ok: false, errno: "ECONNREFUSED" });
    expect((await (await far.accept()).recv()).end).toBe("ECONNRESET");
    await far.close();
  });

  test("two listeners of one name", async () => {
    expect(await complaint("twice.yaml", "listeners:\n  - name: a\n  - name: a\n")).toMatch(
      /^hangup: twice\.yaml:3: listeners\[1\](\.name)?: .* \(NAME_TAKEN\)$/,
    );
  });

  test("a bad plan of the second listener", async () => {
    const text = `${good}  - name: second\n    plans:\n      - steps:\n          - trigger: { bytesReceived: 0 }\n            action: { close: {} }\n`;
    expect(await complaint("second.yaml", text)).toMatch(
      /^hangup: second\.yaml:16: listeners\[1\]\.plans\[0\]\.steps\[0\]\.trigger\.bytesReceived: 0; use at least 1.* \(INVALID_FIELD\)$/,
    );
  });

  test("a port of the API that is taken: one line, and no listener of the fixture", async () => {
    const [api, free] = await Promise.all([judge.listen({ host: "127.0.0.1" }), judge.listen({ host: "127.0.0.1" })]);
    await free.close();
    const path = await file("taken.yaml", `listeners: [{ name: echo, port: ${free.port} }]\n`);
    const { code, stdout, stderr } = await hangup(["serve", "--listen", `127.0.0.1:${api.port}`, "--fixture", path]);
    expect({ code, stdout, lines: linesOf(stderr) }).toEqual({
      code: 1,
      stdout: "",
      lines: [expect.stringMatching(/\(PORT_IN_USE\)$/)],
    });
    expect(await judge.tryConnect({ host: "127.0.0.1", port: free.port })).toMatchObject({
      ok: false,
      errno: "ECONNREFUSED",
    });
    await api.close();
  });
});

describe("what is wrong is told by file, line and field", () => {
  const steps = "listeners[0].plans[1].steps[0]";
  test.each([
    [
      "pattern_text",
      "patternTxet",
      `11: ${steps}.trigger.patternTxet: unknown field; known: accepted, bytesReceived, `,
    ],
    ['pattern_text: "QUIT"', "bytesReceived: four", `11: ${steps}.trigger.bytesReceived: "four"; use a whole number`],
    ['pattern_text: "QUIT"', "bytesReceived: -4", `11: ${steps}.trigger.bytesReceived: -4; use a whole number`],
    ['pattern_text: "QUIT"', "bytesReceived: 1.5", `11: ${steps}.trigger.bytesReceived: 1.5; use a whole number`],
    [
      'pattern_text: "QUIT"',
      "bytesReceived: 18446744073709551616",
      `11: ${steps}.trigger.bytesReceived: "18446744073709551616"; use a whole number`,
    ],
    ['pattern_text: "QUIT"', "signal: 7", `11: ${steps}.trigger.signal: 7; use text, in quotes`],
    [
      'pattern_text: "QUIT"',
      "elapsed: 20",
      `11: ${steps}.trigger.elapsed: 20; use a duration in seconds, such as 0.5s`,
    ],
    ['pattern_text: "QUIT"', "patternData: '*'", `11: ${steps}.trigger.patternData: "*"; use bytes in base64`],
    ['pattern_text: "QUIT"', "accepted:", `11: ${steps}.trigger.accepted: has no value; use fields of AcceptedTrigger`],
    ['pattern_text: "QUIT"', 'patternText: ""', `11: ${steps}.trigger.patternText: 0 bytes; use 1 to 4096`],
    ["{ close: {} }", "{ close: {}, reset: {} }", `12: ${steps}.action.reset: not together with close`],
    ["{ close: {} }", "close", `12: ${steps}.action: "close"; use fields of Action: close, halfClose, reset, `],
    ["{ close: {} }", "[close]", `12: ${steps}.action: is a list; use fields of Action`],
    ["            action: { close: {} }", "", `10: ${steps}.action: `],
    [
      "{ afterFlush: true }",
      "{ afterFlush: yes }",
      '8: listeners[0].plans[0].steps[0].action.reset.afterFlush: "yes"; use true or false',
    ],
    ["name: echo", "name: echo\n    state: LISTENIG", '4: listeners[0].state: "LISTENIG"; use LISTENING, REFUSING, '],
    ["name: echo", "name: echo\n    labels: { a: 1 }", "4: listeners[0].labels.a: 1; use text"],
    [
      "name: echo",
      "name: echo\n    behaviour: { echo: {}, bannerText: hi, bannerData: aGk= }",
      "4: listeners[0].behaviour.bannerData: not together with bannerText",
    ],
    [
      "name: echo",
      "name: echo\n    onPeerFin: STAY_OPEN\n    on_peer_fin: STAY_OPEN",
      "5: listeners[0].on_peer_fin: not together with onPeerFin",
    ],
    ["name: echo", "name: e/cho", '3: listeners[0].name: "e/cho" is no name'],
    ["listeners:", "listeners: echo\nsessions:", '2: listeners: "echo"; use a list'],
    ["listeners:", "listener:", "2: listener: unknown field; known: listeners, sessions"],
    ["connections: 1", "connections: 0", "5: listeners[0].plans[0].connections: 0 takes all the rest"],
  ])("%s -> %s", async (from, to, said) => {
    expect(good).toContain(from);
    expect(await complaint("bad.yaml", good.replace(from, to))).toContain(`hangup: bad.yaml:${said}`);
  });

  test.each([
    ["a: 1\na: 2\n", "2: Map keys must be unique"],
    ["listeners: [\n", "2: "],
    ["{}\n---\n{}\n", "2: "],
    ["listeners: !mine []\n", "1: Unresolved tag: !mine"],
    ["# nothing\n", "1: has no value; use fields of Fixture: listeners, sessions"],
    ["[]\n", "1: is a list; use fields of Fixture"],
  ])("%j is no fixture", async (text, said) => {
    expect(await complaint("bad.yaml", text)).toContain(`hangup: bad.yaml:${said}`);
  });

  test("a file that is not there is told by its errno", async () => {
    const { code, stderr } = await hangup([
      "serve",
      "--listen",
      "127.0.0.1:0",
      "--fixture",
      join(scratch.path, "none.yaml"),
    ]);
    expect({ code, lines: linesOf(stderr) }).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^hangup: .*none\.yaml cannot be read: .* \(ENOENT\)$/)],
    });
  });
});

describe("hangup listen --plan", () => {
  const step = "trigger: { bytesReceived: 1 }\n    action: { reset: {} }\n";

  test.each([
    ["one plan", `steps:\n  - ${step}`],
    ["a list of plans", `- connections: 0\n  steps:\n  - ${step}`],
  ])("%s", async (name, text) => {
    await using served = await serve();
    const address = await served.verb("listen", "echo", "--plan", await file(`${name}.yaml`, text));
    const peer = await judge.connect({ host: "127.0.0.1", port: portOf(address.trim()) });
    await peer.send({ text: "x" });
    expect((await peer.recvAll()).end).toBe("ECONNRESET");
  });

  test("hangup update --plan is for the connections still to come", async () => {
    await using served = await serve();
    const where = { host: "127.0.0.1", port: portOf((await served.verb("listen", "echo")).trim()) };
    await served.verb("update", "echo", "--plan", await file("update.yaml", `steps:\n  - ${step}`));
    const peer = await judge.connect(where);
    await peer.send({ text: "x" });
    expect((await peer.recvAll()).end).toBe("ECONNRESET");
  });

  test("what the daemon says of a plan is told by its line in the file, and nothing listens", async () => {
    await using served = await serve();
    const path = await file(
      "bad-plan.yaml",
      "steps:\n  - trigger: { bytesReceived: 1 }\n    action: { reset: {} }\n  - trigger: { accepted: {} }\n    action: { close: {} }\n",
    );
    const { code, lines } = await served.refused("listen", "echo", "--plan", path);
    expect(code).toBe(1);
    expect(lines).toEqual([
      expect.stringMatching(/^hangup: .*bad-plan\.yaml:[45]: plans\[0\]\.steps\[1\].* \(INVALID_FIELD\)$/),
    ]);
    expect(await served.verb("listeners", "--json")).toBe(`{"listeners":[]}\n`);
  });

  test("an unknown field is told before the daemon is asked", async () => {
    const { code, stderr } = await hangup([
      "listen",
      "--plan",
      await file("unknown.yaml", "- steps: []\n  stepz: []\n"),
      "--address",
      "127.0.0.1:1",
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("unknown.yaml:2: plans[0].stepz: unknown field; known: connections, steps, seed");
  });
});

async function end(all: Promise<{ data: Buffer; end: string }>): Promise<{ data: string; end: string }> {
  const { data, end: how } = await all;
  return { data: data.toString(), end: how };
}
