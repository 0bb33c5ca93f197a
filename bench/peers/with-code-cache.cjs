// with-code-cache.cjs <bundle> <cache>: runs the bundle with the code that an earlier run has left; one that finds none
// leaves it at SIGTERM, when V8 has made it.
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const { Script } = require("node:vm");

const [bundle, cache] = process.argv.slice(2);
const source = `(function (exports, require, module) {${readFileSync(bundle, "latin1")}\n})`;
const found = existsSync(cache);
const script = new Script(source, { filename: bundle, cachedData: found ? readFileSync(cache) : undefined });
if (script.cachedDataRejected) throw new Error(`${cache} is of another bundle or Node`);
process.on("SIGTERM", () => {
  if (!found) writeFileSync(cache, script.createCachedData());
  process.exit();
});
const module_ = { exports: {} };
script.runInThisContext()(module_.exports, require, module_);
