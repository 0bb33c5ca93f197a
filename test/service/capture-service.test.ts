import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { probeCapture } from "../../src/kernel/packet-capture.js";
import { type Segment, Segment_Direction } from "../../src/gen/hangup/v1/packet.js";
import { Receipt_Evidence, WaitSessionRequest_Condition } from "../../src/gen/hangup/v1/session.js";
import { look, perform } from "../support/actions.js";
import { connectTo, dialJudge } from "../support/connections.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { failureOf } from "../support/failure.js";
import { type Judge, startJudge } from "../support/judge.js";

const { ENDED } = WaitSessionRequest_Condition;

let daemon: TestDaemon;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
});

afterEach(async () => {
  await Promise.all([judge.stop(), daemon.stop()]);
});

const availability = probeCapture();
const captured = availability.available || process.env["CI"] === "true" ? describe : describe.skip;
const because = availability.available ? "" : ` (not run: ${availability.reason})`;

/** `>S. <. >R.`: flags with their direction, mere acknowledgements too. */
function flagsOf(segments: readonly Segment[]): string {
  return segments
    .map(({ direction, flags }) => `${direction === Segment_Direction.SENT ? ">" : "<"}${flags}`)
    .join(" ");
}

async function echo(name = "echo") {
  return { name, ...(await daemon.listen(name)) };
}

