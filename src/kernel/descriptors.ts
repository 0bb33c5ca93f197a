import { closeSync, openSync, readFileSync } from "node:fs";
import { errnoOf, KernelError } from "./errno.js";

// When descriptors run out at an accept, libuv closes a spare one, accepts, and closes what it accepted without a word:
// the client reads EOF, an ending that nobody asked for and nobody tells. So the last descriptors are never taken. The
// kernel gives the lowest number that is free: a number near the limit says that all below it are in use.

/** Never taken: for what lasts a moment, such as files, look-ups of names, and what is accepted and refused. */
const momentary = 16;

/** For connections to the API alone: whoever holds all the others must be able to say that some shall end. */
function forApi(limit: number): number {
  return Math.min(240, Math.max(16, Math.floor(limit / 8)));
}

/** What the process itself takes: its streams, the event loop, the FFI, the API's own sockets. */
const ownUse = 40;

let known: { readonly limit: number | undefined } | undefined;

/** How many descriptors this process may have (RLIMIT_NOFILE, getrlimit(2)); undefined where it cannot be read. */
export function descriptorLimit(): number | undefined {
  known ??= { limit: readLimit() };
  return known.limit;
}

/** How many connections the descriptors are enough for, when little else takes them. */
export function connectionRoom(): number {
  const limit = descriptorLimit() ?? Number.POSITIVE_INFINITY;
  return Math.max(1, limit - momentary - forApi(limit) - ownUse);
}

/** Whether a descriptor that was just given is one of the last, and is to be closed again. */
export function isOneOfTheLast(fd: number, use: "api" | "fixture"): boolean {
  const limit = descriptorLimit();
  if (limit === undefined) return false;
  return fd >= limit - momentary - (use === "api" ? 0 : forApi(limit));
}

/** @throws KernelError EMFILE when a descriptor that is taken now would be one of the last. */
export function assertDescriptor(call: string): void {
  let fd: number;
  try {
    fd = openSync("/dev/null", "r");
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "EMFILE" || errno === "ENFILE") throw new KernelError(call, errno);
    return; // no such file here: what takes a descriptor will say itself whether it can
  }
  closeSync(fd);
  if (isOneOfTheLast(fd, "fixture")) throw new KernelError(call, "EMFILE");
}

function readLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
