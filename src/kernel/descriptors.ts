import { readFileSync } from "node:fs";

/** How many descriptors this process may have (RLIMIT_NOFILE, getrlimit(2)); undefined where it cannot be read. */
export function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
