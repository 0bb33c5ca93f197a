// Runs a program in TypeScript, which Node 20 does not read: node run-typescript.mjs <file> [arguments]
// What it imports by name it gets as its users do: `hangup` is the built package, not its source.
import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const [entry = "", ...args] = process.argv.slice(2);
const dist = resolve(fileURLToPath(import.meta.url), "../../../dist");
const folder = mkdtempSync(join(dist, "typescript-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const outfile = join(folder, "program.mjs");
await build({
  entryPoints: [resolve(entry)],
  outfile,
  bundle: true,
  packages: "external",
  platform: "node",
  target: "node20",
  format: "esm",
  sourcemap: "inline",
  logLevel: "warning",
});
process.argv = [process.execPath, entry, ...args];
process.setSourceMapsEnabled(true);
await import(pathToFileURL(outfile).href);
