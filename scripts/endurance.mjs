// Runs what takes minutes: node scripts/endurance.mjs <name> [options], see test/endurance/endurance.ts.
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const program = join(root, "dist/endurance/endurance.cjs");

await build({
  absWorkingDir: root,
  entryPoints: [join(root, "test/endurance/endurance.ts")],
  outfile: program,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  external: ["koffi"],
  sourcemap: "linked",
  logLevel: "warning",
});
const args = ["--enable-source-maps", program, ...process.argv.slice(2)];
const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
if (error !== undefined) throw error;
process.exitCode = status ?? 1;
