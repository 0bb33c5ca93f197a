/** How long one turn of the loop may take, in ms, of those that have thousands of items. */
const sliceMs = 2;

/** What is under way in slices, oldest first. Does what is still to be done with an item now, if anything is. */
const running = new Set<(item: unknown) => void>();

/**
 * Does something with each item, once, as many in a turn of the loop as keep nobody else waiting. What others do with an
 * item meanwhile comes behind it, where they say `beginNow` first; so does what is done in slices after it.
 */
export async function inSlices<Item>(items: Iterable<Item>, each: (item: Item) => void): Promise<void> {
  const left = new Set(items);
  // Not for whoever happens to need an item now.
  const bugs: unknown[] = [];
  const beginOne = (item: unknown) => {
    if (!left.delete(item as Item)) return;
    try {
      each(item as Item);
    } catch (error) {
      bugs.push(error);
    }
  };
  running.add(beginOne);
  try {
    let begin = performance.now();
    for (const item of left) {
      if (performance.now() - begin >= sliceMs) {
        await new Promise((resolve) => setImmediate(resolve));
        begin = performance.now();
      }
      beginNow(item);
      if (bugs.length > 0) break;
    }
  } finally {
    running.delete(beginOne);
  }
  if (bugs.length > 0) throw bugs[0];
}

/** Does now what is under way in slices and has not come to this item yet: what is done with it next comes behind that. */
export function beginNow(item: unknown): void {
  for (const beginOne of running) beginOne(item);
}
