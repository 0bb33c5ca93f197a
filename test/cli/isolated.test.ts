import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { probeIsolated } from "../../src/cli/isolated.js";
import { commandFile } from "../support/cli.js";
import { nodeOnSource, unprivileged, unprivilegedObstacle } from "../support/unprivileged.js";

const availability = probeIsolated();
const isolated = availability.available || process.env["CI"] === "true" ? describe : describe.skip;
const because = availability.available ? "" : ` (not run: ${availability.reason})`;

const deadlineMs = 10_000;

interface Ran {
  child: ChildProcess;
  /** Resolves with the first line of stdout. */
  firstLine: Promise<string>;
  ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
}

function start(prefix: readonly string[], options: readonly string[], command: readonly string[]): Ran {
  const [file = "", ...args] = [...prefix, process.execPath, commandFile, "run", ...options, "--", ...command];
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const firstLine = new Promise<string>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      const end = stdout.indexOf("\n");
      if (end >= 0) resolve(stdout.slice(0, end));
    });
  });
  // "close" comes when nobody holds the output open any more: nobody of the command's is left then.
  const ended = once(child, "close", { signal: AbortSignal.timeout(deadlineMs) }).then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
    stdout,
    stderr,
  }));
  return { child, firstLine, ended };
}

const ran = async (...of: Parameters<typeof start>) => start(...of).ended;

