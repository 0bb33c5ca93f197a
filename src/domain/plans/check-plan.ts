import type { ActionName } from "../actions/action.js";
import { DomainError, invalidField } from "../errors.js";
import type { Plan, Step } from "./plan.js";

/** After a FIN of ours a RST may follow, while the peer's FIN has not come; after the others nothing. */
const endings: Readonly<Partial<Record<ActionName, readonly ActionName[]>>> = {
  close: ["reset"],
  last_data: ["reset"],
  linger: [],
  reset: [],
  reset_unread: [],
  fin_then_reset: [],
  vanish: [],
};

/** What needs a side that can still send. */
const writes: ReadonlySet<ActionName> = new Set([
  "half_close",
  "last_data",
  "send",
  "send_urgent",
  "fin_then_reset",
  "reset_unread",
]);

/** @throws DomainError INVALID_FIELD with the path of the step that cannot follow the ones before it. */
export function checkPlan(field: string, plan: Plan): void {
  let allowed: { readonly after: ActionName; readonly verbs: readonly ActionName[] } | undefined;
  let halfClosed = false;
  for (const [index, { actions, isChoice }] of plan.steps.entries()) {
    for (const [choice, { verb }] of actions.entries()) {
      const path = `${field}.steps[${index}].${isChoice ? `one_of[${choice}]` : "action"}`;
      if (allowed !== undefined && !allowed.verbs.includes(verb)) {
        const may = allowed.verbs.length === 0 ? "nothing" : `only ${allowed.verbs.join(", ")}`;
        throw invalidField(path, `${verb} cannot follow ${allowed.after}: after that ${may} may come`);
      }
      if (halfClosed && writes.has(verb)) {
        throw invalidField(path, `${verb} cannot follow half_close: our side has sent FIN; use reset or close`);
      }
    }
    // Where the seed chooses, what follows must be able to follow each choice.
    for (const { verb } of actions) {
      const verbs = endings[verb];
      if (verbs !== undefined && (allowed === undefined || verbs.length < allowed.verbs.length))
        allowed = { after: verb, verbs };
      if (verb === "half_close") halfClosed = true;
    }
  }
}

/** @throws DomainError INVALID_FIELD when a plan stands behind one that takes all connections. */
export function checkPlans(field: string, plans: readonly Plan[]): void {
  const endless = plans.findIndex((plan) => plan.connections === 0);
  if (endless >= 0 && endless < plans.length - 1) {
    throw invalidField(
      `${field}[${endless}].connections`,
      "0 takes all the rest, and plans come after it that would get none; give a number, or put it last",
    );
  }
}

/** Counts the bytes that the plans of a listener hold, step by step, so that none is made that has no room. */
export class PlanBytes {
  private held = 0;

  constructor(private readonly max: number) {}

  /** @throws DomainError DATA_TOO_LARGE on the step that is too much. */
  add(field: string, { trigger, actions }: Step): void {
    if (trigger.when === "pattern") this.held += trigger.bytes.length;
    for (const action of actions) {
      if ("data" in action) this.held += action.data.length;
      if ("discardedData" in action) this.held += action.discardedData?.length ?? 0;
      if ("behaviour" in action) this.held += action.behaviour.banner?.length ?? 0;
      if (this.held <= this.max) continue;
      throw new DomainError(
        "RESOURCE_EXHAUSTED",
        "DATA_TOO_LARGE",
        `${field}: with it the plans hold more than ${this.max} bytes to send or to look for; send fewer, or start the daemon with a higher --max-plan-bytes`,
        { field },
      );
    }
  }
}
