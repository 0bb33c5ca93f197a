import { dialableHost, formatAddress, isLoopback, normalizeHost, parseAddress } from "../../src/kernel/address.js";

test.each([
  ["127.0.0.1:80", { kind: "tcp", host: "127.0.0.1", port: 80 }],
  ["[::1]:0", { kind: "tcp", host: "::1", port: 0 }],
  ["localhost:65535", { kind: "tcp", host: "localhost", port: 65_535 }],
  ["[2001:DB8::1]:1", { kind: "tcp", host: "2001:db8::1", port: 1 }],
  ["[::ffff:127.0.0.1]:7", { kind: "tcp", host: "127.0.0.1", port: 7 }],
  ["unix:/a/b.sock", { kind: "unix", path: "/a/b.sock" }],
  ["unix:///a/b.sock", { kind: "unix", path: "/a/b.sock" }],
])("%s is read", (text, address) => {
  expect(parseAddress(text)).toEqual(address);
});

test.each([
  "",
  ":",
  ":80",
  "127.0.0.1",
  "127.0.0.1:",
  "127.0.0.1:65536",
  "127.0.0.1:99999",
  "127.0.0.1:1:2",
  "127.0.0.1:+1",
  "127.0.0.1: 1",
  "::1:80",
  "::1",
  "[::1]",
  "[::1]:",
  "[127.0.0.1]:80",
  "[]:80",
  "a b:80",
  "http://a:80",
  "127.0.0.1:80\n",
  "unix:",
  "unix:a",
  "unix:./a",
  "[::1]x:80",
])("%j is no address", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test.each(["127.0.0.1:80", "[::1]:80", "unix:/a/b", "unix:"])("%s is written as it is read", (text) => {
  const address = text === "unix:" ? { kind: "unix" as const, path: "" } : parseAddress(text)!;
  expect(formatAddress(address)).toBe(text);
});

test("one host has one spelling: IPv4 mapped into IPv6 is IPv4", () => {
  expect(normalizeHost("::ffff:10.0.0.1")).toBe("10.0.0.1");
  expect(normalizeHost("::FFFF:10.0.0.1")).toBe("10.0.0.1");
  expect(normalizeHost("FE80::1")).toBe("fe80::1");
});

test("loopback is 127.0.0.0/8, ::1, localhost and unix sockets", () => {
  const tcp = (host: string) => isLoopback({ kind: "tcp", host, port: 1 });
  expect(["127.0.0.1", "127.9.9.9", "::1", "localhost"].map(tcp)).toEqual([true, true, true, true]);
  expect(["0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "fe80::1", "127.example.com"].map(tcp)).toEqual(
    Array(6).fill(false),
  );
  expect(isLoopback({ kind: "unix", path: "/a" })).toBe(true);
});

test("a wildcard is dialed by the loopback address of its family", () => {
  expect(["0.0.0.0", "::", "10.0.0.1"].map(dialableHost)).toEqual(["127.0.0.1", "::1", "10.0.0.1"]);
});
