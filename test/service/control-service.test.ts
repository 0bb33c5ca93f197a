import type { CallContext } from "nice-grpc";
import { ErrorInfo } from "nice-grpc-error-details";
import { Fixture } from "../../src/domain/fixture.js";
import { defaultLimits } from "../../src/domain/limits.js";
import { CaptureServiceDefinition } from "../../src/gen/hangup/v1/capture.js";
import { ControlRequest, ControlResponse } from "../../src/gen/hangup/v1/control.js";
import { DaemonServiceDefinition } from "../../src/gen/hangup/v1/daemon.js";
import { EventServiceDefinition } from "../../src/gen/hangup/v1/event.js";
import { ListenerServiceDefinition } from "../../src/gen/hangup/v1/listener.js";
import { ScopeServiceDefinition } from "../../src/gen/hangup/v1/scope.js";
import { SessionServiceDefinition } from "../../src/gen/hangup/v1/session.js";
import { controlService, type Methods } from "../../src/service/control-service.js";
import type { CallEnd } from "../../src/service/observed-calls.js";
import { ControlClient } from "../support/control-client.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, startJudge } from "../support/judge.js";

let daemon: TestDaemon;
let judge: Judge;
let control: ControlClient;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
  control = new ControlClient(daemon.channel);
});

afterEach(async () => {
  control.end();
  await Promise.all([judge.stop(), daemon.stop()]);
});

type Case = NonNullable<ControlRequest["request"]>["$case"];

/** A request from its JSON. */
function request(name: Case, json: object) {
  const parsed = ControlRequest.fromJSON({ [name]: json }).request;
  if (parsed === undefined) throw new Error(`no such request: ${name}`);
  return parsed;
}

/** Calls, and gives the reply as JSON. */
async function call(name: Case, json: object = {}): Promise<Record<string, never>> {
  return shown(await control.call(request(name, json)));
}

function shown(response: NonNullable<ControlResponse["response"]>): Record<string, never> {
  return ControlResponse.toJSON({ id: 0n, response }) as Record<string, never>;
}

async function listen(name: string, json: object = {}): Promise<{ host: string; port: number }> {
  const { createListener } = await call("createListener", { name, ...json });
  return (createListener as unknown as { listener: { host: string; port: number } }).listener;
}

test("a session that is reset over the stream gives its peer ECONNRESET", async () => {
  const peer = await judge.connect(await listen("echo"));
  await call("waitSession", { session: "echo/1" });
  const { resetSession } = await call("resetSession", { session: "echo/1" });
  expect(resetSession).toMatchObject({ receipt: { localEnd: { kind: "RST" }, final: true } });
  expect((await peer.recv()).end).toBe("ECONNRESET");
});

test("an error is the status that the RPC ends with, details included, and the stream goes on", async () => {
  const response = await control.call(request("getSession", { session: "nobody/1" }));
  const unary = await failureOf(daemon.sessions.getSession({ session: "nobody/1" }));
  if (response.$case !== "error") throw new Error(`no error: ${response.$case}`);
  expect(response.value.code).toBe(5);
  expect(response.value.message).toBe(unary.message);
  const info = response.value.details.find(({ typeUrl }) => typeUrl.endsWith("/google.rpc.ErrorInfo"));
  expect(ErrorInfo.decode(info!.value)).toMatchObject({ reason: "UNKNOWN_SESSION", domain: "hangup.v1" });
  expect(response.value.details.map(({ typeUrl }) => typeUrl)).toEqual([
    "type.googleapis.com/google.rpc.ErrorInfo",
    "type.googleapis.com/google.rpc.BadRequest",
    "type.googleapis.com/google.rpc.ResourceInfo",
  ]);
  expect(await call("listSessions")).toHaveProperty("listSessions");
});

test("a wait holds up none of the calls behind it, and is answered by what they do", async () => {
  const where = await listen("echo");
  const waiting = call("waitSession", { session: "echo/1", condition: "ENDED" });
  const peer = await judge.connect(where);
  await call("waitSession", { session: "echo/1" });
  expect(await call("resetSession", { session: "echo/1" })).toHaveProperty("resetSession");
  expect(await waiting).toMatchObject({ waitSession: { session: { name: "echo/1", ended: true } } });
  expect((await peer.recv()).end).toBe("ECONNRESET");
});

test("what changes one session changes it in the order of sending", async () => {
  const peer = await judge.connect(await listen("feed", { behaviour: { manual: {} } }));
  await call("waitSession", { session: "feed/1" });
  const pieces = Array.from({ length: 500 }, (_, index) => `${index};`);
  const sent = pieces.map((text) => call("sendData", { session: "feed/1", text }));
  const closed = call("closeSession", { session: "feed/1" });
  const all = await peer.recvAll();
  expect(all.data.toString()).toBe(pieces.join(""));
  expect(all.end).toBe("EOF");
  await Promise.all(sent);
  expect(await closed).toMatchObject({ closeSession: { receipt: { localEnd: { kind: "FIN" } } } });
});

