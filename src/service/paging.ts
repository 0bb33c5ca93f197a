import { invalidField } from "../domain/errors.js";
import { count } from "./fields.js";

/** A page of items, and the token of the next. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken: string;
}

/**
 * One page of items that are in the order of a rising number (AIP-158). The token is the last number given, so that
 * items that come and go between two pages shift nothing.
 */
export function page<Item>(
  items: Iterable<Item>,
  numberOf: (item: Item) => number,
  request: { readonly pageSize: number; readonly pageToken: string },
): Page<Item> {
  const size = count("page_size", request.pageSize, { default: 100, max: 1000 });
  // Digits alone: Number() takes " " for 0, and "0x10" and "1e3" for numbers.
  const isOurs = /^\d{0,15}$/.test(request.pageToken);
  const after = request.pageToken === "" ? -1 : Number(request.pageToken);
  if (!isOurs) throw invalidField("page_token", "is none of ours; give next_page_token as it was");
  const rest = [...items].filter((item) => numberOf(item) > after).toSorted((a, b) => numberOf(a) - numberOf(b));
  const found = rest.slice(0, size);
  const last = found.at(-1);
  return { items: found, nextPageToken: rest.length > size && last !== undefined ? String(numberOf(last)) : "" };
}
