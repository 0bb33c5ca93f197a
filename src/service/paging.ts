import { invalidField } from "../domain/errors.js";
import { count } from "./fields.js";

/** A page of messages, and the token of the next. */
export interface Page<Message> {
  readonly messages: Message[];
  readonly nextPageToken: string;
}

/** Bytes of a page: what clients of gRPC take by default (4 MiB), with room for the rest of the reply. */
const pageBytes = 3 * 1024 * 1024;

/** What a type of messages offers to measure one. */
interface Encoding<Message> {
  encode(message: Message): { finish(): Uint8Array };
}

/** As many of these messages, from the first, as fit a reply; one at least. */
export function fitting<Message>(messages: readonly Message[], type: Encoding<Message>): Message[] {
  let bytes = 0;
  const tooMany = messages.findIndex((message, index) => {
    bytes += type.encode(message).finish().length;
    return index > 0 && bytes > pageBytes;
  });
  return tooMany < 0 ? [...messages] : messages.slice(0, tooMany);
}

/**
 * One page of items that are in the order of a rising number (AIP-158), cut short where it would not fit a reply. The
 * token is the last number given, so that items that come and go between two pages shift nothing.
 */
export function page<Item, Message>(
  items: Iterable<Item>,
  numberOf: (item: Item) => number,
  request: { readonly pageSize: number; readonly pageToken: string },
  toMessage: (item: Item) => Message,
  type: Encoding<Message>,
): Page<Message> {
  const size = count("page_size", request.pageSize, { default: 100, max: 1000 });
  // Digits alone: Number() takes " " for 0, and "0x10" and "1e3" for numbers.
  const isOurs = /^\d{0,15}$/.test(request.pageToken);
  const after = request.pageToken === "" ? -1 : Number(request.pageToken);
  if (!isOurs) throw invalidField("page_token", "is none of ours; give next_page_token as it was");
  const rest = [...items].filter((item) => numberOf(item) > after).toSorted((a, b) => numberOf(a) - numberOf(b));
  const messages = fitting(rest.slice(0, size).map(toMessage), type);
  const last = rest[messages.length - 1];
  return { messages, nextPageToken: rest.length > messages.length && last !== undefined ? String(numberOf(last)) : "" };
}
