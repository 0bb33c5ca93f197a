import type { Random } from "./random.js";

/** What a caller might well write, so that garbage gets past the first check. */
const words = [
  "",
  "-",
  "default",
  "echo",
  "echo/1",
  "dial/1",
  "127.0.0.1",
  "127.0.0.1:1",
  "x".repeat(300),
  "\u0000",
  "é",
];

/** Bytes without any sense. */
export function randomBytes(random: Random, max: number): Buffer {
  return Buffer.from(Array.from({ length: random.between(0, max) }, () => random.between(0, 255)));
}

/** A message of protobuf as far as the wire goes: any field, of any type, with any value, often not the field's own. */
export function randomMessage(random: Random, depth = 3): Buffer {
  const parts: Buffer[] = [];
  for (let fields = random.between(0, 5); fields > 0; fields -= 1) {
    const number = random.between(1, 18);
    const type = random.pick([0, 0, 1, 2, 2, 2, 5]);
    parts.push(varint(BigInt(number * 8 + type)), value(random, type, depth));
  }
  return Buffer.concat(parts);
}

function value(random: Random, type: number, depth: number): Buffer {
  if (type === 0)
    return varint(random.pick([0n, 1n, 2n, 100n, 65_535n, 65_536n, 2n ** 31n, 2n ** 32n, 2n ** 64n - 1n]));
  if (type === 1) return randomOf(random, 8);
  if (type === 5) return randomOf(random, 4);
  const content =
    depth > 0 && random.chance(0.5)
      ? randomMessage(random, depth - 1)
      : random.chance(0.8)
        ? Buffer.from(random.pick(words))
        : randomBytes(random, 20);
  return Buffer.concat([varint(BigInt(content.length)), content]);
}

function randomOf(random: Random, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => random.pick([0, 1, 127, 255])));
}

function varint(number: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = number; ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

/** Bytes that no message of any type can be: a field that is longer than the message. */
export const undecodable = Buffer.from([0x0a, 0x7f, 0x01]);

/** An HTTP/2 frame. */
export function frame(type: number, flags: number, stream: number, payload: Buffer, length = payload.length): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** What a client of HTTP/2 says first. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
