import { ScopeLease } from "../../src/domain/scope-lease.js";

const ttlMs = 10_000;
let expired: number;

beforeEach(() => {
  jest.useFakeTimers();
  expired = 0;
});

afterEach(() => {
  jest.useRealTimers();
});

const newLease = () => new ScopeLease(ttlMs, () => (expired += 1));

test("it expires once, when nobody has used it for its ttl", () => {
  newLease();
  jest.advanceTimersByTime(ttlMs - 10);
  expect(expired).toBe(0);
  jest.advanceTimersByTime(20);
  expect(expired).toBe(1);
  jest.advanceTimersByTime(10 * ttlMs);
  expect(expired).toBe(1);
});

test("each use renews it", () => {
  const lease = newLease();
  for (let use = 0; use < 5; use++) {
    jest.advanceTimersByTime(ttlMs - 10);
    const before = lease.expireTime!;
    lease.use();
    expect(lease.expireTime! - before).toBe(BigInt(ttlMs - 10) * 1_000_000n);
  }
  expect(expired).toBe(0);
  jest.advanceTimersByTime(ttlMs + 10);
  expect(expired).toBe(1);
});

test("while it is held it does not expire, however many uses are missing", () => {
  const lease = newLease();
  lease.hold();
  lease.hold();
  expect(lease.expireTime).toBeUndefined();
  jest.advanceTimersByTime(10 * ttlMs);
  expect(lease.unhold()).toBe(1);
  jest.advanceTimersByTime(10 * ttlMs);
  expect(expired).toBe(0);
  expect(lease.unhold()).toBe(0);
});

test("what has ended expires no more", () => {
  newLease().end();
  jest.advanceTimersByTime(10 * ttlMs);
  expect(expired).toBe(0);
});
