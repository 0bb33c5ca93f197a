import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { claim } from "../../demo/claims.js";
import { root } from "./manual.js";

test("the demo sees all that it claims, and ends with 0", () => {
  const demo = spawnSync(process.execPath, [join(root, "dist/demo.cjs")], { encoding: "utf8", timeout: 20_000 });
  expect(demo.stderr).toBe("");
  expect(demo.stdout).toContain("recv = 0: EOF");
  expect(demo.stdout).toContain("recv = -1: ECONNRESET");
  expect(demo.stdout).toMatch(/Every ending was what it said\.\n$/);
  expect(demo.status).toBe(0);
});

test("a claim that is not so is told with both values", () => {
  expect(() => claim("the next read", "EOF", "ECONNRESET")).toThrow('the next read: expected "ECONNRESET", saw "EOF"');
});
