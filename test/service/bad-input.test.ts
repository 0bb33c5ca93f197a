import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ms, startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { type Failure, failureOf } from "../support/failure.js";

// Each refusal has its code, its reason and the field, and leaves nothing half-made behind.

let daemon: TestDaemon;
let folder: string;
/** A living listener `echo` and a dialed session `c1` of it, which is `echo/1` at the other end. */
let echo: { host: string; port: number; address: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hangup-"));
  writeFileSync(join(folder, "plain"), "");
  daemon = await startTestDaemon({ allowListen: ["192.0.2.0/24"], allowUnix: ["/nowhere"] });
  echo = await daemon.listen("echo");
  await daemon.sessions.openSession({ name: "c1", target: echo.address });
  await daemon.sessions.waitSession({ session: "echo/1" });
});

afterAll(async () => {
  await daemon.stop();
  rmSync(folder, { recursive: true });
});

afterEach(async () => {
  const { listeners } = await daemon.listeners.listListeners({});
  const { sessions } = await daemon.sessions.listSessions({});
  expect(listeners.map(({ name }) => name)).toEqual(["echo"]);
  expect(
    sessions
      .map(({ name, ended, receipt }) => ({ name, ended, receipt }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  ).toEqual([
    { name: "c1", ended: false, receipt: undefined },
    { name: "echo/1", ended: false, receipt: undefined },
  ]);
});

type Case = [
  title: string,
  call: () => Promise<unknown>,
  expected: Partial<Omit<Failure, "message">> & { message?: string },
];

const invalid = (field: string, reason = "INVALID_FIELD") => ({ code: "INVALID_ARGUMENT", reason, field });
const refused = (reason: string, field?: string) => ({
  code: "FAILED_PRECONDITION",
  reason,
  ...(field === undefined ? {} : { field }),
});

async function check(call: () => Promise<unknown>, { message, ...expected }: Case[2]): Promise<void> {
  const failure = await failureOf(call());
  expect(failure).toMatchObject(expected);
  expect(failure.message).toContain(message ?? "");
}

describe("CreateListener", () => {
  const create = (request: Parameters<TestDaemon["listeners"]["createListener"]>[0]) => () =>
    daemon.listeners.createListener(request);

  test.each<Case>([
    [
      "a taken name",
      create({ name: "echo" }),
      { code: "ALREADY_EXISTS", reason: "NAME_TAKEN", field: "name", resource: "hangup.v1/listener echo" },
    ],
    ["a name with a slash", create({ name: "a/b" }), invalid("name")],
    ["a reserved name", create({ name: "dial" }), { ...invalid("name"), message: "reserved" }],
    ["a name of 64 characters", create({ name: "x".repeat(64) }), invalid("name")],
    ["a name of a MB", create({ name: "x".repeat(1_000_000) }), invalid("name")],
    ["a name that begins with a hyphen", create({ name: "-a" }), invalid("name")],
    ["a name of a space", create({ name: " " }), invalid("name")],
    ["a name with a line feed at its end", create({ name: "a\n" }), invalid("name")],
    ["a name that is not ASCII", create({ name: "écho" }), invalid("name")],
    ["the name of all scopes as a name", create({ name: "-" }), invalid("name")],
    ["a host that is no address", create({ name: "a", host: "no such host" }), invalid("host")],
    ["a host of five numbers", create({ name: "a", host: "1.2.3.4.5" }), invalid("host")],
    ["a host in brackets", create({ name: "a", host: "[::1]" }), invalid("host")],
    [
      "an address of another machine",
      create({ name: "a", host: "192.0.2.1" }),
      { ...refused("ADDRESS_NOT_AVAILABLE", "host"), metadata: { errno: "EADDRNOTAVAIL" } },
    ],
    ["port 65536", create({ name: "a", port: 65_536 }), invalid("port")],
    ["port 4294967295", create({ name: "a", port: 4_294_967_295 }), invalid("port")],
    [
      "a unix path of 108 bytes",
      create({ name: "a", unixPath: `/${"x".repeat(107)}` }),
      { ...invalid("unix_path"), message: "107" },
    ],
    ["a unix path that is relative", create({ name: "a", unixPath: "u.sock" }), invalid("unix_path")],
    ["a unix path with a NUL byte", create({ name: "a", unixPath: "/tmp/a\0b" }), invalid("unix_path")],
    ["an abstract unix path", create({ name: "a", unixPath: "\0a" }), invalid("unix_path")],
    [
      "a unix path with a host",
      create({ name: "a", unixPath: "/tmp/u", host: "127.0.0.1" }),
      invalid("unix_path", "CONFLICTING_FIELDS"),
    ],
    [
      "a unix path with a port",
      create({ name: "a", unixPath: "/tmp/u", port: 1 }),
      invalid("unix_path", "CONFLICTING_FIELDS"),
    ],
    [
      "an enum value that does not exist",
      create({ name: "a", onPeerFin: 99 as never }),
      { ...invalid("on_peer_fin"), message: "CLOSE_TOO, STAY_OPEN" },
    ],
    ["an enum value below zero", create({ name: "a", onPeerFin: -1 }), invalid("on_peer_fin")],
    [
      "33 labels",
      create({ name: "a", labels: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, ""])) }),
      invalid("labels"),
    ],
    ["a label without a key", create({ name: "a", labels: { "": "x" } }), invalid("labels")],
    ["a label value of 256 bytes", create({ name: "a", labels: { k: "x".repeat(256) } }), invalid("labels[k]")],
    ["all scopes", create({ name: "a", scope: "-" }), invalid("scope")],
    [
      "a scope that does not exist",
      create({ name: "a", scope: "nowhere" }),
      {
        code: "NOT_FOUND",
        reason: "UNKNOWN_SCOPE",
        field: "scope",
        resource: "hangup.v1/scope nowhere",
        message: '"default"',
      },
    ],
  ])("refuses %s", async (_, call, expected) => check(call, expected));

  test("refuses a taken port, with the errno", async () => {
    await check(create({ name: "a", port: echo.port }), {
      ...refused("PORT_IN_USE", "port"),
      metadata: { errno: "EADDRINUSE" },
      message: "port 0",
    });
  });

  test("refuses a unix path that a plain file has, and leaves the file", async () => {
    await check(create({ name: "a", unixPath: join(folder, "plain") }), {
      ...refused("PORT_IN_USE", "unix_path"),
      metadata: { errno: "EADDRINUSE" },
    });
  });

  test("refuses a unix path in a folder that does not exist", async () => {
    const call = create({ name: "a", unixPath: join(folder, "none/u.sock") });
    const failure = await failureOf(call());
    expect(failure).toMatchObject({ code: "FAILED_PRECONDITION", field: "unix_path" });
    // libuv says EACCES where bind(2) says ENOENT: both are told as what the caller can do about it.
    expect(["BIND_FAILED", "PERMISSION_DENIED_BY_KERNEL"]).toContain(failure.reason);
  });

  test("two at once with one name: one lives, one is NAME_TAKEN", async () => {
    const calls = [0, 1].map(() => daemon.listeners.createListener({ name: "twin" }));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    await daemon.listeners.deleteListener({ listener: "twin" });
  });

  test("a refused name is free afterwards", async () => {
    await failureOf(daemon.listeners.createListener({ name: "again", port: echo.port }));
    await daemon.listeners.createListener({ name: "again" });
    await daemon.listeners.deleteListener({ listener: "again" });
  });
});

