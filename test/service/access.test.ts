import dns from "node:dns";
import dnsPromises from "node:dns/promises";
import { existsSync, mkdtempSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { startDaemon } from "../../src/daemon.js";
import { StartError } from "../../src/start-error.js";
import { BringUpError } from "../../src/service/bring-up.js";
import { Fixture } from "../../src/gen/hangup/v1/fixture.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, startJudge } from "../support/judge.js";

let daemon: TestDaemon;
let judge: Judge;
let folder: string;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangup-"));
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});
afterAll(async () => {
  await Promise.all([daemon.stop(), judge.stop()]);
});

describe("a listener", () => {
  test.each(["127.0.0.1", "127.1.2.3", "::1", "localhost"])("may be on %s", async (host) => {
    const { port } = await daemon.listen("a", { host });
    await daemon.listeners.deleteListener({ listener: "a" });
    expect(port).toBeGreaterThan(0);
  });

  test.each([
    ["0.0.0.0", "--allow-listen 0.0.0.0/0"],
    ["::", "--allow-listen 0.0.0.0/0,::/0"],
    ["192.0.2.1", "--allow-listen 192.0.2.1"],
    ["2001:db8::1", "--allow-listen 2001:db8::1"],
    ["::ffff:192.0.2.1", "--allow-listen ::ffff:192.0.2.1"],
  ])("may not be on %s, and the message names the option", async (host, option) => {
    expect(await failureOf(daemon.listen("a", { host }))).toMatchObject({
      code: "PERMISSION_DENIED",
      reason: "LISTEN_NOT_ALLOWED",
      field: "host",
      metadata: { address: host },
      message: expect.stringContaining(option),
    });
    const { listeners } = await daemon.listeners.listListeners({});
    expect(listeners).toEqual([]);
  });

  test("may be where --allow-listen says, and still not elsewhere", async () => {
    await using wide = await startTestDaemon({ allowListen: ["0.0.0.0/0"] });
    const { port } = await wide.listen("a", { host: "0.0.0.0" });
    await judge.connect({ host: "127.0.0.1", port });
    expect(await failureOf(wide.listen("b", { host: "::" }))).toMatchObject({ reason: "LISTEN_NOT_ALLOWED" });
  });

  test("by a name is on the address that was looked up once and allowed", async () => {
    const lookup = jest.spyOn(dnsPromises, "lookup").mockResolvedValue({ address: "192.0.2.1", family: 4 });
    expect(await failureOf(daemon.listen("a", { host: "localhost" }))).toMatchObject({
      reason: "LISTEN_NOT_ALLOWED",
      metadata: { address: "192.0.2.1" },
    });
    expect(lookup).toHaveBeenCalledTimes(1);
  });
});

