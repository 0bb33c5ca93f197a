#!/usr/bin/env node
"use strict";
// Runs the bundled command with the code that V8 had made of it when it was built (scripts/code-cache.cjs): to compile
// it anew is a third of a start. Where there is no such code, or not for this very bundle and Node, V8 compiles it.

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { dirname, join } = require("node:path");
const { Script } = require("node:vm");
const { crc32 } = require("node:zlib");

const bundle = join(__dirname, "../dist/hangup.cjs");

/** The code that a verb runs: a daemon's is another than that of whoever calls it, and what is not run costs time too. */
function cacheFileOf(verb) {
  const part = verb === "serve" ? "serve" : "verbs";
  return join(__dirname, `../dist/hangup-${part}-${process.version}-${process.platform}-${process.arch}.cache`);
}

/** What a cache begins with. V8 looks at the versions and lengths, but would run what belongs to another text. */
function seal(source, code) {
  const sums = Buffer.alloc(8);
  sums.writeUInt32LE(crc32(source), 0);
  sums.writeUInt32LE(crc32(code), 4);
  return sums;
}

/** The code in a file for the bundle; none where it is missing, damaged or another's, or Node is older than 20.15. */
function cachedCode(file, source) {
  if (crc32 === undefined) return undefined;
  try {
    const cache = readFileSync(file);
    const code = cache.subarray(8);
    return seal(source, code).equals(cache.subarray(0, 8)) ? code : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Makes the bundle a script. It is one function expression, and ASCII, so that its bytes are its text. Its name goes into
 * the cache and from there into stacks: that of the folder in which it was built would be wrong wherever it runs.
 */
function compile(source, cachedData) {
  return new Script(source.latin1Slice(), { filename: "hangup.cjs", cachedData });
}

/** Runs it as Node runs a CommonJS module. */
function run(script) {
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(bundle), module, bundle, dirname(bundle));
}

if (require.main === module) {
  const source = readFileSync(bundle);
  run(compile(source, cachedCode(cacheFileOf(process.argv[2]), source)));
} else {
  module.exports = { bundle, cacheFileOf, cachedCode, compile, run, seal };
}
