import { inSlices } from "../../src/domain/in-slices.js";

test("each item has its turn, in order, and others run between the slices", async () => {
  const items = Array.from({ length: 200 }, (_, index) => index);
  const seen: number[] = [];
  let turns = 0;
  const timer = setImmediate(function next() {
    turns += 1;
    if (seen.length < items.length) setImmediate(next);
  });
  await inSlices(items, (item) => {
    seen.push(item);
    // Longer than nothing, and 50 times longer than a slice all together.
    const until = performance.now() + 0.5;
    while (performance.now() < until);
  });
  clearImmediate(timer);
  expect(seen).toEqual(items);
  expect(turns).toBeGreaterThan(10);
});

test("what is short is done in this turn", async () => {
  const seen: string[] = [];
  const done = inSlices(["a", "b"], (item) => seen.push(item));
  expect(seen).toEqual(["a", "b"]);
  await done;
});
