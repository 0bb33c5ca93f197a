import {
  type Event,
  Event_Kind,
  EventServiceDefinition,
  StreamEventsRequest,
} from "../../../src/gen/hangup/v1/event.js";
import type { Connection } from "./connection.js";
import { HangupError } from "./hangup-error.js";
import { inTime } from "./in-time.js";
import { defaultTimeoutMs, type WaitOptions } from "./session.js";
import type { MessageStream } from "./wire.js";

type Fact = NonNullable<Event["fact"]>;

/** The names of facts: `sessionOpened`, `peerRst`, `planStepFired`, ... */
export type FactName = Exclude<Fact["$case"], "subscribed">;

/** An event with this fact. */
export type EventOf<Name extends FactName> = Event & { fact: Extract<Fact, { $case: Name }> };

/** Which events. */
export interface EventOptions {
  /** Only those of this listener and its sessions. */
  readonly listener?: string | { readonly name: string };
  /** Only those of this session. */
  readonly session?: string | { readonly name: string };
  /** Only these; all but DATA_RECEIVED and DATA_SENT if not given. */
  readonly kinds?: readonly Exclude<keyof typeof Event_Kind, "KIND_UNSPECIFIED" | "UNRECOGNIZED">[];
}

const { path, requestType, responseType } = (() => {
  const { fullName, methods } = EventServiceDefinition;
  return { path: `/${fullName}/${methods.streamEvents.name}`, ...methods.streamEvents };
})();

/** The events of a scope, from the moment that it was opened, in the order of their numbers; nothing is missed. */
export class EventStream implements AsyncIterable<Event> {
  readonly #messages: MessageStream<unknown>;
  readonly #events: AsyncGenerator<Event, void, void>;
  /** When all that asked before have their event, or gave up. */
  #turn: Promise<void> = Promise.resolve();
  #under: Promise<IteratorResult<Event, void>> | undefined;
  #last: Event | undefined;
  #closed = false;

  private constructor(messages: MessageStream<{ events: Event[] }>) {
    this.#messages = messages;
    this.#events = (async function* () {
      for await (const { events } of messages) yield* events;
    })();
  }

  /** @internal Opens one; when it returns the daemon counts. */
  static async open(connection: Connection, scope: string, options: EventOptions = {}): Promise<EventStream> {
    const request = StreamEventsRequest.fromPartial({
      scope,
      listener: nameOf(options.listener),
      session: nameOf(options.session),
      kinds: (options.kinds ?? []).map((kind) => Event_Kind[kind]),
    });
    const stream = new EventStream(connection.openStream({ path, requestType, responseType }, request));
    try {
      // `subscribed`: of what happens after it nothing is missed.
      await stream.next();
    } catch (error) {
      stream.close();
      throw error;
    }
    stream.#last = undefined;
    return stream;
  }

  /** The next event; waits for it. @throws HangupError WAIT_TIMEOUT, END_OF_EVENTS */
  async next(options: WaitOptions = {}): Promise<Event> {
    return this.#event(options, options.timeoutMs ?? defaultTimeoutMs);
  }

  /**
   * The next event with this fact, or of which this is true; those before it are passed over.
   * @throws HangupError WAIT_TIMEOUT, END_OF_EVENTS; EVENTS_LOST, when it may be among those that were not taken in time
   */
  async until<Name extends FactName>(which: Name, options?: WaitOptions): Promise<EventOf<Name>>;
  async until(which: (event: Event) => boolean, options?: WaitOptions): Promise<Event>;
  async until(which: FactName | ((event: Event) => boolean), options: WaitOptions = {}): Promise<Event> {
    const isIt = typeof which === "string" ? (event: Event) => event.fact?.$case === which : which;
    const { timeoutMs = defaultTimeoutMs } = options;
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const leftMs = Math.max(0, Math.ceil(endMs - performance.now()));
      const event = await this.#event({ ...options, timeoutMs: leftMs }, timeoutMs);
      if (isIt(event)) return event;
      if (event.fact?.$case === "lost") {
        const { firstSequence, lastSequence } = event.fact.value;
        const message = `the events ${firstSequence} to ${lastSequence} are lost: they were not taken in time`;
        throw new HangupError("DATA_LOSS", "EVENTS_LOST", message);
      }
    }
  }

  /** Each event as it comes, until the stream is closed; for each one it waits as `next` does. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, void> {
    for (;;) {
      const result = await this.#result({});
      if (result?.done === true) return;
      yield result === undefined ? await this.#event({ timeoutMs: 0 }, defaultTimeoutMs) : result.value;
    }
  }

  /** Ends the stream. */
  close(): void {
    this.#closed = true;
    this.#messages.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** The next event; `askedMs` is the time that was asked for, of which this may be the rest. */
  async #event(options: WaitOptions, askedMs: number): Promise<Event> {
    const result = await this.#result(options);
    if (result === undefined) {
      const seen = this.#last === undefined ? "none came" : `the last one was ${inWords(this.#last)}`;
      throw new HangupError("DEADLINE_EXCEEDED", "WAIT_TIMEOUT", `no such event within ${askedMs} ms; ${seen}`);
    }
    if (result.done !== true) return result.value;
    if (this.#closed) {
      throw new HangupError("CANCELLED", "END_OF_EVENTS", "the stream of events, or its fixture, was closed");
    }
    throw new HangupError("OUT_OF_RANGE", "END_OF_EVENTS", "the stream of events has ended: its scope has");
  }

  /** The next result; undefined where it did not come in time: it is then the next one still. */
  async #result({
    timeoutMs = defaultTimeoutMs,
    signal,
  }: WaitOptions): Promise<IteratorResult<Event, void> | undefined> {
    signal?.throwIfAborted();
    if (this.#closed) return { done: true, value: undefined };
    const endMs = performance.now() + timeoutMs;
    const before = this.#turn;
    let over = () => {};
    const mine = new Promise<void>((tell) => (over = tell));
    this.#turn = before.then(() => mine);
    try {
      if ((await inTime(before, timeoutMs, signal)) === undefined) return undefined;
      this.#under ??= this.#events.next().catch((error: unknown) => {
        if (this.#closed) return { done: true, value: undefined };
        throw error;
      });
      const came = await inTime(this.#under, Math.max(0, endMs - performance.now()), signal);
      if (came === undefined) return undefined;
      this.#under = undefined;
      const result = came.value;
      if (result.done !== true) this.#last = result.value;
      return result;
    } finally {
      over();
    }
  }
}

function inWords({ fact, listener, session }: Event): string {
  const about = session || listener;
  return about === "" ? `${fact?.$case}` : `${fact?.$case} of ${about}`;
}

function nameOf(which: string | { readonly name: string } = ""): string {
  return typeof which === "string" ? which : which.name;
}
