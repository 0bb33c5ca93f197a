import { assertEndings } from "../../bench/endings.js";
import { assertReplayed, assertTold } from "../../bench/tally.js";

test("endings that are all as asked pass", () => {
  expect(() => assertEndings("T", "econnreset", 3, { econnreset: 3, eof: 0, other: 0 })).not.toThrow();
});

test.each([
  ["one is otherwise", { econnreset: 2, eof: 1, other: 0 }],
  ["one is missing", { econnreset: 2, eof: 0, other: 0 }],
  ["one is too many", { econnreset: 3, eof: 0, other: 1 }],
])("a measure fails when %s", (_, seen) => {
  expect(() => assertEndings("T", "econnreset", 3, seen)).toThrow("T: of 3 sessions not all ended by ECONNRESET");
});

test.each([
  ["that lost an event", { lost: 1 }],
  ["that is out of order", { outOfOrder: 1 }],
  ["that lacks a beginning", { opened: 2 }],
  ["that lacks an end", { ended: 2 }],
])("a measure fails by a stream %s", (_, wrong) => {
  const right = { events: 6, opened: 3, ended: 3, lost: 0, outOfOrder: 0, messages: 1 };
  expect(() => assertTold("Node 20", 3, [right])).not.toThrow();
  expect(() => assertTold("Node 20", 3, [right, { ...right, ...wrong }])).toThrow(
    "Node 20: a stream told of 3 sessions",
  );
});

test.each([
  ["that lost an event", { lost: 1 }],
  ["out of order", { outOfOrder: 1 }],
  ["without an event", { events: 0 }],
])("a measure fails by a journal replayed %s", (_, wrong) => {
  const right = { events: 6, opened: 2, ended: 3, lost: 0, outOfOrder: 0, messages: 1 };
  expect(() => assertReplayed("Node 20", right)).not.toThrow();
  expect(() => assertReplayed("Node 20", { ...right, ...wrong })).toThrow("Node 20: the journal was replayed");
});
