import { checkLabels, checkName, nearest } from "../../src/domain/names.js";

test.each(["a", "echo", "A.b_c-9", "9", "x".repeat(63)])("%s is a name", (name) => {
  expect(checkName("name", name)).toBe(name);
});

test.each(["", "a/b", "-a", ".a", "_a", "a b", "é", "x".repeat(64), "a\n", "a\0", "dial", "-"])(
  "%j is no name",
  (name) => {
    expect(() => checkName("name", name)).toThrow(/^name: /);
  },
);

test("labels: 32 of them, keys of 63 bytes and values of 255 pass; more do not", () => {
  const labels = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`${i}`.padEnd(63, "k"), "v".repeat(255)]));
  expect(checkLabels("labels", labels)).toEqual(labels);
  expect(() => checkLabels("labels", { ...labels, more: "" })).toThrow("33 labels");
  // Bytes, not characters.
  expect(() => checkLabels("labels", { k: "é".repeat(128) })).toThrow("labels[k]");
  expect(() => checkLabels("labels", { ["é".repeat(32)]: "" })).toThrow("a key of 64 bytes");
});

test("the nearest names come first, at most three", () => {
  expect(nearest("ecko/1", ["zzz", "echo/2", "echo/1", "other", "echo/11"])).toBe(
    'known: "echo/1", "echo/2", "echo/11", ...',
  );
  expect(nearest("a", ["b"])).toBe('known: "b"');
  expect(nearest("a", [])).toBe("none exist");
});

test("a long name among many takes bounded time", () => {
  const known = Array.from({ length: 100_000 }, (_, i) => `session-with-a-rather-long-name/${i}`);
  const begin = process.cpuUsage();
  nearest("x".repeat(1_000_000), known);
  // Some 20 ms of CPU; it runs on the loop that serves everybody.
  expect(process.cpuUsage(begin).user).toBeLessThan(500_000);
});
