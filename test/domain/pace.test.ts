import { Pace } from "../../src/domain/pace.js";

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("what happens in one turn is told once, at the end of the turn", async () => {
  let told = 0;
  const pace = new Pace(() => (told += 1));
  for (let i = 0; i < 100; i++) pace.soon();
  expect(told).toBe(0);
  await nextTurn();
  expect(told).toBe(1);
  await nextTurn();
  expect(told).toBe(1);
});

test("a flood is gathered: turn after turn it is told at most 8 times, and then once a millisecond", () => {
  jest.useFakeTimers();
  try {
    let told = 0;
    const pace = new Pace(() => (told += 1));
    for (let ms = 0; ms < 100; ms++) {
      for (let turn = 0; turn < 20; turn++) {
        pace.soon();
        jest.advanceTimersByTime(0);
      }
      if (ms === 0) expect(told).toBe(8);
      jest.advanceTimersByTime(1);
    }
    expect(told).toBeGreaterThanOrEqual(8 + 100 / 2);
    expect(told).toBeLessThanOrEqual(8 + 100);
  } finally {
    jest.useRealTimers();
  }
});

test("what happens last in a flood is told too", async () => {
  let happened = 0;
  let seen = 0;
  let done = () => {};
  const all = new Promise<void>((resolve) => (done = resolve));
  const pace = new Pace(() => {
    seen = happened;
    if (seen === 1000) done();
  });
  for (happened = 1; happened < 1000; happened++) {
    pace.soon();
    if (happened % 10 === 0) await nextTurn();
  }
  pace.soon();
  await all;
  expect(seen).toBe(1000);
});
