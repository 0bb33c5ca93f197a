import { isIPv4, isIPv6 as isIPv6ByNode, SocketAddress } from "node:net";

// What Node's own functions answer, without the regular expression behind isIPv6(): to compile it costs 4 ms, which is
// more than all else that a start does with addresses.

/** 4 or 6 for the text of an IP address of that family, otherwise 0. */
export function isIP(text: string): 0 | 4 | 6 {
  if (isIPv4(text)) return 4;
  return isIPv6(text) ? 6 : 0;
}

/** Whether it is the text of an IPv6 address, with or without a zone. */
export function isIPv6(text: string): boolean {
  if (!text.includes(":")) return false;
  // inet_pton takes more than an address where there is a zone or a NUL.
  if (!/^[\d.:A-Fa-f]+$/.test(text)) return isIPv6ByNode(text);
  try {
    return new SocketAddress({ address: text, family: "ipv6" }).family === "ipv6";
  } catch {
    return false;
  }
}
