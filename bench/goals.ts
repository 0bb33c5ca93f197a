import type { Results } from "./results.js";

/** What a measure should reach: a row's median, or its ratio to the row of a peer. */
export interface Goal {
  readonly about: string;
  readonly measure: string;
  /** The row's `what`, without the Node it is on. */
  readonly row: string;
  /** The row whose median it is a multiple of; undefined: the median itself counts. `{node}` is the Node of the row. */
  readonly beside?: string;
  /** What follows the number: a letter of a peer, or a unit. */
  readonly unit: string;
  readonly direction: "at least" | "at most";
  /** For each Node where they differ. */
  readonly goal: number | Readonly<Record<string, number>>;
  readonly stretch?: number;
}

/** How a goal stands. */
export interface Standing {
  readonly goal: Goal;
  /** By the Node; undefined where it was not measured. */
  readonly measured: ReadonlyMap<string, { readonly value: number; readonly reached: "stretch" | "goal" | "no" }>;
}

export function standings(
  goals: readonly Goal[],
  { measures }: Pick<Results, "measures">,
  nodes: readonly string[],
): Standing[] {
  return goals.map((goal) => {
    const rows = measures.find(({ measure }) => measure === goal.measure)?.rows ?? [];
    const measured = nodes.flatMap((node) => {
      const row = rows.find(({ what }) => what === `${goal.row}, ${node}`);
      const value = goal.beside === undefined ? row?.median : row?.ratios?.[goal.beside.replace("{node}", node)];
      return value === undefined ? [] : [[node, { value, reached: reached(goal, node, value) }] as const];
    });
    return { goal, measured: new Map(measured) };
  });
}

export function goalFor({ goal }: Goal, node: string): number {
  return typeof goal === "number" ? goal : (goal[node] ?? Number.NaN);
}

function reached(goal: Goal, node: string, value: number): "stretch" | "goal" | "no" {
  const meets = (wanted: number) => (goal.direction === "at least" ? value >= wanted : value <= wanted);
  if (goal.stretch !== undefined && meets(goal.stretch)) return "stretch";
  return meets(goalFor(goal, node)) ? "goal" : "no";
}

const more = { direction: "at least" } as const;
const less = { direction: "at most" } as const;
const [t, c, g] = ["Toxiproxy", "C epoll", "Go"];

