import { loadFfi } from "./ffi.js";
import { type TcpState, tcpStateOf } from "./tcp-state.js";

/** The kernel's view of a connection: struct tcp_info (include/uapi/linux/tcp.h). */
export interface TcpInfo {
  readonly state: TcpState;
  /** Smoothed round-trip time and its variation. */
  readonly rttUs: number;
  readonly rttVarUs: number;
  /** Retransmission timeout. */
  readonly rtoUs: number;
  /** Retransmissions of the oldest segment that are not acknowledged, and all since the connection began. */
  readonly retransmits: number;
  readonly totalRetransmits: number;
  /** Unanswered window probes. */
  readonly probes: number;
  /** Segments sent and not acknowledged. */
  readonly unackedSegments: number;
  /** Bytes in the kernel's queue that were never sent. */
  readonly notSentBytes: number;
  /** Bytes that the peer has acknowledged. */
  readonly bytesAcked: number;
  readonly sendMss: number;
  readonly receiveMss: number;
  /** Segments that may be under way (congestion window). */
  readonly congestionWindow: number;
  /** The window that the peer offers us, and the one that we offer; undefined on kernels that do not tell. */
  readonly sendWindow: number | undefined;
  readonly receiveWindow: number | undefined;
}

const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const info = Buffer.alloc(256);
const length = Buffer.alloc(4);

/** Reads it; undefined where it cannot be asked. */
export function readTcpInfo(fd: number): TcpInfo | undefined {
  const load = loadFfi();
  if (!load.available) return undefined;
  length.writeUInt32LE(info.length);
  if (load.ffi.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, length) < 0) return undefined;
  // Older kernels give less of it.
  const known = length.readUInt32LE();
  const u32 = (offset: number) => (offset + 4 <= known ? info.readUInt32LE(offset) : undefined);
  return {
    state: tcpStateOf(info.readUInt8(0)),
    rttUs: u32(68) ?? 0,
    rttVarUs: u32(72) ?? 0,
    rtoUs: u32(8) ?? 0,
    retransmits: info.readUInt8(2),
    totalRetransmits: u32(100) ?? 0,
    probes: info.readUInt8(3),
    unackedSegments: u32(24) ?? 0,
    notSentBytes: u32(144) ?? 0,
    bytesAcked: known >= 128 ? Number(info.readBigUInt64LE(120)) : 0,
    sendMss: u32(16) ?? 0,
    receiveMss: u32(20) ?? 0,
    congestionWindow: u32(80) ?? 0,
    sendWindow: u32(228),
    receiveWindow: u32(232),
  };
}
