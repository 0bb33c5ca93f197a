import "./support/own-daemon.js";
import { once } from "node:events";
import { createServer, Socket } from "node:net";
import { EndKind, HangupError, NeverFiredError, SessionState, startHangup } from "hangup";
import { neverFired as inCommand } from "../../../src/cli/scope-report-text.js";
import { Event } from "../../../src/gen/hangup/v1/event.js";
import { ScopeReport } from "../../../src/gen/hangup/v1/scope.js";
import type { Connection } from "../src/connection.js";
import { EventStream } from "../src/event-stream.js";
import { HangupError as OwnError } from "../src/hangup-error.js";
import { neverFired } from "../src/never-fired.js";
import { connected, connectErrno, portOf } from "./support/package.js";

// What a fixture, its listeners and its sessions do, through the built package.

/** What a promise was rejected with. */
async function errorOf(promise: Promise<unknown>): Promise<HangupError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(HangupError);
  return error as HangupError;
}

describe("a fixture", () => {
  test("has a scope of its own, which ends with it", async () => {
    const one = await startHangup({ name: "a test: one" });
    const other = await startHangup({ name: "a test: one" });
    expect(one.scope).toMatch(/^a-test-one-/);
    expect(other.scope).not.toBe(one.scope);
    const listener = await one.listen({ name: "echo" });
    await other.listen({ name: "echo" });

    await one.close();

    expect(await connectErrno(listener.port)).toBe("ECONNREFUSED");
    expect(await errorOf(one.listen())).toMatchObject({ code: "NOT_FOUND", reason: "UNKNOWN_SCOPE" });
    expect(await other.close()).toMatchObject({ openListeners: ["echo"] });
  });

  test("is closed by await using, and once only", async () => {
    let port = 0;
    {
      await using fixture = await startHangup();
      ({ port } = await fixture.listen());
    }
    expect(await connectErrno(port)).toBe("ECONNREFUSED");
    const fixture = await startHangup();
    expect(await fixture.close()).toBe(await fixture.close());
  });

  // Each has two streams that end with it. Were they cancelled, these would be more RST_STREAMs than HTTP/2 takes.
  test("is one of 1,500 of a process, each with a stream of events, one after the other", async () => {
    for (let count = 0; count < 1500; count++) {
      await using fixture = await startHangup();
      await fixture.events();
    }
  }, 60_000);

  test("that somebody else has ended gives its report all the same", async () => {
    const fixture = await startHangup();
    const events = await fixture.events();
    const { createChannel, createClient } = await import("nice-grpc");
    const { ScopeServiceDefinition } = await import("../../../src/gen/hangup/v1/scope.js");
    const channel = createChannel(fixture.daemonAddress);
    await createClient(ScopeServiceDefinition, channel).deleteScope({ scope: fixture.scope });
    channel.close();
    await events.until("scopeEnded");
    expect(await errorOf(events.next())).toMatchObject({ code: "OUT_OF_RANGE", reason: "END_OF_EVENTS" });
    expect((await fixture.close()).scope?.name).toBe(fixture.scope);
  });

  test("fails for steps that never fired, by the words of all clients, unless it is told to pass", async () => {
    const plans = [{ steps: [{ trigger: { bytesReceived: 5 }, action: { reset: {} } }] }];
    const fixture = await startHangup();
    // Nothing is echoed: data with a RST right behind it has two outcomes in Node (docs/languages.md).
    const listener = await fixture.listen({ name: "discard", behaviour: { discard: {} }, plans });
    await fixture.listen({ name: "never", plans });
    const [silent, talking] = [await connected(listener.port), await connected(listener.port)];
    const reset = once(talking, "close");
    talking.write("hello");
    await expect(reset).rejects.toMatchObject({ code: "ECONNRESET" });
    await listener.accepted(silent);

    const error = (await errorOf(fixture.close())) as NeverFiredError;

    const steps = ["discard, plan 1, step 1: on 1 of 2 connections", "never, plan 1: it had no connection"];
    expect(error).toBeInstanceOf(NeverFiredError);
    expect(error).toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "NEVER_FIRED",
      message: `never fired: ${error.steps.join("; ")}`,
    });
    expect(error.steps.toSorted()).toEqual(steps);
    expect(error.report.counts?.sessions).toBe(2n);
    expect(inCommand(ScopeReport.fromPartial(error.report))).toEqual(neverFired(error.report));
    expect(await fixture.close({ neverFired: "pass" })).toBe(error.report);
    silent.destroy();

    await using lenient = await startHangup({ neverFired: "pass" });
    await lenient.listen({ plans });
  });
});

