import { median, percentile, rotated, rounded, worstShare } from "../../bench/statistics.js";

test("the median of an even number of samples is the mean of the two in the middle", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([3, 1, 2])).toBe(2);
});

test("a percentile lies between the two samples that are nearest to it", () => {
  expect(percentile([10, 20, 30, 40, 50], 50)).toBe(30);
  expect(percentile([0, 100], 99)).toBe(99);
  expect(percentile([7], 99)).toBe(7);
});

test("there is no median of nothing", () => {
  expect(() => median([])).toThrow("without samples");
});

test("a rotated list has every entry first once", () => {
  const firsts = [0, 1, 2, 3].map((round) => rotated(["a", "b", "c"], round));
  expect(firsts).toEqual([
    ["a", "b", "c"],
    ["b", "c", "a"],
    ["c", "a", "b"],
    ["a", "b", "c"],
  ]);
  expect(rotated([], 3)).toEqual([]);
});

test("the worst share is that of the connection that got least", () => {
  expect(worstShare([10, 10, 10])).toBe(1);
  expect(worstShare([0, 20])).toBe(0);
  expect(worstShare([5, 10, 15])).toBe(0.5);
});

test("three digits are kept", () => {
  expect(rounded(1234.5)).toBe(1230);
  expect(rounded(0.123456)).toBe(0.123);
});
