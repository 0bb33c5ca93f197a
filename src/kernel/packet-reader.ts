import type { Ffi } from "./ffi.js";

// Takes packets from a packet socket in batches: one recvmmsg(2) gives up to 64 of them, each with the time at which
// the kernel saw it.

const batch = 64;
const EAGAIN = 11;
const MSG_DONTWAIT = 0x40;
const messageBytes = 64; // struct mmsghdr
const vectorBytes = 16; // struct iovec
const controlBytes = 64;
const SCM_TIMESTAMPNS = 35;
/** More than this in one go would hold up the event loop; the rest stays in the kernel for the next. */
const maxBatches = 256;

/** A packet from its IP header on, and when it was captured, in ns since 1970. */
export interface CapturedBytes {
  timeNs: bigint;
  readonly raw: Buffer;
}

/** Reads one packet socket. */
export class PacketReader {
  // The structures point at each other, so they stay where they are for as long as the reader lives.
  private readonly messages = Buffer.alloc(batch * messageBytes);
  private readonly vectors = Buffer.alloc(batch * vectorBytes);
  private readonly controls = Buffer.alloc(batch * controlBytes);
  private readonly data: Buffer;

  constructor(
    private readonly ffi: Ffi,
    private readonly fd: number,
    private readonly snapBytes: number,
  ) {
    this.data = Buffer.alloc(batch * snapBytes);
    const vectorsAt = ffi.addressOf(this.vectors);
    const controlsAt = ffi.addressOf(this.controls);
    const dataAt = ffi.addressOf(this.data);
    for (let index = 0; index < batch; index += 1) {
      this.vectors.writeBigUInt64LE(dataAt + BigInt(index * snapBytes), index * vectorBytes);
      this.vectors.writeBigUInt64LE(BigInt(snapBytes), index * vectorBytes + 8);
      const message = index * messageBytes;
      this.messages.writeBigUInt64LE(vectorsAt + BigInt(index * vectorBytes), message + 16);
      this.messages.writeBigUInt64LE(1n, message + 24);
      this.messages.writeBigUInt64LE(controlsAt + BigInt(index * controlBytes), message + 32);
    }
  }

  /**
   * What the socket holds, in its order, each packet as a copy of its own.
   *
   * For some ms after the first capture of the machine began the kernel may not stamp packets yet, and gives the time
   * of the reading instead. No packet came later than the one behind it, so it is not given a later time either.
   */
  readAll(): CapturedBytes[] {
    const captured: CapturedBytes[] = [];
    for (let round = 0; round < maxBatches; round += 1) {
      const count = this.readBatch(captured);
      // An error other than EAGAIN is ENETDOWN, told once when the device goes down; the packets come after it.
      if (count === -EAGAIN || (count >= 0 && count < batch)) break;
    }
    let next = captured.at(-1)?.timeNs ?? 0n;
    for (const packet of captured.toReversed()) {
      if (packet.timeNs > next) packet.timeNs = next;
      next = packet.timeNs;
    }
    return captured;
  }

  private readBatch(captured: CapturedBytes[]): number {
    // The kernel writes here how much control data it gave.
    for (let index = 0; index < batch; index += 1) {
      this.messages.writeBigUInt64LE(BigInt(controlBytes), index * messageBytes + 40);
    }
    const count = this.ffi.recvmmsg(this.fd, this.messages, batch, MSG_DONTWAIT);
    for (let index = 0; index < count; index += 1) {
      const bytes = this.messages.readUInt32LE(index * messageBytes + 56);
      const start = index * this.snapBytes;
      captured.push({ timeNs: this.time(index), raw: Buffer.from(this.data.subarray(start, start + bytes)) });
    }
    return count;
  }

  /** struct cmsghdr and struct timespec; it is the only control data asked for. */
  private time(index: number): bigint {
    const at = index * controlBytes;
    if (this.controls.readInt32LE(at + 12) !== SCM_TIMESTAMPNS) throw new Error("bug: a packet without its time");
    return this.controls.readBigInt64LE(at + 16) * 1_000_000_000n + this.controls.readBigInt64LE(at + 24);
  }
}
