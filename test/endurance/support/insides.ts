/** What a daemon's process holds, as it tells itself after a collection of garbage. */
export interface Insides {
  /**
   * RSS without the two semi-spaces of V8's young generation: at its will it takes 32 MiB for them and gives them back,
   * whatever is in use.
   */
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

/** What stands in a process, of each kind how many: what must not have become more. */
function counts({ descriptors, timers, resources }: Insides): ReadonlyMap<string, number> {
  const { Immediate: _, ...kept } = resources;
  const ordered = Object.entries(kept).toSorted(([a], [b]) => a.localeCompare(b));
  return new Map([["descriptors", descriptors], ["timers", timers], ...ordered]);
}

export function standing(insides: Insides): string {
  return [...counts(insides)].map(([name, count]) => `${name} ${count}`).join(", ");
}

/** Each kind of which there is more than before, in words; none if nothing is left. */
export function left(now: Insides, before: Insides): readonly string[] {
  const known = counts(before);
  return [...counts(now)]
    .filter(([name, count]) => count > (known.get(name) ?? 0))
    .map(([name, count]) => `${name} ${count}, before ${known.get(name) ?? 0}`);
}

/** Whether a request to the file system is under way, which ends by itself: a packet socket is closed by one, aside. */
export function isPassing({ resources }: Insides): boolean {
  return resources["FSReqCallback"] !== undefined;
}
