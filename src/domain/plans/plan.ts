import type { Action } from "../actions/action.js";

/** When a step acts, in which nothing is left to choose. Counts are absolute, since the session began; times in ms. */
export type ChosenTrigger =
  | { readonly when: "accepted" | "peer_fin" }
  | { readonly when: "bytes_received" | "bytes_sent"; readonly count: number }
  | { readonly when: "pattern"; readonly bytes: Buffer }
  | { readonly when: "elapsed" | "idle"; readonly ms: number }
  | { readonly when: "signal"; readonly name: string };

/** When a step acts, as it was asked for. */
export type Trigger =
  | Exclude<ChosenTrigger, { readonly count: number }>
  | { readonly when: "bytes_received" | "bytes_sent"; readonly count: Choice };

/** A number that the seed chooses, both ends allowed. */
export interface Choice {
  readonly min: number;
  readonly max: number;
}

/** A trigger, and the actions of which the seed chooses one. */
export interface Step {
  readonly trigger: Trigger;
  readonly actions: readonly Action[];
  /** They were given as a choice, be it of one. */
  readonly isChoice: boolean;
}

/** What shall become of a connection, as it was asked for. */
export interface Plan {
  /** For how many connections; 0: all the rest. */
  readonly connections: number;
  readonly steps: readonly Step[];
  readonly seed: bigint;
}

/** A step in which nothing is left to choose. */
export interface ChosenStep {
  readonly trigger: ChosenTrigger;
  readonly action: Action;
}

/** The names of the signals that a plan waits for. */
export function signalsOf(plan: Plan): readonly string[] {
  return plan.steps.flatMap(({ trigger }) => (trigger.when === "signal" ? [trigger.name] : []));
}
