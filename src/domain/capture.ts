import { formatAddress } from "../kernel/address.js";
import { type PacketCapture, startPacketCapture } from "../kernel/packet-capture.js";
import type { Packet } from "../kernel/packet.js";
import { pcapHeader, pcapRecord } from "../kernel/pcap.js";
import { now } from "./clock.js";
import type { Segment } from "./receipt.js";

/** Packets kept of one capture; past it the newest are left out and counted, so that handshakes stay. */
const maxPackets = 100_000;

/** A capture as it stands at a moment. */
export interface CaptureView {
  readonly scope: string;
  readonly name: string;
  readonly listener: string;
  readonly running: boolean;
  readonly packets: number;
  readonly dropped: number;
  readonly startTime: bigint;
}

/** Whose packets are asked for. */
export interface CapturedSession {
  readonly localAddress: string;
  readonly peerAddress: string;
  readonly openTime: bigint;
  readonly endTime: bigint | undefined;
}

/** The packets of a scope's connections, or of one listener's. */
export class Capture {
  readonly startTime = now();
  /** ns since 1970; undefined while it runs. */
  private stopTime: bigint | undefined;
  private socket: PacketCapture | undefined;
  private readonly packets: Packet[] = [];
  /** By the two ends, the lesser first. */
  private readonly byConnection = new Map<string, Packet[]>();
  private droppedPackets = 0;

  /** Begins at once. @throws KernelError where it is not permitted. */
  constructor(
    readonly scope: string,
    readonly name: string,
    /** Empty: all of the scope. */
    readonly listener: string,
    private readonly ports: Set<number>,
  ) {
    this.socket = startPacketCapture({ ports });
  }

  get running(): boolean {
    return this.socket !== undefined;
  }

  /** Packets that are missing, in whichever way. */
  get dropped(): number {
    return this.droppedPackets + (this.socket === undefined ? 0 : this.socket.dropped + this.socket.leftOut);
  }

  covers(port: number): boolean {
    return this.ports.has(port);
  }

  /** Captures this port too, from now on. */
  addPort(port: number): void {
    if (this.ports.has(port)) return;
    this.ports.add(port);
    this.socket?.addPort(port);
  }

  /** Takes what has come since. */
  drain(): void {
    for (const packet of this.socket?.drain() ?? []) this.keep(packet);
  }

  stop(): void {
    const { socket } = this;
    if (socket === undefined) return;
    socket.close();
    this.drain();
    this.droppedPackets += socket.dropped + socket.leftOut;
    this.socket = undefined;
    this.stopTime = now();
  }

  /** It ran until the session had ended, or still does. */
  sawTheEndOf(session: CapturedSession): boolean {
    if (this.stopTime === undefined) return true;
    return session.endTime !== undefined && session.endTime <= this.stopTime;
  }

  /**
   * The segments of a session, oldest first, and whether they begin with its SYN. Two ends come round again: this life
   * begins with the SYN nearest to its opening, before or after it (the kernel's clock, which tells of packets, may have
   * been set since ours was), and ends before the next life's.
   */
  segmentsOf(session: CapturedSession): { readonly segments: readonly Segment[]; readonly fromSyn: boolean } {
    const packets = this.byConnection.get(connectionKey(session.localAddress, session.peerAddress)) ?? [];
    const begins = packets.flatMap((packet, index) => (beginsLife(packet, packets, index) ? [index] : []));
    const distance = (index: number) => abs((packets[index]?.timeNs ?? 0n) - session.openTime);
    const near = begins.filter((index) => distance(index) < farNs);
    const begin = near.reduce<number | undefined>(
      (best, index) => (best === undefined || distance(index) < distance(best) ? index : best),
      undefined,
    );
    const next = begins.find((index) => begin === undefined || index > begin);
    return {
      segments: packets.slice(begin ?? 0, next).map((packet) => segmentOf(packet, session.localAddress)),
      fromSyn: begin !== undefined,
    };
  }

  /** A pcap file of the oldest packets that fit, and how many did not. */
  pcap(maxBytes: number): { readonly file: Buffer; readonly leftOut: number } {
    const records: Buffer[] = [pcapHeader()];
    let bytes = records[0]!.length;
    let count = 0;
    for (const packet of this.packets) {
      const record = pcapRecord(packet);
      if (bytes + record.length > maxBytes) break;
      records.push(record);
      bytes += record.length;
      count += 1;
    }
    return { file: Buffer.concat(records), leftOut: this.packets.length - count };
  }

  view(): CaptureView {
    this.drain();
    return {
      scope: this.scope,
      name: this.name,
      listener: this.listener,
      running: this.running,
      packets: this.packets.length,
      dropped: this.dropped,
      startTime: this.startTime,
    };
  }

  private keep(packet: Packet): void {
    if (this.packets.length >= maxPackets) {
      this.droppedPackets += 1;
      return;
    }
    this.packets.push(packet);
    const key = connectionKey(formatAddress(packet.from), formatAddress(packet.to));
    const known = this.byConnection.get(key);
    if (known === undefined) this.byConnection.set(key, [packet]);
    else known.push(packet);
  }
}

/** Further from the opening of a session than this is the SYN of another life. */
const farNs = 1_000_000_000n;

/** A SYN, and not one that is sent again for want of an answer. */
function beginsLife(packet: Packet, packets: readonly Packet[], index: number): boolean {
  const isSyn = packet.flags.startsWith("S") && !packet.flags.includes(".");
  return (
    isSyn && !packets.slice(0, index).some((earlier) => earlier.flags === packet.flags && earlier.seq === packet.seq)
  );
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The same for both directions. */
function connectionKey(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

function segmentOf(packet: Packet, localAddress: string): Segment {
  return {
    time: packet.timeNs,
    direction: formatAddress(packet.from) === localAddress ? "SENT" : "RECEIVED",
    flags: packet.flags,
    seq: packet.seq,
    ack: packet.ack,
    window: packet.window,
    length: packet.payloadBytes,
  };
}
