import { type BudgetedReader, ReadBudget } from "../../src/kernel/read-budget.js";

const chunk = 64 * 1024;
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A socket that always has a chunk more: reads as libuv does, up to 32 times a turn, until it is told to stop. */
class Flood implements BudgetedReader {
  readBytes = 0;
  private reading = true;

  constructor(private readonly budget: ReadBudget) {}

  readTurn(): void {
    for (let reads = 0; reads < 32 && this.reading; reads++) {
      this.readBytes += chunk;
      if (this.budget.spend(chunk)) {
        this.reading = false;
        this.budget.park(this);
      }
    }
  }

  unpark(): boolean {
    this.reading = true;
    return true;
  }
}

test("what all sockets read in one turn is bounded, whatever they have", async () => {
  const budget = new ReadBudget();
  const floods = Array.from({ length: 64 }, () => new Flood(budget));
  let before = 0;
  // Each has its first chunk before the first bound holds.
  for (const flood of floods) flood.readTurn();
  for (let turn = 0; turn < 100; turn++) {
    const sum = floods.reduce((total, { readBytes }) => total + readBytes, 0);
    if (turn > 0) expect(sum - before).toBeLessThanOrEqual(3 * chunk);
    before = sum;
    await nextTurn();
    for (const flood of floods) flood.readTurn();
  }
});

test("sockets that wait read on in their order, none twice before the others", async () => {
  const budget = new ReadBudget();
  const floods = Array.from({ length: 10 }, () => new Flood(budget));
  for (const flood of floods) flood.readTurn();
  for (let turn = 0; turn < 200; turn++) {
    await nextTurn();
    for (const flood of floods) flood.readTurn();
  }
  const read = floods.map(({ readBytes }) => readBytes);
  expect(Math.max(...read) - Math.min(...read)).toBeLessThanOrEqual(3 * chunk);
  expect(Math.min(...read)).toBeGreaterThan(10 * chunk);
});

test("whoever has nothing to read any more gives its turn to the next", async () => {
  const budget = new ReadBudget();
  budget.spend(1024 * 1024);
  const gone: BudgetedReader = { unpark: () => false };
  const first = new Flood(budget);
  const second = new Flood(budget);
  for (const reader of [gone, gone, gone, first, second]) budget.park(reader);
  await nextTurn();
  first.readTurn();
  expect(first.readBytes).toBeGreaterThan(0);
  second.readTurn();
  expect(second.readBytes).toBeGreaterThan(0);
});

test("less than the bound is read without a stop, turn after turn", async () => {
  const budget = new ReadBudget();
  for (let turn = 0; turn < 5; turn++) {
    expect(budget.spend(100 * 1024)).toBe(false);
    await nextTurn();
  }
});
