import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { join } from "node:path";
import { cleanEnvironment, connectErrno, hangup, inTime, portOf, root, Workplace } from "./support/package.js";

// What is left of a test process that ended, in whatever way: nothing.

const open = `
  import { startHangup } from "hangup";
  import { createServer, connect } from "node:net";
  import { once } from "node:events";
  const fixture = await startHangup();
  const listener = await fixture.listen();
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
`;

/** What is left of a process is gone in 2 s; a busy machine gets more to show it, in ms. */
const goneMs = 10_000;

interface Started {
  readonly daemon: number;
  readonly port: number;
}

/** What becomes true in time; asked again and again, as no event tells of another process's end. */
async function becomes(isTrue: () => Promise<boolean>, what: string, withinMs: number): Promise<void> {
  const began = performance.now();
  while (!(await isTrue())) {
    if (performance.now() - began > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

/** A daemon at an address; port 0 is any. */
async function startAt(listen: string): Promise<{ address: string; kill(): Promise<void> }> {
  const args = [join(root, "bin/hangup.cjs"), "serve", "--listen", listen, "--exit-with-stdin"];
  const daemon = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "ignore"] });
  const over = once(daemon, "close");
  const [line] = (await inTime(once(daemon.stdout, "data"), () => "the daemon did not start")) as [Buffer];
  const kill = async () => {
    daemon.kill("SIGKILL");
    await over;
  };
  return { address: (JSON.parse(String(line)) as { address: string }).address, kill };
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const tells = `
  const { execFileSync } = await import("node:child_process");
  const info = [${JSON.stringify(join(root, "bin/hangup.cjs"))}, "info", "--json", "--address", fixture.daemonAddress];
  const daemon = JSON.parse(execFileSync(process.execPath, info, { encoding: "utf8" })).pid;
  console.log(JSON.stringify({ daemon, port: listener.port }));
`;

test("a process that was killed leaves no daemon and no listener", async () => {
  using workplace = new Workplace();
  const program = workplace.run(
    `${open} await fixture.dial(server); ${tells}`,
    cleanEnvironment({ HANGUP_COMMAND: hangup }),
  );
  const { daemon, port } = await program.line<Started>();
  expect(lives(daemon)).toBe(true);
  expect(await connectErrno(port)).toBeUndefined();

  program.kill();

  await becomes(async () => !lives(daemon), `daemon ${daemon} is gone`, goneMs);
  expect(await connectErrno(port)).toBe("ECONNREFUSED");
  expect(await program.over()).toBe("SIGKILL");
});

test("a process that was killed leaves no scope on a daemon that it was told of", async () => {
  using workplace = new Workplace();
  const { findDaemon } = await import("../src/daemon.js");
  const daemon = await findDaemon(cleanEnvironment({ HANGUP_COMMAND: hangup }));
  try {
    const env = cleanEnvironment({ HANGUP_ADDRESS: daemon.address });
    const program = workplace.run(`${open} console.log(JSON.stringify({ port: listener.port }));`, env);
    const { port } = await program.line<Started>();
    program.kill();
    await becomes(async () => (await connectErrno(port)) === "ECONNREFUSED", `listener ${port} is gone`, goneMs);
  } finally {
    await daemon.stop();
  }
});

test("a fixture that nobody closed keeps no process from its end, nor does the daemon, nor a stream of events", async () => {
  using workplace = new Workplace();
  const program = workplace.run(
    `${open} await fixture.events(); server.close(); ${tells}`,
    cleanEnvironment({ HANGUP_COMMAND: hangup }),
  );
  const { daemon } = await program.line<Started>();
  expect(await program.over()).toBe(0);
  await becomes(async () => !lives(daemon), `daemon ${daemon} is gone`, goneMs);
});

test("what is waited for keeps the process until it came, or did not", async () => {
  using workplace = new Workplace();
  const program = workplace.run(
    `${open} server.close();
    const events = await fixture.events();
    const errors = [];
    for (const wait of [() => listener.next({ timeoutMs: 200 }), () => events.next({ timeoutMs: 200 })]) {
      await wait().catch((error) => errors.push(error.reason));
    }
    console.log(JSON.stringify(errors));`,
    cleanEnvironment({ HANGUP_COMMAND: hangup }),
  );
  expect(await program.line()).toEqual(["WAIT_TIMEOUT", "WAIT_TIMEOUT"]);
  expect(await program.over()).toBe(0);
});

test("a process has one daemon, whatever asks for it first, and by import and require alike", async () => {
  using workplace = new Workplace();
  const program = workplace.run(
    `import { createRequire } from "node:module";
    import { startHangup } from "hangup";
    const { startHangup: required } = createRequire(import.meta.url)("hangup");
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? startHangup : required)()));
    const addresses = [...new Set(all.map(({ daemonAddress }) => daemonAddress))];
    await Promise.all(all.map((fixture) => fixture.close()));
    console.log(JSON.stringify(addresses));`,
    cleanEnvironment({ HANGUP_COMMAND: hangup }),
  );
  expect(await program.line()).toHaveLength(1);
  expect(await program.over()).toBe(0);
});

test("a token and a unix socket are what the environment says, and without the token the error says so", async () => {
  using workplace = new Workplace();
  const [file, socket] = [join(workplace.folder, "token"), join(workplace.folder, "s")];
  writeFileSync(file, "0123456789abcdef0123\n", { mode: 0o600 });
  const serve = ["serve", "--listen", `unix:${socket}`, "--token-file", file, "--exit-with-stdin"];
  const daemon = spawn(process.execPath, [join(root, "bin/hangup.cjs"), ...serve], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const over = once(daemon, "close");
  try {
    await inTime(once(daemon.stdout, "data"), () => "the daemon did not start");
    const ask = `import { startHangup } from "hangup";
      console.log(JSON.stringify(await startHangup().then((fixture) => fixture.close()).then(() => "ok", (thrown) => thrown.reason)));`;
    const said = async (env: Record<string, string>) => {
      const program = workplace.run(ask, cleanEnvironment({ HANGUP_ADDRESS: `unix:${socket}`, ...env }));
      return program.line();
    };
    expect(await said({ HANGUP_TOKEN_FILE: file })).toBe("ok");
    expect(await said({ HANGUP_TOKEN: "0123456789abcdef0123" })).toBe("ok");
    expect(await said({ HANGUP_TOKEN: "wrong-wrong-wrong-wrong" })).toBe("TOKEN_WRONG");
    expect(await said({})).toBe("TOKEN_MISSING");
  } finally {
    daemon.stdin.end();
    await over;
  }
});

test("what `await using` asks for is there also where the runtime has no Symbol.asyncDispose", async () => {
  using workplace = new Workplace();
  // A context of its own has symbols of its own: in Node 20 none for disposal.
  const program = workplace.run(
    `import { readFileSync } from "node:fs";
    import { createRequire } from "node:module";
    import { createContext, runInContext } from "node:vm";
    const file = ${JSON.stringify(join(root, "dist/client.cjs"))};
    const own = new Set(runInContext("Object.getOwnPropertyNames(globalThis)", createContext({})));
    const nodes = Object.getOwnPropertyNames(globalThis).filter((name) => !own.has(name));
    const context = createContext(Object.fromEntries(nodes.map((name) => [name, globalThis[name]])));
    const module = { exports: {} };
    runInContext("(function (exports, require, module, __filename, __dirname) {" + readFileSync(file, "utf8") + "\\n})", context)(
      module.exports, createRequire(file), module, file, file,
    );
    const there = runInContext("Symbol", context).asyncDispose;
    console.log(JSON.stringify([typeof there, ...["Fixture", "EventStream"].map((name) => typeof module.exports[name].prototype[there])]));`,
  );
  expect(await program.line()).toEqual(["symbol", "function", "function"]);
});

test("a daemon at HANGUP_ADDRESS that was lost is missed, and the one that comes in its place is found", async () => {
  using workplace = new Workplace();
  const first = await startAt("127.0.0.1:0");
  const program = workplace.run(
    `${open} server.close();
    const ends = (fixture) => fixture.close().then(() => "ok", (thrown) => thrown.reason);
    const start = () => startHangup().then(ends, (thrown) => thrown.reason);
    console.log("{}");
    const lost = await listener.next({ timeoutMs: 60_000 }).catch((thrown) => thrown.reason);
    const missing = await start();
    console.error("missed");
    let found;
    do found = await start(); while (found !== "ok");
    console.error(JSON.stringify([lost, missing, await ends(fixture), found]));`,
    cleanEnvironment({ HANGUP_ADDRESS: first.address }),
  );
  await program.line();
  await first.kill();
  await becomes(async () => program.stderr.includes("missed"), "the daemon is missed", goneMs);
  const second = await startAt(first.address);
  try {
    expect(await program.over()).toBe(0);
    // What was held of the first one is lost with it.
    const said = program.stderr.split("\n")[1] ?? "";
    expect(JSON.parse(said)).toEqual(["DAEMON_GONE", "DAEMON_GONE", "DAEMON_GONE", "ok"]);
  } finally {
    await second.kill();
  }
});

test("a daemon that is gone, or a server that is none, of HTTP/1 or of HTTP/2, is an error that says so", async () => {
  using workplace = new Workplace();
  const ask = `import { startHangup } from "hangup";
    const error = await startHangup().then(() => undefined, (thrown) => thrown);
    console.log(JSON.stringify({ code: error?.code, reason: error?.reason, message: error?.message }));`;
  const nobody = workplace.run(ask, cleanEnvironment({ HANGUP_ADDRESS: "127.0.0.1:1" }));
  expect(await inTime(nobody.line(), () => "no line")).toMatchObject({
    code: "UNAVAILABLE",
    reason: "DAEMON_GONE",
    message: expect.stringMatching(/^the daemon at 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED.*HANGUP_ADDRESS/s),
  });
  expect(await nobody.over()).toBe(0);
  const gone = { code: "UNAVAILABLE", reason: "DAEMON_GONE" };
  const answers = (headers: Record<string, string | number>) =>
    createHttp2Server().on("stream", (stream) => stream.respond(headers, { endStream: true }));
  for (const [other, expected] of [
    [createHttpServer((_, response) => response.end("hello")), gone],
    [answers({ ":status": 404 }), gone],
    [
      answers({ ":status": 200, "content-type": "application/grpc", "grpc-status": 4 }),
      { code: "DEADLINE_EXCEEDED", reason: "NO_ANSWER" },
    ],
  ] as const) {
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const program = workplace.run(ask, cleanEnvironment({ HANGUP_ADDRESS: `127.0.0.1:${portOf(other.address())}` }));
    expect(await inTime(program.line(), () => "no line")).toMatchObject(expected);
    expect(await program.over()).toBe(0);
    other.close();
  }
  const killed = workplace.run(
    `${open} ${tells} server.close(); process.kill(daemon, "SIGKILL");
    const error = await listener.next().then(() => undefined, (thrown) => thrown);
    console.error(JSON.stringify({ reason: error?.reason, message: error?.message }));`,
    cleanEnvironment({ HANGUP_COMMAND: hangup }),
  );
  expect(await killed.over()).toBe(0);
  expect(JSON.parse(killed.stderr)).toMatchObject({ reason: "DAEMON_GONE" });
});
