// Writes what a peer sees into the manual, from a run of the whole catalogue and of the peers in other languages.
//   node scripts/outcomes.mjs [--check] [--runs <n>|full]
// --check runs nothing: it fails when the manual has other cases, calls or outcomes than the catalogue.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleProgram, root } from "./program.mjs";

const check = process.argv.includes("--check");
const at = process.argv.indexOf("--runs");
const runs = at < 0 ? "full" : process.argv[at + 1];
const node = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: "inherit" });

const program = await bundleProgram("test/conformance/outcomes.ts", "dist/conformance/outcomes.cjs");
if (check) node(program, "--check");
else {
  const folder = mkdtempSync(join(tmpdir(), "hangup-outcomes-"));
  try {
    const seen = join(folder, "seen.json");
    node(join(root, "scripts/conformance.mjs"), "--complete", "--runs", runs, "--out", seen);
    node(program, "--seen", seen);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
