/** How long one turn of the loop may take, in ms, of those that have thousands of items. */
const sliceMs = 2;

/** Does something with each item, as many in a turn of the loop as keep nobody else waiting. */
export async function inSlices<Item>(items: Iterable<Item>, each: (item: Item) => void): Promise<void> {
  let begin = performance.now();
  for (const item of items) {
    if (performance.now() - begin >= sliceMs) {
      await new Promise((resolve) => setImmediate(resolve));
      begin = performance.now();
    }
    each(item);
  }
}
