import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { createClientFactory } from "nice-grpc";
import { Event_Kind, ScopeEnded_Reason } from "../../src/gen/hangup/v1/event.js";
import { type ScopeServiceClient, ScopeServiceDefinition } from "../../src/gen/hangup/v1/scope.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { type Judge, startJudge } from "../support/judge.js";
import { nodeOnSource } from "../support/unprivileged.js";

// A test process that holds a scope, and what becomes of the scope when it is ended by force, or only stopped.

let daemon: TestDaemon;
let judge: Judge;
let scopes: ScopeServiceClient;

beforeAll(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
  scopes = createClientFactory().create(ScopeServiceDefinition, daemon.channel);
});

afterAll(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

const holding = `
  const { createChannel, createClient } = require("nice-grpc");
  const { ScopeServiceDefinition } = require("./src/gen/hangup/v1/scope.ts");
  const [address, scope] = process.argv.slice(1);
  const client = createClient(ScopeServiceDefinition, createChannel(address));
  (async () => {
    for await (const reply of client.holdScope({ scope })) console.log(reply.scope.name);
  })();
`;

type Holder = ChildProcessByStdio<null, Readable, null>;

/** A process that holds a scope, once it does. */
async function holder(scope: string): Promise<Holder> {
  const [command, ...args] = nodeOnSource(holding);
  const child = spawn(command!, [...args, daemon.daemon.address, scope], {
    cwd: resolve(__dirname, "../.."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  expect(line.toString()).toBe(`${scope}\n`);
  return child;
}

async function connectIn(scope: string) {
  const { listener } = await daemon.listeners.createListener({ scope, name: "echo" });
  const where = { host: listener!.host, port: listener!.port };
  const peer = await judge.connect(where);
  await daemon.sessions.waitSession({ scope, session: "echo/1" });
  return { where, peer };
}

async function scopeNames(): Promise<string[]> {
  return (await scopes.listScopes({})).scopes.map(({ name }) => name);
}

test("a holder ended by SIGKILL ends its scope within a second: no listener, and the peers get ECONNRESET", async () => {
  const child = await holder("ended");
  const { where, peer } = await connectIn("ended");
  expect(await scopeNames()).toEqual(["default", "ended"]);
  const reading = peer.recv();

  const began = performance.now();
  child.kill("SIGKILL");
  expect((await reading).end).toBe("ECONNRESET");
  expect(performance.now() - began).toBeLessThan(1000);

  const told = daemon.events.streamEvents({
    scope: "-",
    afterSequence: 0n,
    kinds: [Event_Kind.SCOPE_ENDED],
    maxEvents: 1,
  });
  const facts: unknown[] = [];
  for await (const { events } of told) facts.push(...events.map(({ scope, fact }) => ({ scope, fact })));
  const value = { reason: ScopeEnded_Reason.RELEASED, report: { openListeners: ["echo"], openSessions: ["echo/1"] } };
  expect(facts.at(-1)).toMatchObject({ scope: "ended", fact: { $case: "scopeEnded", value } });
  expect(await scopeNames()).toEqual(["default"]);
  expect(await judge.tryConnect(where)).toMatchObject({ ok: false, errno: "ECONNREFUSED" });
});

test("a holder stopped by SIGSTOP for longer than 3 s, as by a breakpoint, keeps its scope", async () => {
  const child = await holder("stopped");
  const ended = once(child, "exit");
  try {
    const { peer } = await connectIn("stopped");
    child.kill("SIGSTOP");
    const began = performance.now();
    // Others go on with it meanwhile.
    while (performance.now() - began < 3500) {
      await peer.send({ text: "x" });
      expect((await peer.recv()).data.toString()).toBe("x");
      await peer.poll({ events: ["POLLPRI"], deadlineMs: 50 });
    }
    expect(await scopeNames()).toEqual(["default", "stopped"]);
    child.kill("SIGCONT");
    const { scopes: listed } = await scopes.listScopes({ scope: "stopped" });
    expect(listed).toMatchObject([{ name: "stopped", holders: 1, openSessions: 1n }]);
    await peer.send({ text: "y" });
    expect((await peer.recv()).data.toString()).toBe("y");
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
});
