import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { linesOf, portOf, scratchDirectory, type Served, serve, start } from "../support/cli.js";
import { type Judge, type Peer, startJudge } from "../support/judge.js";

let judge: Judge;
let served: Served;

beforeAll(async () => {
  [judge, served] = await Promise.all([startJudge(), serve()]);
});

afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await judge.stop();
});

/** A peer of a listener in a scope, whose session is there. */
async function connectedIn(scope: string, listener: string, ...options: string[]): Promise<Peer> {
  const address = (await served.verb("listen", listener, "--scope", scope, ...options)).trim();
  const peer = await judge.connect({ host: "127.0.0.1", port: portOf(address) });
  await served.verb("wait", "--scope", scope, "--listener", listener, "--peer-port", String(peer.localPort));
  return peer;
}

async function planFile(directory: string, text: string): Promise<string> {
  const path = join(directory, "plan.yaml");
  await writeFile(path, text);
  return path;
}

describe("hangup scope", () => {
  test("create prints the name, list has what lives in it, delete what it was", async () => {
    await using directory = await scratchDirectory();
    const plan = await planFile(directory.path, "steps: [{trigger: {signal: never}, action: {reset: {}}}]");
    expect(await served.verb("scope", "create", "worker-1", "--ttl", "60s", "--label", "test=x")).toBe("worker-1\n");
    const peer = await connectedIn("worker-1", "echo", "--plan", plan);
    await peer.sendAll({ text: "hello" });
    expect((await peer.recvAll({ max: 5 })).data.toString()).toBe("hello");

    const [heads = "", ...rows] = linesOf(await served.verb("scope", "list"));
    expect(heads).toMatch(/^SCOPE +LISTENERS +SESSIONS +HOLDERS +EXPIRES +LABELS$/);
    expect(rows).toEqual([
      expect.stringMatching(/^default +0 +0 +0 +-$/),
      expect.stringMatching(/^worker-1 +1 +1 +0 +2\d{3}-\d\d-\d\dT[\d:]+Z +test=x$/),
    ]);
    expect(linesOf(await served.verb("scope", "delete", "worker-1"))).toEqual([
      "worker-1, 1 sessions",
      expect.stringMatching(/^ +FIN +RST +NONE$/),
      expect.stringMatching(/^ +local end +0 +1 +0$/),
      expect.stringMatching(/^ +peer end +0 +0 +1$/),
      expect.stringMatching(/^ +bytes +5 received, 5 sent$/),
      expect.stringMatching(/^ +open listeners +echo$/),
      expect.stringMatching(/^ +open sessions +echo\/1$/),
      expect.stringMatching(/^ +never fired +echo, plan 1, step 1: on 1 of 1 connections$/),
    ]);
    expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
    await peer.close();
    expect(await served.refused("scope", "delete", "worker-1")).toMatchObject({
      code: 1,
      lines: [expect.stringMatching(/\(UNKNOWN_SCOPE\)$/)],
    });
  });

  test("--json is the reply of each", async () => {
    const created = JSON.parse(await served.verb("scope", "create", "j", "--ttl", "90.5s", "--json"));
    expect(created).toMatchObject({ scope: { name: "j", ttl: "90.500s" } });
    const listed = JSON.parse(await served.verb("scope", "list", "--json"));
    expect(listed.scopes.map(({ name }: { name: string }) => name)).toEqual(["default", "j"]);
    const { uid } = created.scope;
    expect(await served.refused("scope", "delete", "j", "--uid", "another")).toMatchObject({ code: 1 });
    const deleted = JSON.parse(await served.verb("scope", "delete", "j", "--uid", uid, "--json"));
    expect(deleted).toMatchObject({ report: { scope: { name: "j", uid }, counts: {} } });
  });

  test("hold: the scope is there as long as the command is, and ends however that ends", async () => {
    await using holder = start(["scope", "hold", "held", "--address", served.address]);
    expect(await holder.line()).toBe("held");
    const peer = await connectedIn("held", "echo");
    await using watching = start([
      "watch",
      "--scope",
      "-",
      "--kinds",
      "scope_ended",
      "--max-events",
      "1",
      "--address",
      served.address,
    ]);
    expect(await watching.line()).toContain("subscribed");
    holder.send("SIGKILL");
    expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
    await peer.close();
    expect(await watching.line()).toMatch(/scope_ended +- +held, released$/);
    expect(await served.verb("scope", "list")).not.toContain("held");
  });

  test("watch of a scope ends with it, with 0", async () => {
    await served.verb("scope", "create", "watched");
    await using watching = start(["watch", "--scope", "watched", "--kinds", "peer_fin", "--address", served.address]);
    expect(await watching.line()).toContain("subscribed");
    await served.verb("scope", "delete", "watched");
    const { code, stdout, stderr } = await watching.exit();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/scope_ended +- +watched, deleted\n$/);
  });

  test("hold prints the report when somebody else ends the scope, and ends with 0", async () => {
    await using holder = start(["scope", "hold", "--label", "of=me", "--address", served.address]);
    const name = await holder.line();
    expect(await served.verb("scope", "list")).toMatch(new RegExp(`^${name} .* 1 +- +of=me$`, "m"));
    const report = await served.verb("scope", "delete", name);
    expect(await holder.exit()).toMatchObject({ code: 0, stdout: `${name}\n${report}`, stderr: "" });
  });

  test("hold of default is refused", async () => {
    expect(await served.refused("scope", "hold", "default")).toMatchObject({
      code: 1,
      lines: [expect.stringMatching(/\(DEFAULT_SCOPE\)$/)],
    });
  });
});

