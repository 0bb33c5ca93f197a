import { randomBytes } from "node:crypto";

/** Differs for each run of the daemon. */
export function newDaemonUid(): string {
  return randomBytes(6).toString("hex");
}

/** Hands out uids that are never given twice: the daemon's own, and a number. */
export function uidSource(daemonUid: string): () => string {
  let last = 0;
  return () => {
    last += 1;
    return `${daemonUid}-${last}`;
  };
}
