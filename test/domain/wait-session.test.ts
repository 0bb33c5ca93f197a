import { resetNow } from "../../src/domain/actions/reset.js";
import { Fixture } from "../../src/domain/fixture.js";
import { defaultLimits } from "../../src/domain/limits.js";
import { waitSession } from "../../src/domain/wait-session.js";
import { Session_OnPeerFin, Session_State, WaitSessionRequest_Condition } from "../../src/gen/hangup/v1/session.js";
import { connectBlocking } from "../support/blocking-connect.js";
import { connectTo } from "../support/connections.js";
import { ms, startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, startJudge } from "../support/judge.js";

const { ENDED, PEER_FIN, PEER_RST } = WaitSessionRequest_Condition;

let daemon: TestDaemon;
let judge: Judge;
let echo: { name: string; host: string; port: number; address: string };

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
  echo = { name: "echo", ...(await daemon.listen("echo")) };
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

const nameOf = async (request: Parameters<TestDaemon["sessions"]["waitSession"]>[0]) =>
  (await daemon.sessions.waitSession(request)).session?.name;

describe("which session", () => {
  test("each selector finds the one that it means", async () => {
    const first = await connectTo(daemon, judge, echo);
    const second = await connectTo(daemon, judge, echo);
    const { session } = await daemon.sessions.getSession({ session: "echo/1" });
    expect(await nameOf({ session: "echo/1" })).toBe("echo/1");
    expect(await nameOf({ listener: "echo", ordinal: 2n })).toBe("echo/2");
    expect(await nameOf({ listener: "echo", peerPort: first.peer.localPort })).toBe("echo/1");
    expect(await nameOf({ listener: "echo", peer: `127.0.0.1:${second.peer.localPort}` })).toBe("echo/2");
    expect(await nameOf({ peerPort: first.peer.localPort })).toBe("echo/1");
    expect(await nameOf({ peer: `127.0.0.1:${second.peer.localPort}` })).toBe("echo/2");
    expect(await nameOf({ uid: session!.uid })).toBe("echo/1");
    expect(await nameOf({ session: "echo/1", uid: session!.uid })).toBe("echo/1");
    // With none of them the newest.
    expect(await nameOf({ listener: "echo" })).toBe("echo/2");
    expect(await nameOf({ scope: "-", session: "echo/1" })).toBe("echo/1");
    expect(await nameOf({ scope: "default", listener: "echo", ordinal: 1n })).toBe("echo/1");
  });

  test("all that is given must match", async () => {
    const { peer } = await connectTo(daemon, judge, echo);
    await connectTo(daemon, judge, echo);
    const failure = await failureOf(
      daemon.sessions.waitSession({ listener: "echo", ordinal: 2n, peerPort: peer.localPort, timeout: ms(0) }),
    );
    expect(failure).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "WAIT_TIMEOUT" });
  });

  test("a wait may begin before the session exists", async () => {
    const byName = nameOf({ session: "c1" });
    const byListener = nameOf({ listener: "echo", ordinal: 1n });
    const byAny = nameOf({ listener: "echo" });
    await daemon.sessions.openSession({ name: "c1", target: echo.address });
    expect(await Promise.all([byName, byListener, byAny])).toEqual(["c1", "echo/1", "echo/1"]);
  });

  test("of two lives of one peer port the living is preferred, then the newest", async () => {
    const localPort = await freePort();
    const connect = async () => judge.connect({ ...echo, localAddress: "127.0.0.1", localPort });
    const older = await connect();
    await daemon.sessions.waitSession({ session: "echo/1" });
    await daemon.sessions.resetSession({ session: "echo/1" });
    await older.close();
    // Ended, and the only one.
    expect(await nameOf({ listener: "echo", peerPort: localPort })).toBe("echo/1");
    const newer = await connect();
    await daemon.sessions.waitSession({ session: "echo/2" });
    expect(await nameOf({ listener: "echo", peerPort: localPort })).toBe("echo/2");
    await newer.close({ linger0: true });
    await daemon.sessions.waitSession({ session: "echo/2", condition: ENDED });
    // Both ended: the newest.
    expect(await nameOf({ listener: "echo", peerPort: localPort })).toBe("echo/2");
    expect(await nameOf({ peer: `127.0.0.1:${localPort}` })).toBe("echo/2");
  });

  describe("of a port that has come round, whose connection is not accepted yet,", () => {
    /** A listener of a fixture in this process, and the port that is used twice. */
    async function ownListener(behaviour: "echo" | "silent") {
      const fixture = new Fixture(defaultLimits);
      const scope = fixture.scope("default");
      const listener = await scope.createListener(
        "own",
        { kind: "tcp", host: "127.0.0.1", port: 0 },
        {
          onPeerFin: "CLOSE_TOO",
          labels: {},
          behaviour: { kind: { name: behaviour } },
          state: "LISTENING",
          resetOnAccept: "NEVER",
          backlog: 511,
          receiveBufferBytes: undefined,
          plans: [],
        },
      );
      const from = { host: "127.0.0.1", port: await freePort() };
      const wait = async () =>
        waitSession(fixture, [scope], { listener: "own", peerPort: from.port }, {}, { timeoutMs: 5000 });
      const connect = () => connectBlocking(from, listener.view());
      const known = () => [...scope.allSessions()].map(({ name, ended }) => ({ name, ended }));
      return { wait, connect, known, [Symbol.asyncDispose]: async () => fixture.stop() };
    }

    test("it is preferred over a session that has ended", async () => {
      await using own = await ownListener("echo");
      const older = own.connect();
      resetNow(await own.wait(), { kind: "COMMAND", rpc: "ResetSession", action: "reset" });
      older[Symbol.dispose]();
      using _ = own.connect();
      // In one turn of the loop: nothing was accepted since.
      expect(own.known()).toEqual([{ name: "own/1", ended: true }]);
      expect((await own.wait()).name).toBe("own/2");
    });

    test("it is preferred over a session that the peer has reset, and that nobody reads", async () => {
      await using own = await ownListener("silent");
      const older = own.connect();
      await own.wait();
      older[Symbol.dispose]();
      using _ = own.connect();
      // The RST is with the kernel alone.
      expect(own.known()).toEqual([{ name: "own/1", ended: false }]);
      expect((await own.wait()).name).toBe("own/2");
    });
  });

  test("a living session is preferred over one that is newer and has ended", async () => {
    const other = { name: "other", ...(await daemon.listen("other")) };
    const localPort = await freePort();
    const living = await judge.connect({ ...echo, localAddress: "127.0.0.1", localPort });
    await daemon.sessions.waitSession({ session: "echo/1" });
    await judge.connect({ ...other, localAddress: "127.0.0.1", localPort });
    await daemon.sessions.waitSession({ session: "other/1" });
    await daemon.sessions.resetSession({ session: "other/1" });
    expect(await nameOf({ peerPort: localPort })).toBe("echo/1");
    await living.close();
  });

  test("openedAfterSequence shuts out older lives, and waits for a new one", async () => {
    const localPort = await freePort();
    const older = await judge.connect({ ...echo, localAddress: "127.0.0.1", localPort });
    const { session } = await daemon.sessions.waitSession({ listener: "echo", peerPort: localPort });
    await daemon.sessions.resetSession({ session: "echo/1" });
    await older.close();
    const { events, nextAfterSequence } = await daemon.events.listEvents({});
    expect(events.at(-1)?.fact?.$case).toBe("sessionEnded");
    // The wait begins while only the old life is there.
    const waiting = nameOf({ listener: "echo", peerPort: localPort, openedAfterSequence: nextAfterSequence });
    const newer = await judge.connect({ ...echo, localAddress: "127.0.0.1", localPort });
    expect(await waiting).toBe("echo/2");
    expect(await nameOf({ listener: "echo", openedAfterSequence: session!.openedSequence })).toBe("echo/2");
    // Present and 0 is a number like any other: all lives.
    expect(await nameOf({ listener: "echo", ordinal: 1n, openedAfterSequence: 0n })).toBe("echo/1");
    await newer.close();
  });

  test("another uid than the one that lives is none at all", async () => {
    await connectTo(daemon, judge, echo);
    const failure = await failureOf(daemon.sessions.waitSession({ session: "echo/1", uid: "no-such", timeout: ms(0) }));
    expect(failure).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "WAIT_TIMEOUT" });
  });

  /** A port that was free a moment ago; the judge takes it with SO_REUSEADDR. */
  async function freePort(): Promise<number> {
    const listener = await judge.listen({ host: "127.0.0.1" });
    const { port } = listener;
    await listener.close();
    return port;
  }
});

