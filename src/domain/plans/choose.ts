import { SeededBytes } from "../seeded-bytes.js";
import type { ChosenStep, Plan } from "./plan.js";

/**
 * The steps for one connection of a plan, in which the seed has chosen: the same seed and number give the same steps.
 *
 * @param number which connection of the plan, from 1.
 */
export function chooseSteps(plan: Plan, number: number): readonly ChosenStep[] {
  // A stream of its own for each connection: what one chooses changes nothing for the others.
  const random = new SeededBytes(plan.seed ^ (BigInt(number) * 0x9e3779b97f4a7c15n));
  const below = (bound: number) => (bound <= 1 ? 0 : random.next(6).readUIntLE(0, 6) % bound);
  return plan.steps.map(({ trigger, actions }) => {
    const action = actions[below(actions.length)];
    if (action === undefined) throw new Error("bug: a step without an action");
    if (!("count" in trigger)) return { trigger, action };
    const { min, max } = trigger.count;
    return { trigger: { when: trigger.when, count: min + below(max - min + 1) }, action };
  });
}
