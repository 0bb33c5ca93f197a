// Bundles the command, and the programs of the checkout that stand beside it, into dist/.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const programs = { hangup: "src/main.ts", demo: "demo/article.ts", bench: "bench/bench.ts" };

await build({
  absWorkingDir: root,
  entryPoints: Object.entries(programs)
    .filter(([, path]) => existsSync(resolve(root, path)))
    .map(([out, path]) => ({ in: path, out })),
  outdir: "dist",
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  // A native module finds its binary beside its own files.
  external: ["koffi"],
  sourcemap: "linked",
  logLevel: "warning",
});
