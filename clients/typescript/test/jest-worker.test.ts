import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findDaemon } from "../src/daemon.js";
import { cleanEnvironment, hangup, root, Workplace } from "./support/package.js";

// jest loads each file of tests anew, into a realm of its own: they share what the process has all the same.

interface Seen {
  readonly uid: string;
  readonly pid: number;
  readonly connections: number;
  readonly own: boolean[];
}

/** Runs the tests of a workplace by one worker of jest. */
async function runJest(workplace: Workplace, env: Record<string, string>): Promise<void> {
  const config = JSON.stringify({ rootDir: workplace.folder, testEnvironment: "node" });
  const program = workplace.run(
    `process.argv.push("--runInBand", "--ci", "--config", ${JSON.stringify(config)});
    await import(${JSON.stringify(join(root, "node_modules/jest/bin/jest.js"))});`,
    cleanEnvironment(env),
  );
  const code = await program.over();
  if (code !== 0) throw new Error(`jest ended with ${code}: ${program.stderr}`);
}

/** What each of four files of one worker saw. */
async function runFiles(env: Record<string, string>): Promise<Seen[]> {
  using workplace = new Workplace();
  const seen = join(workplace.folder, "seen");
  for (const number of [1, 2, 3, 4]) writeFileSync(join(workplace.folder, `file-${number}.test.js`), program);
  await runJest(workplace, { ...env, HANGUP_SEEN: seen });
  return readFileSync(seen, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Seen);
}

const program = `
  const { execFileSync } = require("node:child_process");
  const { appendFileSync, readFileSync } = require("node:fs");
  const { HangupError, startHangup } = require("hangup");

  // Of this process to the daemon: established, and by their remote port, as Linux has them.
  function connections(address) {
    const port = Number(address.split(":")[1]).toString(16).toUpperCase().padStart(4, "0");
    const rows = readFileSync("/proc/net/tcp", "utf8").split("\\n").map((row) => row.trim().split(/\\s+/));
    return rows.filter((row) => row[2] === "0100007F:" + port && row[3] === "01").length;
  }

  test("one of the files", async () => {
    const fixture = await startHangup();
    const error = await fixture.listen({ port: -1 }).catch((thrown) => thrown);
    const listener = await fixture.listen();
    const late = await listener.next({ timeoutMs: 0 }).catch((thrown) => thrown);
    const seen = connections(fixture.daemonAddress);
    const info = [${JSON.stringify(hangup.split(" ")[1])}, "info", "--json", "--address", fixture.daemonAddress];
    const { uid, pid } = JSON.parse(execFileSync(process.execPath, info, { encoding: "utf8" }));
    await fixture.close();
    const own = [error instanceof HangupError, error instanceof Error, late.reason === "WAIT_TIMEOUT"];
    appendFileSync(process.env.HANGUP_SEEN, JSON.stringify({ uid, pid, connections: seen, own }) + "\\n");
  });
`;

test("the files of a jest worker have one daemon and one connection, where none was started for them", async () => {
  using workplace = new Workplace();
  const starts = join(workplace.folder, "starts");
  const counted = join(workplace.folder, "counted.sh");
  writeFileSync(counted, `echo >>${starts}\nexec ${hangup} "$@"\n`);
  appendFileSync(starts, "");
  const seen = await runFiles({ HANGUP_COMMAND: `sh ${counted}` });
  expect(readFileSync(starts, "utf8")).toBe("\n");
  expect(seen).toEqual(Array.from(seen, () => ({ ...seen[0], connections: 1, own: [true, true, true] })));
  expect(seen).toHaveLength(4);
});

test("the files of a jest worker have one connection to the daemon at HANGUP_ADDRESS", async () => {
  const daemon = await findDaemon(cleanEnvironment({ HANGUP_COMMAND: hangup }));
  try {
    const seen = await runFiles({ HANGUP_ADDRESS: daemon.address });
    expect(seen.map(({ pid, connections }) => ({ pid, connections }))).toEqual(
      Array.from({ length: 4 }, () => ({ pid: daemon.pid, connections: 1 })),
    );
  } finally {
    await daemon.stop();
  }
});

test("what does not start is an error of the file that asked", async () => {
  using workplace = new Workplace();
  writeFileSync(
    join(workplace.folder, "none.test.js"),
    `const { HangupError, startHangup } = require("hangup");
    test("none", async () => {
      const error = await startHangup().catch((thrown) => thrown);
      expect(error).toBeInstanceOf(HangupError);
      expect(error.reason).toBe("DAEMON_NOT_STARTED");
    });`,
  );
  await runJest(workplace, { HANGUP_COMMAND: "false" });
});
