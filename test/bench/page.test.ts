import { type Goal, standings } from "../../bench/goals.js";
import { measured, withMeasured } from "../../bench/page.js";

const row = { unit: "/s", rounds: 1, min: 1, max: 1 };
const results = {
  machine: "a machine",
  versions: { "Node 20": "v20.0.0", "Node 24": "v24.0.0" },
  measures: [
    {
      measure: "cycles",
      about: "cycles a second",
      rows: [
        { ...row, what: "unary, Node 20", median: 90, ratios: { Toxiproxy: 0.9 } },
        { ...row, what: "unary, Node 24", median: 140, ratios: { Toxiproxy: 1.4 } },
        { ...row, what: "Toxiproxy", median: 100 },
      ],
    },
  ],
};

function goal(wanted: Partial<Goal>): Goal {
  const usual = { about: "cycles/s", measure: "cycles", row: "unary", unit: "T", goal: 1 };
  return { ...usual, beside: "Toxiproxy", direction: "at least", ...wanted };
}

function standing(wanted: Partial<Goal>): (string | undefined)[] {
  const [one] = standings([goal(wanted)], results, ["Node 20", "Node 24"]);
  return ["Node 20", "Node 24"].map((node) => one?.measured.get(node)?.reached);
}

test("a goal is missed, reached, or more than that, on each Node by itself", () => {
  expect(standing({ goal: 1 })).toEqual(["no", "goal"]);
  expect(standing({ goal: 1, stretch: 1.3 })).toEqual(["no", "stretch"]);
  expect(standing({ direction: "at most", goal: 1, stretch: 0.5 })).toEqual(["goal", "no"]);
  expect(standing({ goal: { "Node 20": 0.9, "Node 24": 1.5 } })).toEqual(["goal", "no"]);
});

test("what was not measured is neither reached nor missed", () => {
  expect(standing({ row: "stream" })).toEqual([undefined, undefined]);
  expect(standing({ beside: "Go" })).toEqual([undefined, undefined]);
});

test("the page tells the machine, the versions, the goals and each measure", () => {
  const text = measured(results);
  expect(text).toContain(
    "| cycles/s, unary | at least 1 T | at least 1.3 T | **0.9 T, missed** | 1.4 T, stretch reached |",
  );
  expect(text).toContain("| cycles/s, stream | at least 1.8 T | at least 2.3 T | not measured | not measured |");
  expect(text).toContain("## Machine\n\na machine");
  expect(text).toContain("| Node 24 | v24.0.0 |");
  expect(text).toContain("## cycles\n\nCycles a second.\n\n| | median | min..max | beside |");
  expect(text).toContain("| unary, Node 20 | 90 /s | 1..1 | 0.9 x Toxiproxy |");
});

test("a measure tells how many sessions of the daemon ended as asked, those of p50 and p99 once", () => {
  const ended = (what: string, endings?: number) => ({ ...row, what, median: 1, ...(endings && { endings }) });
  const rows = [
    ended("p50 unary, Node 20", 2500),
    ended("p50 unary, Node 24", 2500),
    ended("p50 Toxiproxy", 2500),
    ended("p99 unary, Node 20", 2500),
    ended("longest turn, Node 20"),
  ];
  const text = measured({ ...results, measures: [{ measure: "latency", about: "latency", rows }] });
  expect(text).toContain("Latency. Endings of the daemon: 5,000 of 5,000 as asked.");
  expect(measured(results)).not.toContain("Endings of the daemon");
});

test("text around the marks stays", () => {
  const page = "before\n<!-- written by npm run bench -- --write-docs -->\nold\n<!-- until here -->\nafter\n";
  const written = withMeasured(page, "new");
  expect(written).toBe(
    "before\n<!-- written by npm run bench -- --write-docs -->\n\nnew\n\n<!-- until here -->\nafter\n",
  );
  expect(withMeasured(written, "new")).toBe(written);
  expect(() => withMeasured("no marks", "new")).toThrow("lacks");
});
