package io.hangup;

import com.google.rpc.Code;
import io.hangup.v1.Event;
import io.hangup.v1.EventServiceGrpc;
import io.hangup.v1.StreamEventsRequest;
import io.hangup.v1.StreamEventsResponse;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Predicate;

/**
 * A stream of events, in the order in which they happened. For one thread at a time.
 *
 * <p>It ends with its fixture, or by {@link #close()}.
 */
public final class Events implements AutoCloseable {
  private final Fixture fixture;
  private final ServerStream<StreamEventsRequest, StreamEventsResponse> stream;
  private final Deque<Event> taken = new ArrayDeque<>();
  private Event last;

  private Events(Fixture fixture, ServerStream<StreamEventsRequest, StreamEventsResponse> stream) {
    this.fixture = fixture;
    this.stream = stream;
  }

  static Events open(Fixture fixture, StreamEventsRequest request) {
    Events events =
        new Events(
            fixture,
            fixture.hangup().calls().stream(EventServiceGrpc.getStreamEventsMethod(), request));
    try {
      // From here on nothing is missed: the daemon says so.
      events.next(Event::hasSubscribed);
      return events;
    } catch (HangupException error) {
      events.close();
      throw error;
    }
  }

  /**
   * The next event; waits for it, at most 5 s.
   *
   * @return the event; {@code lost}, where older ones were thrown away before they were taken
   * @throws HangupException DEADLINE_EXCEEDED (WAIT_TIMEOUT), with the event seen last;
   *     OUT_OF_RANGE (END_OF_EVENTS), when all that the request asked for has been taken; CANCELLED
   *     (END_OF_EVENTS), when it or its fixture is closed
   */
  public Event next() {
    return next(Hangup.DEFAULT_TIMEOUT);
  }

  /**
   * The next event; waits for it.
   *
   * @param timeout how long
   * @return the event; {@code lost}, where older ones were thrown away before they were taken
   * @throws HangupException DEADLINE_EXCEEDED (WAIT_TIMEOUT), with the event seen last;
   *     OUT_OF_RANGE (END_OF_EVENTS), when all that the request asked for has been taken; CANCELLED
   *     (END_OF_EVENTS), when it or its fixture is closed
   */
  public Event next(Duration timeout) {
    return next(event -> true, timeout);
  }

  /**
   * The next event of a kind; waits for it, at most 5 s, and leaves out those before it.
   *
   * @param kind the kind
   * @return the event
   * @throws HangupException as {@link #next(Predicate, Duration)}
   */
  public Event next(Event.Kind kind) {
    return next(event -> event.getFactCase().name().equals(kind.name()));
  }

  /**
   * The next event that is one; waits for it, at most 5 s, and leaves out those before it.
   *
   * @param isOne whether it is
   * @return the event
   * @throws HangupException as {@link #next(Predicate, Duration)}
   */
  public Event next(Predicate<Event> isOne) {
    return next(isOne, Hangup.DEFAULT_TIMEOUT);
  }

  /**
   * The next event that is one; waits for it, and leaves out those before it.
   *
   * @param isOne whether it is
   * @param timeout how long to wait
   * @return the event
   * @throws HangupException DEADLINE_EXCEEDED (WAIT_TIMEOUT), with the event seen last; DATA_LOSS,
   *     when it may be among events that were thrown away before they were taken; OUT_OF_RANGE
   *     (END_OF_EVENTS), when all that the request asked for has been taken; CANCELLED
   *     (END_OF_EVENTS), when it or its fixture is closed
   */
  public Event next(Predicate<Event> isOne, Duration timeout) {
    long deadline = System.nanoTime() + Durations.nanos(timeout);
    while (true) {
      while (!taken.isEmpty()) {
        Event event = taken.remove();
        last = event;
        if (isOne.test(event)) {
          return event;
        }
        if (event.hasLost()) {
          throw new HangupException(
              Code.DATA_LOSS,
              "EVENTS_LOST",
              "the events "
                  + event.getLost().getFirstSequence()
                  + " to "
                  + event.getLost().getLastSequence()
                  + " are lost: they were not taken in time");
        }
      }
      StreamEventsResponse more =
          stream.take(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
      if (more == null) {
        throw new HangupException(
            Code.DEADLINE_EXCEEDED,
            "WAIT_TIMEOUT",
            "no such event within "
                + Durations.text(timeout)
                + "; the last one seen: "
                + lastSeen());
      }
      taken.addAll(more.getEventsList());
    }
  }

  /** Ends the stream. */
  @Override
  public void close() {
    stream.close();
    fixture.closed(this);
  }

  private String lastSeen() {
    if (last == null) {
      return "none";
    }
    String fact = last.getFactCase().name().toLowerCase(java.util.Locale.ROOT);
    String of = last.getSession().isEmpty() ? last.getListener() : last.getSession();
    return last.getSequence() + " " + fact + (of.isEmpty() ? "" : " of " + of);
  }
}
