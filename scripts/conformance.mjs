// Runs the whole catalogue of test/conformance outside of the test runner.
//   node scripts/conformance.mjs [--as unprivileged|isolated|unprivileged-isolated] [options of test/conformance/run.ts]
// unprivileged: as a user without any capability, daemon, peers and all. isolated: under `hangup run --isolated`.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { bundleProgram, root } from "./program.mjs";

const unprivileged = [
  "setpriv",
  "--reuid",
  "65534",
  "--regid",
  "65534",
  "--clear-groups",
  "--bounding-set",
  "-all",
  "--no-new-privs",
];
const isolated = [process.execPath, join(root, "bin/hangup.cjs"), "run", "--isolated", "--"];
const ways = {
  "": [],
  unprivileged: isRoot() ? unprivileged : [],
  isolated,
  "unprivileged-isolated": [...(isRoot() ? unprivileged : []), ...isolated],
};

const args = process.argv.slice(2);
const at = args.indexOf("--as");
const [, way = ""] = at < 0 ? [] : args.splice(at, 2);
const prefix = ways[way];
if (prefix === undefined) throw new Error(`--as ${way}: use ${Object.keys(ways).filter(Boolean).join(", ")}`);

const program = await bundleProgram("test/conformance/run.ts", "dist/conformance/run.cjs");
const [command, ...rest] = [...prefix, process.execPath, program, ...args];
const env = { ...process.env };
// The daemon is the run's own.
delete env.HANGUP_ADDRESS;
const { status, error } = spawnSync(command, rest, { cwd: root, stdio: "inherit", env });
if (error !== undefined) throw error;
process.exitCode = status ?? 1;

function isRoot() {
  return process.getuid?.() === 0;
}
