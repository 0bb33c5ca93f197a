import type { Address } from "./address.js";

/** One TCP segment as it was on the wire. */
export interface Packet {
  /** ns since 1970, by the kernel's clock. */
  readonly timeNs: bigint;
  readonly from: TcpAddress;
  readonly to: TcpAddress;
  /** As tcpdump writes them: `S`, `S.`, `P.`, `F.`, `R.`, `.`; `none` for none. */
  readonly flags: string;
  readonly seq: number;
  /** The number acknowledged; 0 unless the flags have `.` in them. */
  readonly ack: number;
  /** As in the header: not scaled. */
  readonly window: number;
  /** The urgent pointer; 0 unless the flags have `U` in them. */
  readonly urgent: number;
  /** Bytes of data, also where `raw` does not have them all. */
  readonly payloadBytes: number;
  /** Bytes of the whole packet, from the IP header on. */
  readonly bytes: number;
  /** The packet from the IP header on, cut off at the length that was captured. */
  readonly raw: Buffer;
}

type TcpAddress = Extract<Address, { kind: "tcp" }>;

const IPPROTO_TCP = 6;
const ipv6HeaderBytes = 40;
const tcpHeaderBytes = 20;
const flagLetters = ["F", "S", "R", "P", ".", "U", "E", "W"];
/** The spelling of each of the 256 values of the flag byte. */
const flagSpellings = Array.from({ length: 256 }, (_, bits) => {
  const letters = flagLetters.filter((_letter, bit) => (bits & (1 << bit)) !== 0);
  return letters.length === 0 ? "none" : letters.join("");
});

/**
 * Reads a packet that begins with its IP header; undefined when it is not the first fragment of a TCP segment over
 * IPv4, or over IPv6 without extension headers, or has not its whole TCP header. Any bytes will do; `raw` is kept, not
 * copied.
 */
export function decodePacket(timeNs: bigint, raw: Buffer): Packet | undefined {
  if (raw.length < tcpHeaderBytes + 20) return undefined;
  const version = raw[0]! >> 4;
  if (version === 4) return decodeIpv4(timeNs, raw);
  return version === 6 ? decodeIpv6(timeNs, raw) : undefined;
}

function decodeIpv4(timeNs: bigint, raw: Buffer): Packet | undefined {
  const headerBytes = (raw[0]! & 15) * 4;
  if (headerBytes < 20 || raw[9] !== IPPROTO_TCP || (raw.readUInt16BE(6) & 0x1fff) !== 0) return undefined;
  // The kernel leaves the length 0 in a segment past 64 KiB that the device is to cut up.
  const bytes = raw.readUInt16BE(2) || raw.length;
  return decodeTcp(timeNs, raw, headerBytes, bytes, ipv4Text(raw, 12), ipv4Text(raw, 16));
}

function decodeIpv6(timeNs: bigint, raw: Buffer): Packet | undefined {
  if (raw.length < ipv6HeaderBytes || raw[6] !== IPPROTO_TCP) return undefined;
  const payloadBytes = raw.readUInt16BE(4);
  const bytes = payloadBytes === 0 ? raw.length : ipv6HeaderBytes + payloadBytes;
  return decodeTcp(timeNs, raw, ipv6HeaderBytes, bytes, ipv6Text(raw, 8), ipv6Text(raw, 24));
}

function decodeTcp(timeNs: bigint, raw: Buffer, at: number, bytes: number, from: string, to: string) {
  if (raw.length < at + tcpHeaderBytes) return undefined;
  const dataOffset = (raw[at + 12]! >> 4) * 4;
  if (dataOffset < tcpHeaderBytes || at + dataOffset > bytes) return undefined;
  const flags = raw[at + 13]!;
  return {
    timeNs,
    from: { kind: "tcp", host: from, port: raw.readUInt16BE(at) },
    to: { kind: "tcp", host: to, port: raw.readUInt16BE(at + 2) },
    flags: flagSpellings[flags]!,
    seq: raw.readUInt32BE(at + 4),
    ack: (flags & 0x10) === 0 ? 0 : raw.readUInt32BE(at + 8),
    window: raw.readUInt16BE(at + 14),
    urgent: (flags & 0x20) === 0 ? 0 : raw.readUInt16BE(at + 18),
    payloadBytes: bytes - at - dataOffset,
    bytes,
    raw,
  } as const;
}

function ipv4Text(raw: Buffer, at: number): string {
  return `${raw[at]}.${raw[at + 1]}.${raw[at + 2]}.${raw[at + 3]}`;
}

/** As RFC 5952 writes it, which is how Node reports an address: `::1`, `fe80::2:0:0:1`. */
function ipv6Text(raw: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => raw.readUInt16BE(at + index * 2));
  let gap = { start: 8, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    // Of two longest runs of zeros the first is the one left out; a run of one is none.
    if (length > gap.length) gap = { start, length };
  }
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return gap.start === 8 ? text(0, 8) : `${text(0, gap.start)}::${text(gap.start + gap.length, 8)}`;
}