describe("OpenSession", () => {
  const open = (request: Parameters<TestDaemon["sessions"]["openSession"]>[0]) => () =>
    daemon.sessions.openSession(request);
  const nowhere = "127.0.0.1:1";

  test.each<Case>([
    ["no target", open({ name: "a" }), invalid("target", "MISSING_FIELD")],
    ["a target without a port", open({ target: "127.0.0.1" }), invalid("target")],
    ["a target of three parts", open({ target: "127.0.0.1:1:2" }), invalid("target")],
    ["IPv6 without brackets", open({ target: "::1:80" }), invalid("target")],
    ["brackets around IPv4", open({ target: "[127.0.0.1]:80" }), invalid("target")],
    ["port 0", open({ target: "127.0.0.1:0" }), invalid("target")],
    ["port 65536", open({ target: "127.0.0.1:65536" }), invalid("target")],
    ["a negative port", open({ target: "127.0.0.1:-1" }), invalid("target")],
    ["a URL", open({ target: "http://127.0.0.1:80/" }), invalid("target")],
    ["a relative unix path", open({ target: "unix:u.sock" }), invalid("target")],
    ["a unix path that is too long", open({ target: `unix:/${"x".repeat(107)}` }), invalid("target")],
    ["a target of a MB", open({ target: "x".repeat(1_000_000) }), invalid("target")],
    [
      "a refused target",
      open({ name: "a", target: nowhere }),
      { ...refused("CONNECT_FAILED", "target"), metadata: { errno: "ECONNREFUSED" } },
    ],
    [
      "a unix path where nothing is",
      open({ name: "a", target: "unix:/nowhere/u.sock" }),
      { ...refused("CONNECT_FAILED", "target"), metadata: { errno: "ENOENT" } },
    ],
    [
      "a local address of another machine",
      open({ name: "a", target: nowhere, localAddress: "192.0.2.1" }),
      { ...refused("CONNECT_FAILED", "local_address"), metadata: { errno: "EADDRNOTAVAIL" } },
    ],
    ["a local address that is a name", open({ target: nowhere, localAddress: "localhost" }), invalid("local_address")],
    ["a local address that is none", open({ target: nowhere, localAddress: "1.2.3" }), invalid("local_address")],
    [
      "a taken name",
      open({ name: "c1", target: nowhere }),
      { code: "ALREADY_EXISTS", reason: "NAME_TAKEN", field: "name", resource: "hangup.v1/session c1" },
    ],
    ["a name with a slash", open({ name: "dial/7", target: nowhere }), invalid("name")],
    ["a reserved name", open({ name: "dial", target: nowhere }), invalid("name")],
    ["a timeout of 0", open({ target: nowhere, timeout: ms(0) }), invalid("timeout")],
    ["a negative timeout", open({ target: nowhere, timeout: { seconds: -1n, nanos: 0 } }), invalid("timeout")],
    ["a timeout of 6 minutes", open({ target: nowhere, timeout: ms(360_000) }), invalid("timeout")],
    [
      "a timeout that is no duration",
      open({ target: nowhere, timeout: { seconds: 1n, nanos: 2_000_000_000 } }),
      invalid("timeout"),
    ],
    [
      "a timeout of all the seconds there are",
      open({ target: nowhere, timeout: { seconds: 2n ** 63n - 1n, nanos: 0 } }),
      invalid("timeout"),
    ],
    ["an enum value that does not exist", open({ target: nowhere, onPeerFin: 7 as never }), invalid("on_peer_fin")],
    ["all scopes", open({ target: nowhere, scope: "-" }), invalid("scope")],
  ])("refuses %s", async (_, call, expected) => check(call, expected));

  test("past its timeout is CONNECT_TIMEOUT and nothing stays behind", async () => {
    // A queue of 0 that is full: the SYN goes unanswered, as behind a firewall.
    const { startJudge } = await import("../support/judge.js");
    await using judge = await startJudge();
    const listener = await judge.listen({ host: "127.0.0.1", backlog: 0 });
    await judge.connect({ host: "127.0.0.1", port: listener.port });
    const failure = await failureOf(
      daemon.sessions.openSession({ name: "late", target: `127.0.0.1:${listener.port}`, timeout: ms(150) }),
    );
    expect(failure).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "CONNECT_TIMEOUT", field: "timeout" });
    expect(failure.message).toContain("150 ms");
  });

  test("cancelled by its caller it leaves nothing behind, and the name is free", async () => {
    const { startJudge } = await import("../support/judge.js");
    await using judge = await startJudge();
    const listener = await judge.listen({ host: "127.0.0.1", backlog: 0 });
    await judge.connect({ host: "127.0.0.1", port: listener.port });
    const controller = new AbortController();
    const opening = daemon.sessions.openSession(
      { name: "gone", target: `127.0.0.1:${listener.port}` },
      { signal: controller.signal },
    );
    await daemon.info.getInfo({});
    controller.abort();
    await expect(opening).rejects.toThrow("abort");
    await daemon.info.getInfo({});
    await check(open({ name: "gone", target: nowhere }), refused("CONNECT_FAILED", "target"));
  });
});

