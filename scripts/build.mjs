// Bundles the command, and the programs of the checkout that stand beside it, into dist/.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createRequire } from "node:module";
import { build } from "esbuild";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const command = { hangup: "src/main.ts" };
const programs = { demo: "demo/article.ts", bench: "bench/bench.ts" };
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

/** As grpc-js asks it of every address, though of no IPv4 one: Node's regular expression costs 4 ms at its first use. */
const lazyIsIPv6 = {
  name: "lazy-is-ipv6",
  setup({ onLoad }) {
    onLoad({ filter: /grpc-js.build.src.subchannel-address\.js$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const asked = "if ((0, net_1.isIPv6)(address.host))";
      if (!text.includes(asked)) throw new Error(`${path} is not what it was: no ${asked}`);
      return { contents: text.replace(asked, 'if (address.host.includes(":") && (0, net_1.isIPv6)(address.host))') };
    });
  },
};

/**
 * Writes a file unless it has these bytes already. Whoever runs it meanwhile finds the one before or this one, whole.
 *  */
async function replace({ path, contents }) {
  const before = await readFile(path).catch(() => undefined);
  if (before?.equals(contents)) return;
  const draft = `${path}.${process.pid}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(draft, contents);
  await rename(draft, path);
}

/** Bundles what is there of `entries`, each by the name that it gets in dist/. */
async function bundle(entries, options = {}) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.entries(entries)
      .filter(([, path]) => existsSync(resolve(root, path)))
      .map(([out, path]) => ({ in: path, out })),
    outdir: "dist",
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    // By require(): the command is not run as a module that could import().
    supported: { "dynamic-import": false },
    // A native module finds its binary beside its own files.
    external: ["koffi"],
    plugins: [partsApart, lazyIsIPv6],
    sourcemap: "linked",
    logLevel: "warning",
    write: false,
    ...options,
  });
  await Promise.all(outputFiles.map(replace));
}

await Promise.all([
  bundle({ ...programs, ...parts }),
  // One function expression, as bin/hangup.cjs runs it.
  bundle(command, {
    banner: { js: "(function (exports, require, module, __filename, __dirname) {" },
    footer: { js: "})" },
  }),
]);

// It is made once of a bundle, for each version of Node: see bin/hangup.cjs.
// Without the cache all works, more slowly: no reason to fail where 127.0.0.1 cannot be had.
const { bundle: file, cacheFile, cachedCode } = createRequire(import.meta.url)("../bin/hangup.cjs");
if (cachedCode(cacheFile, await readFile(file)) === undefined) {
  spawnSync(process.execPath, [resolve(root, "scripts/code-cache.cjs")], { stdio: ["ignore", "inherit", "inherit"] });
}
