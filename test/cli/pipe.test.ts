import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { createServer } from "nice-grpc";
import { type ControlRequest, ControlServiceDefinition } from "../../src/gen/hangup/v1/control.js";
import { DaemonServiceDefinition } from "../../src/gen/hangup/v1/daemon.js";
import { type Running, serve, start } from "../support/cli.js";
import { type Judge, startJudge } from "../support/judge.js";

type Line = Record<string, never>;

/** A pipe, and what it prints. */
class Piped implements AsyncDisposable {
  private readonly waiting: Line[] = [];

  constructor(readonly running: Running) {}

  write(...lines: readonly unknown[]): void {
    for (const line of lines) this.running.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
  }

  /** The next line that has all of this; those before it wait for whoever asks for them. */
  async line(part: Record<string, unknown>): Promise<Line> {
    const fits = (line: Line) => Object.entries(part).every(([name, value]) => (line[name] as unknown) === value);
    const at = this.waiting.findIndex(fits);
    if (at >= 0) return this.waiting.splice(at, 1)[0]!;
    for (;;) {
      const line = JSON.parse(await this.running.line()) as Line;
      if (fits(line)) return line;
      this.waiting.push(line);
    }
  }

  /** The reply to a call. */
  async ask(id: number, name: string, request: object): Promise<Line> {
    this.write({ id, [name]: request });
    return this.line({ id: String(id) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running[Symbol.asyncDispose]();
  }
}

let judge: Judge;
beforeAll(async () => (judge = await startJudge()));
afterAll(async () => judge.stop());

async function pipe(...args: string[]): Promise<{ piped: Piped; address: string }> {
  const running = start(["pipe", ...args]);
  const ready = JSON.parse(await running.line()) as { ready: { address: string; pid: number; apiVersion: string } };
  expect(ready.ready).toMatchObject({ pid: running.pid, apiVersion: "hangup.v1" });
  return { piped: new Piped(running), address: ready.ready.address };
}

test("without an address it is a daemon of its own, whose session it resets", async () => {
  const { piped } = await pipe();
  await using _ = piped;
  const { createListener } = await piped.ask(1, "createListener", { name: "echo" });
  const { listener } = createListener as unknown as { listener: { host: string; port: number } };
  const waiting = piped.ask(2, "waitSession", { session: "echo/1", timeout: "5s" });
  const peer = await judge.connect(listener);
  expect(await waiting).toMatchObject({ waitSession: { session: { name: "echo/1", state: "ESTABLISHED" } } });
  expect(await piped.ask(2, "resetSession", { session: "echo/1" })).toMatchObject({
    resetSession: { receipt: { localEnd: { kind: "RST", cause: { rpc: "ResetSession" } }, final: true } },
  });
  expect((await peer.recv()).end).toBe("ECONNRESET");
  piped.running.endInput();
  expect(await piped.running.exit()).toMatchObject({ code: 0, stderr: "" });
});

test.each([
  ["empty", ""],
  ["blank", "  "],
])("an address that is %s is none", async (_what, none) => {
  const { piped } = await pipe("--address", none);
  await using _ = piped;
  expect(await piped.ask(1, "getInfo", {})).toMatchObject({ getInfo: { pid: piped.running.pid } });
});

test("with an address it is that daemon, and leaves it there", async () => {
  await using served = await serve();
  // As a variable may have it.
  const { piped, address } = await pipe("--address", ` ${served.ready.address}\t`);
  await using _ = piped;
  expect(address).toBe(served.ready.address);
  await piped.ask(1, "createListener", { name: "left" });
  piped.running.endInput();
  expect(await piped.running.exit()).toMatchObject({ code: 0 });
  expect(await served.verb("listeners")).toContain("left");
});

test("an error has the name of its code, its reason and its details", async () => {
  const { piped } = await pipe();
  await using _ = piped;
  const { error } = await piped.ask(1, "getSession", { session: "nobody/1" });
  expect(error).toMatchObject({ code: "NOT_FOUND", reason: "UNKNOWN_SESSION" });
  expect((error as unknown as { details: object[] }).details).toContainEqual({
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    reason: "UNKNOWN_SESSION",
    domain: "hangup.v1",
  });
});

test("a wait holds up nothing behind it, and can be given up", async () => {
  const { piped } = await pipe();
  await using _ = piped;
  piped.write({ id: 1, waitSession: { session: "nobody/1", timeout: "60s" } });
  expect(await piped.ask(2, "listListeners", {})).toMatchObject({ listListeners: {} });
  piped.write({ id: 1, cancel: {} });
  expect(await piped.line({ id: "1" })).toMatchObject({ error: { code: "CANCELLED" } });
});

test("events come as lines until the stream is given up", async () => {
  const { piped } = await pipe();
  await using _ = piped;
  expect(await piped.ask(7, "streamEvents", { kinds: ["LISTENER_CREATED"] })).toMatchObject({
    streamEvents: { events: [{ subscribed: {} }] },
  });
  await piped.ask(8, "createListener", { name: "echo" });
  expect(await piped.line({ id: "7" })).toMatchObject({
    streamEvents: { events: [{ listener: "echo", listenerCreated: { listener: { name: "echo" } } }] },
  });
  piped.write({ id: 7, cancel: {} });
  expect(await piped.line({ id: "7" })).toEqual({ id: "7", end: {} });
});

test("events that came together are a line each", async () => {
  const { piped } = await pipe();
  await using _ = piped;
  await piped.ask(1, "createListener", { name: "one" });
  await piped.ask(2, "createListener", { name: "two" });
  piped.write({ id: 3, streamEvents: { afterSequence: "0", kinds: ["LISTENER_CREATED"], maxEvents: 2 } });
  expect(await piped.line({ id: "3" })).toMatchObject({ streamEvents: { events: [{ subscribed: {} }] } });
  for (const listener of ["one", "two"]) {
    expect((await piped.line({ id: "3" }))["streamEvents"]).toMatchObject({ events: [{ listener }] });
  }
  expect(await piped.line({ id: "3" })).toEqual({ id: "3", end: {} });
});

test("the end of a scope says which steps never fired", async () => {
  const { piped } = await pipe();
  await using _ = piped;
  const plans = [{ steps: [{ trigger: { bytesReceived: "1" }, action: { reset: {} } }] }];
  for (const [id, scope] of [
    [1, "unmet"],
    [2, "empty"],
  ] as const) {
    piped.write({ id, holdScope: { scope } });
    await piped.line({ id: String(id) });
  }
  const { createListener } = await piped.ask(3, "createListener", { scope: "unmet", name: "echo", plans });
  await judge.connect((createListener as unknown as { listener: { host: string; port: number } }).listener);
  await piped.ask(4, "waitSession", { scope: "unmet", session: "echo/1" });
  await piped.ask(5, "createListener", { scope: "empty", name: "echo", plans });
  expect(await piped.ask(6, "deleteScope", { scope: "unmet" })).toMatchObject({
    neverFired: ["echo, plan 1, step 1: on 1 of 1 connections"],
  });
  expect(await piped.ask(7, "deleteScope", { scope: "empty" })).toMatchObject({
    neverFired: ["echo, plan 1: it had no connection"],
  });
});

test("with a process to end with it ends with that, whoever holds its input", async () => {
  const other = spawn("sleep", ["60"]);
  const { piped } = await pipe("--exit-with-process", String(other.pid));
  await using _ = piped;
  await piped.ask(1, "getInfo", {});
  other.kill("SIGKILL");
  expect(await piped.running.exit()).toMatchObject({ code: 0, stderr: "" });
});

test("a scope is held as long as the pipe lives, also when that dies by SIGKILL", async () => {
  await using served = await serve();
  const { piped } = await pipe("--address", served.ready.address);
  await using _ = piped;
  await piped.ask(1, "holdScope", { scope: "mine" });
  expect(await served.verb("scope", "list")).toContain("mine");
  const ended = served.verb(
    "watch",
    "--scope",
    "-",
    "--max-events",
    "1",
    "--kinds",
    "scope_ended",
    "--after-sequence",
    "0",
  );
  piped.running.send("SIGKILL");
  expect(await ended).toContain("mine");
});

test("a stream that is refused ends with its error", async () => {
  const { piped } = await pipe();
  await using _ = piped;
  expect(await piped.ask(1, "holdScope", { scope: "default" })).toMatchObject({
    error: { code: "INVALID_ARGUMENT", reason: "DEFAULT_SCOPE" },
  });
});

test.each([
  ["nonsense", /no JSON/],
  ["[1]", /no JSON object/],
  ['{"id":1}', /one request/],
  ['{"id":1,"getInfo":{},"listListeners":{}}', /one request/],
  ['{"getInfo":{}}', /^id: /],
  ['{"id":-1,"getInfo":{}}', /^id: /],
  ['{"id":1,"getNothing":{}}', /getNothing/],
  ['{"id":1,"createListener":{"nme":"echo"}}', /nme/],
  ['{"id":1,"waitSession":{"timeout":"soon"}}', /soon|timeout/i],
])("%s is told by its line, and the next one is done", async (line, message) => {
  const { piped } = await pipe();
  await using _ = piped;
  piped.write("", line, { id: 9, getInfo: {} });
  expect(await piped.line({ line: 2 })).toMatchObject({
    error: { code: "INVALID_ARGUMENT", reason: "INVALID_LINE", message: expect.stringMatching(message) },
  });
  expect(await piped.line({ id: "9" })).toMatchObject({ getInfo: { apiVersion: "hangup.v1" } });
});

test("an id in use is told by its line, and its call goes on", async () => {
  const { piped } = await pipe();
  await using _ = piped;
  piped.write({ id: 1, waitSession: { session: "nobody/1", timeout: "0.2s" } }, { id: 1, getInfo: {} });
  expect(await piped.line({ line: 2 })).toMatchObject({ error: { reason: "INVALID_LINE" } });
  expect(await piped.line({ id: "1" })).toMatchObject({ error: { reason: "WAIT_TIMEOUT" } });
});

test("at the end of its input a call gets a second, and no more", async () => {
  const { piped } = await pipe();
  await using _ = piped;
  piped.write({ id: 1, waitSession: { session: "nobody/1", timeout: "60s" } }, { id: 2, getInfo: {} });
  await piped.line({ id: "2" });
  piped.running.endInput();
  expect(await piped.running.exit()).toMatchObject({ code: 0, stderr: "" });
});

test("where nobody is, that is an error in place of the first line", async () => {
  await using running = start(["pipe", "--address", "127.0.0.1:1"]);
  const piped = new Piped(running);
  expect(await piped.line({})).toMatchObject({
    error: {
      code: "UNAVAILABLE",
      reason: "DAEMON_GONE",
      message: expect.stringContaining("no daemon at 127.0.0.1:1"),
      details: [{ reason: "DAEMON_GONE", metadata: { errno: "ECONNREFUSED" } }],
    },
  });
  expect(await piped.running.exit()).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("no daemon at 127.0.0.1:1"),
  });
});

