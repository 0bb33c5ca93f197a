// Bundles the command, and the programs of the checkout that stand beside it, into dist/.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const programs = { hangup: "src/main.ts", demo: "demo/article.ts", bench: "bench/bench.ts" };
/** Parts that are loaded when they are asked for, each a bundle of its own: who does not ask does not pay. */
const parts = { metrics: "src/observability/metrics.ts", tracing: "src/observability/tracing.ts" };

const partsApart = {
  name: "parts-apart",
  setup({ onResolve }) {
    onResolve({ filter: /\/(metrics|tracing)\.js$/ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path: path.replace(/^.*\/(\w+)\.js$/, "./$1.cjs"), external: true } : undefined,
    );
  },
};

await build({
  absWorkingDir: root,
  entryPoints: Object.entries({ ...programs, ...parts })
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
  plugins: [partsApart],
  sourcemap: "linked",
  logLevel: "warning",
});
