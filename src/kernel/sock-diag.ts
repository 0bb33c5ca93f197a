import { isIPv4 } from "node:net";
import type { Address } from "./address.js";
import { loadFfi } from "./ffi.js";
import { AF_INET, AF_INET6, ipBytes } from "./sockaddr.js";
import { type TcpState, tcpStateOf } from "./tcp-state.js";

// What the kernel knows of a connection whose descriptor is gone: sock_diag(7), one exact look-up over netlink. It
// needs no privilege and takes 0.1 to 0.3 ms.

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0x80000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLMSG_ERROR = 2;
const NLM_F_REQUEST = 1;
const MSG_DONTWAIT = 0x40;
const IPPROTO_TCP = 6;
const TCP_LISTEN = 10;
const TIMER_TIME_WAIT = 3;
const headerBytes = 16;
const requestBytes = headerBytes + 56;

let netlink: number | undefined;
let sequence = 0;
const reply = Buffer.alloc(8192);

/** What the kernel knows of a connection. */
export interface DiagState {
  readonly state: TcpState;
  /** How long it will stay in this state if nothing comes, where a timer runs for that (TIME_WAIT, FIN_WAIT2). */
  readonly msLeft?: number;
}

/**
 * The state of the connection between two TCP ends, seen from `local`: CLOSED when the kernel knows it no more,
 * UNKNOWN where the kernel cannot be asked.
 */
export function lookUp(local: Address, peer: Address): DiagState {
  const load = loadFfi();
  if (!load.available || local.kind !== "tcp" || peer.kind !== "tcp") return unknown;
  const { ffi } = load;
  netlink ??= ffi.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink < 0) {
    netlink = undefined;
    return unknown;
  }
  sequence = (sequence + 1) >>> 0;
  const request = encodeRequest(local, peer, sequence);
  if (ffi.send(netlink, request, request.length, MSG_DONTWAIT) < 0) return unknown;
  // The kernel answers a look-up before send returns; what does not carry our number is a stale answer.
  for (;;) {
    const bytes = ffi.recv(netlink, reply, reply.length, MSG_DONTWAIT);
    if (bytes < headerBytes) return unknown;
    if (reply.readUInt32LE(8) !== sequence) continue;
    const type = reply.readUInt16LE(4);
    if (type === NLMSG_ERROR) return reply.readInt32LE(headerBytes) === -2 /* ENOENT */ ? closed : unknown;
    return type === SOCK_DIAG_BY_FAMILY ? decodeReply() : unknown;
  }
}

const unknown: DiagState = { state: "UNKNOWN" };
const closed: DiagState = { state: "CLOSED" };

/** struct inet_diag_msg: family, state, timer, retrans, the two addresses, then the timer's ms. */
function decodeReply(): DiagState {
  const number = reply.readUInt8(headerBytes + 1);
  // Where no connection has the two addresses the kernel answers with the listener of the port.
  if (number === TCP_LISTEN) return closed;
  const state = tcpStateOf(number);
  const timer = reply.readUInt8(headerBytes + 2);
  return timer === TIMER_TIME_WAIT ? { state, msLeft: reply.readUInt32LE(headerBytes + 52) } : { state };
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
  ipBytes(local.host).copy(message, 28);
  ipBytes(peer.host).copy(message, 44);
  // idiag_if 0: any; idiag_cookie INET_DIAG_NOCOOKIE: whichever socket has this pair of addresses.
  message.writeUInt32LE(0xffffffff, 64);
  message.writeUInt32LE(0xffffffff, 68);
  return message;
}

/** Lets go of the netlink socket; the next look-up opens another. */
export function closeSockDiag(): void {
  const load = loadFfi();
  if (netlink !== undefined && load.available) load.ffi.close(netlink);
  netlink = undefined;
}
