import { type Plan, signalsOf } from "./plan.js";

/** What became of a plan, over all its connections. */
export interface PlanReport {
  /** In the listener's list, from 1. */
  readonly plan: number;
  readonly seed: bigint;
  /** 0: all the rest. */
  readonly connections: number;
  readonly connectionsSeen: number;
  readonly steps: readonly { readonly step: number; readonly fired: number; readonly notFired: number }[];
}

/** A plan as one connection has it. */
export interface AssignedPlan {
  readonly plan: Plan;
  /** In the listener's list, from 1. */
  readonly planNumber: number;
  /** Which connection of the plan, from 1. */
  readonly connection: number;
  /** A step acts for this connection. */
  readonly onFired: (stepNumber: number) => void;
  /** It could not be performed after all. */
  readonly onFailed: (stepNumber: number) => void;
  /** Of the whole list. */
  readonly reports: () => readonly PlanReport[];
}

/** The plans of a listener, in accept order, and what became of them. */
export class ListenerPlans {
  private readonly seen: number[];
  private readonly fired: number[][];

  constructor(readonly plans: readonly Plan[]) {
    this.seen = plans.map(() => 0);
    this.fired = plans.map((plan) => plan.steps.map(() => 0));
  }

  get signals(): readonly string[] {
    return this.plans.flatMap(signalsOf);
  }

  /** The plan of the next connection; undefined past the list. */
  next(): AssignedPlan | undefined {
    const index = this.plans.findIndex((plan, at) => plan.connections === 0 || (this.seen[at] ?? 0) < plan.connections);
    const plan = this.plans[index];
    if (plan === undefined) return undefined;
    const connection = (this.seen[index] ?? 0) + 1;
    this.seen[index] = connection;
    const fired = this.fired[index] ?? [];
    const add = (stepNumber: number, count: number) => {
      fired[stepNumber - 1] = (fired[stepNumber - 1] ?? 0) + count;
    };
    return {
      plan,
      planNumber: index + 1,
      connection,
      onFired: (stepNumber) => add(stepNumber, 1),
      onFailed: (stepNumber) => add(stepNumber, -1),
      reports: () => this.reports(),
    };
  }

  reports(): readonly PlanReport[] {
    return this.plans.map(({ seed, connections, steps }, index) => {
      const connectionsSeen = this.seen[index] ?? 0;
      return {
        plan: index + 1,
        seed,
        connections,
        connectionsSeen,
        steps: steps.map((_, at) => {
          const fired = this.fired[index]?.[at] ?? 0;
          return { step: at + 1, fired, notFired: connectionsSeen - fired };
        }),
      };
    });
  }
}
