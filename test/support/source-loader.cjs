// `node -r test/support/source-loader.cjs`: a child of a test that runs the source as the test does.
const { transformFileSync } = require("@swc/core");
const Module = require("node:module");

const jsc = { parser: { syntax: "typescript" }, target: "es2022" };
Module._extensions[".ts"] = (module, file) =>
  module._compile(transformFileSync(file, { jsc, module: { type: "commonjs" } }).code, file);

const resolve = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) => {
  try {
    return resolve(name, ...rest);
  } catch {
    return resolve(name.replace(/\.js$/, ".ts"), ...rest);
  }
};