/** Dials so many sessions of a listener, and waits until it has accepted them all. */
async function dialed(listener: string, count: number): Promise<void> {
  const { port } = await listen(listener, { behaviour: { manual: {} } });
  const opened = Array.from({ length: count }, (_, index) =>
    call("openSession", { name: `dial-${index + 1}`, target: `127.0.0.1:${port}` }),
  );
  for (const reply of await Promise.all(opened)) expect(reply).toHaveProperty("openSession");
  await call("waitSession", { listener, ordinal: String(count) });
}

/** The reason of a reply that is an error; undefined of one that is none. */
function reasonOf(response: NonNullable<ControlResponse["response"]>): string | undefined {
  if (response.$case !== "error") return undefined;
  const info = response.value.details.find(({ typeUrl }) => typeUrl.endsWith("/google.rpc.ErrorInfo"));
  return ErrorInfo.decode(info!.value).reason;
}

const many = 400;
const lastOfMany = { session: `m/${many}` };

test("an action on many sessions comes before what is sent after it for one of them", async () => {
  await dialed("m", many);
  const halfClosed = call("performAction", { listener: "m", action: { halfClose: {} } });
  const reset = call("resetSession", lastOfMany);
  expect(await reset).toMatchObject({ resetSession: { receipt: { localEnd: { kind: "RST" } } } });
  expect(await halfClosed).toMatchObject({ performAction: { targeted: `${many}`, performed: `${many}` } });
  const events = await call("listEvents", { session: lastOfMany.session, kinds: ["ACTION_PERFORMED"] });
  expect(events).toMatchObject({
    listEvents: { events: [{ actionPerformed: { action: "half_close" } }, { actionPerformed: { action: "reset" } }] },
  });
});

test("of two actions on the same many sessions each has the first one first", async () => {
  await dialed("m", many);
  const halfClosed = call("performAction", { listener: "m", action: { halfClose: {} } });
  const reset = call("performAction", { sessions: [lastOfMany.session, "m/1"], action: { reset: {} } });
  expect(await reset).toMatchObject({ performAction: { performed: "2" } });
  expect(await halfClosed).toMatchObject({ performAction: { performed: `${many}` } });
});

test.each([
  ["DeleteListener", request("deleteListener", { listener: "m" })],
  ["DeleteScope", request("deleteScope", { scope: "default" })],
])("%s has ended a session that is reset after it", async (_, deletion) => {
  await dialed("m", many);
  const deleted = control.call(deletion);
  const reset = await control.call(request("resetSession", lastOfMany));
  // Perhaps it is forgotten too.
  expect(["SESSION_ENDED", "UNKNOWN_SESSION"]).toContain(reasonOf(reset));
  expect(reasonOf(await deleted)).toBeUndefined();
});

