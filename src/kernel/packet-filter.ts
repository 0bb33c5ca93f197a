// A filter for a packet socket: classic BPF (linux/filter.h, linux/bpf_common.h), run by the kernel on each packet
// before it is queued. On a SOCK_DGRAM packet socket offset 0 is the first byte of the IP header.

const LOAD_WORD = 0x20;
const LOAD_HALF = 0x28;
const LOAD_BYTE = 0x30;
const LOAD_HALF_INDEXED = 0x48;
/** X = 4 * (byte & 15): the length of an IPv4 header. */
const LOAD_X_HEADER_LENGTH = 0xb1;
const LOAD_X = 0x01;
const JUMP = 0x05;
const JUMP_EQUAL = 0x15;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

// Loads from these offsets give what the kernel knows of the packet (SKF_AD_OFF and on).
const aboutProtocol = 0xfffff000;
const aboutPacketType = 0xfffff004;
const aboutHardware = 0xfffff01c;
const ARPHRD_LOOPBACK = 772;
const PACKET_OUTGOING = 4;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const IPPROTO_TCP = 6;
const fragmentOffset = 0x1fff;

/** More ports than these are not worth looking through for each packet: the filter takes all TCP then. */
export const maxFilteredPorts = 256;

interface Instruction {
  readonly code: number;
  readonly k: number;
  /** The labels to go to, or how many instructions to skip; absent: none. */
  readonly yes?: string | number;
  readonly no?: string | number;
  /** The label of this instruction. */
  readonly at?: string;
}

/**
 * The program that passes the first `snapBytes` bytes of each TCP segment from or to one of the ports, by IPv4 and by
 * IPv6 without extension headers. It may pass more than was asked for, never less.
 *
 * What goes over the loopback device comes by twice, when sent and when received. The first is kept: it is queued
 * before the call that sent it returns, which the second is not when the machine is busy.
 */
export function packetFilter(ports: readonly number[], snapBytes: number): Buffer {
  const reject = "reject";
  if (ports.length === 0) return encode([{ code: RETURN, k: 0 }]);
  const anyPort = ports.length > maxFilteredPorts;
  const looked = anyPort ? [] : ports;
  return encode([
    { code: LOAD_HALF, k: aboutHardware },
    { code: JUMP_EQUAL, k: ARPHRD_LOOPBACK, no: "protocol" },
    { code: LOAD_WORD, k: aboutPacketType },
    { code: JUMP_EQUAL, k: PACKET_OUTGOING, no: reject },
    { code: LOAD_HALF, k: aboutProtocol, at: "protocol" },
    { code: JUMP_EQUAL, k: ETH_P_IP, yes: "ipv4" },
    { code: JUMP_EQUAL, k: ETH_P_IPV6, yes: "ipv6", no: reject },
    { code: LOAD_BYTE, k: 9, at: "ipv4" },
    { code: JUMP_EQUAL, k: IPPROTO_TCP, no: reject },
    // Only the first fragment has the ports.
    { code: LOAD_HALF, k: 6 },
    { code: JUMP_ANY_BIT, k: fragmentOffset, yes: reject },
    { code: LOAD_X_HEADER_LENGTH, k: 0 },
    { code: JUMP, k: 0, yes: "ports" },
    { code: LOAD_BYTE, k: 6, at: "ipv6" },
    { code: JUMP_EQUAL, k: IPPROTO_TCP, no: reject },
    { code: LOAD_X, k: 40 },
    { code: JUMP, k: 0, yes: "ports" },
    // Jumps lead forwards only.
    { code: RETURN, k: 0, at: reject },
    { code: LOAD_HALF_INDEXED, k: 0, at: "ports" },
    ...looked.flatMap((port) => passIf(port, snapBytes)),
    { code: LOAD_HALF_INDEXED, k: 2 },
    ...looked.flatMap((port) => passIf(port, snapBytes)),
    { code: RETURN, k: anyPort ? snapBytes : 0 },
  ]);
}

/** A conditional jump reaches 255 instructions at most, so each port has its own `return`. */
function passIf(port: number, snapBytes: number): Instruction[] {
  return [
    { code: JUMP_EQUAL, k: port, no: 1 },
    { code: RETURN, k: snapBytes },
  ];
}

/** struct sock_filter for each: code, jt, jf, k. */
function encode(program: readonly Instruction[]): Buffer {
  const places = new Map<string, number>();
  program.forEach(({ at }, index) => {
    if (at !== undefined) places.set(at, index);
  });
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(({ code, k, yes, no }, index) => {
    const distance = (label: string | number = 0): number => {
      if (typeof label === "number") return label;
      const place = places.get(label);
      if (place === undefined) throw new Error(`bug: no ${label} in the filter`);
      return place - index - 1;
    };
    bytes.writeUInt16LE(code, index * 8);
    if (code === JUMP) {
      bytes.writeUInt32LE(distance(yes), index * 8 + 4);
      return;
    }
    bytes.writeUInt8(distance(yes), index * 8 + 2);
    bytes.writeUInt8(distance(no), index * 8 + 3);
    bytes.writeUInt32LE(k, index * 8 + 4);
  });
  return bytes;
}
