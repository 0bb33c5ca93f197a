import { decodePacket } from "../../src/kernel/packet.js";

/** Bytes before the records of a pcap file, and before the packet of a record (pcap-savefile(5)). */
const fileHeaderBytes = 24;
const recordHeaderBytes = 16;

/**
 * The segments of a pcap file that say something: `<S >S. <P. >R.`, where `<` came from the peer, `>` went to it.
 * Left out are mere acknowledgements (when they go is the kernel's business) and retransmissions; data in several
 * segments one after the other counts once, for loopback joins segments, unless `eachSegment` is asked for.
 */
export function wireOf(pcap: Uint8Array, peerHost: string, options: { eachSegment?: boolean } = {}): string {
  const said: string[] = [];
  const seen = new Set<string>();
  for (const packet of packetsOf(Buffer.from(pcap))) {
    const sent = packet.to.host === peerHost;
    if (!sent && packet.from.host !== peerHost) continue;
    // Congestion marks are the machine's setting.
    const flags = packet.flags.replace(/[EW]/g, "");
    if (flags === "." && packet.payloadBytes === 0) continue;
    const key = `${packet.from.port} ${packet.to.port} ${flags} ${packet.seq} ${packet.payloadBytes}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const data = packet.payloadBytes > 0 && (flags === "." || flags === "P.");
    const segment = `${sent ? ">" : "<"}${data ? "P." : flags}`;
    if (data && options.eachSegment !== true && said.at(-1) === segment) continue;
    said.push(segment);
  }
  return said.join(" ");
}

/**
 * The one of those allowed that it is; undefined if none. There `...` stands for data, any number of segments of both
 * sides or none. Where a connection ends by `>R.` or by the FINs of both sides, RSTs without ACK do not count unless the
 * pattern has one: see `crossing`.
 */
export function allowedWire(wire: string, allowed: readonly string[]): string | undefined {
  const said = wire.split(" ");
  const isBare = (segment: string) => segment === ">R" || segment === "<R";
  return allowed.find((one) => {
    const pattern = one.split(" ");
    const isOver = pattern.includes(">R.") || (pattern.includes(">F.") && pattern.includes("<F."));
    const uncounted = isOver && !pattern.some(isBare);
    return matches(uncounted ? said.filter((segment) => !isBare(segment)) : said, pattern);
  });
}

function matches(wire: readonly string[], pattern: readonly string[]): boolean {
  let at = 0;
  for (const expected of pattern) {
    if (expected === "...") while (wire[at]?.endsWith("P.") === true) at += 1;
    else if (wire[at++] !== expected) return false;
  }
  return at === wire.length;
}

function* packetsOf(file: Buffer) {
  for (let at = fileHeaderBytes; at + recordHeaderBytes <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    const begin = at + recordHeaderBytes;
    const packet = decodePacket(0n, file.subarray(begin, begin + length));
    if (packet === undefined) throw new Error("a packet that cannot be read");
    yield packet;
    at = begin + length;
  }
}
