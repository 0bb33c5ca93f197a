import * as fc from "fast-check";
import type { Action } from "../../../src/domain/actions/action.js";
import { chooseSteps } from "../../../src/domain/plans/choose.js";
import type { Plan, Step } from "../../../src/domain/plans/plan.js";

// What the seed chooses is decided by the seed and the connection's number alone.

const verbs = ["pause", "resume", "vanish", "heal"] as const;
const actions = fc.subarray([...verbs], { minLength: 1 }).map((chosen) => chosen.map((verb): Action => ({ verb })));
const range = fc.tuple(fc.maxSafeNat(), fc.maxSafeNat()).map(([one, other]) => ({
  min: Math.max(1, Math.min(one, other)),
  max: Math.max(1, one, other),
}));
const step: fc.Arbitrary<Step> = fc.record({
  trigger: fc.oneof(
    range.map((count) => ({ when: "bytes_received" as const, count })),
    fc.record({ min: fc.integer({ min: 1, max: 5 }), more: fc.nat(5) }).map(({ min, more }) => {
      return { when: "bytes_sent" as const, count: { min, max: min + more } };
    }),
    fc.constant({ when: "accepted" as const }),
  ),
  actions,
  isChoice: fc.constant(true),
});
const plan: fc.Arbitrary<Plan> = fc.record({
  connections: fc.nat(5),
  seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  steps: fc.array(step, { minLength: 1, maxLength: 8 }),
});
const connectionNumber = fc.integer({ min: 1, max: 100_000 });

test("the same seed and number choose the same steps, and only among those allowed", () => {
  fc.assert(
    fc.property(plan, connectionNumber, (asked, number) => {
      const chosen = chooseSteps(asked, number);
      expect(chooseSteps(asked, number)).toEqual(chosen);
      expect(chosen).toHaveLength(asked.steps.length);
      for (const [index, { trigger, action }] of chosen.entries()) {
        const from = asked.steps[index]!;
        expect(from.actions).toContain(action);
        expect(trigger.when).toBe(from.trigger.when);
        if (!("count" in trigger) || !("count" in from.trigger)) continue;
        expect(trigger.count).toBeGreaterThanOrEqual(from.trigger.count.min);
        expect(trigger.count).toBeLessThanOrEqual(from.trigger.count.max);
        expect(Number.isSafeInteger(trigger.count)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

const dice: Plan = {
  connections: 0,
  seed: 7n,
  steps: [{ trigger: { when: "accepted" }, actions: verbs.map((verb) => ({ verb })), isChoice: true }],
};
const rolled = (seed: bigint, count: number) =>
  Array.from({ length: count }, (_, index) => chooseSteps({ ...dice, seed }, index + 1)[0]!.action.verb);

test.each([0n, 1n, 7n, 2n ** 32n, 2n ** 64n - 1n])(
  "connections of a plan with seed %d choose each action about as often",
  (seed) => {
    const counts = verbs.map((verb) => rolled(seed, 4000).filter((chosen) => chosen === verb).length);
    // 4000 throws of 4: the standard deviation is 27.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  },
);

test("what the next connection chooses is not told by the one before", () => {
  const throws = rolled(7n, 4001);
  const repeats = throws.filter((verb, index) => index > 0 && verb === throws[index - 1]).length;
  expect(Math.abs(repeats - 1000)).toBeLessThan(150);
});

test("another seed is another run", () => {
  expect(rolled(1n, 50)).not.toEqual(rolled(2n, 50));
});
