import { isIPv4 } from "node:net";
import { isIP, isIPv6 } from "./ip.js";

/** The end of a connection: an IP address and port, or the path of a unix socket ("" for an unnamed one). */
export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** The longest path that fits into sockaddr_un with its closing NUL (unix(7)). */
export const maxUnixPathBytes = 107;

/** `127.0.0.1:80`, `[::1]:80`, `unix:/path`. */
export function formatAddress(address: Address): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return isIPv6(address.host) ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/**
 * Reads `host:port`, `[ipv6]:port` or `unix:/path`; undefined when it is none of them. The host may be a name; the
 * port is 0 to 65535.
 */
export function parseAddress(text: string): Address | undefined {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    return path.startsWith("/") ? { kind: "unix", path } : undefined;
  }
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  if (port > 65535 || (bracketed !== undefined && !isIPv6(bracketed))) return undefined;
  return { kind: "tcp", host: normalizeHost(bracketed ?? plain ?? ""), port };
}

/** One spelling for one host: an IPv4 address mapped into IPv6 (a dual-stack listener's view) is the IPv4 address. */
export function normalizeHost(host: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(host)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  return host.toLowerCase();
}

/** Whether an address is one of this machine's own loopback addresses (RFC 1122 and 4291), or a unix socket. */
export function isLoopback(address: Address): boolean {
  return address.kind === "unix" || address.host === "localhost" || isLoopbackIp(address.host);
}

/** Whether a text is a loopback IP address as it is usually written; a name never is. */
export function isLoopbackIp(host: string): boolean {
  return isIP(host) === 4 ? host.startsWith("127.") : host === "::1";
}

/** The address under which a client on this machine reaches a listener bound to `host`. */
export function dialableHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
