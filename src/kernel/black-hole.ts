import type { Address } from "./address.js";
import { type Errno, errnoName } from "./errno.js";
import { loadFfi } from "./ffi.js";
import { AF_INET, encodeSockaddr } from "./sockaddr.js";
import { setInt } from "./socket-calls.js";

// Segments that are not obeyed, by means that need no privilege where there are any.

const IPPROTO_IP = 0;
const IP_MINTTL = 21;
const IPPROTO_IPV6 = 41;
const IPV6_MINHOPCOUNT = 73;
const IPPROTO_TCP = 6;
const TCP_MD5SIG = 14;
const TCP_REPAIR = 19;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
/** struct tcp_md5sig: sockaddr_storage, flags, prefixlen, keylen at 130, ifindex, key at 136. */
const md5Bytes = 216;
const key = Buffer.from("hangup");

/**
 * Drops what comes in: packets with fewer hops left than 255 (IP_MINTTL, ip(7); IPV6_MINHOPCOUNT), which is every
 * packet of an ordinary sender, its own machine's too. Ours still go out. Returns 0 or minus the errno.
 */
export function dropInbound(fd: number, drop: boolean): number {
  const hops = drop ? 255 : 0;
  const ipv4 = setInt(fd, IPPROTO_IP, IP_MINTTL, hops);
  // A dual-stack socket heeds both, a plain IPv4 one knows the first alone.
  const ipv6 = setInt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, hops);
  return ipv4 === 0 || ipv6 === 0 ? 0 : ipv4;
}

/**
 * Signs our segments with a key that the peer does not have, and asks for it in the peer's (TCP_MD5SIG, RFC 2385):
 * a Linux peer drops ours, and ours drops the peer's. Returns 0 or minus the errno.
 */
export function dropBothWays(fd: number, peer: Address, drop: boolean): number {
  const load = loadFfi();
  if (!load.available || peer.kind !== "tcp") return -1;
  const option = Buffer.alloc(md5Bytes);
  encodeSockaddr({ ...peer, port: 0 }).copy(option);
  option.writeUInt16LE(drop ? key.length : 0, 130);
  if (drop) key.copy(option, 136);
  return load.ffi.setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, option, option.length);
}

/** Makes the next close(2) send nothing at all (TCP_REPAIR; needs CAP_NET_ADMIN). Returns 0 or minus the errno. */
export function closeSilently(fd: number): number {
  return setInt(fd, IPPROTO_TCP, TCP_REPAIR, 1);
}

/** Whether packets can be lost both ways here; the errno if not. */
export function probeBlackHole(): Errno | undefined {
  return probe((fd) => dropBothWays(fd, { kind: "tcp", host: "127.0.0.1", port: 0 }, true));
}

/** Whether a connection can be closed without a segment here; the errno if not. */
export function probeSilentClose(): Errno | undefined {
  return probe(closeSilently);
}

/** Tries an option on a socket of its own. */
function probe(attempt: (fd: number) => number): Errno | undefined {
  const load = loadFfi();
  if (!load.available) return "ENOSYS";
  const fd = load.ffi.socket(AF_INET, SOCK_STREAM_CLOEXEC, 0);
  if (fd < 0) return errnoName(-fd);
  const rc = attempt(fd);
  load.ffi.close(fd);
  return rc < 0 ? errnoName(-rc) : undefined;
}
