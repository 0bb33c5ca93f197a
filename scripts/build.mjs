// Bundles the command, and the programs of the checkout that stand beside it, into dist/.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createRequire } from "node:module";
import { build } from "esbuild";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const command = { hangup: "src/main.ts" };
const programs = { demo: "demo/article.ts", bench: "bench/bench.ts" };
/** Parts that are loaded when they are asked for, each a bundle of its own: who does not ask does not pay. */
const parts = { metrics: "src/observability/metrics.ts", tracing: "src/observability/tracing.ts" };

/** What tests import, in clients/typescript/src: by the name of the export, each with its types. */
const client = { client: "index", "global-setup": "global-setup" };

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

/**
 * In the client: its connection keeps no test process alive, also while a scope is held over it. What a test waits for
 * does, by a timer of its own (clients/typescript/src/connection.ts).
 */
const unheld = [{ file: /grpc-js.build.src.transport\.js$/, passages: { "this.session.ref();": "" } }];

const withPassages = (name, changed) => ({
  name,
  setup({ onLoad }) {
    for (const { file, passages } of changed) {
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
});
const doneLater = withPassages("done-later", later);

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

/** Bundles what is there of `entries`, each by the name that it gets in dist/; and gives the files that it took. */
async function bundle(entries, options = {}) {
  const { outputFiles, metafile } = await build({
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
    metafile: true,
    write: false,
    ...options,
  });
  await Promise.all(outputFiles.map(replace));
  return Object.keys(metafile.inputs);
}

/** What the bundles took of other packages is published with them, so their licenses are, too. */
async function writeLicenses(files) {
  const folders = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  const texts = [...new Set(folders)]
    .filter((folder) => folder !== undefined)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(resolve(root, folder, "package.json"), "utf8"));
      const file = (await readdir(resolve(root, folder))).find((one) => /^licen[cs]e/i.test(one));
      const text = file === undefined ? "" : await readFile(resolve(root, folder, file), "utf8");
      return `${name} ${version}: ${license}\n\n${text.trim()}`.trim();
    });
  const contents = Buffer.from(`${[...new Set(await Promise.all(texts))].join(`\n\n${"-".repeat(80)}\n\n`)}\n`);
  await replace({ path: resolve(root, "dist/THIRD_PARTY_LICENSES.txt"), contents });
}

/**
 * What tests import, as CommonJS; and for `import` a module that has the names of it, so that a process has one client,
 * and one daemon, however it is asked for.
 */
async function writeClient([name, entry]) {
  const path = `clients/typescript/src/${entry}.ts`;
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [path],
    packages: "external",
    bundle: true,
    platform: "node",
    format: "esm",
    metafile: true,
    write: false,
    outdir: "dist",
    logLevel: "warning",
  });
  const names = Object.values(metafile.outputs)[0].exports.toSorted();
  const lines = names.map((one) =>
    one === "default" ? "export default all.default;" : `export const ${one} = all.${one};`,
  );
  const text = [`import all from "./${name}.cjs";`, ...lines, ""].join("\n");
  const [taken] = await Promise.all([
    bundle(
      { [name]: path },
      {
        plugins: [withPassages("unheld", unheld), wireAlone],
        // What is never run tells tools that read and do not run it of the one name that esbuild does not tell them.
        ...(names.includes("default") && { footer: { js: "0&&(module.exports.default=0);" } }),
      },
    ),
    replace({ path: resolve(root, `dist/${name}.mjs`), contents: Buffer.from(text) }),
  ]);
  return taken;
}

/**
 * The types of the client and of the messages that it names, once for `import` and once for `require`: a declaration is
 * of the kind of module that its file's name says.
 */
async function writeTypes() {
  const from = await mkdtemp(join(tmpdir(), "hangup-types-"));
  try {
    const compiler = resolve(root, "node_modules/typescript/bin/tsc");
    const args = ["-p", resolve(root, "clients/typescript/tsconfig.json"), "--outDir", from];
    const { status, stdout } = await outcomeOf(process.execPath, [compiler, ...args]);
    if (status !== 0) throw new Error(`the types of the client cannot be made:\n${stdout}`);
    const asked = Object.values(client).map((entry) => join(from, `clients/typescript/src/${entry}.d.ts`));
    const seen = new Set(asked);
    // A set goes on to what is added to it meanwhile.
    for (const path of seen) {
      const text = withoutCode(await readFile(path, "utf8"));
      for (const [, imported] of text.matchAll(/(?:from|import) "(\.[^"]+)\.js"/g))
        seen.add(resolve(dirname(path), `${imported}.d.ts`));
      const place = relative(from, path)
        .replace(/^clients\/typescript\/src\//, "client/")
        .replace(/^src\//, "");
      const moved = text.replaceAll('"../../../src/gen/', '"../gen/');
      for (const kind of ["mts", "cts"]) {
        const contents = moved.replaceAll(/(from|import) "(\.[^"]+)\.js"/g, `$1 "$2.${kind.replace("ts", "js")}"`);
        const out = resolve(root, "dist/types", place.replace(/\.d\.ts$/, `.d.${kind}`));
        await replace({ path: out, contents: Buffer.from(contents) });
      }
    }
  } finally {
    await rm(from, { recursive: true, force: true });
  }
}

/** Of the declarations of generated code the messages and enums, and not what encodes and calls. */
function withoutCode(text) {
  if (!text.includes("export declare const protobufPackage")) return text;
  return text
    .replaceAll(/^import .* from "(?:@bufbuild\/protobuf|nice-grpc).*";\n/gm, "")
    .replaceAll(/^export declare const (?:protobufPackage|protobufFileName)\b.*\n/gm, "")
    .replaceAll(/^export declare const \w+: MessageFns<\w+>;\n/gm, "")
    .replaceAll(
      /^(?:\/\*\*(?:(?!\*\/)[^])*\*\/\n)?export (?:type \w+Definition = .*;|(?:declare const \w+Definition:|interface (?:\w+Service(?:Implementation|Client)<|MessageFns<))[^]*?^\};?)\n/gm,
      "",
    );
}

/** A program that ran to its end. */
function outcomeOf(file, args) {
  return new Promise((done, fail) => {
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.once("error", fail).once("close", (status) => done({ status, stdout }));
  });
}

const published = Promise.all([
  ...Object.entries(client).map(writeClient),
  bundle(parts),
  // One function expression, as bin/hangup.cjs runs it.
  bundle(command, {
    banner: { js: "(function (exports, require, module, __filename, __dirname) {" },
    footer: { js: "})" },
  }),
]);
await Promise.all([published.then((files) => writeLicenses(files.flat())), writeTypes(), bundle(programs)]);

// It is made once of a bundle, for each version of Node: see bin/hangup.cjs.
// Without the cache all works, more slowly: no reason to fail where 127.0.0.1 cannot be had.
const { bundle: file, cacheFileOf, cachedCode } = createRequire(import.meta.url)("../bin/hangup.cjs");
const source = await readFile(file);
if (["serve", "verbs"].some((verb) => cachedCode(cacheFileOf(verb), source) === undefined)) {
  spawnSync(process.execPath, [resolve(root, "scripts/code-cache.cjs")], { stdio: ["ignore", "inherit", "inherit"] });
}
