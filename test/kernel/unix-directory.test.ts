import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isBelow } from "../../src/kernel/unix-directory.js";

let folder: string;
let allowed: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "hangup-")));
  allowed = join(folder, "allowed");
  mkdirSync(join(allowed, "inner"), { recursive: true });
  mkdirSync(join(folder, "outside/deep"), { recursive: true });
  mkdirSync(join(folder, "allowed-not"));
  writeFileSync(join(folder, "outside/socket"), "");
  writeFileSync(join(allowed, "socket"), "");
  symlinkSync(join(folder, "outside/deep"), join(allowed, "out"));
  symlinkSync(join(folder, "outside/socket"), join(allowed, "link"));
  symlinkSync("/nowhere", join(allowed, "dangling"));
  symlinkSync("loop", join(allowed, "loop"));
  symlinkSync(join(allowed, "inner"), join(allowed, "in"));
  symlinkSync(allowed, join(folder, "alias"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["allowed/new", true],
  ["allowed/socket", true],
  ["allowed/inner/new", true],
  ["allowed/in/new", true],
  ["alias/new", true],
  ["allowed/./inner/../new", true],
  ["allowed/inner/../../allowed/new", true],
  // Below it, and not it.
  ["allowed", false],
  ["allowed/", false],
  ["allowed-not/new", false],
  ["outside/new", false],
  ["allowed/../outside/new", false],
  ["allowed/../new", false],
  ["allowed/inner/../../new", false],
  // `..` of a link is where it leads to, not where it is.
  ["allowed/out/new", false],
  ["allowed/out/../socket", false],
  ["allowed/in/../new", true],
  ["allowed/link", false],
  // Where nothing is, what would be.
  ["allowed/missing/new", true],
  ["allowed/missing/../../outside/new", false],
  ["allowed/missing/../../../../../etc/new", false],
  ["allowed/dangling", true],
  ["allowed/dangling/../../outside/new", false],
  ["allowed/loop/../../outside/new", false],
])("%s: %s", (path, expected) => {
  expect(isBelow(`${folder}/${path}`, [allowed])).toBe(expected);
  expect(isBelow(`${folder}/${path}`, [join(folder, "alias")])).toBe(expected);
  expect(isBelow(`${folder}/${path}`, [])).toBe(false);
});

test("below / is everything", () => {
  expect(isBelow("/etc/new", ["/"])).toBe(true);
});

test("a directory that is not there yet allows what will be in it", () => {
  expect(isBelow(`${folder}/later/new`, [`${folder}/later`])).toBe(true);
  expect(isBelow(`${folder}/later2/new`, [`${folder}/later`])).toBe(false);
});
