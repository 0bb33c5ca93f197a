/** Reads a list to its end, page by page. */
export async function allPages<Item>(
  read: (at: {
    readonly pageSize: number;
    readonly pageToken: string;
  }) => Promise<{ items: readonly Item[]; nextPageToken: string }>,
): Promise<Item[]> {
  const all: Item[] = [];
  let pageToken = "";
  do {
    const { items, nextPageToken } = await read({ pageSize: 1000, pageToken });
    all.push(...items);
    pageToken = nextPageToken;
  } while (pageToken !== "");
  return all;
}
