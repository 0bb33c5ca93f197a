import { close as closeFile } from "node:fs";
import { assertDescriptor } from "./descriptors.js";
import { errnoName, KernelError } from "./errno.js";
import { type Ffi, loadFfi } from "./ffi.js";
import { decodePacket, type Packet } from "./packet.js";
import { packetFilter } from "./packet-filter.js";
import { PacketReader } from "./packet-reader.js";
import { everyTick } from "./ticker.js";

// Packets as they are on the wire, by a packet socket (packet(7)). It needs CAP_NET_RAW in the network namespace.

const AF_PACKET = 17;
/** SOCK_DGRAM, so that packets begin with their IP header on every device. */
const SOCK_DGRAM_CLOEXEC_NONBLOCK = 2 | 0x80000 | 0x800;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_ATTACH_FILTER = 26;
const SO_RCVBUFFORCE = 33;
const SO_TIMESTAMPNS = 35;
const SOL_PACKET = 263;
const PACKET_STATISTICS = 6;
const SIOCGIFINDEX = 0x8933;

/** Enough for the headers of either IP version with all options, and some of the data. */
const snapBytes = 256;
const defaultReceiveBufferBytes = 16 * 1024 * 1024;
const defaultMaxPackets = 10_000;

/** What to capture. */
export interface PacketCaptureOptions {
  /** TCP ports, of either end. */
  readonly ports: Iterable<number>;
  /** A device such as `lo`; absent: all of this network namespace. */
  readonly interface?: string;
  /** How many packets are kept between two drains, 10,000 if absent; past it the oldest are left out. */
  readonly maxPackets?: number;
  /** Bytes of kernel memory for packets not yet taken, 16 MiB if absent. Without CAP_NET_ADMIN net.core.rmem_max bounds it. */
  readonly receiveBufferBytes?: number;
}

/** Whether packets can be captured here, and why not. */
export type CaptureAvailability = { readonly available: true } | { readonly available: false; readonly reason: string };

/** Opens a packet socket and closes it again. */
export function probeCapture(): CaptureAvailability {
  const load = loadFfi();
  if (!load.available) return load;
  try {
    closeAside(openSocket(load.ffi));
    return { available: true };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { available: false, reason: `packets cannot be captured: ${error.message}` };
  }
}

/**
 * Captures from the moment this returns.
 *
 * @throws KernelError when it is not permitted (EPERM) or there is no such device (ENODEV).
 */
export function startPacketCapture(options: PacketCaptureOptions): PacketCapture {
  const load = loadFfi();
  if (!load.available) throw new KernelError("socket", "ENOSYS", load.reason);
  return new PacketCapture(load.ffi, options);
}

/** A capture under way. What was on the wire waits in the kernel, and is taken from there each tick and by `drain`. */
export class PacketCapture implements Disposable {
  private readonly fd: number;
  private readonly reader: PacketReader;
  private readonly maxPackets: number;
  private readonly stopTicking: () => void;
  private ports: ReadonlySet<number>;
  private kept: Packet[] = [];
  private droppedByKernel = 0;
  private leftOutHere = 0;
  private open = true;

  constructor(
    private readonly ffi: Ffi,
    options: PacketCaptureOptions,
  ) {
    this.maxPackets = options.maxPackets ?? defaultMaxPackets;
    this.ports = new Set(options.ports);
    this.fd = openSocket(ffi);
    try {
      setReceiveBuffer(ffi, this.fd, options.receiveBufferBytes ?? defaultReceiveBufferBytes);
      check("SO_TIMESTAMPNS", setInt(ffi, this.fd, SO_TIMESTAMPNS, 1));
      // Nothing is received before bind(2), so nothing gets in that the filter has not seen.
      this.attachFilter();
      bindTo(ffi, this.fd, options.interface);
    } catch (error) {
      closeAside(this.fd);
      throw error;
    }
    this.reader = new PacketReader(ffi, this.fd, snapBytes);
    this.stopTicking = everyTick(() => this.take());
  }

  /**
   * The packets since the last drain, in the order of the wire. What was sent over the loopback device before the call
   * is among them: there a segment is queued here before the system call that sent it returns. What the kernel has in
   * mind to send later, such as an acknowledgement it delays, is not.
   */
  drain(): readonly Packet[] {
    this.take();
    const packets = this.kept;
    this.kept = [];
    this.leftOutHere += Math.max(0, packets.length - this.maxPackets);
    return packets.length > this.maxPackets ? packets.slice(-this.maxPackets) : packets;
  }

  /** How many packets the kernel had no room for (PACKET_STATISTICS): whenever it is not 0, absence proves nothing. */
  get dropped(): number {
    this.countDropped();
    return this.droppedByKernel;
  }

  /** How many packets were left out because nobody drained them in time. */
  get leftOut(): number {
    return this.leftOutHere + Math.max(0, this.kept.length - this.maxPackets);
  }

