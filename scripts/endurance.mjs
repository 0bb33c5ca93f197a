// Runs what takes minutes: node scripts/endurance.mjs <name> [options], see test/endurance/endurance.ts.
import { spawnSync } from "node:child_process";
import { bundleProgram, root } from "./program.mjs";

const program = await bundleProgram("test/endurance/endurance.ts", "dist/endurance/endurance.cjs");
const args = ["--enable-source-maps", program, ...process.argv.slice(2)];
const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
if (error !== undefined) throw error;
process.exitCode = status ?? 1;
