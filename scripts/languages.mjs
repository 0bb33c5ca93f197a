// Runs the scenarios in every language: see test/conformance/scenarios/main.ts, whose options these are.
import { spawnSync } from "node:child_process";
import { bundleProgram } from "./program.mjs";

const program = await bundleProgram("test/conformance/scenarios/main.ts", "dist/conformance/languages.cjs");
const { status, error } = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { stdio: "inherit" });
if (error !== undefined) throw error;
process.exitCode = status ?? 1;
