import { Session } from "../../src/gen/hangup/v1/session.js";
import { encode } from "../../src/service/encode.js";

const short = Session.fromPartial({ name: "echo/1", bytesSent: 3n, labels: { a: "b" } });
const long = Session.fromPartial({ name: "echo/2", labels: { a: "x".repeat(300_000) } });

test("the bytes are those of the generated code, one message after the other", () => {
  for (const message of [short, long, short, short]) {
    expect(Buffer.from(encode(Session, message))).toEqual(Buffer.from(Session.encode(message).finish()));
  }
});

test("bytes given before are not written over", () => {
  const first = encode(Session, short);
  const copy = Buffer.from(first);
  encode(Session, Session.fromPartial({ name: "another" }));
  expect(Buffer.from(first)).toEqual(copy);
});

test("a message that cannot be encoded leaves nothing in the next", () => {
  expect(() => encode(Session, { ...short, bytesSent: 1n << 80n })).toThrow();
  expect(Session.decode(encode(Session, short))).toEqual(short);
});