/** The processes in a network namespace, as /proc shows it: `net:[4026531840]`. */
function processesIn(namespace: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/ns/net`) === namespace;
    } catch {
      return false;
    }
  });
}

/** A process lets go of its files, its output among them, a moment before it lets go of its namespaces. */
async function nothingIn(namespace: string): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (processesIn(namespace).length > 0) {
    if (performance.now() > deadline) throw new Error(`still in ${namespace}: ${processesIn(namespace).join(" ")}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const sayNamespace = "readlink /proc/self/ns/net; ";

const obstacle = unprivilegedObstacle();
const mustRun = process.env["CI"] === "true";
if (obstacle !== undefined && !mustRun)
  describe.skip(`by a user without any capability (not run: ${obstacle})`, () => {
    test("hangup run --isolated", () => undefined);
  });

isolated.each([
  ["root or whoever runs the tests", []],
  ...(obstacle === undefined || mustRun ? [["a user without any capability", unprivileged] as const] : []),
] as [string, readonly string[]][])(`hangup run --isolated by %s${because}`, (_who, prefix) => {
  test("has a loopback of its own, and the daemon on it", async () => {
    const script = `
      const { connect } = require("net");
      const interfaces = Object.keys(require("os").networkInterfaces());
      const port = Number(process.env.HANGUP_ADDRESS.split(":").at(-1));
      connect(port, "127.0.0.1").on("connect", function () {
        this.destroy();
        console.log(JSON.stringify(interfaces));
      });
    `;
    expect(await ran(prefix, ["--isolated"], [process.execPath, "-e", script])).toEqual({
      code: 0,
      signal: null,
      stdout: '["lo"]\n',
      stderr: "",
    });
  });

  test("lets the command be the user it was, with what that user may do", async () => {
    const asked = ["sh", "-c", "id -u; grep CapPrm /proc/self/status"];
    const { stdout } = await ran(prefix, ["--isolated"], asked);
    const isRoot = prefix.length === 0 && process.getuid?.() === 0;
    const uid = prefix.length > 0 ? "65534" : String(process.getuid?.());
    expect(stdout.split("\n")[0]).toBe(uid);
    if (!isRoot) expect(stdout).toContain("CapPrm:\t0000000000000000");
    const privileged = await ran(prefix, ["--isolated", "--privileged"], asked);
    expect(privileged.stdout.split("\n")[0]).toBe(uid);
    expect(privileged.stdout).not.toContain("CapPrm:\t0000000000000000");
  });

  test("lets what runs there capture packets", async () => {
    const script = `
      const { startPacketCapture } = require("./src/kernel/packet-capture.ts");
      const { connect } = require("net");
      const capture = startPacketCapture({ ports: [9] });
      connect(9, "127.0.0.1").on("error", ({ code }) => {
        console.log(JSON.stringify([code, ...capture.drain().map(({ flags }) => flags)]));
        capture.close();
      });
    `;
    const { stdout, stderr } = await ran(prefix, ["--isolated", "--privileged"], nodeOnSource(script));
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual(["ECONNREFUSED", "S", "R."]);
  });

  test("passes on the exit code, and the signal that ended the command as 128 and its number", async () => {
    expect(await ran(prefix, ["--isolated"], ["sh", "-c", "exit 7"])).toMatchObject({ code: 7 });
    expect(await ran(prefix, ["--isolated"], ["sh", "-c", "kill -KILL $$"])).toMatchObject({ code: 137 });
  });

  test("passes on SIGTERM to the command", async () => {
    const command = ["sh", "-c", `trap 'kill $!; exit 5' TERM; sleep 60 & echo ready; wait`];
    const run = start(prefix, ["--isolated"], command);
    await run.firstLine;
    run.child.kill("SIGTERM");
    expect(await run.ended).toMatchObject({ code: 5 });
  });

  test("ends what the command left running, also in a session of its own", async () => {
    const { code, stdout } = await ran(
      prefix,
      ["--isolated"],
      ["sh", "-c", `${sayNamespace} setsid sleep 60 & exit 3`],
    );
    expect(code).toBe(3);
    expect(stdout).toMatch(/^net:/);
    await nothingIn(stdout.trim());
  });

  test("leaves nothing behind when it is ended by SIGKILL", async () => {
    const command = ["sh", "-c", `setsid sleep 60 & ${sayNamespace} sleep 60`];
    const run = start(prefix, ["--isolated"], command);
    const namespace = await run.firstLine;
    expect(processesIn(namespace).length).toBeGreaterThanOrEqual(3);
    run.child.kill("SIGKILL");
    expect(await run.ended).toMatchObject({ signal: "SIGKILL" });
    await nothingIn(namespace);
  });

  test("leaves nothing behind when the process inside is ended by SIGKILL", async () => {
    const command = ["sh", "-c", `setsid sleep 60 & ${sayNamespace} sleep 60`];
    const run = start(prefix, ["--isolated"], command);
    const namespace = await run.firstLine;
    const inside = processesIn(namespace).find((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--inside"),
    );
    process.kill(Number(inside), "SIGKILL");
    expect(await run.ended).toMatchObject({ code: 137 });
    await nothingIn(namespace);
  });
});

describe("hangup run --isolated where it cannot be had", () => {
  test("is one line and exit code 69: no unshare command", async () => {
    const { code, stdout, stderr } = await ran(["env", "PATH=/nonexistent"], ["--isolated"], ["/bin/true"]);
    expect({ code, stdout }).toEqual({ code: 69, stdout: "" });
    expect(stderr).toMatch(/^hangup: --isolated: the unshare command cannot be run .*\n$/);
  });

  const testNested = availability.available ? test : test.skip;

  testNested(`is one line and exit code 69: user namespaces forbidden${because}`, async () => {
    const forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
    const { code, stderr } = await ran(["unshare", "-Ur", "sh", "-c", forbid, "sh"], ["--isolated"], ["/bin/true"]);
    expect(code).toBe(69);
    expect(stderr).toBe(
      "hangup: --isolated: unprivileged user namespaces are forbidden by user.max_user_namespaces=0 (ISOLATION_UNAVAILABLE)\n",
    );
  });

  test("by hand there is no inside", async () => {
    const { code, stderr } = await ran([], ["--inside"], ["/bin/true"]);
    expect(code).toBe(2);
    expect(stderr).toBe("hangup: --inside is for `hangup run --isolated` alone (USAGE)\n");
  });
});
