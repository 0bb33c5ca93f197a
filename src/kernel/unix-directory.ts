import { realpathSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";

/**
 * Where a path leads to once `..` and symbolic links are followed, as the kernel will. What does not exist leads to
 * where it would be.
 */
export function realPath(path: string): string {
  const parent = dirname(path);
  try {
    // Not the one of JavaScript, which takes `link/..` for the directory that holds the link.
    return realpathSync.native(path);
  } catch {
    // `..` behind what does not exist is taken for what it would be if it did.
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

/** Whether a path leads to somewhere below one of the directories. */
export function isBelow(path: string, directories: readonly string[]): boolean {
  const real = realPath(path);
  return directories.some((directory) => {
    const top = realPath(directory);
    return real.startsWith(top.endsWith(sep) ? top : top + sep);
  });
}
