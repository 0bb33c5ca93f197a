import { type Judge, startJudge } from "../support/judge.js";
import { commandFile, hangup, linesOf, portOf, type Running, start } from "../support/cli.js";

let judge: Judge;
beforeAll(async () => {
  judge = await startJudge();
});
afterAll(async () => judge.stop());

/** A command that is a program in JavaScript. */
function script(source: string): string[] {
  return [process.execPath, "-e", source];
}

/** A command that tells its daemon's address, then each signal that it gets, and ends with 5 when its input does. */
const listensToSignals = script(`
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) process.on(signal, () => console.log(signal));
  process.stdin.on("end", () => process.exit(5)).resume();
  console.log(process.env.HANGUP_ADDRESS);
`);

async function refuses(address: string): Promise<void> {
  const attempt = await judge.tryConnect({ host: "127.0.0.1", port: portOf(address) });
  expect(attempt).toMatchObject({ ok: false, errno: "ECONNREFUSED" });
}

describe("hangup run", () => {
  test("the command finds a daemon at HANGUP_ADDRESS, and it is gone afterwards", async () => {
    const verbs = [
      ["listen", "echo"],
      ["info", "--json"],
      ["sessions", "--json"],
    ];
    const { code, stdout, stderr } = await hangup([
      "run",
      "--",
      ...script(`
        const { execFileSync } = require("node:child_process");
        for (const verb of ${JSON.stringify(verbs)}) {
          process.stdout.write(execFileSync(process.execPath, [${JSON.stringify(commandFile)}, ...verb]));
        }
        console.log(process.env.HANGUP_ADDRESS);
      `),
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [echo = "", info = "", sessions = "", address = ""] = linesOf(stdout);
    expect(JSON.parse(info)).toMatchObject({ address, apiVersion: "hangup.v1" });
    expect(JSON.parse(sessions)).toEqual({ sessions: [] });
    await refuses(address);
    await refuses(echo);
  });

  test("two runs at once have a daemon each, whatever HANGUP_ADDRESS was", async () => {
    await using one = start(["run", "--", ...listensToSignals], { HANGUP_ADDRESS: "127.0.0.1:1" });
    await using other = start(["run", "--", ...listensToSignals], { HANGUP_ADDRESS: "127.0.0.1:1" });
    const addresses = new Set([await one.line(), await other.line(), "127.0.0.1:1"]);
    expect(addresses.size).toBe(3);
  });

  test.each([0, 1, 7, 255])("exit code %i of the command is its own", async (code) => {
    const exit = await hangup(["run", "--", ...script(`process.exit(${code})`)]);
    expect(exit).toEqual({ code, signal: null, stdout: "", stderr: "" });
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGKILL", 137],
    ["SIGINT", 130],
  ])("a command that dies by %s makes it exit with %i", async (signal, code) => {
    const exit = await hangup([
      "run",
      "--",
      ...script(`process.kill(process.pid, "${signal}"); setTimeout(() => {}, 10000)`),
    ]);
    expect(exit).toEqual({ code, signal: null, stdout: "", stderr: "" });
  });

  test("a command that is not there is 127 and one line", async () => {
    const { code, stdout, stderr } = await hangup(["run", "--", "no-such-command-of-hangup", "--help"]);
    expect({ code, stdout }).toEqual({ code: 127, stdout: "" });
    expect(linesOf(stderr)).toEqual(["hangup: no-such-command-of-hangup: no such command (ENOENT)"]);
  });

  test("a command that cannot be executed is 126 and one line", async () => {
    const { code, stdout, stderr } = await hangup(["run", "--", __dirname]);
    expect({ code, stdout }).toEqual({ code: 126, stdout: "" });
    expect(linesOf(stderr)).toEqual([`hangup: ${__dirname}: cannot be executed (EACCES)`]);
  });

  test("options behind the command are the command's own, with and without --", async () => {
    const echoArguments = script("console.log(JSON.stringify(process.argv.slice(1)))");
    for (const dashes of [[], ["--"]]) {
      const { code, stdout } = await hangup(["run", ...dashes, ...echoArguments, "--", "--help", "--log-level", "x"]);
      expect({ code, said: JSON.parse(stdout) }).toEqual({ code: 0, said: ["--help", "--log-level", "x"] });
    }
  });

  test("standard input, output and error are the command's", async () => {
    await using running = start(["run", "--", ...script('process.stdin.pipe(process.stdout); console.error("aside")')]);
    running.write("through and through");
    running.endInput();
    expect(await running.exit()).toEqual({ code: 0, signal: null, stdout: "through and through", stderr: "aside\n" });
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)(
    "%s goes to the command once, which decides",
    async (signal) => {
      await using running = start(["run", "--", ...listensToSignals]);
      const address = await running.line();
      running.send(signal);
      expect(await running.line()).toBe(signal);
      // The daemon is there for as long as the command is.
      const peer = await judge.connect({ host: "127.0.0.1", port: portOf(address) });
      await peer.close();
      running.endInput();
      expect(await running.exit()).toEqual({ code: 5, signal: null, stdout: `${address}\n${signal}\n`, stderr: "" });
      await refuses(address);
    },
  );

  test("SIGKILL of it leaves no daemon behind", async () => {
    await using running: Running = start(["run", "--", ...listensToSignals]);
    const address = await running.line();
    running.send("SIGKILL");
    await running.died();
    await refuses(address);
    // The command outlives it, and is ended here by the end of its input.
    running.endInput();
    await running.exit();
  });

  test("a session that the command leaves open is reset", async () => {
    await using running = start(["run", "--", ...listensToSignals]);
    const address = await running.line();
    const echo = await hangup(["listen", "echo", "--address", address]);
    const peer = await judge.connect({ host: "127.0.0.1", port: portOf(echo.stdout.trim()) });
    await peer.sendAll({ text: "ping" });
    expect((await peer.recvAll({ max: 4 })).data.toString()).toBe("ping");
    running.endInput();
    expect(await running.exit()).toMatchObject({ code: 5, stderr: "" });
    expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
    await peer.close();
  });

  test("without a command it is wrong usage: 2 and one line", async () => {
    const { code, stdout, stderr } = await hangup(["run"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^hangup: .* \(USAGE\)$/)]);
  });
});
