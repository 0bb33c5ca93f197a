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

/** Passages of files that cost a start more than they have to, and what stands there instead. */
const later = [
  // As grpc-js asks it of every address, though of no IPv4 one: Node's regular expression costs 4 ms at its first use.
  {
    file: /grpc-js.build.src.subchannel-address\.js$/,
    passages: {
      "if ((0, net_1.isIPv6)(address.host))": 'if (address.host.includes(":") && (0, net_1.isIPv6)(address.host))',
    },
  },
  // What koffi has beside its native part is compiled with the rest. Where that part cannot be found from here, as where
  // packages see only what is their own, koffi finds it itself.
  {
    file: /src.kernel.ffi\.ts$/,
    passages: {
      'createRequire(__filename)("koffi") as typeof Koffi':
        '(() => { try { return require("koffi"); } catch { return createRequire(__filename)("koffi"); } })()',
    },
  },
  // Our log is written by this thread, at once.
  {
    file: /pino.lib.tools\.js$/,
    passages: {
      "const { isMainThread } = require('worker_threads')": "",
      "if (!opts.sync && isMainThread)": "if (!opts.sync && require('worker_threads').isMainThread)",
    },
  },
  {
    file: /pino.lib.transport\.js$/,
    passages: {
      "const ThreadStream = require('thread-stream')": "",
      "new ThreadStream(": "new (require('thread-stream'))(",
    },
  },
];

const doneLater = {
  name: "done-later",
  setup({ onLoad }) {
    for (const { file, passages } of later) {
      onLoad({ filter: file }, async ({ path }) => {
        let contents = await readFile(path, "utf8");
        for (const [passage, instead] of Object.entries(passages)) {
          if (contents.split(passage).length !== 2) throw new Error(`${path} is not what it was: not one ${passage}`);
          contents = contents.replace(passage, () => instead);
        }
        return { contents, loader: path.endsWith(".ts") ? "ts" : "js" };
      });
    }
  },
};

/** Of protobuf's runtime what generated code uses, once: its index, in both kinds of module, is all of protobuf. */
const wireAlone = {
  name: "wire-alone",
  setup({ onResolve }) {
    const path = resolve(root, "node_modules/@bufbuild/protobuf/dist/esm/wire/binary-encoding.js");
    onResolve({ filter: /^@bufbuild\/protobuf\/wire$/ }, () => ({ path, sideEffects: false }));
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
    external: ["@koromix/*", "@grpc/proto-loader"],
    plugins: [partsApart, doneLater, wireAlone],
    minifyWhitespace: true,
    lineLimit: 120,
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
const { bundle: file, cacheFileOf, cachedCode } = createRequire(import.meta.url)("../bin/hangup.cjs");
const source = await readFile(file);
if (["serve", "verbs"].some((verb) => cachedCode(cacheFileOf(verb), source) === undefined)) {
  spawnSync(process.execPath, [resolve(root, "scripts/code-cache.cjs")], { stdio: ["ignore", "inherit", "inherit"] });
}
