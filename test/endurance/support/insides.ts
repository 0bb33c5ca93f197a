/** What a daemon's process holds, as it tells itself after a collection of garbage. */
export interface Insides {
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** Since its start, user and system. */
  readonly cpuMs: number;
  /** Of /proc/self/fd. */
  readonly descriptors: number;
  /** process.getActiveResourcesInfo(): how many of each. Timers that do not keep a process alive are not in it. */
  readonly resources: Readonly<Record<string, number>>;
  /** Timers that are still to fire, those too. */
  readonly timers: number;
}

/** What has to be the same before and after, in words to compare. */
export function standing(insides: Insides): string {
  const resources = Object.entries(insides.resources)
    .filter(([name]) => name !== "Immediate")
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, count]) => `${name} ${count}`);
  return [`descriptors ${insides.descriptors}`, `timers ${insides.timers}`, ...resources].join(", ");
}
