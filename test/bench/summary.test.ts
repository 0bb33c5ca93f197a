import { summarize, table } from "../../bench/summary.js";

const rows = [
  { what: "unary, Node 20", unit: "/s", samples: [400, 600, 500], cpuUs: [9, 7, 8], beside: ["T", "G"], endings: 30 },
  { what: "T", unit: "/s", samples: [1000, 900, 1100], beside: ["T", "G"] },
];

test("a row's ratio is its median over that of the row beside; a row that is not there gives none", () => {
  const [own, peer] = summarize(rows);
  expect(own).toEqual({
    what: "unary, Node 20",
    unit: "/s",
    rounds: 3,
    median: 500,
    min: 400,
    max: 600,
    cpuUs: 8,
    ratios: { T: 0.5 },
    endings: 30,
  });
  expect(peer).not.toHaveProperty("ratios");
});

test("the table aligns its columns and leaves out those that nothing fills", () => {
  expect(table(summarize(rows))).toBe(
    [
      "                median   min..max   CPU of one  beside   endings",
      "unary, Node 20  500 /s   400..600   8 us        0.5 x T  30 of 30",
      "T               1000 /s  900..1100",
    ].join("\n"),
  );
  expect(table(summarize([{ what: "a", unit: "us", samples: [1] }]))).toBe("   median  min..max\na  1 us    1..1");
});

test("a matrix has the medians where column and line cross, and the sum of each column", () => {
  const row = { unit: "us", samples: [10, 30, 20] };
  const matrix = [
    { ...row, what: "cycle: write(2)" },
    { ...row, what: "cycle: close(2)" },
    { ...row, what: "reset: close(2)" },
  ];
  expect(table(summarize(matrix), "matrix")).toBe(
    ["          cycle  reset", "write(2)  20", "close(2)  20     20", "all       40     20"].join("\n"),
  );
});
