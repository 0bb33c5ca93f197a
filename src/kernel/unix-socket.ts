import { chmod, lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { errnoOf } from "./errno.js";

/**
 * Removes a socket file that nobody listens on any more, as a killed process leaves it. Whatever else is at the path
 * stays: bind(2) will say EADDRINUSE.
 */
export async function removeStaleUnixSocket(path: string): Promise<void> {
  const errno = await new Promise<string | undefined>((resolve) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(undefined);
    });
    probe.once("error", (error) => resolve(errnoOf(error)));
  });
  // Connecting to a plain file is refused too: only a socket is ours to remove.
  if (errno !== "ECONNREFUSED") return;
  const file = await lstat(path).catch(() => undefined);
  if (file?.isSocket() === true) await unlink(path);
}

let privateBinds = 0;
let usualMask = 0;

/**
 * Binds a unix socket that is nobody else's from its first moment: bind(2) makes the file with what umask(2) leaves of
 * its mode, and a chmod alone would come after a moment in which others could connect. The mask is the whole process's:
 * whatever else makes a file meanwhile makes it private too.
 */
export async function privately<Result>(path: string, bind: () => Promise<Result>): Promise<Result> {
  if (privateBinds === 0) usualMask = process.umask(0o077);
  privateBinds += 1;
  try {
    const result = await bind();
    await chmod(path, 0o600);
    return result;
  } finally {
    privateBinds -= 1;
    if (privateBinds === 0) process.umask(usualMask);
  }
}
