// Loaded into a daemon by --require: tells on stderr, when it ends, which files it has loaded.
process.on("exit", () => process.stderr.write(`${JSON.stringify(Object.keys(require.cache))}\n`));