describe("hangup signal", () => {
  test("fires the step that waits for it, on a session, of a listener, or of all", async () => {
    await using directory = await scratchDirectory();
    const plan = await planFile(directory.path, "steps: [{trigger: {signal: go}, action: {reset: {}}}]");
    const [one, two, three] = [
      await connectedIn("default", "s1", "--plan", plan),
      await connectedIn("default", "s2", "--plan", plan),
      await connectedIn("default", "s3", "--plan", plan),
    ];
    expect(await served.verb("signal", "go", "--session", "s1/1")).toBe("go: 1 living sessions\n");
    expect(await one.recv()).toMatchObject({ end: "ECONNRESET" });
    expect(JSON.parse(await served.verb("signal", "go", "--listener", "s2", "--json"))).toEqual({ sessions: "1" });
    expect(await two.recv()).toMatchObject({ end: "ECONNRESET" });
    expect(await served.verb("signal", "go", "--all")).toBe("go: 1 living sessions\n");
    expect(await three.recv()).toMatchObject({ end: "ECONNRESET" });
    await Promise.all([one.close(), two.close(), three.close()]);
    expect(await served.refused("signal", "gone", "--all")).toMatchObject({
      code: 1,
      lines: [expect.stringMatching(/\(UNKNOWN_SIGNAL\)$/)],
    });
  });

  test.each([[], ["--all", "--listener", "s1"]])("%j is wrong usage: it needs one target", async (...targets) => {
    expect(await served.refused("signal", "go", ...targets)).toMatchObject({
      code: 2,
      lines: [expect.stringMatching(/\(USAGE\)$/)],
    });
  });
});

describe("hangup dial --plan", () => {
  test("arms the session before it is open", async () => {
    await using directory = await scratchDirectory();
    const plan = await planFile(directory.path, "steps: [{trigger: {bytesReceived: 3}, action: {reset: {}}}]");
    const target = await judge.listen({ host: "127.0.0.1" });
    await served.verb("dial", `127.0.0.1:${target.port}`, "--plan", plan);
    const peer = await target.accept();
    await peer.sendAll({ text: "abc" });
    expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
    await Promise.all([peer.close(), target.close()]);
  });

  test.each([
    [
      "steps: [{trigger: {bytesReceived: 0}, action: {reset: {}}}]",
      /plan\.yaml:1: plan\.steps\[0\]\.trigger\.bytesReceived: .*\(INVALID_FIELD\)$/,
    ],
    ["steps: [{trigger: {bytes: 1}, action: {reset: {}}}]", /plan\.yaml:1: .*unknown field/],
    ["- steps: []", /plan\.yaml:1: .*use fields of Plan/],
  ])("%s is told by its line", async (text, line) => {
    await using directory = await scratchDirectory();
    const plan = await planFile(directory.path, text);
    expect(await served.refused("dial", "127.0.0.1:1", "--plan", plan)).toMatchObject({
      code: 1,
      lines: [expect.stringMatching(line)],
    });
  });
});