test.each<[string, () => Server | Http2Server | undefined, string, string]>([
  ["a unix socket that is none", () => undefined, "DAEMON_GONE", "UNAVAILABLE"],
  ["a server that hangs up", () => createTcpServer((socket) => socket.destroy()), "DAEMON_GONE", "UNAVAILABLE"],
  ["a server that speaks HTTP/1.1", () => createHttpServer((_, reply) => reply.end()), "DAEMON_GONE", "UNAVAILABLE"],
  ["a server that knows no gRPC", () => createHttp2Server((_, reply) => reply.end()), "DAEMON_GONE", "UNAVAILABLE"],
  ["a server that says nothing", () => createTcpServer(() => {}), "NO_ANSWER", "DEADLINE_EXCEEDED"],
])(
  "%s is an error in place of the first line",
  async (_what, server, reason, code) => {
    const other = server()?.listen(0, "127.0.0.1");
    try {
      if (other !== undefined) await once(other, "listening");
      const port = (other?.address() as AddressInfo | undefined)?.port;
      await using running = start([
        "pipe",
        "--address",
        port === undefined ? "unix:/no/such/socket" : `127.0.0.1:${port}`,
      ]);
      // An answer is waited for as long as for an end here.
      expect(await running.exit().catch(() => running.exit())).toMatchObject({ code: 1 });
      expect(JSON.parse(await running.line())).toMatchObject({ error: { code, reason } });
    } finally {
      other?.close();
    }
  },
  30_000,
);

