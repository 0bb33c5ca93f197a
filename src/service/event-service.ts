import { now } from "../domain/clock.js";
import { DomainError } from "../domain/errors.js";
import type { EventFilter, Fact } from "../domain/event.js";
import { allScopes, type Fixture } from "../domain/fixture.js";
import type { Page } from "../domain/journal.js";
import { Event, Event_Kind, type EventServiceImplementation } from "../gen/hangup/v1/event.js";
import { count, enumName, exact, optional } from "./fields.js";
import { eventMessage, lostFact, streamMessage } from "./messages.js";
import { fitting } from "./paging.js";

/** The gRPC face of events. */
export function eventService(fixture: Fixture): EventServiceImplementation {
  const { journal } = fixture;
  return {
    async *streamEvents(request, { signal }) {
      const filter = filterOf(fixture, request);
      assertDaemon(fixture, request.daemonUid);
      const after = request.afterSequence === undefined ? undefined : exact("after_sequence", request.afterSequence);
      using _ = fixture.subscribers.enter();
      using subscription = journal.subscribe(filter, after);
      const subscribed = streamMessage(journal.lastSequence, now(), {
        $case: "subscribed",
        value: { daemonUid: fixture.uid },
      });
      yield { events: [subscribed] };
      const max = request.maxEvents === 0 ? Number.POSITIVE_INFINITY : request.maxEvents;
      for await (const page of subscription.pages(max, signal)) yield { events: eventsOf(page) };
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

function eventsOf(page: Page): Event[] {
  const events = page.events.map(eventMessage);
  return page.lost === undefined
    ? events
    : [streamMessage(page.lost.lastSequence, now(), lostFact(page.lost)), ...events];
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
