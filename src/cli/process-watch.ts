import { readFileSync } from "node:fs";

/** How often it is looked, in ms. */
const intervalMs = 200;

/**
 * Tells once when a process is no more. It need not be our parent, and its id may be another's by then: it is known by the time
 * at which it started, where there is a /proc (proc(5)).
 *
 * @returns ends the watch
 */
export function watchProcess(pid: number, onGone: () => void): () => void {
  const life = lifeOf(pid);
  const timer = setInterval(() => {
    if (lifeOf(pid) === life && life !== "") return;
    clearInterval(timer);
    onGone();
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Tells this life of the process id from others; empty when there is none. */
function lifeOf(pid: number): string {
  if (process.platform !== "linux") return isThere(pid) ? "there" : "";
  try {
    // The name before it may have blanks and brackets. Then come the state, and as the 20th after it the start time.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\)\s/s, "")
      .split(" ");
    // Dead, and its parent has not asked for it yet.
    return /^[ZXx]/.test(fields[0] ?? "") ? "" : (fields[19] ?? "");
  } catch {
    return "";
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
