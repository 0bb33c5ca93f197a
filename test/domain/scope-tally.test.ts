import type { PlanReport } from "../../src/domain/plans/listener-plans.js";
import { ScopeTally } from "../../src/domain/scope-tally.js";

/** A plan of one step that fired for `fired` of two connections. */
function plan(fired: number): PlanReport {
  const steps = [{ step: 1, fired, notFired: 2 - fired }];
  return { plan: 1, seed: 0n, connections: 0, connectionsSeen: 2, steps };
}

const unmet: PlanReport = { ...plan(0), connectionsSeen: 0, steps: [{ step: 1, fired: 0, notFired: 0 }] };

test("past 1,000 the plans that fired give way, the oldest first, to those with a step that did not", () => {
  const tally = new ScopeTally();
  for (let count = 1; count <= 1000; count++) tally.onListenerDeleted(`fired-${count}`, [plan(2)]);
  tally.onListenerDeleted("fired-too", [plan(2)]);
  tally.onListenerDeleted("once", [plan(2), plan(1)]);
  tally.onListenerDeleted("never-met", [unmet]);
  const { plans, plansOmitted } = tally.total();
  const names = plans.map(({ listener }) => listener);
  expect(plansOmitted).toBe(3);
  expect(names).toHaveLength(1000);
  expect(names[0]).toBe("fired-3");
  expect(names.slice(-3)).toEqual(["fired-1000", "once", "never-met"]);
});

test("of more than 1,000 with a step that did not fire the first are kept, and the others counted", () => {
  const tally = new ScopeTally();
  for (let count = 1; count <= 1005; count++) tally.onListenerDeleted(`l-${count}`, [plan(0)]);
  const { plans, plansOmitted } = tally.total();
  const names = plans.map(({ listener }) => listener);
  expect([names.length, names[0], names.at(-1), plansOmitted]).toEqual([1000, "l-1", "l-1000", 5]);
});
