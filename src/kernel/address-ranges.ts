import { BlockList, isIPv4 } from "node:net";
import { isIP } from "./ip.js";
import { ipBytes } from "./sockaddr.js";

/** A range of IP addresses: the bits of `network` before `prefix` are what its addresses have in common. */
export interface AddressRange {
  readonly network: string;
  readonly prefix: number;
}

/** Reads `10.0.0.0/8`, `fd00::/8`, or one address; undefined when it is none of them. */
export function parseRange(text: string): AddressRange | undefined {
  const [network = "", digits, ...more] = text.split("/");
  const family = isIP(network);
  if (family === 0 || network.includes("%") || more.length > 0) return undefined;
  const widest = family === 4 ? 32 : 128;
  if (digits === undefined) return { network, prefix: widest };
  const prefix = /^\d{1,3}$/.test(digits) ? Number(digits) : Number.NaN;
  return prefix <= widest ? { network, prefix } : undefined;
}

type Lists = Readonly<Record<"ipv4" | "ipv6", BlockList>>;

/** Ranges of IP addresses. `0.0.0.0/0` is all of IPv4 and nothing of IPv6, `::/0` the other way round. */
export class AddressRanges {
  /** Made when they are first needed: to load what Node has for them takes longer than to ask them ever will. */
  private lists: Lists | undefined;
  private readonly whole: Readonly<Record<"ipv4" | "ipv6", boolean>>;

  constructor(private readonly ranges: readonly AddressRange[]) {
    const all = ranges.filter(({ prefix }) => prefix === 0).map(({ network }) => isIP(network));
    this.whole = { ipv4: all.includes(4), ipv6: all.includes(6) };
  }

  /**
   * Whether an IP address is in one of them. One of IPv4 mapped into IPv6 is what the kernel makes of it: IPv4. A
   * wildcard stands for all addresses: it is in them only if all are, and `::` takes both families.
   */
  has(host: string): boolean {
    const family = isIP(host);
    if (family === 0) return false;
    const [bare = ""] = host.split("%");
    const ipv4 = family === 4 ? host : mappedIpv4(bare);
    if (ipv4 === "0.0.0.0") return this.whole.ipv4;
    if (ipv4 === undefined && ipBytes(bare).every((byte) => byte === 0)) return this.whole.ipv4 && this.whole.ipv6;
    this.lists ??= listsOf(this.ranges);
    return ipv4 === undefined ? this.lists.ipv6.check(bare, "ipv6") : this.lists.ipv4.check(ipv4, "ipv4");
  }
}

function listsOf(ranges: readonly AddressRange[]): Lists {
  const [ipv4, ipv6] = [new BlockList(), new BlockList()];
  for (const { network, prefix } of ranges) {
    const mapped = mappedIpv4(network);
    if (isIPv4(network)) ipv4.addSubnet(network, prefix, "ipv4");
    else if (mapped !== undefined && prefix >= 96) ipv4.addSubnet(mapped, prefix - 96, "ipv4");
    else ipv6.addSubnet(network, prefix, "ipv6");
  }
  return { ipv4, ipv6 };
}

/** `::ffff:127.0.0.1` and `::ffff:7f00:1` are 127.0.0.1 (RFC 4291, section 2.5.5.2). */
function mappedIpv4(host: string): string | undefined {
  if (isIP(host) !== 6) return undefined;
  const bytes = ipBytes(host);
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes.readUInt16BE(10) === 0xffff;
  return isMapped ? bytes.subarray(12).join(".") : undefined;
}
