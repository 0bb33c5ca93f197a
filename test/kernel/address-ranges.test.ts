import { AddressRanges, parseRange } from "../../src/kernel/address-ranges.js";

function ranges(text: string): AddressRanges {
  return new AddressRanges(text.split(",").map((one) => parseRange(one)!));
}

test.each([
  ["10.0.0.0/8", "10.255.255.255", true],
  ["10.0.0.0/8", "11.0.0.0", false],
  ["10.0.0.0/8", "9.255.255.255", false],
  // Its bits after the prefix say nothing.
  ["10.1.2.3/8", "10.200.0.1", true],
  ["192.0.2.128/25", "192.0.2.127", false],
  ["192.0.2.128/25", "192.0.2.128", true],
  ["192.0.2.1", "192.0.2.1", true],
  ["192.0.2.1", "192.0.2.2", false],
  ["192.0.2.1/32", "192.0.2.0", false],
  ["127.0.0.0/8", "127.255.255.254", true],
  ["127.0.0.0/8", "128.0.0.1", false],
  ["127.0.0.0/8,::1", "::1", true],
  ["127.0.0.0/8,::1", "::2", false],
  // Of IPv4, however it is spelled.
  ["127.0.0.0/8", "::ffff:127.0.0.1", true],
  ["127.0.0.0/8", "::ffff:7f00:1", true],
  ["127.0.0.0/8", "0:0:0:0:0:FFFF:7f00:0001", true],
  ["127.0.0.0/8", "::ffff:128.0.0.1", false],
  ["::1", "::ffff:0.0.0.1", false],
  ["::ffff:10.0.0.0/104", "10.1.1.1", true],
  ["::ffff:10.0.0.0/104", "11.1.1.1", false],
  // Once written so (RFC 4291, section 2.5.5.1), and no IPv4 to the kernel.
  ["127.0.0.0/8", "::127.0.0.1", false],
  ["fd00::/8", "fdff:ffff::1", true],
  ["fd00::/8", "fe00::1", false],
  ["2001:db8::/33", "2001:db8:7fff::1", true],
  ["2001:db8::/33", "2001:db8:8000::1", false],
  ["fe80::/10", "fe80::1%eth0", true],
  ["fd00::/8", "fe80::1%eth0", false],
  // All of one family is nothing of the other.
  ["0.0.0.0/0", "192.0.2.1", true],
  ["0.0.0.0/0", "::ffff:192.0.2.1", true],
  ["0.0.0.0/0", "2001:db8::1", false],
  ["::/0", "2001:db8::1", true],
  ["::/0", "192.0.2.1", false],
  ["::/0", "::ffff:192.0.2.1", false],
  // A wildcard is all addresses, not the one that it is written as.
  ["0.0.0.0/0", "0.0.0.0", true],
  ["0.0.0.0/1", "0.0.0.0", false],
  ["0.0.0.0", "0.0.0.0", false],
  ["0.0.0.0/0", "::ffff:0.0.0.0", true],
  ["127.0.0.0/8", "::ffff:0:0", false],
  ["::/0", "::", false],
  ["0.0.0.0/0", "::", false],
  ["0.0.0.0/0,::/0", "::", true],
  ["0.0.0.0/0,::/0", "0:0:0:0:0:0:0:0", true],
  ["0.0.0.0/0,::/1", "::", false],
  ["::", "::", false],
  // No addresses at all.
  ["0.0.0.0/0,::/0", "localhost", false],
  ["0.0.0.0/0,::/0", "", false],
  ["0.0.0.0/0,::/0", "127.1", false],
])("%s has %s: %s", (text, host, expected) => {
  expect(ranges(text).has(host)).toBe(expected);
});

test.each([
  "",
  "10.0.0.0/33",
  "10.0.0.0/-1",
  "10.0.0.0/",
  "10.0.0.0/8/8",
  "10.0.0.0/8 ",
  "10.0.0/8",
  "010.0.0.0/8",
  "fd00::/129",
  "[fd00::]/8",
  "fe80::1%eth0/64",
  "localhost",
  "0.0.0.0/0x0",
  "0.0.0.0/255.0.0.0",
])("%j is no range", (text) => {
  expect(parseRange(text)).toBeUndefined();
});

test("no range has nothing", () => {
  expect(new AddressRanges([]).has("127.0.0.1")).toBe(false);
});
