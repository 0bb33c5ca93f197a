import type { ServiceImplementation } from "nice-grpc";
import { now } from "../domain/clock.js";
import { DomainError } from "../domain/errors.js";
import type { EventFilter, Fact } from "../domain/event.js";
import { allScopes, type Fixture } from "../domain/fixture.js";
import type { Gap, Page } from "../domain/journal.js";
import { Event, Event_Kind } from "../gen/hangup/v1/event.js";
import { type EncodedEventServiceDefinition, encodedEvents, encodedOfStream } from "./encoded-events.js";
import { count, enumName, exact, optional } from "./fields.js";
import { eventMessage, lostFact, streamMessage } from "./messages.js";
import { fitting } from "./paging.js";
import { streamOf } from "./scope-streams.js";

/** The gRPC face of events. */
export function eventService(fixture: Fixture): ServiceImplementation<typeof EncodedEventServiceDefinition> {
  const { journal } = fixture;
  return {
    async *streamEvents(request, { signal }) {
      const filter = filterOf(fixture, request);
      const scope = request.scope === allScopes ? undefined : fixture.scope(request.scope);
      const end = () => (scope === undefined ? undefined : fixture.lastEventOf(scope));
      assertDaemon(fixture, request.daemonUid);
      const after = request.afterSequence === undefined ? undefined : exact("after_sequence", request.afterSequence);
      using _ = fixture.subscribers.enter();
      using _stream = scope === undefined ? undefined : streamOf(scope);
      using subscription = journal.subscribe(filter, after, end);
      const value = { daemonUid: fixture.uid };
      yield encodedOfStream(streamMessage(journal.lastSequence, now(), { $case: "subscribed", value }));
      const max = request.maxEvents === 0 ? Number.POSITIVE_INFINITY : request.maxEvents;
      for await (const page of subscription.pages(max, signal)) {
        if (page.lost !== undefined) yield encodedOfStream(lostMessage(page.lost));
        if (page.events.length > 0) yield encodedEvents(page.events);
      }
    },

    async listEvents(request) {
      const filter = filterOf(fixture, request);
      assertDaemon(fixture, request.daemonUid);
      const size = count("page_size", request.pageSize, { default: 100, max: 1000 });
      const page = journal.read(exact("after_sequence", request.afterSequence), filter, size);
      const all = eventsOf(page);
      const events = fitting(all, Event);
      // Cut short to fit a reply: what follows is read from the last that was given.
      const next = events.length < all.length ? events.at(-1)!.sequence : BigInt(page.next);
      return { events, nextAfterSequence: next };
    },
  };
}

function eventsOf({ lost, events }: Page): Event[] {
  const known = events.map(eventMessage);
  return lost === undefined ? known : [lostMessage(lost), ...known];
}

function lostMessage(gap: Gap): Event {
  return streamMessage(gap.lastSequence, now(), lostFact(gap));
}

function filterOf(
  fixture: Fixture,
  request: { scope: string; listener: string; session: string; kinds: readonly number[] },
): EventFilter {
  const kinds = request.kinds.flatMap((kind, index) => enumName(`kinds[${index}]`, Event_Kind, kind) ?? []);
  const listener = optional(request.listener);
  const session = optional(request.session);
  return {
    // A scope that does not exist has no events to come: say so.
    ...(request.scope === allScopes ? {} : { scope: fixture.scope(request.scope).name }),
    ...(listener === undefined ? {} : { listener }),
    ...(session === undefined ? {} : { session }),
    ...(kinds.length === 0 ? {} : { kinds: new Set(kinds.map((kind) => kind.toLowerCase() as Fact["kind"])) }),
  };
}

function assertDaemon(fixture: Fixture, uid: string): void {
  if (uid === "" || uid === fixture.uid) return;
  throw new DomainError(
    "FAILED_PRECONDITION",
    "DAEMON_UID_MISMATCH",
    `this daemon's uid is ${fixture.uid}, not ${uid}: its numbers are others; begin anew without after_sequence`,
    { field: "daemon_uid", metadata: { daemonUid: fixture.uid } },
  );
}