test.each([
  ["no port", { HANGUP_ADDRESS: "localhost" }],
  ["a port that is none", { HANGUP_ADDRESS: "127.0.0.1:99999" }],
  ["port 0", { HANGUP_ADDRESS: "127.0.0.1:0" }],
  ["no host", { HANGUP_ADDRESS: ":4264" }],
  ["a URL", { HANGUP_ADDRESS: "http://127.0.0.1:4264" }],
  ["no path", { HANGUP_ADDRESS: "unix:" }],
  ["a token of two words", { HANGUP_ADDRESS: "127.0.0.1:1", HANGUP_TOKEN: "two words" }],
  ["a token that is not ASCII", { HANGUP_ADDRESS: "127.0.0.1:1", HANGUP_TOKEN: "t\u00f6ken" }],
  ["a file of the token that is none", { HANGUP_ADDRESS: "127.0.0.1:1", HANGUP_TOKEN_FILE: "/no/such/file" }],
])("%s is an error in place of the first line", async (_what, env: Record<string, string>) => {
  await using running = start(["pipe"], env);
  const { code, stderr } = await running.exit();
  const { error } = JSON.parse(await running.line()) as { error: { message: string } };
  expect(error).toMatchObject({ code: "INVALID_ARGUMENT", reason: "INVALID_SETTING" });
  expect(stderr).toContain(error.message);
  expect(code).toBe("HANGUP_TOKEN_FILE" in env ? 1 : 2);
});

