import { isIPv4 } from "node:net";
import type { Address } from "./address.js";

// struct sockaddr_in, sockaddr_in6 and sockaddr_un (ip(7), ipv6(7), unix(7)), as Linux lays them out.

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** The family of an address. */
export function familyOf(address: Address): number {
  if (address.kind === "unix") return AF_UNIX;
  return isIPv4(address.host) ? AF_INET : AF_INET6;
}

/** An address as bind(2) takes it. */
export function encodeSockaddr(address: Address): Buffer {
  if (address.kind === "unix") {
    const path = Buffer.from(address.path);
    const bytes = Buffer.alloc(2 + path.length + 1);
    bytes.writeUInt16LE(AF_UNIX, 0);
    path.copy(bytes, 2);
    return bytes;
  }
  const ipv4 = isIPv4(address.host);
  const bytes = Buffer.alloc(ipv4 ? 16 : 28);
  bytes.writeUInt16LE(ipv4 ? AF_INET : AF_INET6, 0);
  bytes.writeUInt16BE(address.port, 2);
  ipBytes(address.host).copy(bytes, ipv4 ? 4 : 8);
  return bytes;
}

/** An IP address in network order: 4 bytes or 16. A zone (`%eth0`) is left out. */
export function ipBytes(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from(host.split(".").map(Number));
  const [bare = ""] = host.split("%");
  const [head = "", tail] = withHexTail(bare).split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => "0");
  const bytes = Buffer.alloc(16);
  [...before, ...zeros, ...after].forEach((group, index) => bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2));
  return bytes;
}

/** RFC 4291, section 2.2: the last 32 bits may be written as an IPv4 address. */
function withHexTail(host: string): string {
  const dotted = /[\d.]+$/.exec(host)?.[0] ?? "";
  if (!isIPv4(dotted)) return host;
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split(".").map(Number);
  return `${host.slice(0, -dotted.length)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
