import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { pino } from "pino";
import { startDaemon } from "../../src/daemon.js";
import { unprivileged, unprivilegedObstacle } from "../support/unprivileged.js";

// What the library says of a path in use the test learns from the error.
setLogVerbosity(logVerbosity.NONE);

const logger = pino({ level: "silent" });

let folder: string;
let path: string;
let umask: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangup-"));
  // Whoever can reach the socket is then a question of its own mode alone.
  chmodSync(folder, 0o755);
  path = join(folder, "api.sock");
  umask = process.umask(0);
});
afterEach(() => {
  process.umask(umask);
  rmSync(folder, { recursive: true });
});

const start = async (where = path) => startDaemon({ listen: { kind: "unix", path: where }, logger });

test("the API's unix socket has mode 0600, whatever the umask", async () => {
  await using _ = await start();
  expect((statSync(path).mode & 0o7777).toString(8)).toBe("600");
});

test("the umask is as it was, also after two starts at once", async () => {
  process.umask(0o027);
  const daemons = await Promise.all([start(), start(join(folder, "other.sock"))]);
  expect(process.umask().toString(8)).toBe("27");
  for (const where of [path, join(folder, "other.sock")]) {
    expect((statSync(where).mode & 0o7777).toString(8)).toBe("600");
  }
  for (const daemon of daemons) await daemon.stop();
});

test("the umask is as it was after a start that failed", async () => {
  writeFileSync(path, "no socket");
  process.umask(0o027);
  await expect(start()).rejects.toMatchObject({ reason: "PORT_IN_USE" });
  expect(process.umask().toString(8)).toBe("27");
});

/** Looks at a path without a pause while `during` runs, and gives the modes that it had, in octal. */
async function modesDuring(during: (seen: Promise<void>) => Promise<void>): Promise<string[]> {
  const script = `
import os, stat, sys
seen = set()
print("looking", flush=True)
while not os.path.exists(sys.argv[2]):
    for _ in range(200):
        try:
            mode = oct(stat.S_IMODE(os.stat(sys.argv[1]).st_mode))[2:]
            if not seen: print("seen", flush=True)
            seen.add(mode)
        except FileNotFoundError:
            pass
print(" ".join(sorted(seen)))
`;
  const done = join(folder, "done");
  const watcher = spawn("python3", ["-c", script, path, done], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  let onSeen!: () => void;
  const seen = new Promise<void>((resolve) => (onSeen = resolve));
  const begun = new Promise<void>((resolve) => {
    watcher.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      resolve();
      if (output.includes("seen")) onSeen();
    });
  });
  await begun;
  try {
    await during(seen);
  } finally {
    writeFileSync(done, "");
  }
  await once(watcher, "close");
  return output.trim().split("\n").at(-1)?.split(" ") ?? [];
}

test("there is no moment in which others could connect", async () => {
  const modes = await modesDuring(async (seen) => {
    for (let round = 0; round < 25; round++) await (await start()).stop();
    await using _ = await start();
    await seen;
  });
  // 700 until the chmod that follows the bind.
  expect(modes.filter((mode) => mode !== "600" && mode !== "700")).toEqual([]);
  expect(modes.filter((mode) => (Number.parseInt(mode, 8) & 0o077) !== 0)).toEqual([]);
});

test("the look would see the mode that a bind alone leaves", async () => {
  const modes = await modesDuring(async (seen) => {
    const server = createServer().listen(path);
    await once(server, "listening");
    await seen;
    server.close();
    await once(server, "close");
  });
  expect(modes).toContain("777");
});

const obstacle = process.getuid?.() === 0 ? unprivilegedObstacle() : "needs root";
const asNobody = obstacle === undefined || process.env["CI"] === "true" ? test : test.skip;

asNobody(`another user cannot connect: EACCES${obstacle === undefined ? "" : ` (not run: ${obstacle})`}`, async () => {
  await using _ = await start();
  const told = "(word) => { console.log(word); process.exit(); }";
  const script = `const tell = ${told}; require("net").connect(${JSON.stringify(path)})
    .on("connect", () => tell("connected")).on("error", ({ code }) => tell(code))`;
  const connectAs = (who: readonly string[]) => {
    const [command, ...args] = [...who, process.execPath, "-e", script];
    return spawnSync(command, args, { encoding: "utf8", timeout: 10_000 }).stdout.trim();
  };
  expect(connectAs(unprivileged)).toBe("EACCES");
  // It is the user that matters, not the way.
  expect(connectAs([])).toBe("connected");
});
