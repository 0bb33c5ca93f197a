import { readFileSync } from "node:fs";

/** One step: what it does under its one other key, and what a user has to see, if it is reported. */
export type Step = Readonly<Record<string, unknown>> & { readonly expect?: string };

/** What has to be seen; where there are several, the language itself may give any of them. */
export type Outcome = string | readonly string[];

/** A language that gives other outcomes, and why. */
export interface Difference {
  readonly expect: readonly Outcome[];
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
export function expectedOutcomes(scenario: Scenario, language: string): readonly Outcome[] {
  return scenario.differences?.[language]?.expect ?? reportedSteps(scenario).map(({ expect }) => expect);
}

export function isExpected(outcome: string, expected: Outcome | undefined): boolean {
  return typeof expected === "string" ? outcome === expected : expected?.includes(outcome) === true;
}

export function outcomeText(outcome: Outcome | undefined): string {
  return typeof outcome === "string" ? outcome : (outcome?.join(" or ") ?? "nothing");
}