test("a blank file of the token is none", async () => {
  await using served = await serve();
  await using running = start(["pipe"], {
    HANGUP_ADDRESS: served.ready.address,
    HANGUP_TOKEN_FILE: " ",
    HANGUP_TOKEN: " ",
  });
  expect(JSON.parse(await running.line())).toMatchObject({ ready: { address: served.ready.address } });
});

test("a daemon that dies is the answer to all that is under way", async () => {
  await using served = await serve();
  const { piped } = await pipe("--address", served.ready.address);
  await using _ = piped;
  await piped.ask(1, "holdScope", { scope: "mine" });
  await piped.ask(2, "streamEvents", { scope: "mine" });
  piped.write({ id: 3, waitSession: { session: "nobody/1", timeout: "60s" } }, { id: 4, getInfo: {} });
  await piped.line({ id: "4" });
  served.running.send("SIGKILL");
  for (const id of ["1", "2", "3"]) {
    expect(await piped.line({ id })).toMatchObject({ error: { code: "UNAVAILABLE", reason: "DAEMON_GONE" } });
  }
  expect(await piped.running.exit()).toMatchObject({ code: 1 });
});

test("a daemon that stops before it has begun what came last is the answer to that", async () => {
  const server = createServer();
  server.add(DaemonServiceDefinition, { getInfo: async () => ({}), shutdown: async () => ({}) });
  server.add(ControlServiceDefinition, {
    // As a daemon that stops: the stream ends without an error, and without a reply to what it read last.
    async *control(requests: AsyncIterable<ControlRequest>) {
      for await (const { id } of requests) {
        if (id === 3n) return;
        if (id === 1n) yield { id, response: { $case: "listListeners" as const, value: {} } };
      }
    },
  });
  const port = await server.listen("127.0.0.1:0");
  try {
    const { piped } = await pipe("--address", `127.0.0.1:${port}`);
    await using _ = piped;
    expect(await piped.ask(1, "listListeners", {})).toMatchObject({ listListeners: {} });
    piped.write({ id: 2, listListeners: {} }, { id: 3, listListeners: {} });
    for (const id of ["2", "3"]) {
      expect(await piped.line({ id })).toMatchObject({
        error: { code: "FAILED_PRECONDITION", reason: "DAEMON_STOPPING" },
      });
    }
    expect(await piped.running.exit()).toMatchObject({ code: 1, stderr: expect.stringContaining("DAEMON_STOPPING") });
  } finally {
    server.forceShutdown();
  }
});

test("when its daemon goes away it says so and ends with 1", async () => {
  await using served = await serve();
  const { piped } = await pipe("--address", served.ready.address);
  await using _ = piped;
  await piped.ask(1, "getInfo", {});
  served.running.send("SIGTERM");
  expect(await piped.running.exit()).toMatchObject({ code: 1, stderr: expect.stringContaining("hangup: ") });
});