describe("what of it", () => {
  test("what holds already is answered at once, also with a timeout of 0", async () => {
    const { peer, name } = await connectTo(daemon, judge, echo);
    await peer.send({ text: "hello" });
    await peer.recvAll({ max: 5 });
    await peer.close();
    await daemon.sessions.waitSession({ session: name, condition: ENDED });
    const { session } = await daemon.sessions.waitSession({
      session: name,
      condition: PEER_FIN,
      bytesReceived: 5n,
      bytesSent: 5n,
      timeout: ms(0),
    });
    expect(session).toMatchObject({ ended: true, bytesReceived: 5n, bytesSent: 5n });
  });

  test("each goal is met when it happens", async () => {
    const half = { name: "half", ...(await daemon.listen("half", { onPeerFin: Session_OnPeerFin.STAY_OPEN })) };
    const { peer, name } = await connectTo(daemon, judge, half);
    const goals = {
      bytesReceived: daemon.sessions.waitSession({ session: name, bytesReceived: 3n }),
      bytesSent: daemon.sessions.waitSession({ session: name, bytesSent: 3n }),
      peerFin: daemon.sessions.waitSession({ session: name, condition: PEER_FIN }),
      closeWait: daemon.sessions.waitSession({ session: name, state: Session_State.CLOSE_WAIT }),
      all: daemon.sessions.waitSession({
        session: name,
        bytesSent: 3n,
        condition: PEER_FIN,
        state: Session_State.CLOSE_WAIT,
      }),
      peerRst: daemon.sessions.waitSession({ session: name, condition: PEER_RST }),
      ended: daemon.sessions.waitSession({ session: name, condition: ENDED }),
      closed: daemon.sessions.waitSession({ session: name, state: Session_State.CLOSED }),
    };
    await peer.send({ text: "abc" });
    await Promise.all([goals.bytesReceived, goals.bytesSent]);
    await peer.shutdown("WR");
    const [fin, state, all] = await Promise.all([goals.peerFin, goals.closeWait, goals.all]);
    expect([fin, state, all].map(({ session }) => session?.peerFinSeen)).toEqual([true, true, true]);
    await peer.close({ linger0: true });
    const [rst, ended, closed] = await Promise.all([goals.peerRst, goals.ended, goals.closed]);
    expect([rst, ended, closed].map(({ session }) => session?.peerRstSeen)).toEqual([true, true, true]);
  });

  test("a timeout is DEADLINE_EXCEEDED from the server, with the last state and the session", async () => {
    const { peer, name } = await connectTo(daemon, judge, echo);
    await peer.send({ text: "hello" });
    await daemon.sessions.waitSession({ session: name, bytesReceived: 5n });
    const begin = performance.now();
    const failure = await failureOf(
      daemon.sessions.waitSession({ session: name, bytesReceived: 6n, timeout: ms(150) }),
    );
    const took = performance.now() - begin;
    expect(failure).toMatchObject({
      code: "DEADLINE_EXCEEDED",
      reason: "WAIT_TIMEOUT",
      metadata: { state: "ESTABLISHED" },
      session: { name, bytesReceived: 5n, state: Session_State.ESTABLISHED },
    });
    expect(failure.message).toMatch(/last seen in ESTABLISHED, 5 bytes received/);
    expect(took).toBeGreaterThanOrEqual(149);
  });

  test("a timeout before the session exists names the nearest sessions", async () => {
    await connectTo(daemon, judge, echo);
    const failure = await failureOf(daemon.sessions.waitSession({ session: "ehco/1", timeout: ms(20) }));
    expect(failure).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "WAIT_TIMEOUT" });
    expect(failure.message).toContain('"echo/1"');
  });

  test("the timeout counts from the beginning of the wait, not from the opening of the session", async () => {
    const order: string[] = [];
    const waiting = async (name: string, session: string, timeoutMs: number) => {
      const wait = { session, condition: PEER_RST, timeout: ms(timeoutMs) };
      expect(await failureOf(daemon.sessions.waitSession(wait))).toMatchObject({ reason: "WAIT_TIMEOUT" });
      order.push(name);
    };
    const first = waiting("first", "echo/1", 400);
    // While the wait runs its session appears; that is progress, and no new timeout.
    await daemon.sessions.waitSession({ session: "nobody", timeout: ms(200) }).catch(() => undefined);
    await connectTo(daemon, judge, echo);
    // It ends 100 ms after the first, and would end 100 ms before one that begins anew.
    await Promise.all([first, waiting("second", "echo/1", 300)]);
    expect(order).toEqual(["first", "second"]);
  });

  test.each([
    ["a state", { state: Session_State.FIN_WAIT2 }],
    ["more bytes", { bytesReceived: 1000n }],
    ["the peer’s FIN", { condition: PEER_FIN }],
  ])("after the end, %s that never came is FAILED_PRECONDITION, at once", async (_, goal) => {
    const { name } = await connectTo(daemon, judge, echo);
    const before = failureOf(daemon.sessions.waitSession({ session: name, ...goal, timeout: ms(20_000) }));
    await daemon.sessions.resetSession({ session: name });
    const expected = { code: "FAILED_PRECONDITION", reason: "SESSION_ENDED", receipt: { session: name, final: true } };
    expect(await before).toMatchObject(expected);
    const after = failureOf(daemon.sessions.waitSession({ session: name, ...goal, timeout: ms(20_000) }));
    expect(await after).toMatchObject(expected);
  });
});

