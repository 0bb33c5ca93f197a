import { createClientFactory } from "nice-grpc";
import { errorDetailsClientMiddleware } from "nice-grpc-error-details";
import { CreateListenerRequest } from "../../src/gen/hangup/v1/listener.js";
import { type ScopeServiceClient, ScopeServiceDefinition } from "../../src/gen/hangup/v1/scope.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, startJudge } from "../support/judge.js";

let daemon: TestDaemon;
let judge: Judge;
let scopes: ScopeServiceClient;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
  scopes = createClientFactory().use(errorDetailsClientMiddleware).create(ScopeServiceDefinition, daemon.channel);
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

async function listen(scope: string, json: object = {}) {
  const { listener } = await daemon.listeners.createListener(
    CreateListenerRequest.fromJSON({ scope, name: "echo", ...json }),
  );
  return { host: listener!.host, port: listener!.port };
}

test("the same names in two scopes never meet", async () => {
  await scopes.createScope({ scope: "a" });
  await scopes.createScope({ scope: "b" });
  const [inA, inB] = [await listen("a"), await listen("b")];
  const peerA = await judge.connect(inA);
  const peerB = await judge.connect(inB);
  await daemon.sessions.waitSession({ scope: "b", session: "echo/1" });
  await daemon.sessions.resetSession({ scope: "a", session: "echo/1" });
  expect((await peerA.recv()).end).toBe("ECONNRESET");
  await peerB.send({ text: "b" });
  expect((await peerB.recv()).data.toString()).toBe("b");
  expect((await daemon.sessions.listSessions({})).sessions).toEqual([]);
  expect(
    (await daemon.sessions.listSessions({ scope: "-" })).sessions.map(({ scope, name }) => `${scope} ${name}`),
  ).toEqual(["a echo/1", "b echo/1"]);
});

test("DeleteScope resets what lives and reports what was open, what never fired and how all ended", async () => {
  await scopes.createScope({ scope: "a", labels: { test: "x" } });
  const where = await listen("a", { plans: [{ steps: [{ trigger: { signal: "never" }, action: { reset: {} } }] }] });
  const peer = await judge.connect(where);
  await peer.send({ text: "hello" });
  expect((await peer.recv()).data.toString()).toBe("hello");
  const { report } = await scopes.deleteScope({ scope: "a" });
  expect((await peer.recv()).end).toBe("ECONNRESET");
  expect(report).toMatchObject({
    scope: { name: "a", labels: { test: "x" }, listeners: 1n, openSessions: 1n },
    openListeners: ["echo"],
    openSessions: ["echo/1"],
    plans: [
      { listener: "echo", plans: [{ plan: 1, connectionsSeen: 1n, steps: [{ step: 1, fired: 0n, notFired: 1n }] }] },
    ],
    counts: { sessions: 1n, localRst: 1n },
    bytesReceived: 5n,
    bytesSent: 5n,
  });
  expect(await failureOf(listen("a"))).toMatchObject({ code: "NOT_FOUND", reason: "UNKNOWN_SCOPE", field: "scope" });
  // Its name is free again, and it is another life.
  const { scope } = await scopes.createScope({ scope: "a" });
  expect(scope?.uid).not.toBe(report?.scope?.uid);
});

test("a held scope ends with the stream of its holder", async () => {
  const cancel = new AbortController();
  const held = scopes.holdScope({ scope: "h" }, { signal: cancel.signal })[Symbol.asyncIterator]();
  expect((await held.next()).value?.scope).toMatchObject({ name: "h", holders: 1, expireTime: undefined });
  const peer = await judge.connect(await listen("h"));
  cancel.abort();
  await held.next().catch(() => undefined);
  expect((await peer.recv()).end).toBe("ECONNRESET");
  await expect(scopes.listScopes({})).resolves.toMatchObject({ scopes: [{ name: "default" }] });
});

test("a holder gets the report when somebody else deletes the scope", async () => {
  const messages: string[] = [];
  for await (const { scope, report } of scopes.holdScope({})) {
    messages.push(scope === undefined ? `report of ${report?.scope?.name}` : scope.name);
    if (scope !== undefined) await scopes.deleteScope({ scope: scope.name });
  }
  expect(messages).toEqual(["scope-1", "report of scope-1"]);
});

test("a scope that nobody uses ends after its ttl, and says so", async () => {
  await scopes.createScope({ scope: "short", ttl: { seconds: 1n, nanos: 0 } });
  const peer = await judge.connect(await listen("short"));
  expect((await peer.recv({ deadlineMs: 5000 })).end).toBe("ECONNRESET");
  for await (const { events } of daemon.events.streamEvents({ scope: "-", afterSequence: 0n, kinds: [16] })) {
    const ended = events.find(({ fact }) => fact?.$case === "scopeEnded");
    if (ended === undefined) continue;
    expect(ended).toMatchObject({ scope: "short", fact: { value: { reason: 3 } } });
    break;
  }
});

test("default is emptied and stays", async () => {
  await listen("");
  expect((await scopes.deleteScope({ scope: "default" })).report).toMatchObject({ openListeners: ["echo"] });
  await listen("");
});

test("wrong requests are refused", async () => {
  await scopes.createScope({ scope: "a" });
  expect(await failureOf(scopes.createScope({ scope: "a" }))).toMatchObject({
    code: "ALREADY_EXISTS",
    reason: "NAME_TAKEN",
  });
  expect(await failureOf(scopes.createScope({ scope: "a/b" }))).toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "scope",
  });
  expect(await failureOf(scopes.createScope({ ttl: { seconds: 0n, nanos: 1 } }))).toMatchObject({ field: "ttl" });
  expect(await failureOf(scopes.deleteScope({}))).toMatchObject({ reason: "MISSING_FIELD", field: "scope" });
  expect(await failureOf(scopes.deleteScope({ scope: "-" }))).toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "scope",
  });
  expect(await failureOf(scopes.deleteScope({ scope: "a", uid: "x" }))).toMatchObject({ reason: "UID_MISMATCH" });
});

test("bounds are RESOURCE_EXHAUSTED, and the daemon goes on", async () => {
  await using small = await startTestDaemon({
    limits: { scopes: 2, listeners: 1, sessions: 1, waiters: 1, subscribers: 1 },
  });
  const client = createClientFactory().use(errorDetailsClientMiddleware).create(ScopeServiceDefinition, small.channel);
  await client.createScope({});
  expect(await failureOf(client.createScope({}))).toMatchObject({
    code: "RESOURCE_EXHAUSTED",
    reason: "TOO_MANY_SCOPES",
  });
  const where = await small.listen("echo");
  expect(await failureOf(small.listeners.createListener({}))).toMatchObject({ reason: "TOO_MANY_LISTENERS" });
  const first = await judge.connect(where);
  await small.sessions.waitSession({ session: "echo/1" });
  const second = await judge.connect(where);
  expect((await second.recv()).end).toBe("ECONNRESET");
  expect(await failureOf(small.sessions.openSession({ target: `127.0.0.1:${where.port}` }))).toMatchObject({
    reason: "TOO_MANY_SESSIONS",
  });
  await first.send({ text: "still" });
  expect((await first.recv()).data.toString()).toBe("still");
});
