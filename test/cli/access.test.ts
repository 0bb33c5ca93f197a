import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { probeIsolated } from "../../src/cli/isolated.js";
import { certificateObstacle, Certificates } from "../support/certificates.js";
import { hangup, linesOf, scratchDirectory, serve } from "../support/cli.js";

const token = "0123456789abcdef0123456789abcdef";

let directory: Awaited<ReturnType<typeof scratchDirectory>>;
let tokenFile: string;

beforeAll(async () => {
  directory = await scratchDirectory();
  tokenFile = join(directory.path, "token");
  writeFileSync(tokenFile, `${token}\n`);
});
afterAll(async () => directory[Symbol.asyncDispose]());

/** The one line of a refusal. */
async function refusal(args: readonly string[], env?: Record<string, string>) {
  const { code, stdout, stderr } = await hangup(args, env);
  expect(stdout).toBe("");
  const [line, ...more] = linesOf(stderr);
  expect(more).toEqual([]);
  return { code, line };
}

describe("a token", () => {
  test("is taken from --token-file, HANGUP_TOKEN_FILE or HANGUP_TOKEN, by verbs that stream too", async () => {
    await using served = await serve("--token-file", tokenFile);
    const { address } = served;
    const asked = await hangup(["listen", "a", "--address", address, "--token-file", tokenFile]);
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringMatching(/^127\.0\.0\.1:\d+\n$/) });
    const listed = await hangup(["listeners", "--json"], { HANGUP_ADDRESS: address, HANGUP_TOKEN_FILE: tokenFile });
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('"a"') });
    const watched = await hangup(["watch", "--after-sequence", "0", "--max-events", "1"], {
      HANGUP_ADDRESS: address,
      HANGUP_TOKEN: token,
    });
    expect(watched).toMatchObject({ code: 0, stdout: expect.stringContaining("listener_created") });
  });

  test("that is missing or wrong is one line that says where it is taken from", async () => {
    await using served = await serve("--token-file", tokenFile);
    const { address } = served;
    expect(await refusal(["info", "--address", address])).toEqual({
      code: 1,
      line: expect.stringMatching(/^hangup: .*HANGUP_TOKEN or --token-file.* \(TOKEN_MISSING\)$/),
    });
    expect(await refusal(["info", "--address", address], { HANGUP_TOKEN: `${token}0` })).toEqual({
      code: 1,
      line: expect.stringMatching(/^hangup: .* \(TOKEN_WRONG\)$/),
    });
    expect(await refusal(["info", "--address", address], { HANGUP_TOKEN: "two words" })).toEqual({
      code: 2,
      line: "hangup: HANGUP_TOKEN: a token is one word of ASCII characters (USAGE)",
    });
    expect(await refusal(["info", "--address", address, "--token-file", "/nowhere"])).toEqual({
      code: 1,
      line: "hangup: --token-file /nowhere cannot be read (ENOENT) (TOKEN_FILE)",
    });
  });

  test("lets a daemon listen where others reach it", async () => {
    await using served = await serve("--listen", "0.0.0.0:0", "--token-file", tokenFile);
    const { code } = await hangup(["info", "--address", served.address, "--token-file", tokenFile]);
    expect(code).toBe(0);
  });

  test("of `hangup run` its command has, and of another daemon's credentials nothing", async () => {
    const inner = [process.execPath, "-e", "console.log(JSON.stringify(process.env))"];
    const stale = {
      HANGUP_TOKEN: "stale",
      HANGUP_TLS_CA: "/stale",
      HANGUP_TLS_CERT: "/stale",
      HANGUP_TLS_KEY: "/stale",
    };
    const ran = await hangup(["run", "--token-file", tokenFile, "--", ...inner], stale);
    const env: Record<string, string> = JSON.parse(ran.stdout);
    expect(Object.keys(env).filter((name) => /^HANGUP_(TOKEN|TLS)/.test(name))).toEqual(["HANGUP_TOKEN_FILE"]);
    expect(env["HANGUP_TOKEN_FILE"]).toBe(tokenFile);
  });

  test("of `hangup run` is all that its command needs to call the daemon", async () => {
    const command = [process.execPath, join(__dirname, "../../bin/hangup.cjs"), "info", "--json"];
    const ran = await hangup(["run", "--token-file", tokenFile, "--", ...command]);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(ran.stdout)).toMatchObject({ apiVersion: "hangup.v1" });
  });
});

