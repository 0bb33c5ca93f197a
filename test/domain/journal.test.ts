import type { Fact } from "../../src/domain/event.js";
import { Journal, type Page } from "../../src/domain/journal.js";

const subject = { scope: "default", listener: "echo", session: "echo/1", uid: "u-1" };
const fact: Fact = { kind: "peer_fin", bytesReceived: 0 };
const data: Fact = { kind: "data_received", bytes: 1, total: 1 };

function journalOf(count: number, capacity: number): Journal {
  const journal = new Journal(capacity);
  for (let i = 0; i < count; i++) journal.append(subject, fact);
  return journal;
}

const numbers = ({ events }: Page) => events.map(({ sequence }) => sequence);

test("numbers begin at 1 and have no gap", () => {
  expect(numbers(journalOf(3, 10).read(0, {}, 100))).toEqual([1, 2, 3]);
});

test("what the ring has gone over is told as lost, and the newest are kept", () => {
  const page = journalOf(25, 10).read(0, {}, 100);
  expect(page.lost).toEqual({ firstSequence: 1, lastSequence: 15 });
  expect(numbers(page)).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
  expect(page.next).toBe(25);
});

test("a reader at the edge has lost nothing, one behind it one event", () => {
  const journal = journalOf(25, 10);
  expect(journal.read(15, {}, 1)).not.toHaveProperty("lost");
  expect(journal.read(14, {}, 1).lost).toEqual({ firstSequence: 15, lastSequence: 15 });
});

test("a page that is full reads on where it ended", () => {
  const journal = journalOf(5, 10);
  const first = journal.read(0, {}, 2);
  expect([numbers(first), numbers(journal.read(first.next, {}, 2))]).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

test("a number from the future reads nothing and stays where it is", () => {
  expect(journalOf(3, 10).read(99, {}, 10)).toEqual({ events: [], next: 99 });
});

test("a filter that passes nothing goes on all the same", () => {
  expect(journalOf(3, 10).read(0, { session: "other" }, 10)).toEqual({ events: [], next: 3 });
});

test("each filter passes its own", () => {
  const journal = new Journal(10);
  journal.append({ ...subject, session: "echo/2" }, fact);
  journal.append({ ...subject, listener: "other" }, fact);
  journal.append({ ...subject, scope: "mine" }, fact);
  journal.append(subject, data);
  expect(numbers(journal.read(0, { session: "echo/2" }, 10))).toEqual([1]);
  expect(numbers(journal.read(0, { listener: "other" }, 10))).toEqual([2]);
  expect(numbers(journal.read(0, { scope: "mine" }, 10))).toEqual([3]);
  expect(numbers(journal.read(0, { kinds: new Set(["data_received"] as const) }, 10))).toEqual([4]);
  // Data events pass only where their kind is named.
  expect(numbers(journal.read(0, {}, 10))).toEqual([1, 2, 3]);
});

test("data is wanted while a subscription asks for it", () => {
  const journal = new Journal(10);
  const asking = journal.subscribe({ kinds: new Set(["data_sent"] as const) }, undefined);
  const other = journal.subscribe({}, undefined);
  expect(journal.wantsData).toBe(true);
  asking[Symbol.dispose]();
  expect(journal.wantsData).toBe(false);
  other[Symbol.dispose]();
});

test("a subscription gives what comes after it, in order, and ends when the journal closes", async () => {
  const journal = journalOf(2, 10);
  const subscription = journal.subscribe({}, undefined);
  const seen: number[] = [];
  const reading = (async () => {
    for await (const page of subscription.pages(Number.POSITIVE_INFINITY, new AbortController().signal))
      seen.push(...numbers(page));
  })();
  for (let i = 0; i < 3; i++) journal.append(subject, fact);
  await new Promise((resolve) => setImmediate(resolve));
  journal.append(subject, fact);
  journal.close();
  await reading;
  expect(seen).toEqual([3, 4, 5, 6]);
});

test("a subscription that is aborted ends with the reason", async () => {
  const controller = new AbortController();
  const subscription = new Journal(10).subscribe({}, undefined);
  const reading = subscription.pages(1, controller.signal).next();
  controller.abort(new Error("gone"));
  await expect(reading).rejects.toThrow("gone");
});

/** All pages of a subscription that ends by itself. */
async function pagesOf(journal: Journal, filter: object, end: number): Promise<Page[]> {
  using subscription = journal.subscribe(filter, 0, () => end);
  const pages: Page[] = [];
  for await (const page of subscription.pages(1000, AbortSignal.timeout(10_000))) pages.push(page);
  return pages;
}

test("a reader ends with its last event, which passes every filter", async () => {
  expect((await pagesOf(journalOf(5, 10), {}, 3)).flatMap(numbers)).toEqual([1, 2, 3]);
  expect((await pagesOf(journalOf(5, 10), { listener: "other" }, 3)).flatMap(numbers)).toEqual([3]);
});

test("a reader ends also where the ring has gone over its last event", async () => {
  const pages = await pagesOf(journalOf(25, 10), {}, 3);
  expect(pages).toMatchObject([{ lost: { firstSequence: 1, lastSequence: 15 }, events: [] }]);
});
