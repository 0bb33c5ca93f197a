import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { connected } from "./connected.js";
import { linesOf, portOf, scratchDirectory, serve, start } from "../support/cli.js";
import { type Judge, startJudge } from "../support/judge.js";
import { Scrape } from "../support/metrics.js";

let judge: Judge;
beforeAll(async () => {
  judge = await startJudge();
});
afterAll(async () => judge.stop());

const preload = (name: string) => ({ NODE_OPTIONS: `--require ${resolve(__dirname, "../support/preloads", name)}` });

/** Lines of the log, without what differs from run to run. */
function logOf(stderr: string): Record<string, unknown>[] {
  return linesOf(stderr).map((line) => {
    const { time, pid, ...rest } = JSON.parse(line) as Record<string, unknown>;
    expect([typeof time, typeof pid]).toEqual(["number", "number"]);
    return rest;
  });
}

describe("the log at debug", () => {
  test("has a line for each life and each call, with scope, listener and session where they apply", async () => {
    await using served = await serve("--log-level", "debug");
    const peer = await connected(judge, served, "echo");
    await served.verb("reset", "echo/1");
    expect((await peer.recv()).end).toBe("ECONNRESET");
    await served.verb("delete", "echo");
    served.running.send("SIGTERM");
    const log = logOf((await served.running.exit()).stderr);

    const events = log.filter(({ event }) => event !== undefined);
    expect(events.map(({ event, scope, listener, session }) => ({ event, scope, listener, session }))).toEqual([
      { event: "listener_created", scope: "default", listener: "echo", session: undefined },
      { event: "session_opened", scope: "default", listener: "echo", session: "echo/1" },
      { event: "session_ended", scope: "default", listener: "echo", session: "echo/1" },
      { event: "listener_deleted", scope: "default", listener: "echo", session: undefined },
    ]);
    expect(events[2]).toMatchObject({
      level: 20,
      msg: "session ended",
      localEnd: { kind: "RST", cause: { kind: "COMMAND", rpc: "ResetSession", action: "reset" } },
      peerEnd: { kind: "NONE" },
    });

    const calls = log.filter(({ msg }) => msg === "call");
    expect(calls).toContainEqual({
      level: 20,
      msg: "call",
      path: "/hangup.v1.SessionService/ResetSession",
      scope: "default",
      session: "echo/1",
      code: "OK",
      ms: expect.any(Number),
    });
    await peer.close();
  });

  test("tells why a call was refused", async () => {
    await using served = await serve("--log-level", "debug");
    await served.refused("reset", "nobody/1");
    served.running.send("SIGTERM");
    const log = logOf((await served.running.exit()).stderr);
    expect(log).toContainEqual(
      expect.objectContaining({ session: "nobody/1", code: "NOT_FOUND", reason: "UNKNOWN_SESSION" }),
    );
  });
});