describe("a session that is not known", () => {
  const unknown = {
    code: "NOT_FOUND",
    reason: "UNKNOWN_SESSION",
    field: "session",
    resource: "hangup.v1/session ecko/1",
    message: '"echo/1"',
  };
  const missing = invalid("session", "MISSING_FIELD");
  const verbs = ["getSession", "receiveData", "closeSession", "halfCloseSession", "resetSession"] as const;

  test.each(verbs)("%s is NOT_FOUND and names the nearest", async (verb) =>
    check(() => daemon.sessions[verb]({ session: "ecko/1" }), unknown),
  );
  test.each(verbs)("%s without a name is MISSING_FIELD", async (verb) =>
    check(() => daemon.sessions[verb]({}), missing),
  );
  test.each(verbs)("%s in all scopes is refused", async (verb) =>
    check(() => daemon.sessions[verb]({ session: "c1", scope: "-" }), invalid("scope")),
  );
  test.each(verbs)("%s in an unknown scope is NOT_FOUND", async (verb) =>
    check(() => daemon.sessions[verb]({ session: "c1", scope: "x" }), { code: "NOT_FOUND", reason: "UNKNOWN_SCOPE" }),
  );
  test.each(["receiveData", "closeSession", "halfCloseSession", "resetSession"] as const)(
    "%s of another life is UID_MISMATCH",
    async (verb) =>
      check(() => daemon.sessions[verb]({ session: "c1", uid: "another" }), refused("UID_MISMATCH", "uid")),
  );
  test("sendData likewise", async () => {
    const payload = { $case: "text" as const, value: "x" };
    await check(() => daemon.sessions.sendData({ session: "ecko/1", payload }), unknown);
    await check(() => daemon.sessions.sendData({ payload }), missing);
    await check(
      () => daemon.sessions.sendData({ session: "c1", uid: "another", payload }),
      refused("UID_MISMATCH", "uid"),
    );
  });
});

