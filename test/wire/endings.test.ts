import {
  End_Kind,
  Session_OnPeerFin,
  Session_State,
  WaitSessionRequest_Condition,
} from "../../src/gen/hangup/v1/session.js";
import { type Capture, type Packet, startCapture } from "../support/capture.js";
import { ms, startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { type Judge, type Peer, startJudge } from "../support/judge.js";
import { describeWire } from "./describe-wire.js";

// What an ending puts on the wire. Each capture is drained before a segment is said to be absent.

type ListenRequest = Parameters<TestDaemon["listen"]>[1];

let daemon: TestDaemon;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterEach(async () => {
  await Promise.all([daemon.stop(), judge.stop()]);
});

const session = "echo/1";
const { ENDED } = WaitSessionRequest_Condition;
const EOF_RESULT = { rc: 0, end: "EOF", data: Buffer.alloc(0) };
const failed = (errno: string) => ({ rc: -1, errno, end: errno, data: Buffer.alloc(0) });

/** One captured connection between the daemon and the judge. */
class Wire implements AsyncDisposable {
  constructor(
    readonly capture: Capture,
    readonly peer: Peer,
    private readonly daemonPort: number,
  ) {}

  /** The FINs and RSTs that were on the wire up to now, in order, as `daemon F.`; PSH says nothing of an ending. */
  async endings(): Promise<string[]> {
    const packets = await this.capture.drain();
    return packets
      .filter(({ flags }) => /[FR]/.test(flags))
      .map((packet) => `${this.sender(packet)} ${packet.flags.replace("P", "")}`);
  }

  /** The segments that carry data, as `peer 5`. */
  async data(): Promise<string[]> {
    const packets = await this.capture.drain();
    return packets.filter(({ length }) => length > 0).map((packet) => `${this.sender(packet)} ${packet.length}`);
  }

  /** Resolves when the segment of one side is on the wire. */
  async until(sender: "daemon" | "peer", matches: (packet: Packet) => boolean): Promise<Packet> {
    return this.capture.until((packet) => this.sender(packet) === sender && matches(packet));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.capture.stop();
  }

  private sender({ from }: Packet): "daemon" | "peer" {
    return from.port === this.daemonPort ? "daemon" : "peer";
  }
}

/** The judge connects to an echo listener; the session is echo/1. */
async function connect(host: string, request: ListenRequest = {}): Promise<Wire> {
  const { port } = await daemon.listen("echo", { host, ...request });
  const capture = await startCapture({ ports: [port] });
  const peer = await judge.connect({ host, port });
  await daemon.sessions.waitSession({ session });
  return new Wire(capture, peer, port);
}

/** The daemon dials the judge, whose kernel has room for a few KiB; the session is c1. */
async function dial(host: string): Promise<Wire> {
  const listener = await judge.listen({ host });
  await listener.setsockopt("SO_RCVBUF", 4096);
  const capture = await startCapture({ ports: [listener.port] });
  const target = host.includes(":") ? `[${host}]:${listener.port}` : `${host}:${listener.port}`;
  const opened = await daemon.sessions.openSession({ name: "c1", target });
  const daemonPort = Number(opened.session?.localAddress.split(":").at(-1));
  return new Wire(capture, await listener.accept(), daemonPort);
}

describe.each(["127.0.0.1", "::1"])("on the wire of %s", (host) => {
  describeWire("CloseSession", () => {
    test("sends FIN and no RST, and the peer's FIN is answered by an ACK alone", async () => {
      await using wire = await connect(host);
      await daemon.sessions.closeSession({ session });
      expect(await wire.peer.recv()).toEqual(EOF_RESULT);
      await wire.peer.close();
      await daemon.sessions.waitSession({ session, condition: ENDED });
      expect(await wire.endings()).toEqual(["daemon F.", "peer F."]);
    });

    test("sends FIN behind all that was echoed", async () => {
      await using wire = await connect(host);
      await wire.peer.sendAll({ text: "hello" });
      await daemon.sessions.waitSession({ session, bytesSent: 5n });
      await daemon.sessions.closeSession({ session });
      expect(await wire.peer.recvAll()).toMatchObject({ bytes: 5, end: "EOF" });
      const fin = await wire.until("daemon", ({ flags }) => flags.includes("F"));
      expect(fin).toMatchObject({ flags: "F.", seq: 6 });
      expect(await wire.endings()).toEqual(["daemon F."]);
    });

    test("acknowledges what the peer still sends, and never resets because of it", async () => {
      await using wire = await connect(host);
      await daemon.sessions.closeSession({ session });
      await wire.peer.sendAll({ text: "hello" });
      await wire.until("daemon", ({ ack }) => ack === 6);
      await wire.peer.close();
      await daemon.sessions.waitSession({ session, condition: ENDED });
      expect(await wire.endings()).toEqual(["daemon F.", "peer F."]);
    });
  });

  describeWire("a close that the peer does not finish", () => {
    test("ends at the drain timeout without a segment, and what the peer sends then is answered by RST", async () => {
      await using wire = await connect(host);
      await daemon.sessions.closeSession({ session, drainTimeout: ms(50) });
      const { session: ended } = await daemon.sessions.waitSession({ session, condition: ENDED });
      expect(ended?.receipt).toMatchObject({ localEnd: { kind: End_Kind.FIN }, peerEnd: { kind: End_Kind.NONE } });
      expect(await wire.endings()).toEqual(["daemon F."]);
      expect(await wire.peer.send({ text: "X" })).toEqual({ rc: 1 });
      await wire.until("daemon", ({ flags }) => flags.includes("R"));
      expect(await wire.endings()).toEqual(["daemon F.", "daemon R"]);
    });
  });

  describeWire("HalfCloseSession", () => {
    test("sends FIN, and data the other way is acknowledged and delivered", async () => {
      await using wire = await connect(host);
      await daemon.sessions.halfCloseSession({ session });
      expect(await wire.peer.recv()).toEqual(EOF_RESULT);
      await wire.peer.sendAll({ text: "hello" });
      const { session: seen } = await daemon.sessions.waitSession({ session, bytesReceived: 5n });
      expect(seen).toMatchObject({ state: Session_State.FIN_WAIT2, finSent: true, ended: false });
      await wire.until("daemon", ({ ack }) => ack === 6);
      expect(await wire.endings()).toEqual(["daemon F."]);
      expect(await wire.data()).toEqual(["peer 5"]);
    });
  });

  describeWire("ResetSession", () => {
    test("sends one RST that nobody acknowledges, and no FIN", async () => {
      await using wire = await connect(host);
      await daemon.sessions.resetSession({ session });
      expect(await wire.peer.recv()).toEqual(failed("ECONNRESET"));
      await wire.peer.close();
      expect(await wire.endings()).toEqual(["daemon R."]);
      expect((await wire.capture.drain()).at(-1)).toMatchObject({ flags: "R.", length: 0 });
    });

    test("after a half-close sends RST behind the FIN, and the peer has its EOF and then EPIPE", async () => {
      await using wire = await connect(host);
      await daemon.sessions.halfCloseSession({ session });
      expect(await wire.peer.recv()).toEqual(EOF_RESULT);
      await daemon.sessions.resetSession({ session });
      expect(await wire.peer.recv()).toEqual(EOF_RESULT);
      expect(await wire.peer.send({ text: "X" })).toEqual({ rc: -1, errno: "EPIPE" });
      expect(await wire.endings()).toEqual(["daemon F.", "daemon R."]);
    });

    test("after a close sends RST behind the FIN", async () => {
      await using wire = await connect(host);
      await daemon.sessions.closeSession({ session });
      expect(await wire.peer.recv()).toEqual(EOF_RESULT);
      await daemon.sessions.resetSession({ session });
      expect(await wire.endings()).toEqual(["daemon F.", "daemon R."]);
    });

    test("after the peer's FIN sends RST in place of FIN", async () => {
      await using wire = await connect(host, { onPeerFin: Session_OnPeerFin.STAY_OPEN });
      await wire.peer.shutdown("WR");
      await daemon.sessions.waitSession({ session, state: Session_State.CLOSE_WAIT });
      await daemon.sessions.resetSession({ session });
      expect(await wire.peer.recv()).toEqual(failed("ECONNRESET"));
      expect(await wire.endings()).toEqual(["peer F.", "daemon R."]);
    });

    test("throws away what the peer has no room for: it gets what its kernel had, then ECONNRESET", async () => {
      await using wire = await dial(host);
      const data = Buffer.alloc(1024 * 1024);
      await daemon.sessions.sendData({ session: "c1", payload: { $case: "data", value: data } });
      const { receipt } = await daemon.sessions.resetSession({ session: "c1" });
      const { bytes, end } = await wire.peer.recvAll();
      expect(end).toBe("ECONNRESET");
      expect(bytes).toBeLessThan(data.length);
      expect(receipt?.bytesSent).toBe(BigInt(data.length));
      expect(receipt?.unsentBytesDiscarded).toBeGreaterThanOrEqual(BigInt(data.length - bytes));
      expect(await wire.endings()).toEqual(["daemon R."]);
    });
  });

  describeWire("the echo listener", () => {
    test("answers the peer's FIN with its own", async () => {
      await using wire = await connect(host);
      await wire.peer.sendAll({ text: "hello" });
      await wire.peer.shutdown("WR");
      expect(await wire.peer.recvAll()).toMatchObject({ bytes: 5, end: "EOF" });
      expect(await wire.endings()).toEqual(["peer F.", "daemon F."]);
    });

    test("that is deleted resets its sessions", async () => {
      await using wire = await connect(host);
      await daemon.listeners.deleteListener({ listener: "echo" });
      expect(await wire.peer.recv()).toEqual(failed("ECONNRESET"));
      expect(await wire.endings()).toEqual(["daemon R."]);
    });
  });

  describeWire("a dialed session", () => {
    test("that is closed sends FIN, and that is half-closed before sends no second one", async () => {
      await using wire = await dial(host);
      await daemon.sessions.halfCloseSession({ session: "c1" });
      await daemon.sessions.closeSession({ session: "c1" });
      expect(await wire.peer.recv()).toEqual(EOF_RESULT);
      await wire.peer.close();
      await daemon.sessions.waitSession({ session: "c1", condition: ENDED });
      expect(await wire.endings()).toEqual(["daemon F.", "peer F."]);
    });

    test("that is reset sends RST and no FIN", async () => {
      await using wire = await dial(host);
      await daemon.sessions.resetSession({ session: "c1" });
      expect(await wire.peer.recv()).toEqual(failed("ECONNRESET"));
      expect(await wire.endings()).toEqual(["daemon R."]);
    });
  });

  describeWire("the peer", () => {
    test("that resets after data is seen to have reset, not to have closed", async () => {
      await using wire = await connect(host);
      await wire.peer.send({ text: "hello" });
      await wire.peer.close({ linger0: true });
      const { session: ended } = await daemon.sessions.waitSession({ session, condition: ENDED });
      expect(ended?.receipt).toMatchObject({ peerEnd: { kind: End_Kind.RST }, final: true });
      expect((await wire.endings()).filter((line) => line.startsWith("peer"))).toEqual(["peer R."]);
    });
  });
});
