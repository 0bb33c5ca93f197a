import { everyTick } from "../../src/kernel/ticker.js";

/** Keeps the loop from going on. */
function busy(forMs: number): void {
  const until = performance.now() + forMs;
  while (performance.now() < until);
}

test("a round that takes long has others between its slices, and each task one turn in it", async () => {
  const turns: number[] = Array.from({ length: 100 }, () => 0);
  let others = 0;
  let isOver = false;
  const other = () => {
    others += 1;
    if (!isOver) setImmediate(other);
  };
  const stops: (() => void)[] = [];
  await new Promise<void>((resolve) => {
    for (const index of turns.keys()) {
      stops.push(
        everyTick(() => {
          if (index === 0) setImmediate(other);
          turns[index]! += 1;
          // 25 slices all together.
          busy(0.5);
          isOver = index === turns.length - 1;
          if (isOver) resolve();
        }),
      );
    }
  });
  for (const stop of stops) stop();
  expect(new Set(turns)).toEqual(new Set([1]));
  expect(others).toBeGreaterThan(10);
});

test("a task that is stopped between two slices has no turn any more, and the next one to come has its own", async () => {
  let turns = 0;
  await new Promise<void>((resolve) => {
    const stopFirst = everyTick(() => {
      busy(5);
      // Before the next slice.
      setImmediate(() => {
        stopFirst();
        stopSecond();
        resolve();
      });
    });
    const stopSecond = everyTick(() => (turns += 1));
  });
  await new Promise<void>((resolve) => {
    const stop = everyTick(() => {
      stop();
      resolve();
    });
  });
  expect(turns).toBe(0);
});
