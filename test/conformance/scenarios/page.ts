import { expectedOutcomes, outcomeText, reportedSteps, type Scenario } from "./scenario.js";
import type { Seen, StepSeen } from "./seen.js";

/** Languages in the order of clients/README.md, and how they are written. */
export const languages = {
  python: "Python",
  go: "Go",
  java: "Java",
  rust: "Rust",
  typescript: "TypeScript",
  c: "C",
  shell: "shell",
} as const;
export type Language = keyof typeof languages;

/** What one language's overhead.sh printed: medians of one cycle, in microseconds. */
export interface Overhead {
  readonly language: string;
  readonly version: string;
  readonly cycles: number;
  readonly clientMicros: number;
  readonly stubMicros: number;
  readonly via: string;
}

/** docs/languages.md. */
export function page(scenarios: readonly Scenario[], all: readonly Seen[], costs: readonly Overhead[]): string {
  return `${[
    "# What each language sees",
    "",
    "Each row is a scenario that every [client](../clients/README.md) runs with the ordinary sockets and the ordinary HTTP client of its language. In the first",
    "table stands what decided it; below, for each scenario, in which words the language told it. Look for your error message here.",
    "",
    "It is written by a run: `npm run languages` (the list is in [test/conformance/scenarios](../test/conformance/scenarios/README.md)).",
    "",
    "## The matrix",
    "",
    ...matrix(scenarios, all),
    "",
    "A * is a known difference; its reason is [below](#known-differences).",
    "",
    "## Versions",
    "",
    ...table(
      ["language", "version", "sockets", "HTTP"],
      all.map(({ language, version, sockets, http }) => [titleOf(language), version, sockets, http]),
    ),
    "",
    "## What a client costs",
    "",
    "The median time of one cycle: connect, learn the session's name, reset it, meet ECONNRESET. Through the client, and through the bare stub that is",
    "generated for the language (C: lines written to the pipe by hand; shell: `grpcurl`), in turns in one run, on two shared cores: the ratio says more than the",
    "times. It is measured anew by `npm run languages -- --overhead`.",
    "",
    ...table(
      ["language", "client", "bare stub", "ratio", "calls go by"],
      costs.map(({ language, clientMicros, stubMicros, via }) => [
        titleOf(language),
        `${Math.round(clientMicros)} µs`,
        `${Math.round(stubMicros)} µs`,
        (clientMicros / stubMicros).toFixed(2),
        via,
      ]),
    ),
    "",
    "## Known differences",
    "",
    ...differences(scenarios),
    ...scenarios.flatMap((scenario) => ["", ...section(scenario, all)]),
  ].join("\n")}\n`;
}

function matrix(scenarios: readonly Scenario[], all: readonly Seen[]): string[] {
  return table(
    ["scenario", ...all.map(({ language }) => titleOf(language))],
    scenarios.map((scenario) => [
      `[${scenario.name}](#${scenario.name})`,
      ...all.map(({ language, scenarios: seen }) => {
        if (seen[scenario.name] === undefined) return "not run";
        const mark = scenario.differences?.[language] === undefined ? "" : " *";
        return `${outcomeText(expectedOutcomes(scenario, language).at(-1))}${mark}`;
      }),
    ]),
  );
}

function differences(scenarios: readonly Scenario[]): string[] {
  const lines = scenarios.flatMap(({ name, differences: of = {} }) =>
    Object.entries(of).map(([language, { reason }]) => `- [${name}](#${name}), ${titleOf(language)}: ${reason}.`),
  );
  return lines.length === 0 ? ["None."] : lines;
}

function section(scenario: Scenario, all: readonly Seen[]): string[] {
  const steps = reportedSteps(scenario);
  // What goes before the ending is the same everywhere.
  const interesting = steps.map((_, index) => index).filter((index) => !isPreamble(steps, index));
  return [
    `## ${scenario.name}`,
    "",
    `${scenario.title}.`,
    "",
    ...table(
      ["language", ...interesting.map((index) => steps[index]?.name ?? "")],
      all.map(({ language, scenarios: seen }) => [
        titleOf(language),
        ...interesting.map((index) => cell(seen[scenario.name]?.[index])),
      ]),
    ),
  ];
}

function isPreamble(steps: readonly { expect: string }[], index: number): boolean {
  return steps.length > 1 && index < steps.length - 1 && ["OK", "DATA hello"].includes(steps[index]?.expect ?? "");
}

function cell(step: StepSeen | undefined): string {
  return step === undefined ? "not run" : code(step.saw);
}

/** As code, with what would end a cell or the code written otherwise. */
function code(text: string): string {
  const oneLine = text.replaceAll("\n", "\\n").replaceAll("|", "\\|");
  return oneLine.includes("`") ? `\`\` ${oneLine} \`\`` : `\`${oneLine}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

function titleOf(language: string): string {
  return languages[language as Language] ?? language;
}
