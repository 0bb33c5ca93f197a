import { isPassing, left } from "./support/insides.js";

const before = {
  rssBytes: 0,
  heapBytes: 0,
  cpuMs: 0,
  descriptors: 22,
  timers: 1,
  resources: { PipeWrap: 2, TCPServerWrap: 1 },
};

test.each([
  ["a descriptor", { ...before, descriptors: 23 }, "descriptors 23, before 22"],
  ["a timer", { ...before, timers: 2 }, "timers 2, before 1"],
  ["one more of a kind", { ...before, resources: { PipeWrap: 3, TCPServerWrap: 1 } }, "PipeWrap 3, before 2"],
  [
    "a kind that was not there",
    { ...before, resources: { ...before.resources, TCPSocketWrap: 1 } },
    "TCPSocketWrap 1, before 0",
  ],
])("%s is found to be left", (_, now, what) => {
  expect(left(now, before)).toEqual([what]);
});

test("what is as before, less, or of the next turn of the loop is not left", () => {
  expect(left(before, before)).toEqual([]);
  expect(left({ ...before, descriptors: 21, resources: { PipeWrap: 2 } }, before)).toEqual([]);
  expect(left({ ...before, resources: { ...before.resources, Immediate: 1 } }, before)).toEqual([]);
});

test("a packet socket that is being closed aside is no rest to compare with", () => {
  expect(isPassing(before)).toBe(false);
  expect(isPassing({ ...before, resources: { ...before.resources, FSReqCallback: 1 } })).toBe(true);
});