describe("a listener", () => {
  test("gives the session of a connection by its local port or its socket", async () => {
    await using fixture = await startHangup();
    const listener = await fixture.listen({ name: "echo" });
    const [first, second] = [await connected(listener.port), await connected(listener.port)];

    const session = await listener.accepted(second);
    expect(session).toMatchObject({ name: "echo/2", ordinal: 2, peerAddress: `127.0.0.1:${second.localPort}` });
    expect((await listener.accepted(first.localPort!)).name).toBe("echo/1");
    expect((await listener.accepted(second)).uid).toBe(session.uid);
    for (const none of [0, {}, { localPort: 0 }, new Socket()]) {
      expect(await errorOf(listener.accepted(none))).toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "INVALID_REQUEST",
        message: expect.stringMatching(/^accepted\(\): the socket has no local port/),
      });
    }
    first.destroy();
    second.destroy();
  });

  test("does not give a session that has ended again: ports come round", async () => {
    await using fixture = await startHangup();
    const listener = await fixture.listen();
    const socket = await connected(listener.port);
    const { localPort = 0 } = socket;
    const session = await listener.accepted(socket);
    const failed = once(socket, "close");
    await session.reset();
    await expect(failed).rejects.toMatchObject({ code: "ECONNRESET" });

    expect((await errorOf(listener.accepted(localPort, { timeoutMs: 50 }))).reason).toBe("WAIT_TIMEOUT");
    // The same port again, of an address that no connection of others has it of, however many are in TIME_WAIT.
    const { connect } = await import("node:net");
    const again = connect({ port: listener.port, host: listener.host, localAddress: "127.7.7.7", localPort });
    await once(again, "connect");
    const next = await listener.accepted(again);
    expect(next.uid).not.toBe(session.uid);
    expect((await errorOf(session.reset())).code).toBe("FAILED_PRECONDITION");
    expect((await next.view()).ended).toBe(false);
    again.destroy();
  });

  test("gives its sessions one after the other, and one that did not come is the next one still", async () => {
    await using fixture = await startHangup();
    const listener = await fixture.listen({ name: "echo" });
    const both = Promise.all([listener.next(), listener.next()]);
    const sockets = [await connected(listener.port), await connected(listener.port)];
    expect((await both).map(({ name }) => name)).toEqual(["echo/1", "echo/2"]);
    expect(await errorOf(listener.next({ timeoutMs: 50 }))).toMatchObject({
      code: "DEADLINE_EXCEEDED",
      reason: "WAIT_TIMEOUT",
    });
    sockets.push(await connected(listener.port));
    expect((await listener.next()).name).toBe("echo/3");
    for (const socket of sockets) socket.destroy();
  });

  test("gives up waiting for the next session in its own time, while an earlier wait goes on", async () => {
    await using fixture = await startHangup();
    const listener = await fixture.listen({ name: "echo" });
    const first = listener.next({ timeoutMs: 60_000 });
    const [hasty, given] = [listener.next({ timeoutMs: 50 }), listener.next({ signal: AbortSignal.timeout(50) })];
    const patient = listener.next({ timeoutMs: 60_000 });
    expect(await errorOf(hasty)).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "WAIT_TIMEOUT" });
    await expect(given).rejects.toMatchObject({ name: "TimeoutError" });
    const sockets = [await connected(listener.port), await connected(listener.port)];
    expect([(await first).name, (await patient).name]).toEqual(["echo/1", "echo/2"]);
    for (const socket of sockets) socket.destroy();
  });

  test("refuses, listens again, and is gone when closed", async () => {
    await using fixture = await startHangup();
    const listener = await fixture.listen();
    await listener.refuse();
    expect(await connectErrno(listener.port)).toBe("ECONNREFUSED");
    await listener.resume();
    expect(await connectErrno(listener.port)).toBeUndefined();
    await listener.stall();
    expect((await listener.view()).state).toBe(3);
    await listener.close();
    expect(await errorOf(listener.view())).toMatchObject({ reason: "UNKNOWN_LISTENER" });
  });

  test("has the behaviour, the plans and the labels that it was given", async () => {
    await using fixture = await startHangup({ neverFired: "pass" });
    const listener = await fixture.listen({
      name: "all",
      behaviour: { bannerData: Buffer.from("220 ready\r\n"), silent: {} },
      plans: [
        {
          connections: 1,
          seed: 7n,
          steps: [{ trigger: { elapsed: "0.25s" }, action: { linger: { timeout: "1.5s" } } }],
        },
      ],
      onPeerFin: "STAY_OPEN",
      resetOnAccept: "NEVER",
      backlog: 5,
      labels: { timeout: "1s" },
    });
    const socket = await connected(listener.port);
    expect(String((await once(socket, "data"))[0])).toBe("220 ready\r\n");
    expect(await listener.view()).toMatchObject({
      onPeerFin: 2,
      backlog: 5,
      labels: { timeout: "1s" },
      plans: [{ connections: 1, seed: 7n }],
    });
    socket.destroy();
    expect(
      (await errorOf(fixture.listen({ plans: [{ steps: [{ trigger: { elapsed: "1 s" }, action: { reset: {} } }] }] })))
        .message,
    ).toMatch(/elapsed: "1 s" is no duration/);
  });
});

