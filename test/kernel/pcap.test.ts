import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodePacket, type Packet } from "../../src/kernel/packet.js";
import { pcapFile } from "../../src/kernel/pcap.js";

const reset4 = "4500002800004000400600007f0000017f0000011388 0fa0 00000007 00000009 5014 0200 0000 0000";
const fin6 =
  "60000000 0014 06 40 00000000000000000000000000000001 00000000000000000000000000000001 0fa0 1388 00000001 00000002 5011 0100 0000 0000";

function packet(timeNs: bigint, hex: string): Packet {
  const decoded = decodePacket(timeNs, Buffer.from(hex.replaceAll(" ", ""), "hex"));
  if (decoded === undefined) throw new Error("no segment");
  return decoded;
}

const packets = [packet(1_700_000_000_000_000_001n, reset4), packet(1_700_000_001_999_999_999n, fin6)];

test("a pcap file has times in ns and packets that begin with their IP header", () => {
  const file = pcapFile(packets);
  expect(file.subarray(0, 24).toString("hex")).toBe("4d3cb2a10200040000000000000000000000040065000000");
  expect(file.subarray(24, 40).toString("hex")).toBe("00f15365010000002800000028000000");
  expect(file.subarray(40, 80)).toEqual(packets[0]?.raw);
  expect(file.readUInt32LE(84)).toBe(999_999_999);
  expect(file.length).toBe(24 + 16 + 40 + 16 + 60);
});

test("a packet that was cut off keeps its length in the file", () => {
  const [whole] = packets;
  if (whole === undefined) throw new Error("no packet");
  const file = pcapFile([{ ...whole, bytes: 1500 }]);
  expect([file.readUInt32LE(32), file.readUInt32LE(36)]).toEqual([40, 1500]);
});

const tcpdump = spawnSync("tcpdump", ["--version"]).error === undefined;
const testRead = tcpdump || process.env["CI"] === "true" ? test : test.skip;

testRead(`tcpdump reads a pcap file${tcpdump ? "" : " (not run: there is no tcpdump)"}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "hangup-pcap-"));
  try {
    const path = join(folder, "two.pcap");
    writeFileSync(path, pcapFile(packets));
    const { stdout } = spawnSync("tcpdump", ["-n", "-tt", "-S", "--nano", "-r", path], { encoding: "utf8" });
    expect(stdout.trim().split("\n")).toEqual([
      "1700000000.000000001 IP 127.0.0.1.5000 > 127.0.0.1.4000: Flags [R.], seq 7, ack 9, win 512, length 0",
      "1700000001.999999999 IP6 ::1.4000 > ::1.5000: Flags [F.], seq 1, ack 2, win 256, length 0",
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
