package io.hangup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.Code;
import io.hangup.junit.HangupExtension;
import io.hangup.v1.Cause;
import io.hangup.v1.End;
import io.hangup.v1.Session.State;
import io.hangup.v1.WaitSessionRequest.Condition;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Endings, data and waits, on a connection that the daemon accepted and on one that it dialed. */
@ExtendWith(HangupExtension.class)
class SessionTest {
  private Socket socket;
  private Session session;

  @BeforeEach
  void connect(Listener listener) throws IOException {
    socket = new Socket(listener.host(), listener.port());
    socket.setSoTimeout(30_000);
    session = listener.accepted(socket.getLocalPort());
  }

  @AfterEach
  void disconnect() throws IOException {
    socket.close();
  }

  @Test
  void resetIsARstWithAReceiptThatSaysWhoDidIt() {
    var receipt = session.reset();
    assertEquals(End.Kind.RST, receipt.getLocalEnd().getKind());
    assertEquals(Cause.Kind.COMMAND, receipt.getLocalEnd().getCause().getKind());
    assertEquals("ResetSession", receipt.getLocalEnd().getCause().getRpc());
    assertTrue(receipt.getFinal());
    assertThrows(SocketException.class, () -> socket.getInputStream().read());
    assertEquals(receipt, session.waitEnded());
  }

  @Test
  void closeIsAFinAndItEndsWithThePeers() throws IOException {
    var receipt = session.close();
    assertEquals(End.Kind.FIN, receipt.getLocalEnd().getKind());
    assertFalse(receipt.getFinal());
    assertEquals(-1, socket.getInputStream().read());
    socket.close();
    assertEquals(End.Kind.FIN, session.waitEnded().getPeerEnd().getKind());
  }

  @Test
  void halfCloseIsAFinAndItReadsOn() throws IOException {
    session.halfClose();
    assertEquals(-1, socket.getInputStream().read());
    socket.getOutputStream().write(new byte[9]);
    assertEquals(9, session.waitFor(until -> until.setBytesReceived(9)).getBytesReceived());
    var error = assertThrows(HangupException.class, () -> session.send("late"));
    assertEquals("FIN_ALREADY_SENT", error.reason());
  }

  @Test
  void anyActionIsPerformed() throws IOException {
    assertTrue(session.perform(Actions.pause()).isEmpty());
    assertTrue(session.info().getReadingPaused());
    assertTrue(session.perform(Actions.resume()).isEmpty());
    var receipt = session.perform(Actions.lastData("bye")).orElseThrow();
    assertEquals(End.Kind.FIN, receipt.getLocalEnd().getKind());
    assertArrayEquals("bye".getBytes(UTF_8), socket.getInputStream().readAllBytes());
  }

  @Test
  void anEndedSessionAnswersWithItsReceipt() {
    var receipt = session.reset();
    var error = assertThrows(HangupException.class, session::close);
    assertEquals(Code.FAILED_PRECONDITION, error.code());
    assertEquals("SESSION_ENDED", error.reason());
    assertEquals(receipt, error.receipt().orElseThrow());
    assertTrue(session.info().getEnded());
  }

  @Test
  void thePeersEndingsAreWaitedFor() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
    assertTrue(session.waitFor(Condition.PEER_RST).getPeerRstSeen());
    assertEquals(End.Kind.RST, session.waitEnded().getPeerEnd().getKind());
  }

  @Test
  void aWaitThatIsNotMetSaysWhatWasSeenLast() {
    var error = assertThrows(HangupException.class, () -> session.waitEnded(Duration.ofMillis(50)));
    assertEquals(Code.DEADLINE_EXCEEDED, error.code());
    assertEquals("WAIT_TIMEOUT", error.reason());
    assertTrue(error.getMessage().contains("ESTABLISHED"), error.getMessage());
    assertEquals(session.uid(), error.detail(io.hangup.v1.Session.class).orElseThrow().getUid());
  }

  @Test
  void aWaitThatCanNeverBeMetEndsAtOnce() {
    session.reset();
    var error =
        assertThrows(
            HangupException.class,
            () ->
                session.waitFor(until -> until.setState(State.CLOSE_WAIT), Duration.ofMinutes(9)));
    assertEquals("SESSION_ENDED", error.reason());
  }

  @Test
  void aDialedSessionSendsAndReceives(Fixture fixture) throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Session caller =
          fixture.dial("127.0.0.1:" + server.getLocalPort(), request -> request.setName("caller"));
      assertEquals("caller", caller.name());
      try (Socket accepted = server.accept()) {
        caller.send("hello");
        caller.send(new byte[] {1, 2});
        assertArrayEquals(
            new byte[] {'h', 'e', 'l', 'l', 'o', 1, 2}, accepted.getInputStream().readNBytes(7));
        accepted.getOutputStream().write("answer".getBytes(UTF_8));
        assertEquals("answer", caller.receive(6, Duration.ofSeconds(30)).getText());
        var error =
            assertThrows(HangupException.class, () -> caller.receive(1, Duration.ofMillis(50)));
        assertEquals("RECEIVE_TIMEOUT", error.reason());
        accepted.shutdownOutput();
        assertTrue(caller.receive().getEof());
      }
    }
  }

  @Test
  void aTargetThatRefusesIsAnErrorWithItsReason(Fixture fixture, Listener listener) {
    listener.refuse();
    var error = assertThrows(HangupException.class, () -> fixture.dial(listener.address()));
    assertEquals(Code.FAILED_PRECONDITION, error.code());
    assertEquals("CONNECT_FAILED", error.reason());
    assertTrue(error.getMessage().contains("ECONNREFUSED"), error.getMessage());
  }
}
