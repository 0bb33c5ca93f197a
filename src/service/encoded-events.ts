import type { JournalEvent } from "../domain/event.js";
import { type Event, EventServiceDefinition, StreamEventsResponse } from "../gen/hangup/v1/event.js";
import { encode } from "./encode.js";
import { eventMessage } from "./messages.js";

// Streams carry events that were encoded once, whoever many read them. Messages that are put one behind the other are
// one message with the repeated fields of all (protobuf.dev, "Encoding: last one wins").

const encoded = new WeakMap<JournalEvent, Uint8Array>();

/** The message that has all of these events. */
export function encodedEvents(events: readonly JournalEvent[]): Uint8Array {
  const [only] = events;
  if (events.length === 1 && only !== undefined) return encodedOnce(only);
  return Buffer.concat(events.map(encodedOnce));
}

/** The message that has an event of one stream alone. */
export function encodedOfStream(event: Event): Uint8Array {
  return encode(StreamEventsResponse, { events: [event] });
}

function encodedOnce(event: JournalEvent): Uint8Array {
  const known = encoded.get(event);
  if (known !== undefined) return known;
  const bytes = encodedOfStream(eventMessage(event));
  encoded.set(event, bytes);
  return bytes;
}

const asItIs = {
  encode: (bytes: Uint8Array) => ({ finish: () => bytes }),
  decode: (bytes: Uint8Array) => bytes,
};

/** The service, with a StreamEvents that yields encoded messages. */
export const EncodedEventServiceDefinition = {
  ...EventServiceDefinition,
  methods: {
    ...EventServiceDefinition.methods,
    streamEvents: { ...EventServiceDefinition.methods.streamEvents, responseType: asItIs },
  },
} as const;
