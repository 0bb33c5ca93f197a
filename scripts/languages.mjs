// Runs the scenarios in every language: see test/conformance/scenarios/main.ts, whose options these are.
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const program = join(root, "dist/conformance/languages.cjs");

await build({
  absWorkingDir: root,
  entryPoints: [join(root, "test/conformance/scenarios/main.ts")],
  outfile: program,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  external: ["koffi"],
  logLevel: "warning",
});
const { status, error } = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { stdio: "inherit" });
if (error !== undefined) throw error;
process.exitCode = status ?? 1;
