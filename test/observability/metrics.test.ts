import { createClientFactory } from "nice-grpc";
import { pino } from "pino";
import { defaultLimits } from "../../src/domain/limits.js";
import { Fixture } from "../../src/domain/fixture.js";
import { Journal } from "../../src/domain/journal.js";
import { ScopeServiceDefinition } from "../../src/gen/hangup/v1/scope.js";
import { WaitSessionRequest_Condition } from "../../src/gen/hangup/v1/session.js";
import { startMetrics } from "../../src/observability/metrics.js";
import { connectTo, dialJudge } from "../support/connections.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, startJudge } from "../support/judge.js";
import { Scrape } from "../support/metrics.js";

const anywhere = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;

let judge: Judge;
beforeAll(async () => {
  judge = await startJudge();
});
afterAll(async () => judge.stop());

describe("metrics", () => {
  let daemon: TestDaemon;
  beforeEach(async () => {
    daemon = await startTestDaemon({ metrics: anywhere });
  });
  afterEach(async () => daemon.stop());

  const scrape = async () => Scrape.of(daemon.daemon.metrics ?? "");

  test("endings are counted by what each side sent, and by who opened the connection", async () => {
    const echo = { name: "echo", ...(await daemon.listen("echo")) };
    for (let i = 0; i < 3; i++) {
      const { peer, name } = await connectTo(daemon, judge, echo);
      await peer.shutdown("WR");
      expect((await peer.recvAll()).end).toBe("EOF");
      await daemon.sessions.waitSession({ session: name, condition: WaitSessionRequest_Condition.ENDED });
      await peer.close();
    }
    for (let i = 0; i < 2; i++) {
      const { peer, name } = await connectTo(daemon, judge, echo);
      await daemon.sessions.resetSession({ session: name });
      expect((await peer.recv()).end).toBe("ECONNRESET");
      await peer.close();
    }
    const dialed = await dialJudge(daemon, judge);
    await dialed.peer.close({ linger0: true });
    await daemon.sessions.waitSession({ session: dialed.name, condition: WaitSessionRequest_Condition.ENDED });
    const living = await connectTo(daemon, judge, echo);

    // States after a close change by themselves, and are events.
    const lastSequence = async () =>
      Number((await daemon.events.listEvents({ afterSequence: 0n, pageSize: 1000 })).nextAfterSequence);
    const before = await lastSequence();
    const metrics = await scrape();
    const after = await lastSequence();
    expect(metrics.all("hangup_endings_total")).toEqual({
      'hangup_endings_total{origin="ACCEPTED",local_end="FIN",peer_end="FIN"}': 3,
      'hangup_endings_total{origin="ACCEPTED",local_end="RST",peer_end="NONE"}': 2,
      'hangup_endings_total{origin="DIALED",local_end="NONE",peer_end="RST"}': 1,
    });
    expect(metrics.all("hangup_sessions_opened_total")).toEqual({
      'hangup_sessions_opened_total{origin="ACCEPTED"}': 6,
      'hangup_sessions_opened_total{origin="DIALED"}': 1,
    });
    expect(metrics.value('hangup_sessions{scope="default",state="ESTABLISHED"}')).toBe(1);
    expect(metrics.value("hangup_events_total")).toBeGreaterThanOrEqual(before);
    expect(metrics.value("hangup_events_total")).toBeLessThanOrEqual(after);
    await living.peer.close();
  });

  test("what lives is told by scope, and a scope that has ended leaves no series behind", async () => {
    const scopes = createClientFactory().create(ScopeServiceDefinition, daemon.channel);
    for (const scope of ["a", "b"]) {
      await scopes.createScope({ scope });
      await daemon.listen("echo", { scope });
    }
    // One name in two scopes: two sessions echo/1 in the one, none in the other.
    const { listener } = await daemon.listeners.getListener({ scope: "a", listener: "echo" });
    const peers = [1, 2].map(() => judge.connect({ host: "127.0.0.1", port: listener?.port ?? 0 }));
    for (const [index, peer] of (await Promise.all(peers)).entries()) {
      await daemon.sessions.waitSession({ scope: "a", listener: "echo", ordinal: BigInt(index + 1) });
      expect(peer.localPort).toBeGreaterThan(0);
    }
    const both = await scrape();
    expect(both.all("hangup_sessions")).toEqual({
      'hangup_sessions{scope="default",state="ESTABLISHED"}': 0,
      'hangup_sessions{scope="a",state="ESTABLISHED"}': 2,
      'hangup_sessions{scope="b",state="ESTABLISHED"}': 0,
    });
    expect(both.value('hangup_listeners{scope="b",state="LISTENING"}')).toBe(1);
    expect(both.value("hangup_scopes")).toBe(3);

    await scopes.deleteScope({ scope: "a" });
    const one = await scrape();
    expect(Object.keys(one.all("hangup_sessions")).filter((sample) => sample.includes('"a"'))).toEqual([]);
    expect(Object.keys(one.all("hangup_listeners")).filter((sample) => sample.includes('"a"'))).toEqual([]);
    expect(one.value("hangup_scopes")).toBe(2);
    expect(one.value('hangup_endings_total{origin="ACCEPTED",local_end="RST",peer_end="NONE"}')).toBe(2);
  });

  test("calls are measured by service, method and code", async () => {
    await daemon.info.getInfo({});
    await daemon.info.getInfo({});
    await failureOf(daemon.sessions.getSession({ session: "nobody" }));
    const counts = (await scrape()).all("hangup_rpc_duration_seconds_count");
    const labels = (service: string, method: string, code: string) =>
      `hangup_rpc_duration_seconds_count{service="hangup.v1.${service}",method="${method}",code="${code}"}`;
    expect(counts).toEqual({
      [labels("DaemonService", "GetInfo", "OK")]: 2,
      [labels("SessionService", "GetSession", "NOT_FOUND")]: 1,
    });
  });

  test("who waits and who subscribes is counted while it does", async () => {
    const cancel = new AbortController();
    const waiting = daemon.sessions.waitSession({ session: "nobody" }, { signal: cancel.signal });
    const events = daemon.events.streamEvents({})[Symbol.asyncIterator]();
    await events.next();
    // Calls of one connection are begun in their order: the wait was there before these.
    await daemon.info.getInfo({});
    const during = await scrape();
    expect([during.value("hangup_waiters"), during.value("hangup_subscribers")]).toEqual([1, 1]);
    cancel.abort();
    await expect(waiting).rejects.toThrow();
    await events.return?.();
  });

  test("a connection that the bound on sessions refuses is an accept failure with its reason", async () => {
    await using small = await startTestDaemon({ metrics: anywhere, limits: { sessions: 1 } });
    const echo = { name: "echo", ...(await small.listen("echo")) };
    await connectTo(small, judge, echo);
    const refused = await judge.connect({ host: "127.0.0.1", port: echo.port });
    expect((await refused.recv()).end).toBe("ECONNRESET");
    const metrics = await Scrape.of(small.daemon.metrics ?? "");
    expect(metrics.all("hangup_accept_failures_total")).toEqual({
      'hangup_accept_failures_total{reason="TOO_MANY_SESSIONS"}': 1,
    });
    expect(metrics.value('hangup_limit{of="sessions"}')).toBe(1);
  });

  test("the process and its event loop are told of", async () => {
    const { names } = await scrape();
    for (const name of ["nodejs_eventloop_lag_p99_seconds", "process_resident_memory_bytes", "process_open_fds"]) {
      expect(names).toContain(name);
    }
  });

  test("the endpoint goes with the daemon", async () => {
    const [, port = ""] = (daemon.daemon.metrics ?? "").split(":");
    await daemon.daemon.stop();
    expect(await judge.tryConnect({ host: "127.0.0.1", port: Number(port) })).toMatchObject({ errno: "ECONNREFUSED" });
  });
});

