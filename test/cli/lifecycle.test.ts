// How a daemon ends while clients are in the midst of calls, and how it notices that a client is gone.
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { createClientFactory } from "nice-grpc";
import { serveExitCodes } from "../../src/cli/exit-codes.js";
import { ScopeServiceDefinition } from "../../src/gen/hangup/v1/scope.js";
import { CreateListenerRequest } from "../../src/gen/hangup/v1/listener.js";
import { StreamEventsRequest } from "../../src/gen/hangup/v1/event.js";
import { hangup, portOf, serve, type Served, start } from "../support/cli.js";
import { dialJudge, stuckBytes } from "../support/connections.js";
import { Clients, ms } from "../support/daemon.js";
import { type Judge, startJudge } from "../support/judge.js";

let judge: Judge;
let served: Served;
let clients: Clients;

beforeEach(async () => {
  [judge, served] = await Promise.all([startJudge(), serve()]);
  clients = new Clients(served.address);
});

afterEach(async () => {
  await clients[Symbol.asyncDispose]();
  await Promise.all([served[Symbol.asyncDispose](), judge.stop()]);
});

const minute = ms(60_000);

/** Every kind of call that can be under way for a minute: begins it, and gives its end. */
const calls: Readonly<Record<string, () => Promise<() => Promise<unknown>>>> = {
  WaitSession: async () => begun(clients.sessions.waitSession({ listener: "none", timeout: minute })),
  ReceiveData: async () => {
    const { name } = await dialed();
    return begun(clients.sessions.receiveData({ session: name, timeout: minute }));
  },
  "SendData to a peer that does not read": async () => {
    const { name } = await dialed();
    const payload = { $case: "data" as const, value: Buffer.alloc(stuckBytes) };
    return begun(clients.sessions.sendData({ session: name, payload, flushTimeout: minute }));
  },
  "CloseSession of a peer that does not end": async () => {
    const { name } = await dialed();
    return begun(clients.sessions.closeSession({ session: name, drainTimeout: minute }));
  },
  "OpenSession to a host that does not answer": async () => {
    const { listener } = await clients.listeners.createListener(
      CreateListenerRequest.fromJSON({ name: "mute", state: "STALLED" }),
    );
    return begun(clients.sessions.openSession({ target: listener!.address, timeout: minute }));
  },
  StreamEvents: async () => {
    const stream = clients.events.streamEvents({})[Symbol.asyncIterator]();
    await stream.next();
    return begun(stream.next());
  },
  "StreamEvents, not read": async () => {
    const http2 = connectHttp2(`http://${served.address}`);
    http2.on("error", () => undefined);
    await stalledStream(http2);
    const labels = Object.fromEntries(Array.from({ length: 32 }, (_, n) => [`k${n}`, "x".repeat(255)]));
    await clients.listeners.createListener({ name: "talker" });
    // More than the windows of HTTP/2 and the buffers of the kernel take.
    for (let n = 0; n < 100; n++) await clients.listeners.updateListener({ listener: "talker", labels });
    return begun(new Promise((resolve) => http2.once("close", resolve)));
  },
  HoldScope: async () => {
    const scopes = createClientFactory().create(ScopeServiceDefinition, clients.channel);
    const stream = scopes.holdScope({})[Symbol.asyncIterator]();
    await stream.next();
    return begun(stream.next());
  },
  "half a request": async () => {
    const peer = await judge.connect({ host: "127.0.0.1", port: portOf(served.address) });
    await peer.sendAll({ text: "PRI * HTTP/2.0\r\n\r\nSM\r\n" });
    // It stays as it is until the daemon has ended.
    await clients.info.getInfo({});
    return async () => peer.close();
  },
};

async function dialed() {
  return dialJudge(clients, judge);
}

/** A call that has reached the daemon: what is asked after it on the same connection is answered. Gives its end. */
async function begun(call: Promise<unknown>): Promise<() => Promise<unknown>> {
  const end = call.catch(() => undefined);
  await clients.info.getInfo({});
  return async () => end;
}

/** A stream of events that is begun, and of which nothing is read. */
async function stalledStream(http2: ClientHttp2Session): Promise<void> {
  const request = http2.request({
    ":method": "POST",
    ":path": "/hangup.v1.EventService/StreamEvents",
    "content-type": "application/grpc",
    te: "trailers",
  });
  request.on("error", () => undefined);
  const message = StreamEventsRequest.encode(StreamEventsRequest.fromPartial({})).finish();
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  request.end(Buffer.concat([head, message]));
  await new Promise((resolve) => request.once("response", resolve));
}

/** Of the second that calls get to end in, and of a slow machine. */
const boundMs = 8000;

async function endsInTime(signal: NodeJS.Signals): Promise<void> {
  const began = performance.now();
  served.running.send(signal);
  expect(await served.running.exit()).toMatchObject({ code: 0, signal: null, stderr: "" });
  expect(performance.now() - began).toBeLessThan(boundMs);
}

test.each(Object.keys(calls))("SIGTERM during %s ends the daemon in bounded time, with 0", async (name) => {
  const end = await calls[name]!();
  await endsInTime("SIGTERM");
  await end();
});

test("SIGINT during all of them at once ends the daemon in bounded time, with 0", async () => {
  const ends = await Promise.all(Object.values(calls).map(async (begin) => begin()));
  await endsInTime("SIGINT");
  await Promise.all(ends.map(async (end) => end()));
});

test("SIGTERM while the holder of a scope is stopped ends the daemon in bounded time, with 0", async () => {
  await using holder = start(["scope", "hold", "h", "--address", served.address]);
  expect(await holder.line()).toBe("h");
  holder.send("SIGSTOP");
  await endsInTime("SIGTERM");
  holder.send("SIGCONT");
  expect(await holder.exit()).toMatchObject({ signal: null });
});

test("with --keepalive a holder that is stopped loses its scope; one that answers does not", async () => {
  await using asking = await serve("--keepalive", "300ms");
  await using stopped = start(["scope", "hold", "stopped", "--address", asking.address]);
  await using answering = start(["scope", "hold", "answering", "--address", asking.address]);
  expect([await stopped.line(), await answering.line()]).toEqual(["stopped", "answering"]);
  await using watching = start([
    "watch",
    "--scope",
    "-",
    "--kinds",
    "scope_ended",
    "--max-events",
    "1",
    "--address",
    asking.address,
  ]);
  expect(await watching.line()).toContain("subscribed");
  stopped.send("SIGSTOP");
  expect(await watching.line()).toMatch(/scope_ended +- +stopped, released$/);
  expect(await asking.verb("scope", "list")).toContain("answering");
  stopped.send("SIGCONT");
  expect(await stopped.exit()).toMatchObject({ code: 1 });
});

test.each(["soon", "-1s", "10"])("--keepalive %s is wrong usage", async (value) => {
  expect(await hangup(["serve", "--listen", "127.0.0.1:0", `--keepalive=${value}`])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^hangup: --keepalive .*\(USAGE\)\n$/),
  });
});

test("the help of serve has every exit code", async () => {
  const { stdout } = await hangup(["serve", "--help"]);
  expect(serveExitCodes.map(([code]) => code)).toEqual(["0", "1", "2", "70", "128 + N"]);
  for (const [code, when] of serveExitCodes) expect(stdout).toContain(`${code.padEnd(7)}  ${when}`);
});