const obstacle = certificateObstacle();
const withCertificates = obstacle === undefined || process.env["CI"] === "true" ? test : test.skip;
const because = obstacle === undefined ? "" : ` (not run: ${obstacle})`;

withCertificates(`with certificates of a CA verbs talk to a daemon that wants them${because}`, async () => {
  using files = new Certificates();
  const { daemon, client, ca, stranger } = files;
  const tls = ["--tls-cert", daemon.cert, "--tls-key", daemon.key, "--tls-client-ca", ca.cert];
  await using served = await serve("--listen", "0.0.0.0:0", ...tls);
  const { address } = served;
  const mine = { HANGUP_TLS_CA: ca.cert, HANGUP_TLS_CERT: client.cert, HANGUP_TLS_KEY: client.key };
  expect(await hangup(["info", "--address", address], mine)).toMatchObject({ code: 0, stderr: "" });
  const options = ["--tls-ca", ca.cert, "--tls-cert", client.cert, "--tls-key", client.key];
  expect(await hangup(["sessions", "--address", address, ...options])).toMatchObject({ code: 0, stderr: "" });
  await using local = await serve("--listen", `unix:${join(files.folder, "api.sock")}`, ...tls);
  expect(await hangup(["info", "--address", local.address], mine)).toMatchObject({ code: 0, stderr: "" });
  await using six = await serve("--listen", "[::1]:0", ...tls);
  expect(await refusal(["info", "--address", six.address], mine)).toMatchObject({
    code: 1,
    line: expect.stringContaining("its certificate is not for ::1"),
  });
  const theirs = { ...mine, HANGUP_TLS_CERT: stranger.cert, HANGUP_TLS_KEY: stranger.key };
  for (const env of [{}, { HANGUP_TLS_CA: ca.cert }, theirs]) {
    expect(await refusal(["info", "--address", address], env)).toMatchObject({
      code: 1,
      line: expect.stringMatching(/^hangup: the daemon at .* cannot be reached: .* \((UNAVAILABLE|E[A-Z]+)\)$/),
    });
  }
  expect(await refusal(["info", "--address", address, "--tls-cert", client.cert])).toMatchObject({
    code: 2,
    line: expect.stringContaining("--tls-cert and --tls-key go together"),
  });
});

test("--allow-listen and --allow-dial are taken as often as wanted, and with commas", async () => {
  const ranges = ["--allow-listen", "10.0.0.0/8,0.0.0.0/0", "--allow-listen", "::/0"];
  await using served = await serve(...ranges, "--allow-dial", "10.0.0.0/8");
  expect(await served.verb("listen", "a", "--host", "::")).toMatch(/^\[::1\]:\d+\n$/);
  expect(await served.refused("dial", "192.0.2.1:9")).toMatchObject({
    code: 1,
    lines: [expect.stringMatching(/--allow-dial 192\.0\.2\.1 \(DIAL_NOT_ALLOWED\)$/)],
  });
});

test("`hangup run` takes --allow-listen too", async () => {
  const command = [process.execPath, join(__dirname, "../../bin/hangup.cjs"), "listen", "a", "--host", "0.0.0.0"];
  const refused = await hangup(["run", "--", ...command]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("(LISTEN_NOT_ALLOWED)") });
  const allowed = await hangup(["run", "--allow-listen", "0.0.0.0/0", "--", ...command]);
  expect(allowed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^127\.0\.0\.1:\d+\n$/) });
});

const isolation = probeIsolated();
const isolated = isolation.available || process.env["CI"] === "true" ? test : test.skip;

isolated(`isolated it takes them too${isolation.available ? "" : ` (not run: ${isolation.reason})`}`, async () => {
  const command = [process.execPath, join(__dirname, "../../bin/hangup.cjs"), "listen", "a", "--host", "0.0.0.0"];
  const access = ["--allow-listen", "0.0.0.0/0", "--token-file", tokenFile];
  const ran = await hangup(["run", "--isolated", ...access, "--", ...command]);
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^127\.0\.0\.1:\d+\n$/), stderr: "" });
});

test.each([
  [["--allow-listen", "10.0.0.0/99"], "ACCESS_OPTIONS"],
  [["--allow-unix", "tmp"], "ACCESS_OPTIONS"],
  [["--tls-cert", "a.pem"], "TLS_OPTIONS"],
  [["--token-file", "/nowhere"], "TOKEN_FILE"],
])("serve %j is refused in one line", async (options, reason) => {
  expect(await refusal(["serve", "--listen", "127.0.0.1:0", ...options])).toMatchObject({
    line: expect.stringContaining(`(${reason})`),
  });
});
