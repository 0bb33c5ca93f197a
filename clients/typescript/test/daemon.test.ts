import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Daemon, daemonCommand, findDaemon } from "../src/daemon.js";
import setup, { globalTeardown } from "../src/global-setup.js";
import { cleanEnvironment, hangup, inTime } from "./support/package.js";

// Which daemon, as clients/README.md has it for all languages.

let folder = "";
const started: Daemon[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangup-find-"));
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((daemon) => daemon.stop()));
  rmSync(folder, { recursive: true, force: true });
});

function executable(...path: string[]): string {
  const file = join(folder, ...path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, "#!/bin/sh\n");
  chmodSync(file, 0o755);
  return file;
}

test("HANGUP_ADDRESS is taken as it is, with the token of its variable or of its file, and nothing is started", async () => {
  const at = { HANGUP_ADDRESS: "127.0.0.1:1", HANGUP_COMMAND: "false" };
  expect(await findDaemon(at)).toMatchObject({ address: "127.0.0.1:1" });
  expect(await findDaemon(at)).not.toHaveProperty("pid");
  expect(await findDaemon({ ...at, HANGUP_TOKEN: "t" })).toMatchObject({ token: "t" });
  writeFileSync(join(folder, "token"), "of-the-file\n");
  expect(await findDaemon({ ...at, HANGUP_TOKEN_FILE: join(folder, "token") })).toMatchObject({ token: "of-the-file" });
  const both = { ...at, HANGUP_TOKEN: "t", HANGUP_TOKEN_FILE: join(folder, "token") };
  expect(await findDaemon(both)).toMatchObject({ token: "of-the-file" });
  expect(await findDaemon({ ...at, HANGUP_TOKEN: " t\n" })).toMatchObject({ token: "t" });
  expect(await findDaemon({ ...at, HANGUP_TOKEN: "" })).not.toHaveProperty("token");
  for (const address of ["localhost:4264", "[::1]:65535", "unix:/path with/blanks", "unix:///path"]) {
    expect(await findDaemon({ HANGUP_ADDRESS: ` ${address} ` })).toMatchObject({ address });
  }
});

test.each([
  "localhost",
  "127.0.0.1:",
  "127.0.0.1:0",
  "127.0.0.1:99999",
  "127.0.0.1:x",
  ":4264",
  "4264",
  "::1:4264",
  "[::1]",
  "http://127.0.0.1:4264",
  "unix:",
  "unix:path",
  "two words:1",
])("HANGUP_ADDRESS=%s is no address, which is said at once, with what one is", async (address) => {
  const found = findDaemon({ HANGUP_ADDRESS: address });
  await expect(found).rejects.toMatchObject({ code: "INVALID_ARGUMENT", reason: "INVALID_SETTING" });
  await expect(found).rejects.toThrow(
    `HANGUP_ADDRESS is "${address}", which is no address of a daemon: 127.0.0.1:4264`,
  );
});

test("a token that no header carries, and a file that has none, are said at once, and not quoted", async () => {
  const at = { HANGUP_ADDRESS: "127.0.0.1:1" };
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return { ...at, HANGUP_TOKEN_FILE: join(folder, name) };
  };
  for (const [env, message] of [
    [{ ...at, HANGUP_TOKEN: "secret secret" }, "HANGUP_TOKEN: a token is one word"],
    [{ ...at, HANGUP_TOKEN: "secret\nsecret" }, "HANGUP_TOKEN: a token is one word"],
    [{ ...at, HANGUP_TOKEN: "sécret" }, "HANGUP_TOKEN: a token is one word"],
    [file("blank", "secret secret\n"), "HANGUP_TOKEN_FILE: a token is one word"],
    [file("empty", " \n"), "HANGUP_TOKEN_FILE: a token is one word"],
    [{ ...at, HANGUP_TOKEN_FILE: folder }, "HANGUP_TOKEN_FILE: EISDIR"],
    [{ ...at, HANGUP_TOKEN_FILE: join(folder, "none") }, "HANGUP_TOKEN_FILE: ENOENT"],
  ] as const) {
    const found = findDaemon(env);
    await expect(found).rejects.toMatchObject({ code: "INVALID_ARGUMENT", reason: "INVALID_SETTING" });
    await expect(found).rejects.toThrow(message);
    await expect(found).rejects.not.toThrow(/s.cret/);
  }
});

