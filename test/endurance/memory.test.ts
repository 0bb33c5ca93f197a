import { allowed } from "./soak.js";
import { memoryGrowth } from "./support/memory.js";

const mib = 1024 * 1024;
/** A sixth of 100,000 sessions. */
const sessionsOfLeg = 16_667;
/** Of five warm legs of a daemon that leaks nothing, in MiB. */
const flat = {
  level: [21, 21, 21, 21, 21],
  noisy: [21.3, 20.9, 21.6, 20.8, 21.2],
  "with one leg that is off": [21, 21, 30, 21, 21],
  "of a run": [21.7, 22.0, 22.2, 22.3, 22.4],
};

function memory(heap: readonly number[], leakBytes = 0, rss: readonly number[] = heap, rssLeakBytes = 0) {
  return heap.map((each, leg) => ({
    heapBytes: each * mib + leg * sessionsOfLeg * leakBytes,
    rssBytes: (rss[leg] ?? 0) * mib + leg * sessionsOfLeg * rssLeakBytes,
  }));
}

test.each(Object.entries(flat))("memory that is %s does not grow", (_, heap) => {
  expect(memoryGrowth(memory(heap), allowed)).toEqual([]);
});

test.each(Object.entries(flat))("a steady leak of 50 bytes a session is found in a heap that is %s", (_, heap) => {
  expect(memoryGrowth(memory(heap, 50), allowed)).toEqual([expect.stringContaining("heap: ")]);
});

test("a leak of 180 bytes a session is found", () => {
  expect(memoryGrowth(memory(flat.noisy, 180), allowed)).toEqual([
    "heap: 11.3 MiB by 21.3 MiB, 23.8 MiB, 27.3 MiB, 29.4 MiB, 32.6 MiB; allowed are 2.0 MiB",
  ]);
});

test("a leak outside of the heap is found in RSS", () => {
  const rss = [122.1, 123.5, 124.2, 123.8, 124.0];
  expect(memoryGrowth(memory(flat.level, 0, rss), allowed)).toEqual([]);
  const leaking = memory(flat.level, 0, rss, 1900);
  expect(memoryGrowth(leaking, allowed)).toEqual([expect.stringContaining("RSS: ")]);
});