describe("a listener that is not known", () => {
  const unknown = {
    code: "NOT_FOUND",
    reason: "UNKNOWN_LISTENER",
    field: "listener",
    resource: "hangup.v1/listener ecko",
    message: '"echo"',
  };
  const verbs = ["getListener", "updateListener", "deleteListener"] as const;

  test.each(verbs)("%s is NOT_FOUND and names the nearest", async (verb) =>
    check(() => daemon.listeners[verb]({ listener: "ecko" }), unknown),
  );
  test.each(verbs)("%s without a name is MISSING_FIELD", async (verb) =>
    check(() => daemon.listeners[verb]({}), invalid("listener", "MISSING_FIELD")),
  );
  test.each(verbs)("%s in all scopes is refused", async (verb) =>
    check(() => daemon.listeners[verb]({ listener: "echo", scope: "-" }), invalid("scope")),
  );
  test.each(["updateListener", "deleteListener"] as const)("%s of another life is UID_MISMATCH", async (verb) =>
    check(() => daemon.listeners[verb]({ listener: "echo", uid: "another" }), refused("UID_MISMATCH", "uid")),
  );
  test("listSessions of it is NOT_FOUND", async () =>
    check(() => daemon.sessions.listSessions({ listener: "ecko" }), unknown));
});

describe("the rest", () => {
  const payload = (value: string) => ({ $case: "text" as const, value });
  const wait = (request: Parameters<TestDaemon["sessions"]["waitSession"]>[0]) => () =>
    daemon.sessions.waitSession(request);
  const send = (request: Parameters<TestDaemon["sessions"]["sendData"]>[0]) => () =>
    daemon.sessions.sendData({ session: "c1", ...request });
  const receive = (request: object) => () => daemon.sessions.receiveData({ session: "c1", ...request });
  const remove = (request: object) => () => daemon.listeners.deleteListener({ listener: "echo", ...request });
  const update = (request: object) => () => daemon.listeners.updateListener({ listener: "echo", ...request });
  const stream = (request: object) => async () => {
    for await (const _ of daemon.events.streamEvents({ maxEvents: 1, ...request })) continue;
  };
  const tooMuch = 2n ** 60n;

  test.each<Case>([
    ["WaitSession for nothing", wait({}), invalid("session", "MISSING_FIELD")],
    [
      "WaitSession by session and listener",
      wait({ session: "c1", listener: "echo" }),
      invalid("session", "CONFLICTING_FIELDS"),
    ],
    [
      "WaitSession by session and peerPort",
      wait({ session: "c1", peerPort: 1 }),
      invalid("session", "CONFLICTING_FIELDS"),
    ],
    ["WaitSession by ordinal without listener", wait({ ordinal: 1n }), invalid("listener", "MISSING_FIELD")],
    ["WaitSession by a peer that is none", wait({ peer: "x" }), invalid("peer")],
    ["WaitSession by port 65536", wait({ listener: "echo", peerPort: 65_536 }), invalid("peer_port")],
    [
      "WaitSession for an unknown condition",
      wait({ session: "c1", condition: 9 as never }),
      { ...invalid("condition"), message: "ENDED, PEER_FIN, PEER_RST" },
    ],
    ["WaitSession for an unknown state", wait({ session: "c1", state: 99 as never }), invalid("state")],
    [
      "WaitSession with a negative timeout",
      wait({ session: "c1", timeout: { seconds: 0n, nanos: -1 } }),
      invalid("timeout"),
    ],
    ["WaitSession with a timeout of 11 minutes", wait({ session: "c1", timeout: ms(660_000) }), invalid("timeout")],
    [
      "WaitSession for bytes that can never come",
      wait({ session: "c1", bytesReceived: tooMuch }),
      invalid("bytes_received"),
    ],
    [
      "WaitSession after a number that can never be",
      wait({ session: "c1", openedAfterSequence: tooMuch }),
      invalid("opened_after_sequence"),
    ],
    ["WaitSession for a name of a MB", wait({ session: "x".repeat(1_000_000) }), invalid("session")],
    [
      "WaitSession in an unknown scope",
      wait({ scope: "x", session: "c1" }),
      { code: "NOT_FOUND", reason: "UNKNOWN_SCOPE" },
    ],
    ["SendData without bytes", send({}), invalid("payload", "MISSING_FIELD")],
    ["SendData of an empty text", send({ payload: payload("") }), invalid("payload", "MISSING_FIELD")],
    [
      "SendData of more than 1 MiB",
      send({ payload: payload("x".repeat(1024 * 1024 + 1)) }),
      { code: "RESOURCE_EXHAUSTED", reason: "DATA_TOO_LARGE", field: "data" },
    ],
    [
      "SendData with a negative flushTimeout",
      send({ payload: payload("x"), flushTimeout: { seconds: -1n, nanos: 0 } }),
      invalid("flush_timeout"),
    ],
    ["ReceiveData of more than 1 MiB", receive({ minBytes: 1024 * 1024 + 1 }), invalid("min_bytes")],
    ["ReceiveData of more than 1 MiB at most", receive({ maxBytes: 4_000_000_000 }), invalid("max_bytes")],
    ["ReceiveData with max below min", receive({ minBytes: 2, maxBytes: 1 }), invalid("max_bytes")],
    ["ReceiveData of an echo", () => daemon.sessions.receiveData({ session: "echo/1" }), refused("NOT_RECEIVING")],
    [
      "CloseSession with a negative flushTimeout",
      () => daemon.sessions.closeSession({ session: "c1", flushTimeout: { seconds: -1n, nanos: 0 } }),
      invalid("flush_timeout"),
    ],
    [
      "CloseSession with a drainTimeout of 6 minutes",
      () => daemon.sessions.closeSession({ session: "c1", drainTimeout: ms(360_000) }),
      invalid("drain_timeout"),
    ],
    [
      "HalfCloseSession with a negative flushTimeout",
      () => daemon.sessions.halfCloseSession({ session: "c1", flushTimeout: { seconds: -1n, nanos: 0 } }),
      invalid("flush_timeout"),
    ],
    ["DeleteListener with 1001 results", remove({ maxResults: 1001 }), invalid("max_results")],
    ["DeleteListener with negative results", remove({ maxResults: -1 }), invalid("max_results")],
    [
      "DeleteListener with an unknown way to end",
      remove({ sessions: 9 }),
      { ...invalid("sessions"), message: "RESET, CLOSE" },
    ],
    [
      "DeleteListener with a negative drainTimeout",
      remove({ drainTimeout: { seconds: -1n, nanos: 0 } }),
      invalid("drain_timeout"),
    ],
    ["UpdateListener of nothing", update({}), invalid("update_mask", "MISSING_FIELD")],
    ["UpdateListener of an unknown field", update({ updateMask: ["port"] }), invalid("update_mask")],
    [
      "UpdateListener with an unknown enum value",
      update({ onPeerFin: 9, updateMask: ["on_peer_fin"] }),
      invalid("on_peer_fin"),
    ],
    [
      "UpdateListener of which a part is wrong",
      update({ labels: { a: "b" }, updateMask: ["labels", "name"] }),
      invalid("update_mask"),
    ],
    ["ListSessions with a negative page", () => daemon.sessions.listSessions({ pageSize: -1 }), invalid("page_size")],
    ["ListSessions with a page of 1001", () => daemon.sessions.listSessions({ pageSize: 1001 }), invalid("page_size")],
    [
      "ListSessions with a token of somebody else",
      () => daemon.sessions.listSessions({ pageToken: "next" }),
      invalid("page_token"),
    ],
    [
      "ListListeners with a token of a space",
      () => daemon.listeners.listListeners({ pageToken: " " }),
      invalid("page_token"),
    ],
    [
      "ListListeners in an unknown scope",
      () => daemon.listeners.listListeners({ scope: "x" }),
      { code: "NOT_FOUND", reason: "UNKNOWN_SCOPE" },
    ],
    ["ListEvents with a page of 1001", () => daemon.events.listEvents({ pageSize: 1001 }), invalid("page_size")],
    ["ListEvents of an unknown kind", () => daemon.events.listEvents({ kinds: [99 as never] }), invalid("kinds[0]")],
    ["StreamEvents of an unknown kind", stream({ kinds: [1, 99] }), invalid("kinds[1]")],
    ["StreamEvents after a number that can never be", stream({ afterSequence: tooMuch }), invalid("after_sequence")],
  ])("%s is refused", async (_, call, expected) => {
    await check(call, expected);
  });

  test.each(["-5", "0x10", "1e3", "1.5", "9".repeat(30)])("the page token %s is none of ours", async (pageToken) => {
    await check(() => daemon.sessions.listSessions({ pageToken }), invalid("page_token"));
  });

  test("a request of 8 MiB gets our own answer, with the field", async () => {
    const failure = await failureOf(send({ payload: payload("x".repeat(8 * 1024 * 1024)) })());
    expect(failure).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "DATA_TOO_LARGE", field: "data" });
  });

  test("past the limit of a message the gRPC library refuses, and the daemon goes on", async () => {
    const failure = await failureOf(send({ payload: payload("x".repeat(16 * 1024 * 1024)) })());
    expect(failure).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "" });
    expect(failure.message).toContain("16777216");
    expect((await daemon.info.getInfo({})).limits?.messageBytes).toBe(16 * 1024 * 1024);
  });

  test("a refused update changes nothing", async () => {
    const before = await daemon.listeners.getListener({ listener: "echo" });
    await failureOf(
      daemon.listeners.updateListener({ listener: "echo", labels: { a: "b" }, updateMask: ["labels", "name"] }),
    );
    expect(await daemon.listeners.getListener({ listener: "echo" })).toEqual(before);
  });
});
