import type { Packet } from "./packet.js";

// The file that Wireshark and tcpdump read: pcap-savefile(5), with times in ns.

const nanosecondMagic = 0xa1b23c4d;
/** The packets begin with their IP header, of either version: LINKTYPE_RAW. */
const LINKTYPE_RAW = 101;
const snapshotBytes = 0x40000;
const recordHeaderBytes = 16;

/** What stands at the start of a pcap file. Records can be added after it at any time. */
export function pcapHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(nanosecondMagic, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  // Two words of zero: times are UTC, and nothing is said of their accuracy.
  header.writeUInt32LE(snapshotBytes, 16);
  header.writeUInt32LE(LINKTYPE_RAW, 20);
  return header;
}

/** A packet as a pcap file has it. */
export function pcapRecord({ timeNs, raw, bytes }: Pick<Packet, "timeNs" | "raw" | "bytes">): Buffer {
  const record = Buffer.alloc(recordHeaderBytes + raw.length);
  record.writeUInt32LE(Number(timeNs / 1_000_000_000n), 0);
  record.writeUInt32LE(Number(timeNs % 1_000_000_000n), 4);
  record.writeUInt32LE(raw.length, 8);
  // A packet is never shorter than what was captured of it.
  record.writeUInt32LE(Math.max(bytes, raw.length), 12);
  raw.copy(record, recordHeaderBytes);
  return record;
}

/** A whole pcap file, with the ending `.pcap`. */
export function pcapFile(packets: Iterable<Packet>): Buffer {
  return Buffer.concat([pcapHeader(), ...Array.from(packets, pcapRecord)]);
}
