import { CreateListenerRequest } from "../../../src/gen/hangup/v1/listener.js";
import { OpenSessionRequest } from "../../../src/gen/hangup/v1/session.js";
import { startTestDaemon, type TestDaemon } from "../../support/daemon.js";
import { type Judge, startJudge } from "../../support/judge.js";

// Plans on real sockets: what the far end gets, to the byte.

let daemon: TestDaemon;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

async function listen(json: object) {
  const { listener } = await daemon.listeners.createListener(CreateListenerRequest.fromJSON({ name: "l", ...json }));
  return { host: listener!.host, port: listener!.port, address: listener!.address };
}

const resetAt10 = { trigger: { bytesReceived: 10 }, action: { reset: { afterFlush: true } } };

test.each([[100], [1], [7]])(
  "a reset after byte 10 gives 10 echoed bytes and ECONNRESET, in pieces of %i",
  async (size) => {
    const peer = await judge.connect(await listen({ plans: [{ steps: [resetAt10] }] }));
    // No send after the tenth byte: it could meet the error, which comes once.
    for (let sent = 0; sent < 10; sent += size) {
      await peer.send({ text: "0123456789".repeat(10).slice(sent, sent + size) });
    }
    const { data, end } = await peer.recvAll();
    expect({ data: data.toString(), end }).toEqual({ data: "0123456789", end: "ECONNRESET" });
    const { session } = await daemon.sessions.waitSession({ session: "l/1", condition: 1 });
    expect(session?.plan).toMatchObject({
      plan: 1,
      steps: 1,
      fired: [{ step: 1, action: "reset", bytesReceived: 10n, bytesSent: 10n }],
    });
  },
);

test("the first two connections fail and the third passes", async () => {
  const where = await listen({
    plans: [{ connections: 2, steps: [{ trigger: { bytesReceived: 1 }, action: { reset: {} } }] }],
  });
  const outcomes: string[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    const peer = await judge.connect(where);
    await peer.send({ text: "x" });
    await peer.shutdown("WR");
    outcomes.push((await peer.recvAll()).end);
  }
  expect(outcomes).toEqual(["ECONNRESET", "ECONNRESET", "EOF"]);
  const { plans } = await daemon.listeners.deleteListener({ listener: "l" });
  expect(plans).toMatchObject([
    { plan: 1, connections: 2, connectionsSeen: 2n, steps: [{ step: 1, fired: 2n, notFired: 0n }] },
  ]);
});

test("a pattern across two segments closes, and the echo goes up to its last byte", async () => {
  const peer = await judge.connect(
    await listen({ plans: [{ steps: [{ trigger: { patternText: "QUIT\r\n" }, action: { close: {} } }] }] }),
  );
  await peer.send({ text: "QUQUI" });
  await peer.recv();
  await peer.send({ text: "T\r\nmore" });
  const { data, end } = await peer.recvAll();
  expect({ data: data.toString(), end }).toEqual({ data: "T\r\n", end: "EOF" });
});

test("a signal fired before its step counts, and steps go on in order", async () => {
  const where = await listen({
    plans: [
      {
        steps: [
          { trigger: { bytesReceived: 1 }, action: { send: { text: "one" } } },
          { trigger: { signal: "go" }, action: { send: { text: "two" } } },
          { trigger: { elapsed: { nanos: 10_000_000 } }, action: { reset: { afterFlush: true } } },
        ],
      },
    ],
  });
  expect(await daemon.sessions.signalPlan({ listener: "l", signal: "go" })).toEqual({ sessions: 0n });
  const peer = await judge.connect(where);
  await peer.send({ text: "x" });
  const { data, end } = await peer.recvAll();
  expect({ data: data.toString(), end }).toEqual({ data: "xonetwo", end: "ECONNRESET" });
});

test("a step at a byte sent acts between it and the next", async () => {
  const peer = await judge.connect(
    await listen({
      behaviour: { bannerText: "0123456789" },
      plans: [{ steps: [{ trigger: { bytesSent: 4 }, action: { reset: { afterFlush: true } } }] }],
    }),
  );
  const { data, end } = await peer.recvAll();
  expect({ data: data.toString(), end }).toEqual({ data: "0123", end: "ECONNRESET" });
});

test("a pause in the middle of a chunk holds the rest back until resume", async () => {
  const peer = await judge.connect(
    await listen({
      plans: [
        {
          steps: [
            { trigger: { bytesReceived: 4 }, action: { pause: {} } },
            { trigger: { signal: "on" }, action: { resume: {} } },
          ],
        },
      ],
    }),
  );
  await peer.send({ text: "0123456789" });
  expect((await peer.recv({ max: 100 })).data.toString()).toBe("0123");
  await daemon.sessions.signalPlan({ session: "l/1", signal: "on" });
  expect((await peer.recv({ max: 100 })).data.toString()).toBe("456789");
});

test("the peer's FIN makes a step act before the echo's own FIN", async () => {
  const peer = await judge.connect(
    await listen({ plans: [{ steps: [{ trigger: { peerFin: {} }, action: { send: { text: "bye" } } }] }] }),
  );
  await peer.shutdown("WR");
  const { data, end } = await peer.recvAll();
  expect({ data: data.toString(), end }).toEqual({ data: "bye", end: "EOF" });
});

test("a dialed session has a plan too", async () => {
  const listener = await judge.listen({ host: "127.0.0.1" });
  await daemon.sessions.openSession(
    OpenSessionRequest.fromJSON({
      name: "c",
      target: `127.0.0.1:${listener.port}`,
      plan: {
        steps: [
          { trigger: { accepted: {} }, action: { send: { text: "hi" } } },
          { trigger: { bytesReceived: 2 }, action: { reset: {} } },
        ],
      },
    }),
  );
  const peer = await listener.accept();
  expect((await peer.recv()).data.toString()).toBe("hi");
  await peer.send({ text: "yo" });
  expect((await peer.recv()).end).toBe("ECONNRESET");
});