test("calls past those that a stream may have under way are refused and told of, and one that is given up makes room", async () => {
  const waitSession = (_asked: unknown, { signal }: CallContext) =>
    new Promise((_never, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
  const getInfo = () => Promise.resolve({});
  const methods = { waitSession, getInfo } as unknown as Methods;
  const told: CallEnd[] = [];
  const observer = { failuresOnly: true, onCall: (end: CallEnd) => void told.push(end) };
  const fixture = new Fixture({ ...defaultLimits, waiters: 2, sessions: 3 });
  const service = controlService(fixture, methods, () => "no bug", observer);
  const wait = request("waitSession", { session: "nobody/1" });
  const requests = async function* requests() {
    for (let id = 1n; id <= 1006n; id += 1n) yield { id, request: wait };
    yield { id: 1n, request: request("cancel", {}) };
    // The reply to what was given up is made in a turn of its own.
    await new Promise((resolve) => setImmediate(resolve));
    yield { id: 1007n, request: request("getInfo", {}) };
    await new Promise(() => {});
  };
  const context = { signal: new AbortController().signal } as CallContext;
  const replies: (readonly [bigint | undefined, string | undefined])[] = [];
  for await (const { id, response } of service.control(requests(), context)) {
    const reply = response as ControlResponse["response"] & object;
    replies.push([id as bigint, reply.$case === "error" && id !== 1n ? reasonOf(reply) : reply.$case]);
    if (id === 1007n) break;
  }
  expect(replies).toEqual([
    [1006n, "TOO_MANY_WAITERS"],
    [1n, "error"],
    [1007n, "getInfo"],
  ]);
  expect(told).toMatchObject([
    {
      service: "hangup.v1.ControlService",
      method: "WaitSession",
      code: "RESOURCE_EXHAUSTED",
      request: { session: "nobody/1" },
    },
  ]);
});

test("a call that is given up is answered with CANCELLED, and leaves no waiter", async () => {
  await using small = await startTestDaemon({ limits: { waiters: 1 } });
  const stream = new ControlClient(small.channel);
  stream.send(7n, request("waitSession", { session: "nobody/1", timeout: { seconds: 60 } }));
  const reply = stream.reply(7n);
  stream.send(7n, request("cancel", {}));
  expect(shown(await reply)).toMatchObject({ error: { code: 1 } });
  const next = stream.call(request("waitSession", { session: "nobody/1", timeout: {} }));
  expect(shown(await next)).toMatchObject({ error: { code: 4 } });
});

test("a call that cannot stop half-way goes on to its own reply when it is given up", async () => {
  const peer = await judge.connect(await listen("echo"));
  await call("waitSession", { session: "echo/1" });
  control.send(7n, request("deleteListener", { listener: "echo", sessions: "CLOSE", drainTimeout: { seconds: 60 } }));
  const reply = control.reply(7n);
  expect((await peer.recv()).end).toBe("EOF");
  control.send(7n, request("cancel", {}));
  // What is sent after it is answered, and it is not.
  expect(await Promise.race([reply.then(() => "answered"), call("getInfo").then(() => "waits")])).toBe("waits");
  await peer.close();
  expect(shown(await reply)).toMatchObject({ deleteListener: { counts: { sessions: "1", localFin: "1" } } });
});

test("an id that is in use ends the stream with INVALID_ARGUMENT", async () => {
  control.send(7n, request("waitSession", { session: "nobody/1" }));
  control.send(7n, request("getInfo", {}));
  expect(await failureOf(control.over)).toMatchObject({ code: "INVALID_ARGUMENT" });
});

test("a call that asks nothing is MISSING_FIELD, and the stream goes on", async () => {
  const reply = control.reply(9n);
  control.send(9n, undefined);
  expect(shown(await reply)).toMatchObject({ error: { code: 3, message: expect.stringMatching(/^request: /) } });
  expect(await call("getInfo")).toMatchObject({ getInfo: { apiVersion: "hangup.v1" } });
});

test("when the client ends its side, the replies still to come come before the end", async () => {
  const where = await listen("echo");
  const waiting = call("waitSession", { session: "echo/1" });
  control.end();
  await judge.connect(where);
  expect(await waiting).toHaveProperty("waitSession");
  await control.over;
});

test("when the stream is cancelled, so are its calls", async () => {
  await using small = await startTestDaemon({ limits: { waiters: 1 } });
  const lost = new ControlClient(small.channel);
  lost.send(100n, request("waitSession", { session: "nobody/1", timeout: { seconds: 60 } }));
  await lost.call(request("getInfo", {}));
  const noWait = { session: "nobody/1", timeout: { seconds: 0n, nanos: 0 } };
  expect(await failureOf(small.sessions.waitSession(noWait))).toMatchObject({ reason: "TOO_MANY_WAITERS" });
  lost.cancel();
  const deadline = performance.now() + 4000;
  let reason = "";
  // The daemon says nothing when it has noticed.
  while (reason !== "WAIT_TIMEOUT" && performance.now() < deadline) {
    ({ reason } = await failureOf(small.sessions.waitSession(noWait)));
  }
  expect(reason).toBe("WAIT_TIMEOUT");
});

test("the daemon's end ends the stream in order, after the reply to what was under way", async () => {
  const waiting = call("waitSession", { session: "nobody/1", timeout: { seconds: 60 } });
  await call("getInfo");
  await daemon.daemon.stop();
  expect(await waiting).toHaveProperty("error");
  await control.over;
});

test("a bug in a call is logged by the path that calls of the stream have, with what was asked", async () => {
  const bugs: unknown[] = [];
  const getSession = () => Promise.reject(new Error("a bug"));
  const service = controlService(
    new Fixture(defaultLimits),
    { getSession } as unknown as Methods,
    (path, _error, asked) => {
      bugs.push([path, asked]);
      return "its id";
    },
  );
  const requests = async function* requests() {
    yield { id: 1n, request: request("getSession", { session: "echo/1" }) };
  };
  const context = { signal: new AbortController().signal } as CallContext;
  for await (const { response } of service.control(requests(), context)) expect(response?.$case).toBe("error");
  expect(bugs).toEqual([["/hangup.v1.ControlService/GetSession", expect.objectContaining({ session: "echo/1" })]]);
});

test("10,000 calls that are sent at once all get their replies", async () => {
  const replies = await Promise.all(Array.from({ length: 10_000 }, () => call("listListeners")));
  expect(replies.every((reply) => "listListeners" in reply)).toBe(true);
});

test("the stream carries every unary RPC of the contract but Shutdown", () => {
  const definitions = [
    CaptureServiceDefinition,
    DaemonServiceDefinition,
    EventServiceDefinition,
    ListenerServiceDefinition,
    ScopeServiceDefinition,
    SessionServiceDefinition,
  ];
  const unary = definitions.flatMap(({ methods }) =>
    Object.entries(methods).flatMap(([name, { responseStream }]) => (responseStream ? [] : [name])),
  );
  const carried = (message: { toJSON(value: never): unknown }, field: string) =>
    unary.filter((name) => {
      const value = { id: 1n, [field]: { $case: name, value: {} } } as never;
      try {
        return Object.keys(message.toJSON(value) as object).includes(name);
      } catch {
        // It is known, and its empty request cannot be shown.
        return true;
      }
    });
  expect(carried(ControlRequest, "request").toSorted()).toEqual(unary.filter((name) => name !== "shutdown").toSorted());
  expect(carried(ControlResponse, "response").toSorted()).toEqual(
    unary.filter((name) => name !== "shutdown").toSorted(),
  );
});