captured(`a capture${because}`, () => {
  test("proves a reset: the receipt is CAPTURED, with the handshake and one RST", async () => {
    const listener = await echo();
    expect((await daemon.captures.startCapture({})).capture).toMatchObject({
      name: "capture",
      running: true,
      packets: 0n,
    });
    const { peer, name } = await connectTo(daemon, judge, listener);
    const { receipt } = await daemon.sessions.resetSession({ session: name });
    expect(receipt?.evidence).toBe(Receipt_Evidence.CAPTURED);
    expect(flagsOf(receipt!.segments)).toBe("<S >S. <. >R.");
    expect(receipt?.segmentsCaptured).toBe(4n);
    expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
  });

  test("proves a close: FIN of both, each acknowledged", async () => {
    const listener = await echo();
    await daemon.captures.startCapture({});
    const { peer, name } = await connectTo(daemon, judge, listener);
    await daemon.sessions.closeSession({ session: name });
    await peer.close();
    const { session } = await daemon.sessions.waitSession({ session: name, condition: ENDED });
    expect(session?.receipt?.evidence).toBe(Receipt_Evidence.CAPTURED);
    // When the first FIN is acknowledged is the kernel's business: by itself, or by the peer's FIN.
    expect(flagsOf(session!.receipt!.segments)).toMatch(/^<S >S\. <\. >F\.( <\.)? <F\. >\.$/);
  });

  test("tells of each segment its time, numbers, window and length", async () => {
    const listener = await echo();
    await daemon.captures.startCapture({});
    const { peer, name } = await connectTo(daemon, judge, listener);
    await peer.send({ text: "hello" });
    expect(await peer.recvAll({ max: 5 })).toMatchObject({ bytes: 5 });
    const { segments } = await daemon.captures.getPackets({ session: name });
    const [syn, synAck] = segments;
    const [question, answer] = segments.filter(({ length }) => length > 0);
    expect(question).toMatchObject({
      direction: Segment_Direction.RECEIVED,
      flags: "P.",
      length: 5,
      seq: (syn!.seq + 1) >>> 0,
    });
    expect(answer).toMatchObject({
      direction: Segment_Direction.SENT,
      flags: "P.",
      length: 5,
      seq: (synAck!.seq + 1) >>> 0,
    });
    expect(answer!.ack).toBe((question!.seq + 5) >>> 0);
    expect(syn!.ack).toBe(0);
    expect(synAck!.window).toBeGreaterThan(0);
    const times = segments.map(({ time }) => time!.seconds * 1_000_000_000n + BigInt(time!.nanos));
    expect(times.every((time, index) => index === 0 || time >= times[index - 1]!)).toBe(true);
    await peer.close();
  });

  test("has the dialed sessions from their SYN", async () => {
    await daemon.captures.startCapture({});
    const { peer, name } = await dialJudge(daemon, judge);
    const { receipt } = await daemon.sessions.resetSession({ session: name });
    expect(receipt?.evidence).toBe(Receipt_Evidence.CAPTURED);
    expect(flagsOf(receipt!.segments)).toBe(">S <S. >. >R.");
    await peer.close();
  });

  test("begun in the midst of a session is INCOMPLETE", async () => {
    const { peer, name } = await connectTo(daemon, judge, await echo());
    await daemon.captures.startCapture({});
    const { receipt } = await daemon.sessions.resetSession({ session: name });
    expect(receipt?.evidence).toBe(Receipt_Evidence.INCOMPLETE);
    expect(flagsOf(receipt!.segments)).toBe(">R.");
    await peer.close();
  });

  test("stopped before the end is INCOMPLETE, stopped after it stays CAPTURED", async () => {
    const listener = await echo();
    await daemon.captures.startCapture({});
    const early = await connectTo(daemon, judge, listener);
    const late = await connectTo(daemon, judge, listener);
    await daemon.sessions.resetSession({ session: late.name });
    expect((await daemon.captures.stopCapture({})).capture).toMatchObject({ running: false });
    await daemon.sessions.resetSession({ session: early.name });
    expect(await look(daemon, early.name)).toMatchObject({ receipt: { evidence: "INCOMPLETE" } });
    expect(await look(daemon, late.name)).toMatchObject({ receipt: { evidence: "CAPTURED" } });
    await early.peer.close();
    await late.peer.close();
  });

  test("of one listener has the sessions of no other", async () => {
    const [one, other] = [await echo("one"), await echo("other")];
    await daemon.captures.startCapture({ listener: "one" });
    const inside = await connectTo(daemon, judge, one);
    const outside = await connectTo(daemon, judge, other);
    await daemon.sessions.performAction({
      all: true,
      action: {
        verb: { $case: "reset", value: { afterFlush: false, discardedData: Buffer.alloc(0), flushTimeout: undefined } },
      },
    });
    expect(await look(daemon, inside.name)).toMatchObject({ receipt: { evidence: "CAPTURED" } });
    expect(await look(daemon, outside.name)).toMatchObject({ receipt: { evidence: "NOT_CAPTURED" } });
    await inside.peer.close();
    await outside.peer.close();
  });

  test("has listeners that come later", async () => {
    await daemon.captures.startCapture({});
    const { peer, name } = await connectTo(daemon, judge, await echo());
    expect((await daemon.sessions.resetSession({ session: name })).receipt?.evidence).toBe(Receipt_Evidence.CAPTURED);
    await peer.close();
  });

  test("as a pcap file is read by tcpdump, the RST and all", async () => {
    const listener = await echo();
    await daemon.captures.startCapture({});
    const { peer, name } = await connectTo(daemon, judge, listener);
    await perform(daemon, name, { reset: {} });
    const { pcap, leftOut } = await daemon.captures.getPackets({});
    expect(leftOut).toBe(0n);
    const folder = mkdtempSync(join(tmpdir(), "hangup-"));
    try {
      const file = join(folder, "session.pcap");
      writeFileSync(file, pcap);
      const { stdout, stderr, status } = spawnSync("tcpdump", ["-n", "-r", file], { encoding: "utf8" });
      expect({ status, stderr }).toMatchObject({ status: 0 });
      const flags = [...stdout.matchAll(/Flags \[([^\]]*)\]/g)].map((match) => match[1]);
      expect(flags).toEqual(["S", "S.", ".", "R."]);
      expect(stdout).toContain(`127.0.0.1.${peer.localPort} > 127.0.0.1.${listener.port}: Flags [S]`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("a name that runs is ALREADY_EXISTS; stopped it may be taken anew, and begins empty", async () => {
    await daemon.captures.startCapture({ name: "mine" });
    expect(await failureOf(daemon.captures.startCapture({ name: "mine" }))).toMatchObject({
      code: "ALREADY_EXISTS",
      reason: "NAME_TAKEN",
    });
    const { peer } = await connectTo(daemon, judge, await echo());
    expect((await daemon.captures.stopCapture({ capture: "mine" })).capture?.packets).toBeGreaterThanOrEqual(3n);
    expect((await daemon.captures.startCapture({ name: "mine" })).capture).toMatchObject({
      packets: 0n,
      running: true,
    });
    await peer.close();
  });

  test("past 16 is RESOURCE_EXHAUSTED", async () => {
    for (let count = 0; count < 16; count++) await daemon.captures.startCapture({ name: `c${count}` });
    expect(await failureOf(daemon.captures.startCapture({ name: "one-more" }))).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "TOO_MANY_CAPTURES",
    });
  });

  test("of an unknown listener, an unknown capture and an unknown session are NOT_FOUND", async () => {
    expect(await failureOf(daemon.captures.startCapture({ listener: "none" }))).toMatchObject({
      reason: "UNKNOWN_LISTENER",
    });
    expect(await failureOf(daemon.captures.getPackets({}))).toMatchObject({
      code: "NOT_FOUND",
      reason: "UNKNOWN_CAPTURE",
    });
    expect(await failureOf(daemon.captures.stopCapture({ capture: "none" }))).toMatchObject({
      reason: "UNKNOWN_CAPTURE",
    });
    await daemon.captures.startCapture({});
    expect(await failureOf(daemon.captures.getPackets({ session: "none" }))).toMatchObject({
      reason: "UNKNOWN_SESSION",
    });
  });

  test("counts segments past the 64 that a receipt has, and keeps the newest", async () => {
    const listener = await echo();
    await daemon.captures.startCapture({});
    const { peer, name } = await connectTo(daemon, judge, listener);
    for (let round = 0; round < 50; round++) {
      await peer.send({ text: "x" });
      await peer.recv();
    }
    const { receipt } = await daemon.sessions.resetSession({ session: name });
    expect(receipt?.segments).toHaveLength(64);
    expect(receipt?.segmentsCaptured).toBeGreaterThan(100n);
    expect(receipt?.segments.at(-1)?.flags).toBe("R.");
    expect((await daemon.captures.getPackets({ session: name })).segments.length).toBe(
      Number(receipt?.segmentsCaptured),
    );
    await peer.close();
  });
});

test("without a capture the evidence is NOT_CAPTURED, without segments", async () => {
  const { peer, name } = await connectTo(daemon, judge, await echo());
  const { receipt } = await daemon.sessions.resetSession({ session: name });
  expect(receipt).toMatchObject({ evidence: Receipt_Evidence.NOT_CAPTURED, segments: [], segmentsCaptured: 0n });
  await peer.close();
});

test("GetInfo says whether packets can be captured, and if not StartCapture says why", async () => {
  const { capabilities } = await daemon.info.getInfo({});
  const capability = capabilities.find(({ name }) => name === "capture");
  if (capability?.available === true) {
    expect((await daemon.captures.startCapture({})).capture?.running).toBe(true);
    return;
  }
  expect(capability?.reason).toMatch(/CAP_NET_RAW|FFI/);
  const failure = await failureOf(daemon.captures.startCapture({}));
  expect(failure).toMatchObject({ code: "FAILED_PRECONDITION", reason: "CAPTURE_UNAVAILABLE" });
  expect(failure.message).toContain("--isolated");
});
