import { allowedWire } from "./wire.js";

test("a wire is the one of those allowed that it is, or none", () => {
  expect(allowedWire("<S >S. >F.", ["<S >S. >R.", "<S >S. >F."])).toBe("<S >S. >F.");
  expect(allowedWire("<S >S. >F. >R.", ["<S >S. >R.", "<S >S. >F."])).toBeUndefined();
  expect(allowedWire("<S >S.", ["<S >S. >F."])).toBeUndefined();
});

test("... stands for data, and for nothing else", () => {
  expect(allowedWire("<S <P. >P. <P. >R.", ["<S ... >R."])).toBe("<S ... >R.");
  expect(allowedWire("<S >R.", ["<S ... >R."])).toBe("<S ... >R.");
  expect(allowedWire("<S <P. >F. >R.", ["<S ... >R."])).toBeUndefined();
});

test("a RST without ACK does not count once the connection is over, unless it is expected", () => {
  expect(allowedWire("<S >S. >F. <F. <R", ["<S >S. >F. <F."])).toBe("<S >S. >F. <F.");
  expect(allowedWire("<S >S. >F. >R >R.", ["<S >S. >F. >R."])).toBe("<S >S. >F. >R.");
  expect(allowedWire("<S >S. <P. >R", ["<S >S. <P."])).toBeUndefined();
  expect(allowedWire("<S >S. >R. <P.", ["<S >S. >R. <P. >R"])).toBeUndefined();
});
