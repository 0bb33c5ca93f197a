// A program of test/ as one file under dist/, so that it runs without the test runner.
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const root = resolve(fileURLToPath(import.meta.url), "../..");

/** Bundles `entry` into `outfile`, both from the root, and gives the path of the program. */
export async function bundleProgram(entry, outfile) {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    external: ["koffi"],
    sourcemap: "linked",
    logLevel: "warning",
  });
  return join(root, outfile);
}