describe("what becomes of a wait", () => {
  test("whose listener is deleted: ABORTED, LISTENER_DELETED", async () => {
    const failing = failureOf(daemon.sessions.waitSession({ listener: "echo", ordinal: 1n, timeout: ms(20_000) }));
    // The wait is in place when a later call has been answered: one connection carries both, in order.
    await daemon.listeners.getListener({ listener: "echo" });
    await daemon.listeners.deleteListener({ listener: "echo" });
    expect(await failing).toMatchObject({
      code: "ABORTED",
      reason: "LISTENER_DELETED",
      resource: "hangup.v1/listener echo",
    });
  });

  test("for the end of a session whose listener is deleted: it ends", async () => {
    const { name } = await connectTo(daemon, judge, echo);
    const waiting = daemon.sessions.waitSession({ session: name, condition: ENDED, timeout: ms(20_000) });
    await daemon.listeners.getListener({ listener: "echo" });
    await daemon.listeners.deleteListener({ listener: "echo" });
    expect((await waiting).session?.receipt).toMatchObject({ localEnd: { kind: 2 }, final: true });
  });

  test("on an unknown listener: NOT_FOUND at once, with the nearest", async () => {
    const failure = await failureOf(
      daemon.sessions.waitSession({ listener: "ecko", ordinal: 1n, timeout: ms(20_000) }),
    );
    expect(failure).toMatchObject({ code: "NOT_FOUND", reason: "UNKNOWN_LISTENER", field: "listener" });
    expect(failure.message).toContain('"echo"');
  });

  test("that is cancelled: it leaves no timer and no observer behind", async () => {
    const { name } = await connectTo(daemon, judge, echo);
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    const controller = new AbortController();
    const { signal } = controller;
    const waits = [
      daemon.sessions.waitSession({ session: name, state: Session_State.TIME_WAIT, timeout: ms(60_000) }, { signal }),
      daemon.sessions.waitSession({ session: "not/yet", timeout: ms(60_000) }, { signal }),
      daemon.sessions.waitSession({ session: name, bytesReceived: 1n, timeout: ms(60_000) }, { signal }),
    ].map(async (wait) => wait.catch((error: unknown) => (error as Error).name));
    await daemon.info.getInfo({});
    expect(timers()).toBeGreaterThan(before);
    controller.abort();
    expect(await Promise.all(waits)).toEqual(["AbortError", "AbortError", "AbortError"]);
    // The cancellations have reached the server when a call behind them is answered.
    await daemon.info.getInfo({});
    expect(timers()).toBe(before);
    // And the session lives on.
    expect((await daemon.sessions.resetSession({ session: name })).receipt?.final).toBe(true);
  });

  test("at the stop of the daemon: it fails and holds nothing up", async () => {
    const { name } = await connectTo(daemon, judge, echo);
    const waits = [
      daemon.sessions.waitSession({ session: "not/yet", timeout: ms(60_000) }),
      daemon.sessions.waitSession({ session: name, bytesReceived: 1n, timeout: ms(60_000) }),
    ].map(failureOf);
    await daemon.info.getInfo({});
    const begin = performance.now();
    await daemon.daemon.stop();
    expect(await Promise.all(waits)).toMatchObject([{ reason: "DAEMON_STOPPING" }, { reason: "SESSION_ENDED" }]);
    expect(performance.now() - begin).toBeLessThan(900);
  });
});
