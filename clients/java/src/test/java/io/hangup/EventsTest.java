package io.hangup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.Code;
import io.hangup.junit.HangupExtension;
import io.hangup.v1.Event;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The events of a fixture, in order, and those of no other. */
@ExtendWith(HangupExtension.class)
class EventsTest {
  @Test
  void whatHappensAfterTheCallIsInThem(Fixture fixture, Hangup hangup) throws Exception {
    try (Events events = fixture.events();
        Fixture other = hangup.fixture()) {
      other.listen();
      Listener listener = fixture.listen(request -> request.setName("echo"));
      assertEquals(listener.port(), events.next().getListenerCreated().getListener().getPort());
      try (Socket socket = new Socket(listener.host(), listener.port())) {
        Session session = listener.accepted(socket.getLocalPort());
        assertEquals(session.uid(), events.next().getUid());
        session.reset();
        assertEquals(
            "reset", events.next(Event.Kind.ACTION_PERFORMED).getActionPerformed().getAction());
        Event ended = events.next(Event::hasSessionEnded);
        assertEquals(session.waitEnded(), ended.getSessionEnded().getReceipt());
      }
    }
  }

  @Test
  void onlyThoseAskedForAreInThem(Fixture fixture, Listener listener) throws Exception {
    Events events = fixture.events(request -> request.addKinds(Event.Kind.DATA_RECEIVED));
    try (Socket socket = new Socket(listener.host(), listener.port())) {
      socket.getOutputStream().write(new byte[3]);
      assertEquals(3, events.next().getDataReceived().getBytes());
    }
  }

  @Test
  void anEventThatDoesNotComeIsAnErrorThatSaysWhatWasSeenLast(Fixture fixture) {
    Events events = fixture.events();
    fixture.listen(request -> request.setName("echo"));
    var error =
        assertThrows(
            HangupException.class,
            () -> events.next(Event::hasSessionEnded, Duration.ofMillis(200)));
    assertEquals(Code.DEADLINE_EXCEEDED, error.code());
    assertEquals("WAIT_TIMEOUT", error.reason());
    assertTrue(error.getMessage().contains("within 200 ms"), error.getMessage());
    assertTrue(error.getMessage().contains("listener_created of echo"), error.getMessage());
  }

  @Test
  void theirOrdinaryEndIsNoFaultOfTheDaemon(Fixture fixture, Hangup hangup) {
    try (Hangup connected = Hangup.connect(hangup.address());
        Fixture ofConnected = connected.fixture()) {
      for (Fixture each : new Fixture[] {fixture, ofConnected}) {
        Events events = each.events(request -> request.setMaxEvents(1));
        each.listen();
        events.next(Event.Kind.LISTENER_CREATED);
        for (int call = 1; call <= 2; call++) {
          var error = assertThrows(HangupException.class, events::next);
          assertEquals(Code.OUT_OF_RANGE, error.code());
          assertEquals("END_OF_EVENTS", error.reason());
          assertFalse(error.getMessage().contains("daemon"), error.getMessage());
        }
      }
    }
  }

  @Test
  void aTimeoutMayBeLongerThanAnyClockCounts(Fixture fixture) {
    Events events = fixture.events();
    fixture.listen();
    events.next(Event::hasListenerCreated, Duration.ofSeconds(Long.MAX_VALUE, 999_999_999));
    var error =
        assertThrows(HangupException.class, () -> events.next(Duration.ofSeconds(Long.MIN_VALUE)));
    assertEquals("WAIT_TIMEOUT", error.reason());
  }

  @Test
  void theyEndWithTheirFixtureOrByClose(Hangup hangup) {
    Fixture fixture = hangup.fixture();
    Events closed = fixture.events();
    closed.close();
    Events events = fixture.events();
    fixture.close();
    for (Events each : new Events[] {closed, events}) {
      for (Duration timeout : new Duration[] {Hangup.DEFAULT_TIMEOUT, Duration.ZERO}) {
        var error = assertThrows(HangupException.class, () -> each.next(event -> false, timeout));
        assertEquals(Code.CANCELLED, error.code());
        assertEquals("END_OF_EVENTS", error.reason());
      }
    }
  }

  @Test
  void theOneWaitedForMayBeAmongThoseThatAreLost() throws Exception {
    try (TestDaemon daemon =
            new TestDaemon("--listen", "127.0.0.1:0", "--max-journal-events", "100");
        Hangup hangup = Hangup.connect(daemon.address);
        Fixture fixture = hangup.fixture()) {
      for (int count = 0; count < 60; count++) {
        fixture.listen().close();
      }
      try (Events events = fixture.events(request -> request.setAfterSequence(0))) {
        assertTrue(events.next(Event::hasLost).hasLost());
      }
      try (Events events = fixture.events(request -> request.setAfterSequence(0))) {
        var error = assertThrows(HangupException.class, () -> events.next(Event::hasPeerRst));
        assertEquals(Code.DATA_LOSS, error.code());
        assertEquals("EVENTS_LOST", error.reason());
      }
    }
  }
}