  /** Captures these ports from now on, and no others. */
  setPorts(ports: Iterable<number>): void {
    // What came by before belongs to the ports before.
    this.take();
    const before = this.ports;
    this.ports = new Set(ports);
    try {
      this.attachFilter();
    } catch (error) {
      this.ports = before;
      throw error;
    }
  }

  /** Captures this port too from now on. */
  addPort(port: number): void {
    if (!this.ports.has(port)) this.setPorts([...this.ports, port]);
  }

  /** Takes what the kernel has and ends the capture. What is kept can still be drained. */
  close(): void {
    if (!this.open) return;
    this.take();
    this.countDropped();
    this.open = false;
    this.stopTicking();
    closeAside(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private take(): void {
    if (!this.open) return;
    for (const { timeNs, raw } of this.reader.readAll()) {
      const packet = decodePacket(timeNs, raw);
      // The filter may have passed more than was asked for.
      if (packet === undefined || !(this.ports.has(packet.from.port) || this.ports.has(packet.to.port))) continue;
      this.kept.push(packet);
    }
    if (this.kept.length < 2 * this.maxPackets) return;
    this.leftOutHere += this.kept.length - this.maxPackets;
    this.kept = this.kept.slice(-this.maxPackets);
  }

  /** On a socket that has a filter the new one takes its place between two packets. */
  private attachFilter(): void {
    const program = packetFilter([...this.ports], snapBytes);
    const description = Buffer.alloc(16); // struct sock_fprog
    description.writeUInt16LE(program.length / 8, 0);
    description.writeBigUInt64LE(this.ffi.addressOf(program), 8);
    const rc = this.ffi.setsockopt(this.fd, SOL_SOCKET, SO_ATTACH_FILTER, description, description.length);
    check("SO_ATTACH_FILTER", rc);
  }

  /** Reading the statistics sets them to 0 in the kernel. */
  private countDropped(): void {
    if (!this.open) return;
    const statistics = Buffer.alloc(8); // struct tpacket_stats: seen, dropped
    const length = Buffer.alloc(4);
    length.writeUInt32LE(statistics.length);
    check("PACKET_STATISTICS", this.ffi.getsockopt(this.fd, SOL_PACKET, PACKET_STATISTICS, statistics, length));
    this.droppedByKernel += statistics.readUInt32LE(4);
  }
}

/** A packet socket that receives nothing yet (protocol 0). */
function openSocket(ffi: Ffi): number {
  if (process.arch !== "x64" && process.arch !== "arm64") {
    throw new KernelError(
      "socket",
      "ENOSYS",
      `packet sockets are known for x64 and arm64 only, this is ${process.arch}`,
    );
  }
  assertDescriptor("socket(AF_PACKET)");
  const fd = ffi.socket(AF_PACKET, SOCK_DGRAM_CLOEXEC_NONBLOCK, 0);
  if (fd >= 0) return fd;
  const errno = errnoName(-fd);
  throw new KernelError("socket(AF_PACKET)", errno, errno === "EPERM" ? "it needs CAP_NET_RAW" : undefined);
}

/** Closing a packet socket takes the kernel 15 ms or so (synchronize_net), which is not for the event loop to wait for. */
function closeAside(fd: number): void {
  closeFile(fd, () => undefined);
}

function setReceiveBuffer(ffi: Ffi, fd: number, bytes: number): void {
  if (setInt(ffi, fd, SO_RCVBUFFORCE, bytes) < 0) check("SO_RCVBUF", setInt(ffi, fd, SO_RCVBUF, bytes));
}

function bindTo(ffi: Ffi, fd: number, device: string | undefined): void {
  const address = Buffer.alloc(20); // struct sockaddr_ll
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(ETH_P_ALL, 2);
  address.writeInt32LE(device === undefined ? 0 : deviceIndex(ffi, fd, device), 4);
  check("bind", ffi.bind(fd, address, address.length));
}

function deviceIndex(ffi: Ffi, fd: number, device: string): number {
  const request = Buffer.alloc(40); // struct ifreq: a name of at most 15 bytes, then the index
  if (Buffer.byteLength(device) > 15) throw new KernelError("SIOCGIFINDEX", "ENODEV", device);
  request.write(device);
  check("SIOCGIFINDEX", ffi.ioctl(fd, SIOCGIFINDEX, request), device);
  return request.readInt32LE(16);
}

function setInt(ffi: Ffi, fd: number, option: number, value: number): number {
  const int = Buffer.alloc(4);
  int.writeInt32LE(value);
  return ffi.setsockopt(fd, SOL_SOCKET, option, int, int.length);
}

function check(call: string, rc: number, detail?: string): void {
  if (rc < 0) throw new KernelError(call, errnoName(-rc), detail);
}
