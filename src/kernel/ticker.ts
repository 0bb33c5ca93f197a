/** How often what the kernel does not announce is asked for, in ms. */
export const tickMs = 10;
/** How long one turn of the loop may ask, in ms: a round that takes longer goes on in the next one. */
const sliceMs = 2;

const tasks = new Set<() => void>();
/** Of the next round; none is set while a round is under way. */
let timer: NodeJS.Timeout | undefined;
let isUnderWay = false;
/** Of the next slice of the round under way. */
let rest: NodeJS.Immediate | undefined;

/**
 * Runs a task every 10 ms until the returned function is called. One timer serves all tasks, and there is none while
 * there are no tasks; it does not keep the process alive. A round that takes long is cut into slices, between which
 * others have their turn, and is followed by a pause of at least four times its length, so that asking never takes more
 * than a fifth of the time.
 */
export function everyTick(task: () => void): () => void {
  // Each registration is its own, also of the same function.
  const own = () => task();
  tasks.add(own);
  if (!isUnderWay) schedule(tickMs);
  return () => {
    tasks.delete(own);
    if (tasks.size > 0) return;
    clearTimeout(timer);
    timer = undefined;
    if (rest === undefined) return;
    clearImmediate(rest);
    rest = undefined;
    isUnderWay = false;
  };
}

function schedule(delayMs: number): void {
  timer ??= setTimeout(tick, delayMs).unref();
}

function tick(): void {
  timer = undefined;
  isUnderWay = true;
  // Those that are there now: one that comes later has the next round, or a flood of them would never let it end.
  round([...tasks], 0, 0);
}

/** Goes on with a round, of which so many have had their turn in so many ms. */
function round(turns: readonly (() => void)[], done: number, spentMs: number): void {
  rest = undefined;
  const begin = performance.now();
  for (let index = done; index < turns.length; ) {
    const task = turns[index++]!;
    if (tasks.has(task)) task();
    const tookMs = performance.now() - begin;
    if (tookMs < sliceMs || index === turns.length) continue;
    rest = setImmediate(() => round(turns, index, spentMs + tookMs)).unref();
    return;
  }
  isUnderWay = false;
  if (tasks.size > 0) schedule(Math.max(tickMs, 4 * (spentMs + performance.now() - begin)));
}
