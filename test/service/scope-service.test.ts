import { readFileSync } from "node:fs";
import { createClientFactory } from "nice-grpc";
import { errorDetailsClientMiddleware } from "nice-grpc-error-details";
import { CreateListenerRequest, DeleteListenerRequest_Sessions } from "../../src/gen/hangup/v1/listener.js";
import { OpenSessionRequest, Receipt_Evidence, WaitSessionRequest_Condition } from "../../src/gen/hangup/v1/session.js";
import { type ScopeServiceClient, ScopeServiceDefinition } from "../../src/gen/hangup/v1/scope.js";
import { probeCapture } from "../../src/kernel/packet-capture.js";
import { Clients, ms, startTestDaemon, type TestDaemon } from "../support/daemon.js";
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

test("a stream of events that nobody reads keeps no scope from its end", async () => {
  await scopes.createScope({ scope: "unread" });
  await using reader = new Clients(daemon.daemon.address, { apart: true });
  await reader.events.streamEvents({ scope: "unread" })[Symbol.asyncIterator]().next();
  // More than HTTP/2 lets through unread.
  const labels = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`label-${index}`, "x".repeat(60)]));
  for (let count = 0; count < 200; count++) await daemon.listeners.createListener({ scope: "unread", labels });
  expect((await scopes.deleteScope({ scope: "unread" })).report?.openListeners).toHaveLength(200);
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

test("default that was emptied knows no signal, no plan and no count of what was before", async () => {
  const plans = [{ steps: [{ trigger: { signal: "go" }, action: { reset: {} } }] }];
  const first = await judge.connect(await listen("", { plans }));
  await daemon.sessions.waitSession({ session: "echo/1" });
  await daemon.sessions.signalPlan({ signal: "go" });
  expect((await first.recv()).end).toBe("ECONNRESET");
  expect((await scopes.deleteScope({ scope: "default" })).report).toMatchObject({
    counts: { sessions: 1n, localRst: 1n },
    plans: [{ listener: "echo", plans: [{ steps: [{ fired: 1n }] }] }],
  });
  expect((await scopes.deleteScope({ scope: "default" })).report).toMatchObject({
    counts: { sessions: 0n },
    plans: [],
  });

  const second = await judge.connect(await listen("", { plans }));
  await second.send({ text: "still" });
  expect((await second.recv()).data.toString()).toBe("still");
  expect((await scopes.deleteScope({ scope: "default" })).report).toMatchObject({
    counts: { sessions: 1n, localRst: 1n },
    bytesReceived: 5n,
    plans: [{ listener: "echo", plans: [{ steps: [{ fired: 0n, notFired: 1n }] }] }],
  });
});

const captured = probeCapture().available || process.env["CI"] === "true" ? test : test.skip;

captured("default that was emptied has no capture, and room for as many as ever", async () => {
  for (const life of ["a", "b"]) {
    for (let count = 0; count < 16; count++) await daemon.captures.startCapture({ name: `${life}${count}` });
    await scopes.deleteScope({ scope: "default" });
    const gone = await failureOf(daemon.captures.getPackets({ capture: `${life}0` }));
    expect(gone).toMatchObject({ reason: "UNKNOWN_CAPTURE" });
  }
});

captured(
  "who waited for the end of a session is told what was captured of it, also where default is emptied",
  async () => {
    await daemon.captures.startCapture({});
    const target = await judge.listen({ host: "127.0.0.1" });
    await daemon.sessions.openSession({ name: "d", target: `127.0.0.1:${target.port}` });
    const waiting = daemon.sessions.waitSession({ session: "d", condition: WaitSessionRequest_Condition.ENDED });
    await scopes.listScopes({});
    await scopes.deleteScope({ scope: "default" });
    expect((await waiting).session?.receipt?.evidence).toBe(Receipt_Evidence.CAPTURED);
    await target.close();
  },
);

/** Sockets that have sent a SYN to this port, and have no answer. */
function dialing(port: number): number {
  const to = `:${port.toString(16).toUpperCase().padStart(4, "0")} 02 `;
  return readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .filter((line) => line.includes(to)).length;
}

test.each(["a", "default"])(
  "a dial ends with its scope (%s): SCOPE_ENDED, no SYN is sent again, its place is free",
  async (scope) => {
    await using small = await startTestDaemon({ limits: { sessions: 1 } });
    const client = createClientFactory()
      .use(errorDetailsClientMiddleware)
      .create(ScopeServiceDefinition, small.channel);
    for (const name of ["a", "b"]) await client.createScope({ scope: name });
    const target = async (json: object) => {
      const request = CreateListenerRequest.fromJSON({ scope: "b", ...json });
      return (await small.listeners.createListener(request)).listener!;
    };
    const stalled = await target({ state: "STALLED" });
    const there = await judge.listen({ host: "127.0.0.1" });
    const dial = (port: number) =>
      small.sessions.openSession({ scope, name: "d", target: `127.0.0.1:${port}`, timeout: ms(300_000) });
    const dialed = failureOf(dial(stalled.port));
    // It is under way: the one place is taken.
    const elsewhere = () => small.sessions.openSession({ scope: "b", target: `127.0.0.1:${there.port}` });
    expect(await failureOf(elsewhere())).toMatchObject({ reason: "TOO_MANY_SESSIONS" });
    expect(dialing(stalled.port)).toBe(1);

    await client.deleteScope({ scope });
    expect(await dialed).toMatchObject({ code: "FAILED_PRECONDITION", reason: "SCOPE_ENDED", field: "scope" });
    expect(dialing(stalled.port)).toBe(0);
    if (scope !== "default") await client.createScope({ scope });
    expect((await dial(there.port)).session).toMatchObject({ scope, name: "d" });
    await there.close();
  },
);

