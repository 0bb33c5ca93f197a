import { lstat, unlink } from "node:fs/promises";
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