describe("a session", () => {
  test.each(["192.0.2.1:9", "[2001:db8::1]:9", "0.0.0.0:9", "[::]:9", "[::ffff:192.0.2.1]:9", "[::127.0.0.1]:9"])(
    "may not be dialed to %s, and the message names the option",
    async (target) => {
      expect(await failureOf(daemon.sessions.openSession({ target }))).toMatchObject({
        code: "PERMISSION_DENIED",
        reason: "DIAL_NOT_ALLOWED",
        field: "target",
        message: expect.stringContaining("--allow-dial"),
      });
    },
  );

  test.each(["127.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "127.1", "2130706433", "localhost"])(
    "may be dialed to %s, which is loopback",
    async (host) => {
      const listener = await judge.listen({ host: "127.0.0.1" });
      await daemon.sessions.openSession({ name: "a", target: `${host}:${listener.port}` });
      await daemon.sessions.resetSession({ session: "a" });
    },
  );

  test("may be dialed to what --allow-dial says", async () => {
    await using wide = await startTestDaemon({ allowDial: ["0.0.0.0/0"] });
    const listener = await judge.listen({ host: "127.0.0.1" });
    // To connect to the wildcard is to connect to this machine.
    await wide.sessions.openSession({ target: `0.0.0.0:${listener.port}` });
    await listener.accept();
  });

  test("by a name of several addresses is dialed to the one that is allowed, looked up once", async () => {
    const listener = await judge.listen({ host: "127.0.0.1" });
    const lookup = resolvesTo("192.0.2.1", "127.0.0.1");
    const { session } = await daemon.sessions.openSession({ target: `many.test:${listener.port}` });
    expect(session?.peerAddress).toBe(`127.0.0.1:${listener.port}`);
    expect(lookup).toHaveBeenCalledTimes(1);
  });

  test("by a name of several addresses is not dialed to those that are not allowed, though they would answer", async () => {
    // To connect to the wildcard is to connect to ::1.
    const { port } = await judge.listen({ host: "::1" });
    await using wide = await startTestDaemon({ allowDial: ["0.0.0.0/0", "::/0"] });
    // Its client connects before look-ups are ours.
    await wide.info.getInfo({});
    resolvesTo("::", "127.0.0.1");
    expect(await failureOf(daemon.sessions.openSession({ target: `many.test:${port}` }))).toMatchObject({
      reason: "CONNECT_FAILED",
      metadata: { errno: "ECONNREFUSED" },
    });
    const { session } = await wide.sessions.openSession({ target: `many.test:${port}` });
    expect(session?.peerAddress).toBe(`[::1]:${port}`);
  });

  test("by a name of none that is allowed is not dialed", async () => {
    const lookup = resolvesTo("192.0.2.1", "::");
    expect(await failureOf(daemon.sessions.openSession({ target: "inside.test:80" }))).toMatchObject({
      code: "PERMISSION_DENIED",
      reason: "DIAL_NOT_ALLOWED",
      field: "target",
      metadata: { address: "192.0.2.1:80" },
    });
    expect(lookup).toHaveBeenCalledTimes(1);
  });

  test("is dialed from no address that may not be listened on", async () => {
    const listener = await judge.listen({ host: "127.0.0.1" });
    const target = `127.0.0.1:${listener.port}`;
    for (const localAddress of ["0.0.0.0", "192.0.2.1:5000"]) {
      expect(await failureOf(daemon.sessions.openSession({ target, localAddress }))).toMatchObject({
        code: "PERMISSION_DENIED",
        reason: "LISTEN_NOT_ALLOWED",
        field: "local_address",
        message: expect.stringContaining("--allow-listen"),
      });
    }
    const { session } = await daemon.sessions.openSession({ target, localAddress: "127.0.0.2" });
    expect(session?.localAddress).toMatch(/^127\.0\.0\.2:/);
  });
});

/** What every look-up of a name gives. */
function resolvesTo(...addresses: string[]) {
  const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  return jest.spyOn(dns, "lookup").mockImplementation(((
    _name: string,
    _options: object,
    done: (...of: unknown[]) => void,
  ) => {
    setImmediate(() => done(null, found));
  }) as never);
}

describe("a unix path", () => {
  const outside = "/var/lib/hangup-test.sock";

  test("may be below the directory for temporary files", async () => {
    const unixPath = join(folder, "a.sock");
    await daemon.listen("unix", { unixPath });
    await daemon.sessions.openSession({ name: "to-unix", target: `unix:${unixPath}` });
    await daemon.listeners.deleteListener({ listener: "unix" });
  });

  test("may not be elsewhere, to listen or to dial", async () => {
    const failure = {
      code: "PERMISSION_DENIED",
      reason: "UNIX_PATH_NOT_ALLOWED",
      metadata: { address: `unix:${outside}` },
      message: expect.stringContaining("--allow-unix"),
    };
    expect(await failureOf(daemon.listen("a", { unixPath: outside }))).toMatchObject({
      ...failure,
      field: "unix_path",
    });
    const dialing = daemon.sessions.openSession({ target: `unix:${outside}` });
    expect(await failureOf(dialing)).toMatchObject({ ...failure, field: "target" });
    expect(existsSync(outside)).toBe(false);
  });

  test("does not get out by `..` or by a link", async () => {
    const mine = join(folder, "mine");
    mkdirSync(mine);
    await using narrow = await startTestDaemon({ allowUnix: [mine] });
    const path = join("/var/lib", "hangup-test.sock");
    symlinkSync("/var/lib", join(folder, "link"));
    for (const unixPath of [`${folder}/link/hangup-test.sock`, `${folder}/../..${path}`, `${folder}/link/../x.sock`]) {
      expect(await failureOf(narrow.listen("a", { unixPath }))).toMatchObject({ reason: "UNIX_PATH_NOT_ALLOWED" });
      const dialing = narrow.sessions.openSession({ target: `unix:${unixPath}` });
      expect(await failureOf(dialing)).toMatchObject({ reason: "UNIX_PATH_NOT_ALLOWED" });
    }
  });

  test("that is a link to a socket elsewhere is not dialed, and nobody there is knocked at", async () => {
    const elsewhere = mkdtempSync("/var/tmp/hangup-");
    try {
      const listener = await judge.listen({ path: join(elsewhere, "s.sock") });
      symlinkSync(join(elsewhere, "s.sock"), join(folder, "s.sock"));
      const unixPath = join(folder, "s.sock");
      const dialing = daemon.sessions.openSession({ target: `unix:${unixPath}` });
      expect(await failureOf(dialing)).toMatchObject({ reason: "UNIX_PATH_NOT_ALLOWED" });
      expect(await failureOf(daemon.listen("a", { unixPath }))).toMatchObject({ reason: "UNIX_PATH_NOT_ALLOWED" });
      await expect(listener.accept({ deadlineMs: 200 })).rejects.toThrow();
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  test("that is a link to nothing makes no socket behind it", async () => {
    const elsewhere = mkdtempSync("/var/tmp/hangup-");
    try {
      symlinkSync(join(elsewhere, "s.sock"), join(folder, "s.sock"));
      const listening = daemon.listen("a", { unixPath: join(folder, "s.sock") });
      expect(await failureOf(listening)).toMatchObject({ reason: "PORT_IN_USE" });
      expect(existsSync(join(elsewhere, "s.sock"))).toBe(false);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  test("may be where --allow-unix says", async () => {
    const elsewhere = mkdtempSync("/var/tmp/hangup-");
    try {
      await using wide = await startTestDaemon({ allowUnix: [elsewhere] });
      await wide.listen("a", { unixPath: join(elsewhere, "a.sock") });
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });
});

test("a fixture obeys the same rules", async () => {
  const fixture = Fixture.fromJSON({ listeners: [{ name: "a" }, { name: "b", host: "192.0.2.1" }] });
  const starting = startDaemon({
    listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
    logger: pino({ level: "silent" }),
    fixture,
  });
  const error = await starting.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(BringUpError);
  expect(error).toMatchObject({ entry: "listeners[1]", cause: { reason: "LISTEN_NOT_ALLOWED" } });
});

test.each([
  [{ allowListen: ["10.0.0.0/33"] }, "--allow-listen 10.0.0.0/33: use a range"],
  [{ allowDial: ["example.test"] }, "--allow-dial example.test: use a range"],
  [{ allowUnix: ["tmp"] }, "--allow-unix tmp: use the absolute path"],
])("%j is a start error", async (options, message) => {
  const starting = startTestDaemon(options);
  await expect(starting).rejects.toThrow(StartError);
  await expect(starting).rejects.toThrow(message);
});
