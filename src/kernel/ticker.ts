/** How often what the kernel does not announce is asked for, in ms. */
export const tickMs = 10;

const tasks = new Set<() => void>();
let timer: NodeJS.Timeout | undefined;

/**
 * Runs a task every 10 ms until the returned function is called. One timer serves all tasks, and there is none while
 * there are no tasks; it does not keep the process alive. A round that takes long is followed by a pause of at least
 * four times its length, so that asking never takes more than a fifth of the time.
 */
export function everyTick(task: () => void): () => void {
  // Each registration is its own, also of the same function.
  const own = () => task();
  tasks.add(own);
  schedule(tickMs);
  return () => {
    tasks.delete(own);
    if (tasks.size === 0 && timer !== undefined) {
      clearTimeout(timer);
      timer = undefined;
    }
  };
}

function schedule(delayMs: number): void {
  timer ??= setTimeout(tick, delayMs).unref();
}

function tick(): void {
  timer = undefined;
  const begin = performance.now();
  for (const task of tasks) task();
  if (tasks.size > 0) schedule(Math.max(tickMs, 4 * (performance.now() - begin)));
}
