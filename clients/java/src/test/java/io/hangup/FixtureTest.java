package io.hangup;

import static io.hangup.Actions.reset;
import static io.hangup.Plans.each;
import static io.hangup.Plans.first;
import static io.hangup.Plans.step;
import static io.hangup.Triggers.bytesReceived;
import static io.hangup.Triggers.signal;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.Code;
import io.hangup.v1.WaitSessionRequest.Condition;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A scope of one's own: what is in it ends with it, and what became of the plans is told. */
class FixtureTest {
  @Test
  void whatIsInItEndsWithIt() throws Exception {
    Fixture fixture = Hangup.shared().fixture("whole");
    Listener listener = fixture.listen(request -> request.setName("echo"));
    try (Socket socket = new Socket(listener.host(), listener.port())) {
      listener.accepted(socket.getLocalPort());
      fixture.close();
      assertThrows(java.net.SocketException.class, () -> socket.getInputStream().read());
    }
    assertThrows(
        ConnectException.class, () -> new Socket(listener.host(), listener.port()).close());
    assertEquals(List.of("echo"), fixture.report().getOpenListenersList());
    assertEquals(1, fixture.report().getCounts().getLocalRst());
    assertEquals(Code.NOT_FOUND, assertThrows(HangupException.class, fixture::listen).code());
  }

  @Test
  void closedTwiceItIsClosedOnce() {
    Fixture fixture = Hangup.shared().fixture();
    assertThrows(IllegalStateException.class, fixture::report);
    fixture.close();
    fixture.close();
  }

  /** Their streams end with them. Cancelled, they would be more RST_STREAMs than HTTP/2 takes. */
  @Test
  void oneOfManyOfAProcess() {
    for (int count = 0; count < 1500; count++) {
      try (Fixture fixture = Hangup.shared().fixture()) {
        fixture.events();
      }
    }
  }

  @Test
  void twoFixturesNeverMeet() throws Exception {
    try (Fixture one = Hangup.shared().fixture("same");
        Fixture other = Hangup.shared().fixture("same")) {
      Listener listener = one.listen(request -> request.setName("echo"));
      Listener namesake = other.listen(request -> request.setName("echo"));
      try (Socket socket = new Socket(listener.host(), listener.port())) {
        Session session = listener.accepted(socket.getLocalPort());
        assertEquals("echo/1", session.name());
        assertEquals(0, namesake.info().getAccepted());
        assertEquals(session.uid(), one.session("echo/1").uid());
      }
    }
  }

  @Test
  void anyNameDoes() {
    for (String name : List.of("", "-._", "größe [1] of 2", "x".repeat(100))) {
      try (Fixture fixture = Hangup.shared().fixture(name)) {
        assertTrue(fixture.scope().length() <= 63, fixture.scope());
      }
    }
  }

  @Test
  void aStepThatDidNotActOnEachOfItsConnectionsIsAnError() throws Exception {
    Fixture fixture = Hangup.shared().fixture();
    Listener listener =
        fixture.listen(
            request -> request.setName("echo").addPlans(each(step(bytesReceived(5), reset()))));
    try (Socket one = new Socket(listener.host(), listener.port());
        Socket other = new Socket(listener.host(), listener.port())) {
      one.getOutputStream().write(new byte[5]);
      listener.accepted(one.getLocalPort()).waitEnded();
      other.getOutputStream().write(new byte[4]);
      listener.accepted(other.getLocalPort()).waitFor(until -> until.setBytesReceived(4));
    }
    var error = assertThrows(NeverFiredError.class, fixture::close);
    assertEquals(List.of("echo, plan 1, step 1: on 1 of 2 connections"), error.lines());
    assertEquals("never fired: echo, plan 1, step 1: on 1 of 2 connections", error.getMessage());
    assertEquals(Code.FAILED_PRECONDITION, error.code());
    assertEquals("NEVER_FIRED", error.reason());
    // It is closed all the same.
    fixture.close();
    assertEquals(2, fixture.report().getCounts().getSessions());
  }

  @Test
  void aPlanWithoutAConnectionIsAnError() throws Exception {
    Fixture fixture = Hangup.shared().fixture();
    fixture.listen(
        request ->
            request
                .setName("echo")
                .addPlans(first(1, step(bytesReceived(1), reset())))
                .addPlans(first(1, step(bytesReceived(1), reset()))));
    var error = assertThrows(NeverFiredError.class, fixture::close);
    assertEquals(
        List.of("echo, plan 1: it had no connection", "echo, plan 2: it had no connection"),
        error.lines());
  }

  @Test
  void thePlanOfADialedSessionIsNamedByTheSession() throws Exception {
    Fixture fixture = Hangup.shared().fixture();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      fixture.dial(
          "127.0.0.1:" + server.getLocalPort(),
          request -> request.setName("caller").setPlan(each(step(bytesReceived(1), reset()))));
      var error = assertThrows(NeverFiredError.class, fixture::close);
      assertEquals(List.of("caller, plan 1, step 1: on 1 of 1 connections"), error.lines());
    }
  }

  @Test
  void itCanBeToldToLetThatPass() {
    Fixture fixture = Hangup.shared().fixture().allowNeverFired();
    fixture.listen(request -> request.addPlans(each(step(bytesReceived(1), reset()))));
    fixture.close();
    assertEquals(0, fixture.report().getPlans(0).getPlans(0).getConnectionsSeen());
  }

  @Test
  void theErrorOfTheTestIsNotHiddenByIt() {
    var failed =
        assertThrows(
            IllegalStateException.class,
            () -> {
              try (Fixture fixture = Hangup.shared().fixture()) {
                fixture.listen(request -> request.addPlans(each(step(bytesReceived(1), reset()))));
                throw new IllegalStateException("of the test");
              }
            });
    assertEquals(NeverFiredError.class, failed.getSuppressed()[0].getClass());
  }

  @Test
  void aSignalFiresTheStepsThatWaitForIt() throws Exception {
    try (Fixture fixture = Hangup.shared().fixture()) {
      Listener listener =
          fixture.listen(request -> request.addPlans(each(step(signal("go"), reset()))));
      try (Socket socket = new Socket(listener.host(), listener.port())) {
        Session session = listener.accepted(socket.getLocalPort());
        assertFalse(session.info().getEnded());
        var error = assertThrows(HangupException.class, () -> session.signal("stop"));
        assertEquals("UNKNOWN_SIGNAL", error.reason());
        session.signal("go");
        session.waitFor(Condition.ENDED);
      }
      try (Socket socket = new Socket(listener.host(), listener.port())) {
        Session session = listener.accepted(socket.getLocalPort());
        assertFalse(session.info().getEnded());
        listener.signal("go");
        session.waitEnded();
      }
      Listener other =
          fixture.listen(request -> request.addPlans(each(step(signal("all"), reset()))));
      try (Socket socket = new Socket(other.host(), other.port())) {
        fixture.signal("all");
        other.accepted(socket.getLocalPort()).waitEnded();
      }
    }
  }
}
