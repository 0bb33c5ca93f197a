import { keepaliveOf } from "../src/keepalive.js";
import { parseAddress } from "../src/kernel/address.js";

test.each([
  ["127.0.0.1:0", undefined],
  ["[::1]:0", undefined],
  ["localhost:0", undefined],
  ["unix:/tmp/api.sock", undefined],
  ["0.0.0.0:0", 10_000],
  ["[::]:0", 10_000],
  ["192.0.2.1:4264", 10_000],
])("of %s is every %p ms, if nothing is asked for", (listen, expected) => {
  expect(keepaliveOf(parseAddress(listen)!, undefined)).toBe(expected);
});

test.each(["127.0.0.1:0", "0.0.0.0:0"])("of %s is as asked for, and 0 is never", (listen) => {
  expect(keepaliveOf(parseAddress(listen)!, 300)).toBe(300);
  expect(keepaliveOf(parseAddress(listen)!, 0)).toBeUndefined();
});
