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
const { stdout, stderr, exit } = process;
let print = () => {};
let complain = () => {};
stdout.setMaxListeners(0);
stdout.write = (text) => {
  print(text);
  return true;
};
const writeError = stderr.write.bind(stderr);
stderr.write = (text) => {
  complain(new Error(String(text).trim()));
  return true;
};
process.exit = () => {};
// Whatever points the command elsewhere is not meant for this.
for (const name of Object.keys(process.env)) if (name.startsWith("HANGUP_")) delete process.env[name];
/** The ending that most ask for, where it can be had. */
const ending = process.platform === "linux" ? "reset" : "close";

/** Runs the command and gives the line that it prints. */
async function hangup(...words) {
  const line = new Promise((resolve, reject) => {
    print = resolve;
    complain = reject;
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
    await hangup(ending, session.name, ...at);
    await hangup("sessions", ...at);
    await hangup("delete", "echo", ...at);
  }
}

const timeout = setTimeout(() => {
  fail("the command did not do what was asked within 30 s");
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
  fail(error.stack);
});

function fail(why) {
  writeError(`no code cache, so the command will start more slowly: ${why}\n`);
  exit(1);
}