describe("a session", () => {
  test("waits for what is asked, and a wait that is not met says what was seen last", async () => {
    await using fixture = await startHangup();
    // Nothing is echoed: what is unread when a socket closes makes a RST of its FIN.
    const listener = await fixture.listen({ behaviour: { discard: {} } });
    const socket = await connected(listener.port);
    const session = await listener.accepted(socket);
    const error = await errorOf(session.wait({ bytesReceived: 5 }, { timeoutMs: 50 }));
    expect(error).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "WAIT_TIMEOUT" });
    expect(error.message).toMatch(/last seen in ESTABLISHED, 0 bytes received/);
    expect(error.session?.uid).toBe(session.uid);
    expect(error.stack).toMatch(/fixture\.test\.ts/);

    const heard = session.wait({ bytesReceived: 5, state: "ESTABLISHED" });
    socket.write("hello");
    expect((await heard).bytesReceived).toBe(5n);
    const gaveUp = AbortSignal.timeout(50);
    await expect(session.waitEnded({ timeoutMs: 60_000, signal: gaveUp })).rejects.toMatchObject({
      name: "TimeoutError",
    });
    socket.destroy();
    expect((await session.waitEnded()).peerEnd?.kind).toBe(EndKind.FIN);
  });

  test("is not harmed by what others ask wrongly: calls share a stream", async () => {
    await using fixture = await startHangup();
    const listener = await fixture.listen();
    const socket = await connected(listener.port);
    const session = await listener.accepted(socket);
    const heard = session.wait({ bytesReceived: 5 });
    for (const wrong of [{ bytesReceived: -1n }, { bytesReceived: 0.5 }, { bytesReceived: 2n ** 70n }]) {
      expect((await errorOf(session.wait(wrong))).code).toBe("INVALID_ARGUMENT");
    }
    expect((await errorOf(session.wait({}, { timeoutMs: -1 }))).code).toBe("INVALID_ARGUMENT");
    expect((await errorOf(session.wait({}, { timeoutMs: 1e12 }))).reason).toBe("INVALID_FIELD");
    expect((await errorOf(session.perform({}))).reason).toBe("MISSING_FIELD");
    socket.write("hello");
    expect((await heard).bytesReceived).toBe(5n);
    socket.destroy();
  });

  test("is not harmed by what others ask that is too long, and long requests do what short ones do", async () => {
    await using fixture = await startHangup();
    const listener = await fixture.listen({ behaviour: { manual: {} } });
    const socket = await connected(listener.port);
    const session = await listener.accepted(socket);
    let received = 0;
    const all = new Promise<void>((done) =>
      socket.on("data", ({ length }: Buffer) => (received += length) === 1_000_000 && done()),
    );
    const heard = session.wait({ bytesReceived: 5 });
    const tooLong = fixture.listen({ labels: { long: "x".repeat(17 * 1024 * 1024) } });
    expect((await errorOf(tooLong)).code).toBe("RESOURCE_EXHAUSTED");
    expect((await session.send(Buffer.alloc(1_000_000))).bytesSent).toBe(1_000_000n);
    await all;
    socket.write("hello");
    expect((await heard).bytesReceived).toBe(5n);
    await session.halfClose();
    expect((await errorOf(session.send(Buffer.alloc(100_000)))).reason).toBe("FIN_ALREADY_SENT");
    socket.destroy();
  });

  test("of the daemon's own dialing sends and receives, and is found by its name", async () => {
    await using fixture = await startHangup();
    const server = createServer((socket) =>
      socket
        .on("error", () => {})
        .resume()
        .end("greetings"),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");

    const session = await fixture.dial(server, { name: "client" });
    expect(await session.receive({ minBytes: 9 })).toMatchObject({ text: "greetings" });
    expect((await session.wait({ condition: "PEER_FIN" })).state).toBe(SessionState.CLOSE_WAIT);
    await session.send(Buffer.from([1, 2, 3]));
    expect((await (await fixture.session("client")).view()).bytesSent).toBe(3n);
    expect((await session.close()).localEnd?.kind).toBe(EndKind.FIN);
    for (const to of [portOf(server.address()), `127.0.0.1:${portOf(server.address())}`]) {
      const other = await fixture.dial(to);
      expect(other.listener).toBe("");
      await other.reset();
    }
    server.close();
    await once(server, "close");
    expect(await errorOf(fixture.dial(session.peerAddress))).toMatchObject({
      reason: "CONNECT_FAILED",
      metadata: { errno: "ECONNREFUSED" },
    });
  });

  test("performs any action, and fires signals", async () => {
    await using fixture = await startHangup();
    const listener = await fixture.listen({
      plans: [{ steps: [{ trigger: { signal: "now" }, action: { lastData: { text: "bye" } } }] }],
    });
    const socket = await connected(listener.port);
    const session = await listener.accepted(socket);
    const data = once(socket, "data");
    expect(await session.perform({ pause: {} })).toBeUndefined();
    await session.signal("now");
    expect(String((await data)[0])).toBe("bye");
    const receipt = await session.perform({ reset: {} });
    expect(receipt?.localEnd).toMatchObject({ kind: EndKind.RST, earlierFin: expect.anything() });
    expect((await errorOf(session.signal("later"))).reason).toBe("UNKNOWN_SIGNAL");
    socket.destroy();
  });
});

