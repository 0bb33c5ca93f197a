import { decodePacket } from "../../src/kernel/packet.js";
import { packetFilter } from "../../src/kernel/packet-filter.js";

/** mulberry32: the same numbers in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface Made {
  version?: 4 | 6;
  /** Words of IPv4 options. */
  ipOptions?: number;
  /** Words of TCP options. */
  tcpOptions?: number;
  flags?: number;
  payload?: number;
  from?: number;
  to?: number;
}

function made({
  version = 4,
  ipOptions = 0,
  tcpOptions = 0,
  flags = 0x10,
  payload = 0,
  from = 4000,
  to = 5000,
}: Made): Buffer {
  const header = version === 4 ? 20 + ipOptions * 4 : 40;
  const raw = Buffer.alloc(header + 20 + tcpOptions * 4 + payload);
  if (version === 4) {
    raw.writeUInt8(0x40 | (header / 4), 0);
    raw.writeUInt16BE(raw.length, 2);
    raw.writeUInt8(6, 9);
    raw.set([127, 0, 0, 1, 10, 1, 2, 255], 12);
  } else {
    raw.writeUInt8(0x60, 0);
    raw.writeUInt16BE(raw.length - 40, 4);
    raw.writeUInt8(6, 6);
    raw.writeUInt8(1, 23);
    raw.writeUInt16BE(0xfe80, 24);
    raw.writeUInt16BE(2, 32);
    raw.writeUInt8(1, 39);
  }
  raw.writeUInt16BE(from, header);
  raw.writeUInt16BE(to, header + 2);
  raw.writeUInt32BE(0xfffffff0, header + 4);
  raw.writeUInt32BE(0x80000001, header + 8);
  raw.writeUInt8((5 + tcpOptions) << 4, header + 12);
  raw.writeUInt8(flags, header + 13);
  raw.writeUInt16BE(512, header + 14);
  raw.writeUInt16BE(7, header + 18);
  return raw;
}

describe("a segment", () => {
  test("over IPv4 is read behind its IP and TCP options", () => {
    const raw = made({ ipOptions: 3, tcpOptions: 4, flags: 0x18, payload: 9 });
    expect(decodePacket(5n, raw)).toEqual({
      timeNs: 5n,
      from: { kind: "tcp", host: "127.0.0.1", port: 4000 },
      to: { kind: "tcp", host: "10.1.2.255", port: 5000 },
      flags: "P.",
      seq: 0xfffffff0,
      ack: 0x80000001,
      window: 512,
      urgent: 0,
      payloadBytes: 9,
      bytes: raw.length,
      raw,
    });
  });

  test("over IPv6 has its addresses as RFC 5952 writes them", () => {
    expect(decodePacket(5n, made({ version: 6, payload: 3 }))).toMatchObject({
      from: { host: "::1", port: 4000 },
      to: { host: "fe80::2:0:0:1", port: 5000 },
      payloadBytes: 3,
    });
  });

  test.each([
    [[0, 0, 0, 0, 0, 0, 0, 0], "::"],
    [[0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], "2001:db8::"],
    [[0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], "2001:db8:0:1:1:1:1:1"],
    [[0, 0, 1, 0, 0, 0, 0, 1], "0:0:1::1"],
    [[1, 2, 3, 4, 5, 6, 7, 8], "1:2:3:4:5:6:7:8"],
  ])("from %j is from %s", (groups, text) => {
    const raw = made({ version: 6 });
    groups.forEach((group, index) => raw.writeUInt16BE(group, 8 + index * 2));
    expect(decodePacket(0n, raw)?.from.host).toBe(text);
  });

  test.each([
    [0x02, "S"],
    [0x12, "S."],
    [0x10, "."],
    [0x11, "F."],
    [0x19, "FP."],
    [0x14, "R."],
    [0x04, "R"],
    [0x38, "P.U"],
    [0xc2, "SEW"],
    [0x00, "none"],
  ])("with the flags %i reads %s as in tcpdump", (flags, text) => {
    expect(decodePacket(0n, made({ flags }))?.flags).toBe(text);
  });

  test("has an acknowledgement and an urgent pointer only where its flags say so", () => {
    expect(decodePacket(0n, made({ flags: 0x04 }))).toMatchObject({ ack: 0, urgent: 0 });
    expect(decodePacket(0n, made({ flags: 0x38 }))).toMatchObject({ ack: 0x80000001, urgent: 7 });
  });

  test("cut off after its headers still has the length of its data", () => {
    const raw = made({ payload: 1000 }).subarray(0, 40);
    expect(decodePacket(0n, raw)).toMatchObject({ payloadBytes: 1000, bytes: 1040 });
  });

  test.each<[string, (raw: Buffer) => Buffer]>([
    ["cut off in its headers", (raw) => raw.subarray(0, 39)],
    ["of another protocol", (raw) => (raw.writeUInt8(17, 9), raw)],
    ["of another IP version", (raw) => (raw.writeUInt8(0x55, 0), raw)],
    ["that is a later fragment", (raw) => (raw.writeUInt16BE(0x2001, 6), raw)],
    ["with too short an IP header", (raw) => (raw.writeUInt8(0x44, 0), raw)],
    ["with too short a TCP header", (raw) => (raw.writeUInt8(0x40, 32), raw)],
    ["longer than its packet", (raw) => (raw.writeUInt16BE(30, 2), raw)],
  ])("%s is none", (_what, damage) => {
    expect(decodePacket(0n, damage(made({ payload: 10 })))).toBeUndefined();
  });

  test("is read out of 100,000 damaged packets without an exception, and never has less than no data", () => {
    const next = random(1);
    const whole = [made({ payload: 20 }), made({ version: 6, payload: 20 }), made({ ipOptions: 10, tcpOptions: 10 })];
    let read = 0;
    for (let round = 0; round < 100_000; round += 1) {
      const raw = Buffer.from(whole[round % whole.length]!);
      for (let damage = 0; damage < 3; damage += 1) raw[Math.floor(next() * raw.length)] = Math.floor(next() * 256);
      const packet = decodePacket(0n, raw.subarray(0, Math.floor(next() * (raw.length + 1))));
      if (packet === undefined) continue;
      read += 1;
      if (packet.payloadBytes < 0) throw new Error(raw.toString("hex"));
    }
    expect(read).toBeGreaterThan(1000);
  });
});

