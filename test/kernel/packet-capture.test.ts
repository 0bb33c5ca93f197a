import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type PacketCapture, probeCapture, startPacketCapture } from "../../src/kernel/packet-capture.js";
import { setLingerZero } from "../../src/kernel/socket-calls.js";
import { type Judge, type Listener, type Peer, startJudge } from "../support/judge.js";
import { nodeOnSource, unprivileged, unprivilegedObstacle } from "../support/unprivileged.js";

const availability = probeCapture();
// CI has the privilege, or is to fail.
const describeCaptured = availability.available || process.env["CI"] === "true" ? describe : describe.skip;

let judge: Judge;

beforeEach(async () => {
  judge = await startJudge();
});

afterEach(async () => {
  await judge.stop();
});

interface Pair {
  listener: Listener;
  near: Peer;
  far: Peer;
}

async function connected(host: string, listener?: Listener): Promise<Pair> {
  const open = listener ?? (await judge.listen({ host }));
  const near = await judge.connect({ host, port: open.port });
  return { listener: open, near, far: await open.accept() };
}

function flags(capture: PacketCapture): string[] {
  return capture.drain().map((packet) => packet.flags);
}

/** Each byte a segment of its own. */
async function sendSegments(peer: Peer, count: number): Promise<void> {
  await peer.setsockopt("TCP_NODELAY", 1);
  await judge.batch(Array.from({ length: count }, () => ({ command: "send", handle: peer.handle, size: 1 })));
}

const title = availability.available ? "a packet capture" : `a packet capture (not run: ${availability.reason})`;

