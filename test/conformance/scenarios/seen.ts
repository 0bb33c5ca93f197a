import { expectedOutcomes, isExpected, outcomeText, reportedSteps, type Scenario } from "./scenario.js";

/** What a user of the language sees of one step. */
export interface StepSeen {
  readonly step: string;
  readonly outcome: string;
  readonly saw: string;
}

/** What one language's client printed. */
export interface Seen {
  readonly language: string;
  readonly version: string;
  readonly sockets: string;
  readonly http: string;
  readonly scenarios: Readonly<Record<string, readonly StepSeen[]>>;
}

/** Reads the lines of a `conformance.sh`. */
export function parseSeen(lines: string): Seen {
  const [head, ...rest] = lines
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  if (typeof head?.["language"] !== "string") throw new Error(`the first line has no language: ${lines.slice(0, 200)}`);
  const scenarios: Record<string, readonly StepSeen[]> = {};
  for (const { scenario, steps } of rest as unknown as { scenario: string; steps: StepSeen[] }[]) {
    if (scenario in scenarios) throw new Error(`${head["language"]} tells of ${scenario} twice`);
    scenarios[scenario] = steps;
  }
  return { ...(head as unknown as Omit<Seen, "scenarios">), scenarios };
}

/** Where a language saw other than it should: a line each. */
export function complaints(scenarios: readonly Scenario[], { language, scenarios: seen }: Seen): string[] {
  const known = new Set(scenarios.map(({ name }) => name));
  const unknown = Object.keys(seen).filter((name) => !known.has(name));
  return [
    ...unknown.map((name) => `${language}, ${name}: there is no such scenario`),
    ...scenarios.flatMap((scenario) => {
      const steps = seen[scenario.name];
      if (steps === undefined) return [`${language}, ${scenario.name}: it was not run`];
      const should = reportedSteps(scenario).map(({ name }) => name);
      const told = steps.map(({ step }) => step);
      if (told.join(" ") !== should.join(" ")) {
        return [
          `${language}, ${scenario.name}: it told of the steps ${told.join(" ")}, and not of ${should.join(" ")}`,
        ];
      }
      const expected = expectedOutcomes(scenario, language);
      return steps
        .map(({ step, outcome, saw }, index) => ({ step, outcome, saw, expect: expected[index] }))
        .filter(({ outcome, expect }) => !isExpected(outcome, expect))
        .map(
          ({ step, outcome, saw, expect }) =>
            `${language}, ${scenario.name}: ${step} gave ${outcome} (${saw}), and not ${outcomeText(expect)}`,
        );
    }),
  ];
}

/**
 * Where the wording is another than it was: only what the same version said can be held against it, and only where there
 * is one outcome.
 */
export function wordingChanged(scenarios: readonly Scenario[], before: Seen | undefined, now: Seen): string[] {
  if (before?.version !== now.version) return [];
  return scenarios.flatMap((scenario) => {
    const { name } = scenario;
    const expected = expectedOutcomes(scenario, now.language);
    return (now.scenarios[name] ?? []).flatMap(({ step, saw }, index) => {
      const was = before.scenarios[name]?.[index]?.saw;
      return was === saw || typeof expected[index] !== "string"
        ? []
        : [`${now.language}, ${name}: ${step} said ${saw}, and ${was ?? "nothing"} when it was written`];
    });
  });
}
