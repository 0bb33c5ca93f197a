import { isIPv4 } from "node:net";
import type { Address } from "./address.js";
import { loadFfi } from "./ffi.js";
import { type TcpState, tcpStateOf } from "./tcp-state.js";

// What the kernel knows of a connection whose descriptor is gone: sock_diag(7), one exact look-up over netlink. It
// needs no privilege and takes 0.1 to 0.3 ms.

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0x80000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLMSG_ERROR = 2;
const NLM_F_REQUEST = 1;
const IPPROTO_TCP = 6;
const TCP_LISTEN = 10;
const headerBytes = 16;
const requestBytes = headerBytes + 56;

let netlink: number | undefined;
let sequence = 0;
const reply = Buffer.alloc(8192);

/**
 * The state of the connection between two TCP ends, seen from `local`: CLOSED when the kernel knows it no more,
 * UNKNOWN where the kernel cannot be asked.
 */
export function lookUpState(local: Address, peer: Address): TcpState {
  const load = loadFfi();
  if (!load.available || local.kind !== "tcp" || peer.kind !== "tcp") return "UNKNOWN";
  const { ffi } = load;
  netlink ??= ffi.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink < 0) {
    netlink = undefined;
    return "UNKNOWN";
  }
  sequence = (sequence + 1) >>> 0;
  const request = encodeRequest(local, peer, sequence);
  if (ffi.send(netlink, request, request.length, 0) < 0) return "UNKNOWN";
  // The kernel answers a look-up before send returns; what does not carry our number is a stale answer.
  for (;;) {
    const bytes = ffi.recv(netlink, reply, reply.length, 0x40 /* MSG_DONTWAIT */);
    if (bytes < headerBytes) return "UNKNOWN";
    if (reply.readUInt32LE(8) !== sequence) continue;
    const type = reply.readUInt16LE(4);
    if (type === NLMSG_ERROR) return reply.readInt32LE(headerBytes) === -2 /* ENOENT */ ? "CLOSED" : "UNKNOWN";
    if (type !== SOCK_DIAG_BY_FAMILY) return "UNKNOWN";
    const state = reply.readUInt8(headerBytes + 1);
    // Where no connection has the two addresses the kernel answers with the listener of the port.
    return state === TCP_LISTEN ? "CLOSED" : tcpStateOf(state);
  }
}

type TcpAddress = Extract<Address, { kind: "tcp" }>;

/** struct nlmsghdr, then struct inet_diag_req_v2. */
function encodeRequest(local: TcpAddress, peer: TcpAddress, number: number): Buffer {
  const message = Buffer.alloc(requestBytes);
  message.writeUInt32LE(requestBytes, 0);
  message.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  message.writeUInt16LE(NLM_F_REQUEST, 6);
  message.writeUInt32LE(number, 8);
  const ipv4 = isIPv4(local.host) && isIPv4(peer.host);
  message.writeUInt8(ipv4 ? AF_INET : AF_INET6, 16);
  message.writeUInt8(IPPROTO_TCP, 17);
  message.writeUInt32LE(0xffffffff, 20); // all states
  message.writeUInt16BE(local.port, 24);
  message.writeUInt16BE(peer.port, 26);
  addressBytes(local.host).copy(message, 28);
  addressBytes(peer.host).copy(message, 44);
  // idiag_if 0: any; idiag_cookie INET_DIAG_NOCOOKIE: whichever socket has this pair of addresses.
  message.writeUInt32LE(0xffffffff, 64);
  message.writeUInt32LE(0xffffffff, 68);
  return message;
}

/** An IP address in network order: 4 bytes or 16. */
function addressBytes(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from(host.split(".").map(Number));
  const [bare = ""] = host.split("%");
  const [head = "", tail] = bare.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => "0");
  const bytes = Buffer.alloc(16);
  [...before, ...zeros, ...after].forEach((group, index) => bytes.writeUInt16BE(parseInt(group, 16), index * 2));
  return bytes;
}

/** Lets go of the netlink socket; the next look-up opens another. */
export function closeSockDiag(): void {
  const load = loadFfi();
  if (netlink !== undefined && load.available) load.ffi.close(netlink);
  netlink = undefined;
}
