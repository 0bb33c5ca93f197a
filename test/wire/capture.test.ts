import { type Capture, captureAvailability, parsePacket, startCapture } from "../support/capture.js";
import { type Judge, type Peer, startJudge } from "../support/judge.js";
import { describeWire } from "./describe-wire.js";

let judge: Judge;

beforeEach(async () => {
  judge = await startJudge();
});

afterEach(async () => {
  await judge.stop();
});

interface CapturedPair extends AsyncDisposable {
  capture: Capture;
  near: Peer;
  far: Peer;
  port: number;
}

/** Everything on the wire of one connection, from SYN on. */
async function capturedPair(host = "127.0.0.1"): Promise<CapturedPair> {
  const listener = await judge.listen({ host });
  const { port } = listener;
  const capture = await startCapture({ ports: [port] });
  const near = await judge.connect({ host, port });
  const far = await listener.accept();
  return { capture, near, far, port, [Symbol.asyncDispose]: async () => void (await capture.stop()) };
}

describeWire("a capture", () => {
  test("shows the handshake, data and FIN of a graceful close", async () => {
    await using pair = await capturedPair();
    const { capture, near, far, port } = pair;
    await near.send({ text: "hello" });
    await far.recv();
    await far.close();
    await near.close();

    const packets = await capture.stop();
    expect(packets.slice(0, 3).map(({ flags }) => flags)).toEqual(["S", "S.", "."]);
    expect(packets[0]).toMatchObject({
      from: { address: "127.0.0.1", port: near.localPort },
      to: { address: "127.0.0.1", port },
      length: 0,
      options: expect.stringContaining("mss"),
    });
    expect(packets.find(({ length }) => length > 0)).toMatchObject({ flags: "P.", seq: 1, ack: 1, length: 5 });
    expect(packets.filter(({ flags }) => flags === "F.").map(({ from }) => from.port)).toEqual([port, near.localPort]);
    expect(packets.filter(({ flags }) => flags.includes("R"))).toEqual([]);
  });

  test("shows the RST of a close with linger 0, and no FIN", async () => {
    await using pair = await capturedPair();
    const { capture, far, port } = pair;
    await far.close({ linger0: true });

    const reset = await capture.until(({ flags }) => flags.includes("R"));
    expect(reset).toMatchObject({ flags: "R.", from: { port }, length: 0 });
    expect((await capture.drain()).filter(({ flags }) => flags.includes("F"))).toEqual([]);
  });

  test("shows IPv6 and urgent data", async () => {
    await using pair = await capturedPair("::1");
    const { capture, far, port } = pair;
    await far.send({ text: "X" }, { flags: ["MSG_OOB"] });
    const urgent = await capture.until((packet) => packet.urgent !== undefined);
    expect(urgent).toMatchObject({ from: { address: "::1", port }, flags: "P.U", urgent: 1, length: 1 });
  });

  test("shows the RST that refuses a connect", async () => {
    const listener = await judge.listen({ host: "127.0.0.1" });
    await listener.close();
    await using capture = await startCapture({ ports: [listener.port] });
    await judge.tryConnect({ host: "127.0.0.1", port: listener.port });
    expect((await capture.drain()).map(({ flags }) => flags)).toEqual(["S", "R."]);
  });

  test("sees only its own ports", async () => {
    const other = await judge.listen({ host: "127.0.0.1" });
    await using pair = await capturedPair();
    const { capture, near } = pair;
    await judge.connect({ host: "127.0.0.1", port: other.port });
    const ports = (await capture.drain()).flatMap(({ from, to }) => [from.port, to.port]);
    expect(ports).toContain(near.localPort);
    expect(ports).not.toContain(other.port);
  });

  test("that waits for a packet that does not come says what did", async () => {
    await using pair = await capturedPair();
    const { capture } = pair;
    await capture.drain();
    await expect(capture.until(({ flags }) => flags === "R.", 20)).rejects.toThrow(/waited 20 ms.*Flags \[S\]/s);
  });

  test("that was stopped keeps its packets and waits no more", async () => {
    const { capture } = await capturedPair();
    const packets = await capture.stop();
    expect(packets.length).toBe(3);
    await expect(capture.until(() => false)).rejects.toThrow("tcpdump ended");
    expect(await capture.stop()).toBe(packets);
  });

  test("of an interface that does not exist fails with what tcpdump says", async () => {
    await expect(startCapture({ ports: [1], interface: "none0" })).rejects.toThrow("none0");
    expect(captureAvailability("none0")).toEqual({ available: false, reason: expect.stringContaining("none0") });
  });
});

describe("a line of tcpdump", () => {
  test("is read with all its fields", () => {
    const line =
      "1700000000.000001 IP 127.0.0.1.4000 > 127.0.0.1.5000: Flags [P.], seq 1:6, ack 1, win 512, " +
      "options [nop,nop,TS val 1 ecr 2], length 5: HTTP";
    expect(parsePacket(line)).toEqual({
      time: 1700000000.000001,
      from: { address: "127.0.0.1", port: 4000 },
      to: { address: "127.0.0.1", port: 5000 },
      flags: "P.",
      seq: 1,
      ack: 1,
      window: 512,
      urgent: undefined,
      options: "nop,nop,TS val 1 ecr 2",
      length: 5,
      line,
    });
  });

  test("that signs with MD5 keeps the option whole", () => {
    const option = "nop,nop,md5 shared secret not supplied with -M, can't check - 00ff";
    const line = `1.5 IP6 ::1.4000 > ::1.5000: Flags [R.], seq 7, ack 9, win 512, options [${option}], length 0`;
    expect(parsePacket(line)).toMatchObject({ from: { address: "::1" }, flags: "R.", seq: 7, options: option });
  });

  test("that is no TCP segment is nothing", () => {
    expect(parsePacket("1.5 IP 127.0.0.1.4000 > 127.0.0.1.4000: UDP, length 1")).toBeUndefined();
    expect(parsePacket("\tHTTP/1.1 200 OK")).toBeUndefined();
  });
});
