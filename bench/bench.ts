import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { findContestants } from "./contestants.js";
import { measures } from "./measures.js";
import { readResults, runMeasures } from "./results.js";
import { writePage } from "./page.js";

// npm run bench -- [measure...] [--rounds N] [--quick] [--json FILE] [--from FILE]... [--against DIR]... [--write-docs]
//
//   --quick        one round of little: only to see that it runs
//   --json FILE    writes what was measured there, too
//   --from FILE    what an earlier run has written, for measures that are not run now; with no measure named, none is
//   --against DIR  measures the daemon of another checkout, built, beside this one: `Node 20 of <its folder>`
//   --write-docs   writes docs/performance.md anew

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      from: { type: "string", multiple: true, default: [] },
      against: { type: "string", multiple: true, default: [] },
      "write-docs": { type: "boolean", default: false },
    },
  });
  const known = measures.map(({ name, about }) => `  ${name}: ${about}`).join("\n");
  const unknown = positionals.find((wanted) => !measures.some(({ name }) => name === wanted));
  if (unknown !== undefined) throw new Error(`no measure ${unknown}; there are:\n${known}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new Error(`--rounds ${values.rounds}: use 1 or more`);
  }
  const all = positionals.length === 0 && values.from.length === 0;
  const chosen = all ? measures : measures.filter(({ name }) => positionals.includes(name));

  const { results, failed } = await runMeasures(
    chosen,
    { rounds, quick: values.quick },
    findContestants(values.against),
    readResults(values.from),
  );
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
  if (failed.length > 0) throw new Error(`${failed.join(", ")} failed`);
  if (values["write-docs"]) writePage(results);
}

main()
  .catch((error: unknown) => {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  })
  // Children of a measure that failed would hold this up.
  .finally(() => process.exit());
