// Uses the bundled command in this process as its users will, and writes the code that V8 has made of it by then beside
// the bundle, where bin/hangup.cjs finds it. What was never used is not in it, and is compiled when it is.
// It talks with itself on 127.0.0.1 alone.
const { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const { bundle, cacheFile, cachedCode, compile, run, seal } = require("../bin/hangup.cjs");

/** A function that has run once is compiled; more rounds add what is met by chance, such as a late FIN. */
const rounds = 5;

const source = readFileSync(bundle);
const script = compile(source);

// Each run of the command in this process would listen on them once more, and end it.
const { stdout, exit } = process;
let print = () => {};
stdout.setMaxListeners(0);
stdout.write = (text) => {
  print(text);
  return true;
};
process.exit = () => {};

/** Runs the command and gives the line that it prints. */
async function hangup(...words) {
  const line = new Promise((resolve) => {
    print = resolve;
  });
  process.argv = [process.execPath, "hangup", ...words];
  run(script);
  return JSON.parse(await line);
}

async function use() {
  const { address } = await hangup("serve", "--listen", "127.0.0.1:0", "--log-level", "warn");
  const at = ["--json", "--address", address];
  await hangup("info", ...at);
  for (let round = 0; round < rounds; round += 1) {
    const { listener } = await hangup("listen", "echo", ...at);
    const { session } = await hangup("dial", listener.address, ...at);
    await hangup("session", session.name, ...at);
    await hangup("reset", session.name, ...at);
    await hangup("sessions", ...at);
    await hangup("delete", "echo", ...at);
  }
}

const timeout = setTimeout(() => {
  console.error("no code cache: the command did not do what was asked within 30 s");
  exit(1);
}, 30_000);

async function main() {
  await use();
  clearTimeout(timeout);
  const code = script.createCachedData();
  // Whoever starts meanwhile finds it whole.
  const draft = `${cacheFile}.${process.pid}`;
  writeFileSync(draft, Buffer.concat([seal(source, code), code]));
  renameSync(draft, cacheFile);
  removeOthers();
  exit(0);
}

/** Removes what was made of other bundles; what other versions of Node made of this one is still good. */
function removeOthers() {
  const dist = dirname(bundle);
  for (const name of readdirSync(dist)) {
    const file = join(dist, name);
    if (name.endsWith(".cache") && cachedCode(file, source) === undefined) rmSync(file, { force: true });
  }
}

main().catch((error) => {
  console.error(`no code cache: ${error.stack}`);
  exit(1);
});