describeCaptured(title, () => {
  for (const host of ["127.0.0.1", "::1"]) {
    test(`sees each segment of a graceful close over ${host} once, in order`, async () => {
      const listener = await judge.listen({ host });
      using capture = startPacketCapture({ ports: [listener.port] });
      const { near, far } = await connected(host, listener);
      expect(flags(capture)).toEqual(["S", "S.", "."]);

      await near.send({ text: "hello" });
      const [data, acknowledgement] = capture.drain();
      expect(data).toMatchObject({
        flags: "P.",
        from: { kind: "tcp", host, port: near.localPort },
        to: { kind: "tcp", host, port: listener.port },
        payloadBytes: 5,
      });
      expect(data?.raw.subarray(-5).toString()).toBe("hello");
      expect(acknowledgement).toMatchObject({ flags: ".", ack: (data?.seq ?? 0) + 5, payloadBytes: 0 });

      await far.recv();
      await far.close();
      expect(await near.recv({ max: 1 })).toMatchObject({ end: "EOF" });
      await near.close();
      // The acknowledgement of the first FIN may be delayed until the second FIN carries it.
      const ending = capture.drain();
      expect(ending.filter((packet) => packet.flags === "F.").map((packet) => packet.from.port)).toEqual([
        listener.port,
        near.localPort,
      ]);
      expect(ending.filter((packet) => packet.flags.includes("R"))).toEqual([]);
      expect(capture.dropped + capture.leftOut).toBe(0);
    });

    test(`sees the RST of a close with linger 0 over ${host} as soon as close(2) has returned`, async () => {
      const listener = await judge.listen({ host });
      using capture = startPacketCapture({ ports: [listener.port] });
      const { near, far } = await connected(host, listener);
      capture.drain();
      await far.close({ linger0: true });
      expect(capture.drain()).toMatchObject([{ flags: "R.", from: { host, port: listener.port }, payloadBytes: 0 }]);
      expect(await near.recv({ max: 1 })).toMatchObject({ end: "ECONNRESET" });
    });
  }

  test("has the RST of each of 500 resets of this process in the tick that sent it", async () => {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    try {
      using capture = startPacketCapture({ ports: [port] });
      for (let round = 0; round < 500; round += 1) {
        const accepted = once(server, "connection") as Promise<[Socket & { _handle: { fd: number } }]>;
        const near = await judge.connect({ host: "127.0.0.1", port });
        const [socket] = await accepted;
        expect(flags(capture)).toEqual(["S", "S.", "."]);
        setLingerZero(socket._handle.fd);
        socket.destroy();
        expect(flags(capture)).toEqual(["R."]);
        await near.close();
      }
    } finally {
      server.close();
    }
  });

  test("sees urgent data and its pointer", async () => {
    const { listener, near } = await connected("127.0.0.1");
    using capture = startPacketCapture({ ports: [listener.port] });
    await near.send({ text: "abX" }, { flags: ["MSG_OOB"] });
    expect(capture.drain()[0]).toMatchObject({ flags: "P.U", urgent: 3, payloadBytes: 3 });
  });

  test("sees the RST that refuses a connect", async () => {
    const listener = await judge.listen({ host: "127.0.0.1" });
    await listener.close();
    using capture = startPacketCapture({ ports: [listener.port], interface: "lo" });
    expect(await judge.tryConnect({ host: "127.0.0.1", port: listener.port })).toMatchObject({ errno: "ECONNREFUSED" });
    expect(flags(capture)).toEqual(["S", "R."]);
  });

  test("tells the length of data that it has not whole", async () => {
    const { listener, near } = await connected("127.0.0.1");
    using capture = startPacketCapture({ ports: [listener.port] });
    await near.send({ size: 20_000 });
    const data = capture.drain().filter(({ payloadBytes }) => payloadBytes > 0);
    expect(data.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0)).toBe(20_000);
    expect(data[0]?.raw.length).toBe(256);
    expect(data[0]?.bytes).toBeGreaterThan(256);
  });

  test("stamps packets by the clock of the machine, none before the one ahead of it", async () => {
    const { listener, near } = await connected("127.0.0.1");
    using capture = startPacketCapture({ ports: [listener.port] });
    const before = BigInt(Date.now()) * 1_000_000n;
    for (let round = 0; round < 20; round += 1) await near.send({ text: "x" });
    const after = BigInt(Date.now() + 1) * 1_000_000n;
    const times = capture.drain().map(({ timeNs }) => timeNs);
    expect(times.length).toBeGreaterThanOrEqual(20);
    expect(times).toEqual(times.toSorted((a, b) => Number(a - b)));
    expect(times[0]).toBeGreaterThanOrEqual(before);
    expect(times.at(-1)).toBeLessThanOrEqual(after);
  });

  test("sees only its own ports, and others once they are added", async () => {
    const one = await connected("127.0.0.1");
    const two = await connected("127.0.0.1");
    using capture = startPacketCapture({ ports: [one.listener.port] });
    const sendBoth = async () => {
      await one.near.send({ text: "1" });
      await two.near.send({ text: "22" });
      return capture
        .drain()
        .map(({ payloadBytes }) => payloadBytes)
        .filter((bytes) => bytes > 0);
    };
    expect(await sendBoth()).toEqual([1]);
    capture.addPort(two.listener.port);
    expect(await sendBoth()).toEqual([1, 2]);
    capture.setPorts([two.listener.port]);
    expect(await sendBoth()).toEqual([2]);
    capture.setPorts([]);
    expect(await sendBoth()).toEqual([]);
    // More ports than the filter looks through.
    capture.setPorts(Array.from({ length: 2000 }, (_, index) => index + 1).concat(one.near.localPort));
    expect(await sendBoth()).toEqual([1]);
  });

  test("that changes its ports under way loses no packet of a port that stays", async () => {
    const { listener, near } = await connected("127.0.0.1");
    using capture = startPacketCapture({ ports: [listener.port] });
    const sent = near.echoUntilError({ chunk: 1, totalBytes: 2000, deadlineMs: 500 });
    const underWay = { sending: true };
    void sent.finally(() => (underWay.sending = false));
    let bytes = 0;
    for (let port = 1; underWay.sending; port = (port % 60_000) + 1) {
      capture.setPorts([port, listener.port]);
      bytes += capture.drain().reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await sent).toMatchObject({ sent: 2000 });
    expect(bytes + capture.drain().reduce((sum, { payloadBytes }) => sum + payloadBytes, 0)).toBe(2000);
    expect(capture.dropped).toBe(0);
  });

  test("counts what the kernel has no room for", async () => {
    const { listener, near } = await connected("127.0.0.1");
    using all = startPacketCapture({ ports: [listener.port] });
    using small = startPacketCapture({ ports: [listener.port], receiveBufferBytes: 1 });
    await sendSegments(near, 200);
    const sent = all.drain().length;
    // Fewer than were sent: what waits for an acknowledgement is joined.
    expect(sent).toBeGreaterThan(20);
    expect(all.dropped).toBe(0);
    const seen = small.drain().length;
    expect(seen).toBeLessThan(sent);
    expect(small.dropped).toBe(sent - seen);
    small.close();
    expect(small.dropped).toBe(sent - seen);
  });

  test("that nobody drains keeps the newest packets, and counts the others", async () => {
    const { listener, near } = await connected("127.0.0.1");
    using all = startPacketCapture({ ports: [listener.port] });
    const capture = startPacketCapture({ ports: [listener.port], maxPackets: 10 });
    await sendSegments(near, 100);
    await near.close({ linger0: true });
    capture.close();
    const { leftOut } = capture;
    const packets = all.drain();
    expect(capture.drain().map(({ raw }) => raw)).toEqual(packets.slice(-10).map(({ raw }) => raw));
    expect(packets.at(-1)).toMatchObject({ flags: "R." });
    expect(leftOut).toBe(packets.length - 10);
    expect(capture.leftOut).toBe(leftOut);
  });

  test("that was closed keeps what it had, and takes no more", async () => {
    const { listener, near } = await connected("127.0.0.1");
    const capture = startPacketCapture({ ports: [listener.port] });
    await near.send({ text: "1" });
    capture.close();
    capture.close();
    await near.send({ text: "22" });
    expect(
      capture
        .drain()
        .map(({ payloadBytes }) => payloadBytes)
        .filter((bytes) => bytes > 0),
    ).toEqual([1]);
    expect(capture.drain()).toEqual([]);
  });

  test("of a device that does not exist is ENODEV", () => {
    for (const device of ["none0", "a-name-that-is-too-long-for-a-device"]) {
      expect(() => startPacketCapture({ ports: [1], interface: device })).toThrow(
        expect.objectContaining({ name: "KernelError", errno: "ENODEV" }),
      );
    }
  });
});

const obstacle = process.env["CI"] === "true" ? undefined : unprivilegedObstacle();
const asNobody = obstacle === undefined ? test : test.skip;
const because = obstacle === undefined ? "" : ` (not run: ${obstacle})`;

asNobody(`a capture without CAP_NET_RAW is EPERM, and says what it needs${because}`, () => {
  const script = `
    const { probeCapture, startPacketCapture } = require("./src/kernel/packet-capture.ts");
    let thrown;
    try { startPacketCapture({ ports: [1] }); } catch ({ name, call, errno }) { thrown = { name, call, errno }; }
    console.log(JSON.stringify({ probed: probeCapture(), thrown }));
  `;
  const [command = "", ...args] = [...unprivileged, ...nodeOnSource(script)];
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({
    probed: {
      available: false,
      reason: "packets cannot be captured: socket(AF_PACKET): EPERM (it needs CAP_NET_RAW)",
    },
    thrown: { name: "KernelError", call: "socket(AF_PACKET)", errno: "EPERM" },
  });
});