test("a command is looked for in HANGUP_COMMAND, on the PATH, in node_modules/.bin, in a checkout, and beside the client", () => {
  const inner = join(folder, "a/b");
  mkdirSync(inner, { recursive: true });
  const find = (env: NodeJS.ProcessEnv, own?: string) => daemonCommand(env, inner, own);

  expect(() => find({ PATH: "" })).toThrow(/no hangup daemon: .*HANGUP_COMMAND.*PATH.*npm install --save-dev hangup/);
  expect(find({ PATH: "" }, "/own.cjs")).toEqual([process.execPath, "/own.cjs"]);
  const checkout = executable("bin/hangup.cjs");
  expect(find({ PATH: "" }, "/own.cjs")).toEqual([process.execPath, checkout]);
  const installed = executable("node_modules/.bin/hangup");
  expect(find({ PATH: "" })).toEqual([installed]);
  const onPath = executable("path/hangup");
  expect(find({ PATH: `/none:${join(folder, "path")}` })).toEqual([onPath]);
  expect(find({ PATH: join(folder, "path"), HANGUP_COMMAND: " some  command --x " })).toEqual([
    "some",
    "command",
    "--x",
  ]);
});

test("a daemon that was started says where it is, and is gone when it was stopped", async () => {
  const daemon = await findDaemon(cleanEnvironment({ HANGUP_COMMAND: hangup, HANGUP_TOKEN: "not for this one" }));
  started.push(daemon);
  expect(daemon).toMatchObject({ address: expect.stringMatching(/^127\.0\.0\.1:\d+$/), pid: expect.any(Number) });
  expect(daemon).not.toHaveProperty("token");
  await inTime(daemon.stop(), () => "it is not gone");
  expect(() => process.kill(daemon.pid!, 0)).toThrow("ESRCH");
});

test.each([
  ["one that is not there", "/no/such/hangup", /DAEMON|\/no\/such\/hangup serve: spawn \/no\/such\/hangup ENOENT/],
  ["one that fails", `${process.execPath} /no/such/file.cjs`, /exit code 1; it said:\n[^]*Cannot find module/],
  ["one that is no daemon", "echo hello", /it printed "hello serve --listen/],
])("a command that does not start, %s, is an error that shows what it said", async (_, command, message) => {
  const start = findDaemon(cleanEnvironment({ HANGUP_COMMAND: command }));
  await expect(start).rejects.toMatchObject({ code: "UNAVAILABLE", reason: "DAEMON_NOT_STARTED" });
  await expect(start).rejects.toThrow(message);
});

test("the global set-up of a test runner starts a daemon once, however many ask at once, tells the workers, and ends it; with an address it starts none", async () => {
  const before = { ...process.env };
  try {
    delete process.env["HANGUP_ADDRESS"];
    const [starts, counted] = [join(folder, "starts"), join(folder, "counted.sh")];
    writeFileSync(counted, `echo >>${starts}\nexec ${hangup} "$@"\n`);
    process.env["HANGUP_COMMAND"] = `/no/such/hangup`;
    await expect(setup()).rejects.toMatchObject({ reason: "DAEMON_NOT_STARTED" });
    process.env["HANGUP_COMMAND"] = `sh ${counted}`;
    const [teardown] = await Promise.all([setup(), setup()]);
    expect(readFileSync(starts, "utf8")).toBe("\n");
    const address = process.env["HANGUP_ADDRESS"] ?? "";
    expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
    await setup();
    expect(process.env["HANGUP_ADDRESS"]).toBe(address);
    await inTime(teardown(), () => "the daemon is not gone");
    expect(process.env["HANGUP_ADDRESS"]).toBeUndefined();

    Object.assign(process.env, { HANGUP_ADDRESS: "127.0.0.1:1", HANGUP_COMMAND: "false" });
    await setup();
    await globalTeardown();
    expect(process.env["HANGUP_ADDRESS"]).toBe("127.0.0.1:1");
  } finally {
    for (const name of ["HANGUP_ADDRESS", "HANGUP_COMMAND"]) {
      delete process.env[name];
      if (before[name] !== undefined) process.env[name] = before[name];
    }
  }
});
