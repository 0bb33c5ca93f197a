import { now } from "./clock.js";
import { type EventFilter, type Fact, isDataKind, type JournalEvent, matches, type Subject } from "./event.js";
import { Pace } from "./pace.js";
import { forever, type Observers, poke, waitUntil } from "./wait-until.js";

/** Events that a reader can have no more. */
export interface Gap {
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** What a reader gets at once: perhaps a gap, then events; `next` is where to read on. */
export interface Page {
  readonly lost?: Gap;
  readonly events: readonly JournalEvent[];
  readonly next: number;
}

/** Who is told of each fact in the very moment in which it is recorded, so that none is lost; it must not throw. */
export interface JournalObserver {
  onEvent(event: JournalEvent): void;
  /** A stream of events fell behind, and was told what it can have no more. */
  onLost(gap: Gap, filter: EventFilter): void;
}

/** Events of one message: enough to gather what comes together, few enough for any client's message limit. */
const pageEvents = 256;

/**
 * The numbered facts of a daemon, the newest of them: a ring. A reader is a place in the ring and owns no queue, so
 * however slow it is, it holds nobody up and takes no memory; when the ring has gone over its place it is told which
 * numbers it lost.
 */
export class Journal {
  private readonly ring: JournalEvent[] = [];
  private readonly observers: Observers = new Set();
  private readonly atOnce = new Set<JournalObserver>();
  private last = 0;
  private dataReaders = 0;
  private readonly pace = new Pace(() => poke(this.observers));
  private closed = false;

  constructor(private readonly capacity: number) {}

  /** The newest number given. */
  get lastSequence(): number {
    return this.last;
  }

  /** Somebody asks for data events: only then are they worth recording. */
  get wantsData(): boolean {
    return this.dataReaders > 0;
  }

  /** Records a fact and returns its number. Readers are told at once while little happens, and gathered when much does. */
  append(subject: Subject, fact: Fact): number {
    this.last += 1;
    const { scope, listener, session, uid } = subject;
    // Named one by one: a copy of `subject` with more put into it has a shape of its own, which weighs more than it.
    const event = { scope, listener, session, uid, sequence: this.last, time: now(), fact };
    this.ring[(this.last - 1) % this.capacity] = event;
    if (this.atOnce.size > 0) for (const observer of this.atOnce) observer.onEvent(event);
    if (this.observers.size > 0) this.pace.soon();
    return this.last;
  }

  /** Nothing more will come: readers get what there is, and end. */
  close(): void {
    this.closed = true;
    poke(this.observers);
  }

  /** Reads at most `max` events that pass the filter, after a number; to `end`, which passes every filter. */
  read(after: number, filter: EventFilter, max: number, end = Number.POSITIVE_INFINITY): Page {
    const last = Math.min(this.last, end);
    const oldest = Math.max(1, this.last - this.capacity + 1);
    const events: JournalEvent[] = [];
    let sequence = Math.max(after + 1, oldest);
    for (; sequence <= last && events.length < max; sequence++) {
      const event = this.ring[(sequence - 1) % this.capacity];
      if (event !== undefined && (sequence === end || matches(event, filter))) events.push(event);
    }
    const next = Math.max(after, sequence - 1);
    return after + 1 < oldest
      ? { lost: { firstSequence: after + 1, lastSequence: oldest - 1 }, events, next }
      : { events, next };
  }

  /**
   * Begins to listen: of what happens from now on nothing is missed. To be disposed of, also when it is never read.
   *
   * @param after begin after this number; undefined: with what happens from now on.
   * @param end the number of the last event there is for it, once that has happened.
   */
  subscribe(
    filter: EventFilter,
    after: number | undefined,
    end: () => number | undefined = () => undefined,
  ): Subscription {
    const wantsData = [...(filter.kinds ?? [])].some(isDataKind);
    if (wantsData) this.dataReaders += 1;
    return new Subscription(this, filter, after ?? this.last, after === 0, end, () => {
      if (wantsData) this.dataReaders -= 1;
    });
  }

  /** Begins to observe, until it is disposed of. Data events come only while a reader asks for them. */
  observe(observer: JournalObserver): Disposable {
    this.atOnce.add(observer);
    return { [Symbol.dispose]: () => void this.atOnce.delete(observer) };
  }

  /** A subscription has lost events. */
  onLost(gap: Gap, filter: EventFilter): void {
    for (const observer of this.atOnce) observer.onLost(gap, filter);
  }

  /**
   * Resolves when there is something after a number, in a later turn: a reader that catches up lets others run. False
   * when nothing more will come.
   */
  async newerThan(sequence: number, signal: AbortSignal): Promise<boolean> {
    if (this.last > sequence) {
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      return true;
    }
    const check = () => (this.last > sequence ? true : this.closed ? false : undefined);
    return await waitUntil(this.observers, check, { ...forever, signal });
  }
}

/** A reader's place in the journal. */
export class Subscription implements Disposable {
  constructor(
    private readonly journal: Journal,
    private readonly filter: EventFilter,
    private after: number,
    /** It asked for the oldest there is: what is older is no loss of its own. */
    private takesOldest: boolean,
    private readonly end: () => number | undefined,
    private readonly onDispose: () => void,
  ) {}

  /** Pages of events as they come, until so many events were given, the last one was, or the signal aborts. */
  async *pages(maxEvents: number, signal: AbortSignal): AsyncGenerator<Page, void, void> {
    let left = maxEvents;
    for (;;) {
      const end = this.end();
      const page = this.journal.read(this.after, this.filter, Math.min(left, pageEvents), end);
      this.after = page.next;
      left -= page.events.length;
      if (page.lost !== undefined && !this.takesOldest) this.journal.onLost(page.lost, this.filter);
      this.takesOldest = false;
      if (page.events.length > 0 || page.lost !== undefined) yield page;
      if (left <= 0 || (end !== undefined && this.after >= end)) return;
      if (!(await this.journal.newerThan(this.after, signal))) return;
    }
  }

  [Symbol.dispose](): void {
    this.onDispose();
  }
}