test("events that a stream has lost are counted; those older than what it asked for are not", async () => {
  const fixture = new Fixture({ ...defaultLimits, journalEvents: 8 });
  await using metrics = await startMetrics(fixture, anywhere);
  const { journal } = fixture;
  const subject = { scope: "default", listener: "", session: "", uid: "" };
  const append = (count: number) => {
    for (let i = 0; i < count; i++) journal.append(subject, { kind: "accept_failed", reason: "EMFILE", message: "" });
  };
  append(10);
  const signal = new AbortController().signal;
  using slow = journal.subscribe({}, undefined);
  using oldest = journal.subscribe({}, 0);
  append(11);
  const read = async (subscription: typeof slow) => (await subscription.pages(100, signal).next()).value?.lost;
  expect(await read(slow)).toEqual({ firstSequence: 11, lastSequence: 13 });
  expect(await read(oldest)).toEqual({ firstSequence: 1, lastSequence: 13 });
  expect((await Scrape.of(metrics.address)).value("hangup_events_lost_total")).toBe(3);
});

test("who asked neither for metrics nor for a log observes nothing", async () => {
  const observe = jest.spyOn(Journal.prototype, "observe");
  await using quiet = await startTestDaemon({ logger: pino({ level: "error" }, { write() {} }) });
  expect(quiet.daemon.metrics).toBeUndefined();
  expect(observe).not.toHaveBeenCalled();
  await using seen = await startTestDaemon({ metrics: anywhere });
  expect(seen.daemon.metrics).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(observe).toHaveBeenCalledTimes(1);
});

test("an address that others can reach is refused without --insecure", async () => {
  const metrics = { kind: "tcp", host: "0.0.0.0", port: 0 } as const;
  await expect(startTestDaemon({ metrics })).rejects.toMatchObject({ reason: "INSECURE_ADDRESS" });
  await using open = await startTestDaemon({ metrics, insecure: true });
  expect(open.daemon.metrics).toMatch(/^127\.0\.0\.1:\d+$/);
});
