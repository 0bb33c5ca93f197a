import { readFileSync } from "node:fs";

/** One step: what it does under its one other key, and what a user has to see, if it is reported. */
export type Step = Readonly<Record<string, unknown>> & { readonly expect?: string };

/** A language that gives other outcomes, and why. */
export interface Difference {
  readonly expect: readonly string[];
  readonly reason: string;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly listener?: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
  readonly differences?: Readonly<Record<string, Difference>>;
}

/** What steps do, as README.md has them. */
export const stepNames = [
  "connect",
  "write",
  "read",
  "perform",
  "wait",
  "httpGet",
  "serve",
  "dial",
  "close",
  "reset",
  "receipt",
] as const;

export function readScenarios(path: string): Scenario[] {
  return JSON.parse(readFileSync(path, "utf8")) as Scenario[];
}

/** What a step does: its key that is not `expect`. */
export function nameOf(step: Step): string {
  const [name, ...more] = Object.keys(step).filter((key) => key !== "expect");
  if (name === undefined || more.length > 0) throw new Error(`a step does one thing: ${JSON.stringify(step)}`);
  return name;
}

/** The steps that are reported. */
export function reportedSteps({ steps }: Scenario): { name: string; expect: string }[] {
  return steps.flatMap((step) => (step.expect === undefined ? [] : [{ name: nameOf(step), expect: step.expect }]));
}

/** The outcomes that a language has to give. */
export function expectedOutcomes(scenario: Scenario, language: string): readonly string[] {
  return scenario.differences?.[language]?.expect ?? reportedSteps(scenario).map(({ expect }) => expect);
}