/** What the kernel does with a filter (Documentation/networking/filter.rst), for the instructions used. */
function filtered(
  program: Buffer,
  raw: Buffer,
  about: { protocol: number; outgoing: boolean; loopback: boolean },
): number {
  let a = 0;
  let x = 0;
  const at = (offset: number, bytes: number) => {
    if (offset + bytes > raw.length) throw new RangeError();
    return raw.readUIntBE(offset, bytes);
  };
  const known: Record<number, number> = {
    0xfffff000: about.protocol,
    0xfffff004: about.outgoing ? 4 : 0,
    0xfffff01c: about.loopback ? 772 : 1,
  };
  for (let index = 0; ; index += 1) {
    const code = program.readUInt16LE(index * 8);
    const yes = program.readUInt8(index * 8 + 2);
    const no = program.readUInt8(index * 8 + 3);
    const k = program.readUInt32LE(index * 8 + 4);
    try {
      if (code === 0x06) return k;
      else if (code === 0x20) a = known[k] ?? at(k, 4);
      else if (code === 0x28) a = known[k] ?? at(k, 2);
      else if (code === 0x30) a = at(k, 1);
      else if (code === 0x48) a = at(x + k, 2);
      else if (code === 0xb1) x = 4 * (at(k, 1) & 15);
      else if (code === 0x01) x = k;
      else if (code === 0x05) index += k;
      else if (code === 0x15) index += a === k ? yes : no;
      else if (code === 0x45) index += (a & k) !== 0 ? yes : no;
      else throw new Error(`no instruction ${code}`);
    } catch (error) {
      // A load past the end of the packet rejects it.
      if (error instanceof RangeError) return 0;
      throw error;
    }
  }
}

describe("the filter", () => {
  test("passes every segment that is read as one of its ports, whatever the packet, and none of other ports", () => {
    const next = random(2);
    const ports = [4000, 9, 65535];
    const program = packetFilter(ports, 256);
    let passed = 0;
    for (let round = 0; round < 60_000; round += 1) {
      const version = round % 2 === 0 ? 4 : 6;
      const pick = () => [4000, 9, 65535, 5000, 6000, 7000][Math.floor(next() * 6)]!;
      const raw = made({ version, ipOptions: Math.floor(next() * 11), from: pick(), to: pick(), payload: 4 });
      if (next() < 0.5) raw[Math.floor(next() * raw.length)] = Math.floor(next() * 256);
      const about = { protocol: version === 4 ? 0x0800 : 0x86dd, outgoing: next() < 0.5, loopback: next() < 0.5 };
      const snap = filtered(program, raw, about);
      const packet = decodePacket(0n, raw);
      if (packet === undefined) continue;
      const ours = ports.includes(packet.from.port) || ports.includes(packet.to.port);
      const expected = ours && (about.outgoing || !about.loopback) ? 256 : 0;
      // A damaged version is told by the device in the one place and by the packet in the other.
      if (raw[0]! >> 4 === version && snap !== expected) throw new Error(`${snap}: ${raw.toString("hex")}`);
      if (snap > 0) passed += 1;
    }
    expect(passed).toBeGreaterThan(15_000);
  });

  test("of no port passes nothing, and of too many ports all TCP", () => {
    const about = { protocol: 0x0800, outgoing: true, loopback: true };
    const many = packetFilter(
      Array.from({ length: 300 }, (_, index) => index + 1),
      256,
    );
    expect(filtered(packetFilter([], 256), made({}), about)).toBe(0);
    expect(filtered(many, made({}), about)).toBe(256);
    expect(filtered(many, made({}), { ...about, outgoing: false })).toBe(0);
    const udp = made({});
    udp.writeUInt8(17, 9);
    expect(filtered(many, udp, about)).toBe(0);
  });
});
