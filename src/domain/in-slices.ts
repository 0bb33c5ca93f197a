/** Items of one turn of the loop: thousands at once would keep everybody else waiting. */
const perTurn = 32;

/** Does something with each item, some in each turn of the loop. */
export async function inSlices<Item>(items: readonly Item[], each: (item: Item) => void): Promise<void> {
  for (let index = 0; index < items.length; index += perTurn) {
    if (index > 0) await new Promise((resolve) => setImmediate(resolve));
    items.slice(index, index + perTurn).forEach(each);
  }
}