describe("an action", () => {
  test("that takes long is given up in the time that it was given, or by its signal", async () => {
    await using fixture = await startHangup();
    const listener = await fixture.listen();
    const socket = await connected(listener.port);
    const session = await listener.accepted(socket);
    const action = { resetUnread: { timeout: "60s" } } as const;
    const error = await errorOf(session.perform(action, { timeoutMs: 50 }));
    expect(error).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "WAIT_TIMEOUT" });
    expect(error.message).toBe("it is not over within 50 ms; what it has done stays done");
    const signal = AbortSignal.timeout(50);
    await expect(session.perform(action, { signal })).rejects.toMatchObject({ name: "TimeoutError" });
    socket.destroy();
  });
});

describe("events", () => {
  test("come one to each that asks, in the order of asking; who gives up takes none", async () => {
    await using fixture = await startHangup();
    const events = await fixture.events({ kinds: ["LISTENER_CREATED"] });
    const first = events.next();
    const hasty = events.next({ timeoutMs: 50 });
    const given = events.next({ timeoutMs: 60_000, signal: AbortSignal.timeout(50) });
    const [second, third] = [events.next(), events.next()];
    expect((await errorOf(hasty)).reason).toBe("WAIT_TIMEOUT");
    await expect(given).rejects.toMatchObject({ name: "TimeoutError" });
    for (const name of ["a", "b", "c"]) await fixture.listen({ name });
    const asked = await Promise.all([first, second, third]);
    expect(asked.map(({ listener }) => listener)).toEqual(["a", "b", "c"]);
  });

  test("are those from the moment on that the call returned", async () => {
    await using fixture = await startHangup();
    const listener = await fixture.listen({ name: "echo" });
    const early = await connected(listener.port);
    await listener.accepted(early);
    await using events = await fixture.events({ listener, kinds: ["SESSION_OPENED", "SESSION_ENDED"] });
    const socket = await connected(listener.port);
    const failed = once(socket, "close");
    await (await listener.accepted(socket)).reset();
    await expect(failed).rejects.toThrow();
    expect(await events.next()).toMatchObject({ session: "echo/2", fact: { $case: "sessionOpened" } });
    const ended = await events.until("sessionEnded");
    expect(ended.fact.value.receipt?.localEnd?.kind).toBe(EndKind.RST);
    expect(await errorOf(events.next({ timeoutMs: 50 }))).toMatchObject({
      reason: "WAIT_TIMEOUT",
      message: "no such event within 50 ms; the last one was sessionEnded of echo/2",
    });
    early.destroy();
    expect((await events.until(({ session }) => session === "echo/1")).session).toBe("echo/1");
  });

  test("end with their stream and with their fixture", async () => {
    const fixture = await startHangup();
    const [one, other] = [await fixture.events(), await fixture.events()];
    one.close();
    expect(await errorOf(one.next())).toMatchObject({ code: "CANCELLED", reason: "END_OF_EVENTS" });
    const listener = await fixture.listen({ name: "echo" });
    // Awaited before the close, which ends the stream whatever is still on its way.
    expect((await other.until("listenerCreated")).listener).toBe(listener.name);
    const rest = (async () => {
      for await (const { scope, listener: of, fact } of other) {
        expect([scope, of]).toEqual([fixture.scope, fact?.$case === "scopeEnded" ? "" : listener.name]);
      }
    })();
    await fixture.close();
    await rest;
    expect(await errorOf(other.next())).toMatchObject({ code: "CANCELLED", reason: "END_OF_EVENTS" });
  });

  test("that do not come in time are told with the time that was asked for, whatever came before", async () => {
    await using fixture = await startHangup();
    await using events = await fixture.events();
    const error = errorOf(events.until("sessionEnded", { timeoutMs: 500 }));
    await fixture.listen({ name: "echo" });
    expect(await error).toMatchObject({
      code: "DEADLINE_EXCEEDED",
      reason: "WAIT_TIMEOUT",
      message: "no such event within 500 ms; the last one was listenerCreated of echo",
    });
  });

  test("that are lost may have the one waited for among them, which is an error, but where the loss itself is asked for; then the stream ends", async () => {
    const events = ["subscribed", "scopeCreated", "lost", "lost"].map(($case, sequence) =>
      Event.fromPartial({ sequence, fact: { $case, value: { firstSequence: 2, lastSequence: 9 } } as never }),
    );
    const messages = {
      cancel: () => {},
      async *[Symbol.asyncIterator]() {
        yield { events };
      },
    };
    const stream = await EventStream.open({ openStream: () => messages } as unknown as Connection, "scope");
    const failed = stream.until("peerRst").catch((error: unknown) => error);
    expect(await failed).toBeInstanceOf(OwnError);
    expect(await failed).toMatchObject({
      code: "DATA_LOSS",
      reason: "EVENTS_LOST",
      message: "the events 2 to 9 are lost: they were not taken in time",
    });
    expect((await stream.until("lost")).fact.value.lastSequence).toBe(9n);
    await expect(stream.next()).rejects.toMatchObject({ code: "OUT_OF_RANGE", reason: "END_OF_EVENTS" });
    await expect(stream.until("peerRst")).rejects.toMatchObject({ code: "OUT_OF_RANGE", reason: "END_OF_EVENTS" });
  });
});