/** Those of the daemon. T is Toxiproxy, C the server in C, G the one in Go. */
export const goals: readonly Goal[] = [
  { about: "cycles/s, unary", measure: "cycles", row: "unary", beside: t, unit: "T", ...more, goal: 1, stretch: 1.3 },
  {
    about: "cycles/s, stream",
    measure: "cycles",
    row: "stream",
    beside: t,
    unit: "T",
    ...more,
    goal: 1.8,
    stretch: 2.3,
  },
  { about: "the same", measure: "cycles", row: "stream", beside: g, unit: "G", ...more, goal: 1.2 },
  {
    about: "cycles/s, stream + plan",
    measure: "cycles",
    row: "stream + plan",
    beside: t,
    unit: "T",
    ...more,
    goal: 2.5,
    stretch: 3,
  },
  {
    about: "the same",
    measure: "cycles",
    row: "stream + plan",
    beside: c,
    unit: "C",
    ...more,
    goal: Number.NaN,
    stretch: 0.8,
  },
  {
    about: "command to ECONNRESET, stream, p50",
    measure: "command-latency",
    row: "p50 stream",
    beside: `p50 ${t}`,
    unit: "T",
    ...less,
    goal: 0.5,
    stretch: 0.4,
  },
  {
    about: "command to ECONNRESET, stream, p99",
    measure: "command-latency",
    row: "p99 stream",
    beside: `p99 ${t}`,
    unit: "T",
    ...less,
    goal: 0.6,
    stretch: 0.45,
  },
  {
    about: "Python cycles/s, unary",
    measure: "python-cycles",
    row: "unary",
    beside: t,
    unit: "T",
    ...more,
    goal: 1.3,
    stretch: 1.7,
  },
  {
    about: "the same",
    measure: "python-cycles",
    row: "unary",
    beside: "toxiproxy-python",
    unit: "T by its Python client",
    ...more,
    goal: 1.3,
    stretch: 1.7,
  },
  {
    about: "Python cycles/s, stream",
    measure: "python-cycles",
    row: "stream",
    beside: t,
    unit: "T",
    ...more,
    goal: 2.2,
    stretch: 2.4,
  },
  {
    about: "the same",
    measure: "python-cycles",
    row: "stream",
    beside: "toxiproxy-python",
    unit: "T by its Python client",
    ...more,
    goal: 2.2,
    stretch: 2.4,
  },
  {
    about: "Python cycles/s, stream + plan",
    measure: "python-cycles",
    row: "stream + plan",
    beside: t,
    unit: "T",
    ...more,
    goal: 3,
    stretch: 3.7,
  },
  {
    about: "the same",
    measure: "python-cycles",
    row: "stream + plan",
    beside: "toxiproxy-python",
    unit: "T by its Python client",
    ...more,
    goal: 3,
    stretch: 3.7,
  },
  {
    about: "spawn to first answered call",
    measure: "start-up",
    row: "first answer, unary",
    beside: "node -e 0, {node}",
    unit: "x `node -e 0`",
    ...less,
    goal: { "Node 20": 1.6, "Node 24": 2.3 },
  },
  {
    about: "the same",
    measure: "start-up",
    row: "first answer, unary",
    beside: "first answer, grpc-js-alone, {node}",
    unit: "x grpc-js alone",
    ...less,
    goal: Number.NaN,
    stretch: 1.05,
  },
  {
    about: "spawn to 50 cycles done, stream",
    measure: "start-up",
    row: "50 cycles, stream",
    beside: `50 cycles, ${t}`,
    unit: "T",
    ...less,
    goal: 2,
    stretch: 1.6,
  },
  {
    about: "echo MB/s, 1 connection",
    measure: "throughput",
    row: "1 connection",
    beside: `1 connection, ${c}`,
    unit: "C",
    ...more,
    goal: 0.65,
    stretch: 0.85,
  },
  {
    about: "the same",
    measure: "throughput",
    row: "1 connection",
    beside: `1 connection, ${t}`,
    unit: "T",
    ...more,
    goal: 1.5,
  },
  {
    about: "echo MB/s, 64 connections",
    measure: "throughput",
    row: "64 connections, stream",
    beside: `64 connections, ${c}`,
    unit: "C",
    ...more,
    goal: 0.65,
    stretch: 0.85,
  },
  {
    about: "the same",
    measure: "throughput",
    row: "64 connections, stream",
    beside: `64 connections, ${t}`,
    unit: "T",
    ...more,
    goal: 1.5,
  },
  {
    about: "worst of 64 busy connections, share of the mean",
    measure: "throughput",
    row: "worst connection, stream",
    unit: "",
    ...more,
    goal: 0.8,
    stretch: 0.9,
  },
  {
    about: "command while 64 connections echo, p50",
    measure: "throughput",
    row: "command p50, stream",
    beside: `command p50, ${t}`,
    unit: "T",
    ...less,
    goal: 0.1,
    stretch: 0.04,
  },
  {
    about: "command while 64 connections echo, p99",
    measure: "throughput",
    row: "command p99, stream",
    beside: `command p99, ${t}`,
    unit: "T",
    ...less,
    goal: 0.2,
    stretch: 0.07,
  },
  {
    about: "resident memory of an idle session",
    measure: "memory",
    row: "one session",
    unit: "KB",
    ...less,
    goal: 6,
    stretch: 5,
  },
  {
    about: "9,900 sessions reset by one command",
    measure: "mass-reset",
    row: "all reset",
    beside: `all reset, ${c}`,
    unit: "C",
    ...less,
    goal: 2,
    stretch: 1.2,
  },
  {
    about: "longest turn of the loop meanwhile",
    measure: "mass-reset",
    row: "longest turn",
    unit: "ms",
    ...less,
    goal: 10,
    stretch: 5,
  },
  {
    about: "connect + echo + close a second",
    measure: "churn",
    row: "0 subscribers",
    beside: `0 subscribers, ${c}`,
    unit: "C",
    ...more,
    goal: 0.4,
    stretch: 0.55,
  },
  {
    about: "cost of one subscriber",
    measure: "churn",
    row: "cost of 1 subscriber",
    unit: "% CPU",
    ...less,
    goal: 20,
    stretch: 10,
  },
  {
    about: "cost of ten subscribers",
    measure: "churn",
    row: "cost of 10 subscribers",
    unit: "% CPU",
    ...less,
    goal: 30,
    stretch: 15,
  },
  {
    about: "events/s, real ones, replayed from the journal",
    measure: "events",
    row: "replayed",
    unit: "/s",
    ...more,
    goal: 1_000_000,
  },
];