test("a scope that ends while a listener drains: it is reset at once, and both tell all of it", async () => {
  await scopes.createScope({ scope: "a" });
  const plans = [{ steps: [{ trigger: { signal: "never" }, action: { reset: {} } }] }];
  const peer = await judge.connect(await listen("a", { plans }));
  await daemon.sessions.waitSession({ scope: "a", session: "echo/1" });
  const drain = { sessions: DeleteListenerRequest_Sessions.CLOSE, drainTimeout: ms(60_000) };
  const deleting = daemon.listeners.deleteListener({ scope: "a", listener: "echo", maxResults: 1, ...drain });
  // It drains, until the peer's FIN or those 60 s.
  expect((await peer.recv()).end).toBe("EOF");
  const { report } = await scopes.deleteScope({ scope: "a" });
  const told = [{ plan: 1, connectionsSeen: 1n, steps: [{ fired: 0n, notFired: 1n }] }];
  expect(report).toMatchObject({
    counts: { sessions: 1n, localRst: 1n },
    plans: [{ listener: "echo", plans: told }],
  });
  expect(await deleting).toMatchObject({
    counts: { sessions: 1n, localRst: 1n },
    receipts: [{ session: "echo/1", final: true }],
    plans: told,
  });
  const order: string[] = [];
  for await (const { events } of daemon.events.streamEvents({ scope: "-", afterSequence: 0n })) {
    order.push(...events.map(({ fact }) => fact!.$case));
    if (order.includes("scopeEnded")) break;
  }
  expect(order.slice(order.indexOf("sessionEnded"))).toEqual(["sessionEnded", "listenerDeleted", "scopeEnded"]);
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

test("a wait, a stream of events and a list in one scope see nothing of the same names in another", async () => {
  await scopes.createScope({ scope: "a" });
  await scopes.createScope({ scope: "b" });
  const [inA, inB] = [await listen("a"), await listen("b")];
  const eventsOfB = daemon.events.streamEvents({ scope: "b" })[Symbol.asyncIterator]();
  await eventsOfB.next();
  const waitInB = daemon.sessions.waitSession({ scope: "b", session: "echo/1" });
  const peerA = await judge.connect(inA);
  await daemon.sessions.waitSession({ scope: "a", session: "echo/1" });
  expect(
    await failureOf(daemon.sessions.waitSession({ scope: "b", listener: "echo", timeout: { seconds: 0n, nanos: 0 } })),
  ).toMatchObject({ reason: "WAIT_TIMEOUT" });
  expect((await daemon.listeners.listListeners({ scope: "b" })).listeners).toMatchObject([{ accepted: 0n }]);

  const peerB = await judge.connect(inB);
  expect((await waitInB).session).toMatchObject({ scope: "b", name: "echo/1" });
  // The first that is told of b is its own session, though the one of a came before.
  const { events } = (await eventsOfB.next()).value!;
  expect(events).toMatchObject([{ scope: "b", session: "echo/1", fact: { $case: "sessionOpened" } }]);

  await scopes.deleteScope({ scope: "a" });
  expect((await peerA.recv()).end).toBe("ECONNRESET");
  await peerB.send({ text: "b" });
  expect((await peerB.recv()).data.toString()).toBe("b");
});

test("a signal, a plan and a capture's name belong to one scope", async () => {
  await scopes.createScope({ scope: "a" });
  await scopes.createScope({ scope: "b" });
  const plans = [{ steps: [{ trigger: { signal: "go" }, action: { reset: {} } }] }];
  const [inA, inB] = [await listen("a", { plans }), await listen("b", { plans })];
  const [peerA, peerB] = [await judge.connect(inA), await judge.connect(inB)];
  await daemon.sessions.waitSession({ scope: "b", session: "echo/1" });
  expect(await daemon.sessions.signalPlan({ scope: "a", signal: "go" })).toEqual({ sessions: 1n });
  expect((await peerA.recv()).end).toBe("ECONNRESET");
  await peerB.send({ text: "b" });
  expect((await peerB.recv()).data.toString()).toBe("b");
  const { report } = await scopes.deleteScope({ scope: "b" });
  expect(report?.plans).toMatchObject([{ listener: "echo", plans: [{ steps: [{ fired: 0n, notFired: 1n }] }] }]);
});

test("the report counts all endings by kind, also of listeners that were deleted and sessions that were forgotten", async () => {
  await using small = await startTestDaemon({ limits: { endedSessions: 1 } });
  const client = createClientFactory().use(errorDetailsClientMiddleware).create(ScopeServiceDefinition, small.channel);
  await client.createScope({ scope: "a" });
  const plans = [{ connections: 1, steps: [{ trigger: { accepted: {} }, action: { half_close: {} } }] }];
  const request = CreateListenerRequest.fromJSON({ scope: "a", name: "gone", plans });
  const { listener: gone } = await small.listeners.createListener(request);
  const finned = await judge.connect({ host: gone!.host, port: gone!.port });
  expect((await finned.recv()).end).toBe("EOF");
  await finned.close();
  await small.sessions.waitSession({ scope: "a", session: "gone/1", condition: 1 });
  await small.listeners.deleteListener({ scope: "a", listener: "gone" });

  const { listener } = await small.listeners.createListener({ scope: "a", name: "echo" });
  for (const linger0 of [true, true, false]) {
    const peer = await judge.connect({ host: listener!.host, port: listener!.port });
    const { session } = await small.sessions.waitSession({ scope: "a", listener: "echo", peerPort: peer.localPort });
    await peer.sendAll({ text: "12345" });
    expect((await peer.recvAll({ max: 5 })).bytes).toBe(5);
    await peer.close({ linger0 });
    await small.sessions.waitSession({ scope: "a", session: session!.name, condition: 1 }).catch(() => undefined);
  }
  const target = await judge.listen({ host: "127.0.0.1" });
  const plan = { steps: [{ trigger: { bytesReceived: 1 }, action: { reset: {} } }] };
  await small.sessions.openSession(
    OpenSessionRequest.fromJSON({ scope: "a", name: "d", target: `127.0.0.1:${target.port}`, plan }),
  );
  const { report } = await client.deleteScope({ scope: "a" });
  expect(report).toMatchObject({
    openListeners: ["echo"],
    openSessions: ["d"],
    scope: { openSessions: 1n },
    counts: { sessions: 5n, localFin: 2n, localRst: 1n, localNone: 2n, peerFin: 2n, peerRst: 2n, peerNone: 1n },
    bytesReceived: 15n,
    bytesSent: 15n,
    plans: [
      { listener: "gone", session: "", plans: [{ connectionsSeen: 1n, steps: [{ fired: 1n, notFired: 0n }] }] },
      { listener: "", session: "d", plans: [{ connectionsSeen: 1n, steps: [{ fired: 0n, notFired: 1n }] }] },
    ],
  });
  await target.close();
});

test("every request is a use; holding suspends the ttl, and of two holders the last one counts", async () => {
  await scopes.createScope({ scope: "h", ttl: { seconds: 600n, nanos: 0 } });
  const expireTime = async () => {
    const { seconds, nanos } = (await scopes.listScopes({})).scopes.find(({ name }) => name === "h")!.expireTime!;
    return seconds * 1_000_000_000n + BigInt(nanos);
  };
  const first = await expireTime();
  await listen("h");
  expect(await expireTime()).toBeGreaterThan(first);
  const [one, two] = [new AbortController(), new AbortController()];
  const hold = async ({ signal }: AbortController) => {
    const stream = scopes.holdScope({ scope: "h" }, { signal })[Symbol.asyncIterator]();
    return { stream, first: (await stream.next()).value };
  };
  const [a, b] = [await hold(one), await hold(two)];
  expect(b.first?.scope).toMatchObject({ holders: 2, expireTime: undefined });
  one.abort();
  await a.stream.next().catch(() => undefined);
  const held = async () => (await scopes.listScopes({ scope: "h" })).scopes[0]?.holders;
  while ((await held()) === 2) continue;
  expect(await held()).toBe(1);
  const ended = daemon.events.streamEvents({ scope: "-", kinds: [16] })[Symbol.asyncIterator]();
  await ended.next();
  two.abort();
  await b.stream.next().catch(() => undefined);
  expect((await ended.next()).value?.events).toMatchObject([{ scope: "h", fact: { value: { reason: 2 } } }]);
});

test("a wait in a scope that ends is SCOPE_ENDED", async () => {
  await scopes.createScope({ scope: "a" });
  const waiting = failureOf(daemon.sessions.waitSession({ scope: "a", session: "never" }));
  await scopes.listScopes({});
  await scopes.deleteScope({ scope: "a" });
  expect(await waiting).toMatchObject({ code: "FAILED_PRECONDITION", reason: "SCOPE_ENDED" });
});

test("a held scope that the daemon makes has the labels asked for, and they are bounded", async () => {
  const cancel = new AbortController();
  const held = scopes.holdScope({ labels: { test: "x" } }, { signal: cancel.signal })[Symbol.asyncIterator]();
  expect((await held.next()).value?.scope).toMatchObject({ name: "scope-1", labels: { test: "x" } });
  cancel.abort();
  await held.next().catch(() => undefined);
  const labels = { x: "v".repeat(256) };
  expect(await failureOf(scopes.createScope({ labels }))).toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "labels[x]",
  });
  expect(await failureOf(scopes.holdScope({ labels })[Symbol.asyncIterator]().next())).toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "labels[x]",
  });
});
