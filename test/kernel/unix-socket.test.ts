import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeStaleUnixSocket } from "../../src/kernel/unix-socket.js";
import { type Judge, startJudge } from "../support/judge.js";

let judge: Judge;
let folder: string;

beforeEach(async () => {
  judge = await startJudge();
  folder = mkdtempSync(join(tmpdir(), "hangup-"));
});

afterEach(async () => {
  await judge.stop();
  rmSync(folder, { recursive: true });
});

test("a socket file that nobody listens on any more is removed", async () => {
  const path = join(folder, "stale.sock");
  const listener = await judge.listen({ path });
  await listener.close();
  expect(existsSync(path)).toBe(true);
  await removeStaleUnixSocket(path);
  expect(existsSync(path)).toBe(false);
});

test("a socket that somebody listens on stays", async () => {
  const path = join(folder, "live.sock");
  await judge.listen({ path });
  await removeStaleUnixSocket(path);
  expect(existsSync(path)).toBe(true);
});

test("a plain file and a folder stay, and what is not there is no error", async () => {
  const path = join(folder, "plain");
  writeFileSync(path, "mine");
  await removeStaleUnixSocket(path);
  await removeStaleUnixSocket(folder);
  await removeStaleUnixSocket(join(folder, "nothing"));
  expect(existsSync(path)).toBe(true);
});
