import { beginNow, inSlices } from "../../src/domain/in-slices.js";

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

/** Longer than a slice. */
function work(): void {
  const until = performance.now() + 5;
  while (performance.now() < until);
}

test("what is done with an item meanwhile comes behind it, in the order of asking, and each comes once", async () => {
  const seen: string[] = [];
  const doing = (what: string) => (item: object) => {
    seen.push(`${what} ${items.indexOf(item)}`);
    work();
  };
  const items = [{}, {}, {}];
  const first = inSlices(items, doing("first"));
  const second = inSlices(items.slice(1), doing("second"));
  expect(seen).toEqual(["first 0", "first 1", "second 1"]);
  beginNow(items[2]);
  expect(seen.slice(3)).toEqual(["first 2", "second 2"]);
  await Promise.all([first, second]);
  expect(seen).toHaveLength(5);
  beginNow(items[2]);
  expect(seen).toHaveLength(5);
});

test("an error is that of who asked for the slices, not of who needs an item now", async () => {
  const items = [1, 2, 3];
  const seen: number[] = [];
  const failing = inSlices(items, (item) => {
    seen.push(item);
    work();
    if (item === 3) throw new Error("a bug");
  });
  beginNow(3);
  await expect(failing).rejects.toThrow("a bug");
  expect(seen.slice(0, 2)).toEqual([1, 3]);
});
