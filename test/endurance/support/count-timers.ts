/**
 * Counts the timers that are still to fire. What does not keep a process alive is in no list that Node shows, so all
 * timers are remembered as they are set: weakly, for that shall hold none of them.
 */
export function countTimers(): () => number {
  const { setTimeout: setOne, setInterval: setMany } = globalThis;
  let known: WeakRef<NodeJS.Timeout>[] = [];
  const remember = (timer: NodeJS.Timeout): NodeJS.Timeout => {
    known.push(new WeakRef(timer));
    return timer;
  };
  globalThis.setTimeout = Object.assign((...args: Parameters<typeof setOne>) => remember(setOne(...args)), setOne);
  globalThis.setInterval = Object.assign((...args: Parameters<typeof setMany>) => remember(setMany(...args)), setMany);
  return () => {
    known = known.filter((reference) => isPending(reference.deref()));
    return known.length;
  };
}

function isPending(timer: NodeJS.Timeout | undefined): boolean {
  return timer !== undefined && (timer as { _destroyed?: boolean })._destroyed !== true;
}
