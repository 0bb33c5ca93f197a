import { countEndings, type End, type Ends, recordEnd } from "../../src/domain/receipt.js";

const peer = { kind: "PEER" } as const;
const command = { kind: "COMMAND", rpc: "CloseSession", action: "close" } as const;
const fin: End = { kind: "FIN", cause: command, time: 1n };
const rst: End = { kind: "RST", cause: peer, time: 2n, errno: "ECONNRESET" };
const none: End = { kind: "NONE", cause: { kind: "TIMEOUT" }, time: 3n };

test("each side has its own end", () => {
  expect(recordEnd(recordEnd({}, "local", fin), "peer", rst)).toEqual({ local: fin, peer: rst });
});

test("a RST goes over a FIN and keeps it in mind", () => {
  expect(recordEnd({ local: fin }, "local", rst)).toEqual({
    local: { ...rst, earlierFin: { cause: command, time: 1n } },
  });
});

test("nothing goes over a RST", () => {
  const ends: Ends = { peer: rst };
  for (const later of [fin, none, { ...rst, time: 9n }]) expect(recordEnd(ends, "peer", later)).toEqual(ends);
});

test("nothing but a RST goes over a FIN", () => {
  const ends: Ends = { local: fin };
  for (const later of [none, { ...fin, time: 9n }]) expect(recordEnd(ends, "local", later)).toEqual(ends);
});

test("what is recorded changes nothing that was given out", () => {
  const before: Ends = { local: fin };
  recordEnd(before, "local", rst);
  expect(before).toEqual({ local: fin });
});

test("counts count each session once a side", () => {
  const receipt = (localEnd?: End, peerEnd?: End) =>
    ({ localEnd, peerEnd }) as Parameters<typeof countEndings>[0] extends Iterable<infer R> ? R : never;
  expect(countEndings([receipt(fin, rst), receipt(rst, none), receipt(none), receipt()])).toEqual({
    sessions: 4,
    localFin: 1,
    localRst: 1,
    localNone: 2,
    peerFin: 0,
    peerRst: 1,
    peerNone: 3,
  });
});
