// Uses the bundled command as its users will, the daemon in a process of its own, and writes the code that V8 has made
// of it in each of the two beside the bundle, where bin/hangup.cjs finds it. What was never used is not in it, and is
// compiled when it is. They talk with each other on 127.0.0.1 alone.
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const { bundle, cacheFileOf, cachedCode, compile, run, seal } = require("../bin/hangup.cjs");

/** A function that has run once is compiled; more rounds add what is met by chance, such as a late FIN. */
const rounds = 5;

/** The ending that most ask for, where it can be had. */
const ending = process.platform === "linux" ? "reset" : "close";

const source = readFileSync(bundle);
const script = compile(source);
const { stdout, stderr, exit } = process;
const writeError = stderr.write.bind(stderr);
let print = () => {};
let complain = () => {};

if (process.argv[2] === "serve") {
  process.on("exit", () => keep("serve"));
  run(script);
} else {
  main().catch((error) => {
    fail(error.stack);
  });
}

async function main() {
  setTimeout(() => {
    fail("the command did not do what was asked within 30 s");
  }, 30_000).unref();
  // Whatever points the command elsewhere is not meant for this.
  for (const name of Object.keys(process.env)) if (name.startsWith("HANGUP_")) delete process.env[name];
  const words = ["serve", "--listen", "127.0.0.1:0", "--log-level", "warn", "--exit-with-stdin"];
  const daemon = spawn(process.execPath, [__filename, ...words], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(daemon, "exit");
  const [ready] = await Promise.race([once(daemon.stdout, "data"), ended]);
  if (!Buffer.isBuffer(ready)) throw new Error("the daemon ended before it was ready");
  await use(JSON.parse(ready).address);
  daemon.stdin.end();
  await ended;
  keep("verbs");
  removeOthers();
  exit(0);
}

async function use(address) {
  // Each run of the command in this process would listen on them once more, and end it.
  stdout.setMaxListeners(0);
  stdout.write = (text) => {
    print(text);
    return true;
  };
  stderr.write = (text) => {
    complain(new Error(String(text).trim()));
    return true;
  };
  process.exit = () => {};
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

/** Runs the verb of a daemon's caller and gives the line that it prints. */
async function hangup(...words) {
  const line = new Promise((resolve, reject) => {
    print = resolve;
    complain = reject;
  });
  process.argv = [process.execPath, "hangup", ...words];
  run(script);
  return JSON.parse(await line);
}

/** Writes the code that this process has run by now, for whoever runs the verb. */
function keep(verb) {
  const cacheFile = cacheFileOf(verb);
  const code = script.createCachedData();
  // Whoever starts meanwhile finds it whole.
  const draft = `${cacheFile}.${process.pid}`;
  writeFileSync(draft, Buffer.concat([seal(source, code), code]));
  renameSync(draft, cacheFile);
}

/** Removes what was made of other bundles; what other versions of Node made of this one is still good. */
function removeOthers() {
  const dist = dirname(bundle);
  for (const name of readdirSync(dist)) {
    const file = join(dist, name);
    if (name.endsWith(".cache") && cachedCode(file, source) === undefined) rmSync(file, { force: true });
  }
}

function fail(why) {
  writeError(`no code cache, so the command will start more slowly: ${why}\n`);
  exit(1);
}
