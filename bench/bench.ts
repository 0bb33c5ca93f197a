import { parseArgs } from "node:util";
import type { Measure } from "./measure.js";
import { actions } from "./measures/actions.js";
import { startUp } from "./measures/start-up.js";
import { summarize, table } from "./summary.js";

// npm run bench -- [measure...] [--rounds N] [--json]

const measures: readonly Measure[] = [startUp, actions];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "boolean", default: false }, rounds: { type: "string" } },
  });
  const known = measures.map(({ name, about }) => `  ${name}: ${about}`).join("\n");
  const unknown = positionals.find((wanted) => !measures.some(({ name }) => name === wanted));
  if (unknown !== undefined) throw new Error(`no measure ${unknown}; there are:\n${known}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new Error(`--rounds ${values.rounds}: use 1 or more`);
  }

  const chosen = positionals.length === 0 ? measures : measures.filter(({ name }) => positionals.includes(name));
  const results: object[] = [];
  for (const measure of chosen) {
    const summaries = summarize(await measure.run({ rounds: rounds ?? measure.defaultRounds }));
    if (values.json) results.push({ measure: measure.name, about: measure.about, rows: summaries });
    else console.log(`${measure.name}: ${measure.about}\n${table(summaries)}\n`);
  }
  if (values.json)
    console.log(JSON.stringify({ runtime: `node ${process.versions.node}`, measures: results }, null, 2));
}

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
