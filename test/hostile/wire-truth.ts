import type { Packet } from "../support/capture.js";

/** An end as the JSON of a receipt has it. */
interface EndJson {
  kind: "FIN" | "RST" | "NONE";
  cause?: { kind: string; action?: string };
  time?: string;
  errno?: string;
  earlierFin?: object;
}

/** A receipt in the JSON of the contract, as far as it is judged. */
export interface ReceiptJson {
  localEnd?: EndJson;
  peerEnd?: EndJson;
  final?: boolean;
  stateBefore?: string;
  bytesReceived?: string;
  bytesSent?: string;
  unreadBytesDiscarded?: string;
  unsentBytesDiscarded?: string;
  peerOutlook?: { nextRead: string[]; nextWrite: string[] };
  endTime?: string;
}

/** What is known beside the receipt, none of it from the daemon. */
export interface Circumstances {
  /** At some time packets were lost on purpose. */
  readonly blackHoled: boolean;
  /** All that the peer read; undefined where it did not read to an end. */
  readonly peerRead: number | undefined;
  /** Urgent bytes are not read with the others. */
  readonly urgent: boolean;
  /** It ended while both sides acted at once, which began then (s since 1970): what crossed has no order. */
  readonly racedSince: number | undefined;
}

/** What the kernel may still hold back from the daemon at a moment: a few rounds of asking. */
const noticeSeconds = 0.1;

/** What the packets of one connection say, in their order. */
class Wire {
  readonly sentFin: number;
  readonly sentRst: number;
  readonly peerFin: number;
  readonly peerRst: number;
  /** The kernel answered a segment for a socket that is gone. */
  readonly answeredByRst: boolean;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Bytes of ours that the peer's kernel has acknowledged. */
  readonly acknowledged: number;

  constructor(
    readonly packets: readonly Packet[],
    private readonly ourPort: number,
  ) {
    const sent = (packet: Packet) => packet.from.port === this.ourPort;
    const index = (by: (packet: Packet) => boolean) => packets.findIndex(by);
    this.sentFin = index((packet) => sent(packet) && packet.flags.includes("F"));
    // A reset of ours acknowledges; the kernel's answer to a segment for a socket that is gone does not.
    this.sentRst = index((packet) => sent(packet) && /R.*\./.test(packet.flags));
    this.peerFin = index((packet) => !sent(packet) && packet.flags.includes("F"));
    this.peerRst = index((packet) => !sent(packet) && packet.flags.includes("R"));
    this.answeredByRst = packets.some((packet) => sent(packet) && packet.flags === "R");
    const bytes = (ours: boolean) =>
      packets.reduce((most, packet) => {
        if (sent(packet) !== ours || packet.length === 0 || packet.seq === undefined) return most;
        return Math.max(most, packet.seq - 1 + packet.length);
      }, 0);
    this.bytesOut = bytes(true);
    this.bytesIn = bytes(false);
    this.acknowledged = packets.reduce((most, packet) => {
      if (sent(packet) || packet.ack === undefined || packet.flags.includes("S") || packet.flags.includes("R"))
        return most;
      return Math.max(most, Math.min(packet.ack - 1, this.bytesOut));
    }, 0);
  }

  /** Whether bytes of the other side came a moment before this packet. */
  answersData(index: number): boolean {
    return this.packets
      .slice(0, Math.max(0, index))
      .some(({ from, length, time }) => from.port !== this.ourPort && length > 0 && this.time(index) - time < 0.01);
  }

  time(index: number): number {
    return this.packets[index]?.time ?? Number.NaN;
  }
}

