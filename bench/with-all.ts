import type { Contestant, Running, Way } from "./contestants.js";

/** Starts them all, and ends them however the work ended. */
export async function withAll<Result>(
  contestants: readonly Contestant[],
  work: (running: readonly Running[]) => Promise<Result>,
): Promise<Result> {
  const running: Running[] = [];
  try {
    for (const contestant of contestants) running.push(await contestant.start());
    return await work(running);
  } finally {
    await Promise.all(running.map((each) => each.stop()));
  }
}

/** What a way of commanding is called: the daemon has several, a peer its own. */
export function calledBy({ name, isHangup }: Contestant, way: string): string {
  return isHangup ? `${way}, ${name}` : name;
}

/** Everyone, each by each of its ways. */
export function ways(
  running: readonly Running[],
): { readonly what: string; readonly way: Way; readonly one: Running }[] {
  return running.flatMap((one) =>
    one.contestant.ways.map((way) => ({ what: calledBy(one.contestant, way), way, one })),
  );
}