describe("the log at warn", () => {
  test("tells of connections that a bound refuses, the first at once and the rest by their number", async () => {
    await using served = await serve("--log-level", "warn", "--max-sessions", "1");
    const port = portOf((await served.verb("listen", "echo")).trim());
    const first = await judge.connect({ host: "127.0.0.1", port });
    for (let i = 0; i < 5; i++) {
      const refused = await judge.connect({ host: "127.0.0.1", port });
      expect((await refused.recv()).end).toBe("ECONNRESET");
      await refused.close();
    }
    served.running.send("SIGTERM");
    const log = logOf((await served.running.exit()).stderr);
    expect(log[0]).toMatchObject({
      level: 40,
      event: "accept_failed",
      scope: "default",
      listener: "echo",
      reason: "TOO_MANY_SESSIONS",
    });
    const refused = log.filter(({ event }) => event === "accept_failed");
    expect(refused.map(({ times = 1 }) => Number(times)).reduce((sum, times) => sum + times)).toBe(5);
    await first.close();
  });

  test("tells of a call that a bound refused", async () => {
    await using served = await serve("--log-level", "warn", "--max-listeners", "1");
    await served.verb("listen", "one");
    await served.refused("listen", "two");
    served.running.send("SIGTERM");
    expect(logOf((await served.running.exit()).stderr)).toEqual([
      {
        level: 40,
        path: "/hangup.v1.ListenerService/CreateListener",
        code: "RESOURCE_EXHAUSTED",
        reason: "TOO_MANY_LISTENERS",
        scope: "default",
        listener: "two",
        msg: expect.stringMatching(/^refused by a bound: .*--max-listeners$/),
      },
    ]);
  });

  test("tells of callers without the token, by their number", async () => {
    await using directory = await scratchDirectory();
    const tokenFile = join(directory.path, "token");
    await writeFile(tokenFile, "0123456789abcdef0123456789abcdef");
    await using served = await serve("--log-level", "warn", "--token-file", tokenFile, "--metrics", "127.0.0.1:0");
    for (let i = 0; i < 3; i++) await served.refused("info");
    const { metrics } = served.ready as unknown as { metrics: string };
    expect((await Scrape.of(metrics)).all("hangup_rpc_duration_seconds_count")).toEqual({
      'hangup_rpc_duration_seconds_count{service="hangup.v1.DaemonService",method="GetInfo",code="UNAUTHENTICATED"}': 3,
    });
    served.running.send("SIGTERM");
    const log = logOf((await served.running.exit()).stderr);
    expect(log[0]).toEqual({
      level: 40,
      path: "/hangup.v1.DaemonService/GetInfo",
      code: "UNAUTHENTICATED",
      reason: "TOKEN_MISSING",
      msg: "refused by authentication: the caller has not the token",
    });
    expect(log.map(({ times = 1 }) => Number(times)).reduce((sum, times) => sum + times)).toBe(3);
  });
});

describe("a bug that nobody caught", () => {
  test.each([
    ["SIGUSR2", "uncaughtException", "a bug on purpose"],
    ["SIGHUP", "unhandledRejection", "a rejection on purpose"],
  ] as const)("(%s) is one fatal line, exit code 70, and no ready file", async (signal, origin, message) => {
    await using directory = await scratchDirectory();
    const readyFile = join(directory.path, "ready.json");
    const args = ["serve", "--listen", "127.0.0.1:0", "--log-level", "error", "--ready-file", readyFile];
    await using running = start(args, preload("bug-on-signal.cjs"));
    await running.line();
    expect(existsSync(readyFile)).toBe(true);
    running.send(signal);
    const { code, stderr } = await running.exit();
    expect(code).toBe(70);
    expect(logOf(stderr)).toEqual([
      {
        level: 60,
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        origin,
        err: expect.objectContaining({ type: "TypeError", message, stack: expect.stringContaining("bug-on-signal") }),
        msg: "a bug in the daemon: it ends",
      },
    ]);
    expect(existsSync(readyFile)).toBe(false);
  });
});

describe("what was not asked for", () => {
  const loaded = async (...args: string[]) => {
    const all = ["serve", "--listen", "127.0.0.1:0", "--log-level", "error", ...args];
    await using running = start(all, preload("loaded-modules.cjs"));
    await running.line();
    running.send("SIGTERM");
    const { code, stderr } = await running.exit();
    expect(code).toBe(0);
    const files = JSON.parse(stderr) as string[];
    return ["metrics.cjs", "tracing.cjs"].filter((part) => files.some((file) => file.endsWith(`/dist/${part}`)));
  };

  test("is not loaded", async () => {
    expect(await loaded()).toEqual([]);
    expect(await loaded("--metrics", "127.0.0.1:0")).toEqual(["metrics.cjs"]);
    expect(await loaded("--otlp-endpoint", "http://127.0.0.1:1")).toEqual(["tracing.cjs"]);
  });
});
