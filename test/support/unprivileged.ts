import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** What puts a command under a user without any capability: nothing, where the test is run by one. */
export const unprivileged: readonly string[] =
  process.getuid?.() === 0
    ? ["setpriv", "--reuid", "65534", "--clear-groups", "--bounding-set", "-all", "--no-new-privs"]
    : [];

/** Node on a script that may `require` the source: it starts in the root of the checkout. */
export function nodeOnSource(script: string): string[] {
  return [process.execPath, "-r", join(__dirname, "source-loader.cjs"), "-e", script];
}

/** Why such a user cannot run Node on this checkout, as in a home directory of root; undefined where it can. */
export function unprivilegedObstacle(): string | undefined {
  const script = `require(${JSON.stringify(join(__dirname, "source-loader.cjs"))})`;
  const [command, ...args] = [...unprivileged, process.execPath, "-e", script];
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status === 0) return undefined;
  if (error !== undefined) return `uid 65534 cannot run node here: ${error.message}`;
  const line = stderr.split("\n").find((text) => /denied|cannot|error/i.test(text));
  return `uid 65534 cannot run node here: ${line ?? `exit code ${status}`}`;
}
