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