/** All in which a final receipt and the wire do not agree. */
export function contradictions(
  receipt: ReceiptJson,
  packets: readonly Packet[],
  ourPort: number,
  circumstances: Circumstances,
): string[] {
  const wire = new Wire(packets, ourPort);
  const { blackHoled } = circumstances;
  const wrong: string[] = [];
  const must = (holds: boolean, fact: string) => {
    if (!holds) wrong.push(fact);
  };
  const local = receipt.localEnd?.kind ?? "absent";
  const peer = receipt.peerEnd?.kind ?? "absent";
  const count = (text: string | undefined) => Number(text ?? 0);
  const sent = count(receipt.bytesSent);
  const received = count(receipt.bytesReceived);
  const unsent = count(receipt.unsentBytesDiscarded);
  const endTime = receipt.endTime === undefined ? 0 : Date.parse(receipt.endTime) / 1000;

  must(receipt.final === true, "it ended and its receipt is not final");

  // Our side.
  // The peer's bytes that came between our last look and close(2) are answered by RST, and were read by nobody.
  const crossedClose = local === "FIN" && wire.bytesIn > received && wire.answersData(wire.sentRst);
  must(
    crossedClose || (local === "RST") === wire.sentRst >= 0,
    `local end ${local}, and a RST of ours is ${wire.sentRst >= 0 ? "" : "not "}on the wire`,
  );
  if (local === "NONE") must(wire.sentFin < 0, "local end NONE, and a FIN of ours is on the wire");
  // It may have waited in the kernel behind a full window, and been thrown away there: with bytes that the receipt tells
  // of, by the peer's RST, or when the peer wrote to a socket that was released.
  const finThrownAway = unsent > 0 || wire.peerRst >= 0 || wire.answeredByRst || blackHoled;
  if (local === "FIN") must(wire.sentFin >= 0 || finThrownAway, "local end FIN, and none is on the wire");
  if (local === "RST" && wire.sentFin >= 0 && wire.sentFin < wire.sentRst) {
    must(
      receipt.localEnd?.earlierFin !== undefined,
      "a FIN of ours went before the RST, and the receipt does not tell",
    );
  }
  if (local === "RST" && receipt.localEnd?.earlierFin !== undefined && wire.sentFin < 0) {
    must(receipt.stateBefore === "FIN_WAIT1", "an earlier FIN is told of, and none is on the wire");
  }

  // The peer's.
  if (peer === "FIN") must(wire.peerFin >= 0, "peer end FIN, and none is on the wire");
  if (peer === "RST") must(wire.peerRst >= 0, "peer end RST, and none is on the wire");
  if (!blackHoled) {
    const cameBefore = (index: number) =>
      index >= 0 &&
      (wire.sentRst < 0
        ? wire.time(index) < endTime - noticeSeconds
        : index < wire.sentRst && !(wire.time(index) >= (circumstances.racedSince ?? Number.POSITIVE_INFINITY)));
    if (peer === "NONE") must(!cameBefore(wire.peerFin), "peer end NONE, and its FIN came before the end");
    if (peer !== "RST") must(!cameBefore(wire.peerRst), `peer end ${peer}, and its RST came before the end`);
  }

  // Bytes.
  must(received <= wire.bytesIn, `${received} bytes received, ${wire.bytesIn} came`);
  must(sent >= wire.bytesOut, `${sent} bytes sent, ${wire.bytesOut} went out`);
  if (local === "FIN" && wire.sentFin >= 0)
    must(sent === wire.bytesOut, `${sent} bytes sent before FIN, ${wire.bytesOut} went out`);
  if (local === "FIN" && peer === "FIN" && !blackHoled) {
    must(
      received + count(receipt.unreadBytesDiscarded) === wire.bytesIn,
      `FIN both ways, ${received} bytes received, ${wire.bytesIn} came`,
    );
  }
  if (local === "RST") {
    must(
      sent - wire.acknowledged <= unsent,
      `${sent} bytes sent, ${wire.acknowledged} acknowledged, and only ${unsent} told as discarded`,
    );
  }
  const { peerRead } = circumstances;
  if (peerRead !== undefined) {
    must(peerRead <= wire.bytesOut, `the peer read ${peerRead} bytes, ${wire.bytesOut} went out`);
    if (local === "FIN" && wire.peerRst < 0 && !circumstances.urgent && !blackHoled) {
      must(peerRead === sent, `FIN after ${sent} bytes, and the peer read ${peerRead}`);
    }
  }
  return wrong;
}
