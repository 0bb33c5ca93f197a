import { spawnSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { version } from "../../src/version.js";
import { scratchDirectory, serve } from "../support/cli.js";

// `npm test` has built the command, and the cache for the Node that runs this.

const root = resolve(__dirname, "../..");
const nameOf = (part: string) => `hangup-${part}-${process.version}-${process.platform}-${process.arch}.cache`;
/** Of a daemon, and of whoever calls it. */
const [daemonCache, cacheName] = [nameOf("serve"), nameOf("verbs")];

/** The command as it is installed, in a place of the test's own. */
async function installed() {
  const directory = await scratchDirectory();
  const dist = join(directory.path, "dist");
  await mkdir(dist);
  await cp(join(root, "bin"), join(directory.path, "bin"), { recursive: true });
  await symlink(join(root, "node_modules"), join(directory.path, "node_modules"));
  for (const name of ["hangup.cjs", daemonCache, cacheName]) await cp(join(root, "dist", name), join(dist, name));
  const command = join(directory.path, "bin/hangup.cjs");
  return {
    bundle: join(dist, "hangup.cjs"),
    cache: join(dist, cacheName),
    files: async () => (await readdir(directory.path, { recursive: true })).toSorted(),
    run: (...args: string[]) => spawnSync(process.execPath, [command, ...args], { encoding: "utf8", timeout: 20_000 }),
    /** Whether V8 took the cached code; undefined: it was given none. */
    taken(verb = "info"): boolean | undefined {
      const script =
        "const { readFileSync } = require('node:fs');" +
        `const { bundle, cacheFileOf, cachedCode, compile } = require(${JSON.stringify(command)});` +
        "const source = readFileSync(bundle);" +
        `const { cachedDataRejected } = compile(source, cachedCode(cacheFileOf(${JSON.stringify(verb)}), source));` +
        "console.log(JSON.stringify({ rejected: cachedDataRejected }));";
      const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8", timeout: 20_000 });
      if (stderr !== "") throw new Error(stderr);
      const { rejected }: { rejected?: boolean } = JSON.parse(stdout);
      return rejected === undefined ? undefined : !rejected;
    },
    [Symbol.asyncDispose]: async () => directory[Symbol.asyncDispose](),
  };
}

test.each(["serve", "info"])("V8 takes the cached code that the build made for %s", async (verb) => {
  await using command = await installed();
  expect(command.taken(verb)).toBe(true);
});

test("the command writes nothing where it is installed", async () => {
  await using command = await installed();
  const before = await command.files();
  expect(command.run("--version").status).toBe(0);
  expect(await command.files()).toEqual(before);
});

describe("the command runs without cached code where the cache", () => {
  test.each<[string, (cache: string) => Promise<void>]>([
    ["is missing", (cache) => rm(cache)],
    ["is empty", (cache) => truncate(cache)],
    ["is cut off", async (cache) => truncate(cache, (await readFile(cache)).length >> 1)],
    ["has one wrong bit", oneWrongBit],
  ])("%s", async (_, damage) => {
    await using command = await installed();
    await damage(command.cache);
    expect(command.taken()).toBeUndefined();
    expect(command.run("--version")).toMatchObject({ status: 0, stdout: `${version}\n` });
  });
});

test("a bundle that was changed, and is as long as before, runs as it is now", async () => {
  await using command = await installed();
  const text = await readFile(command.bundle, "utf8");
  const other = version.replaceAll(/\d/g, "9");
  await writeFile(command.bundle, text.replaceAll(`"${version}"`, `"${other}"`));
  expect(command.run("--version")).toMatchObject({ status: 0, stdout: `${other}\n` });
});

test("what is thrown names the line and the column of the bundle", async () => {
  await using command = await installed();
  await writeFile(command.bundle, '(function () {\n  throw new Error("here");\n})\n');
  expect(command.run().stderr).toContain("hangup.cjs:2:9");
});

test("a daemon has no FFI in its memory before its first listener", async () => {
  await using served = await serve();
  const mapped = async () => (await readFile(`/proc/${served.ready.pid}/maps`, "utf8")).includes("koffi");
  await served.verb("listeners");
  expect(await mapped()).toBe(false);
  await served.verb("listen", "echo");
  expect(await mapped()).toBe(true);
});

test("what is published has the bundles, their parts, types, licenses and the cache, and no program of the checkout", () => {
  const { stdout } = spawnSync("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"], {
    cwd: root,
    encoding: "utf8",
    timeout: 20_000,
  });
  const [published]: { files: { path: string }[] }[] = JSON.parse(stdout);
  const ours = published?.files.map(({ path }) => path).filter((path) => /^(bin|dist)\//.test(path)) ?? [];
  const caches = ours.filter((path) => path.endsWith(".cache"));
  expect(caches).toEqual(expect.arrayContaining([`dist/${daemonCache}`, `dist/${cacheName}`]));
  const types = ours.filter((path) => path.startsWith("dist/types/"));
  expect(types).toEqual(expect.arrayContaining(["dist/types/client/index.d.cts", "dist/types/client/index.d.mts"]));
  expect(types.filter((path) => !/\.d\.[cm]ts$/.test(path))).toEqual([]);
  expect(ours.filter((path) => !caches.includes(path) && !types.includes(path))).toEqual([
    "bin/hangup.cjs",
    "dist/client.cjs",
    "dist/client.mjs",
    "dist/global-setup.cjs",
    "dist/global-setup.mjs",
    "dist/hangup.cjs",
    "dist/metrics.cjs",
    "dist/THIRD_PARTY_LICENSES.txt",
    "dist/tracing.cjs",
  ]);
});

async function oneWrongBit(file: string): Promise<void> {
  const bytes = await readFile(file);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 4;
  await writeFile(file, bytes);
}
