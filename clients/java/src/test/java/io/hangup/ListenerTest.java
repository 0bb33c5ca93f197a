package io.hangup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.Code;
import io.hangup.junit.HangupExtension;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What clients meet, and which session is whose. */
@ExtendWith(HangupExtension.class)
class ListenerTest {
  private static final Duration SLOW_MACHINE = Duration.ofSeconds(30);

  @Test
  void itSaysWhereItIs(Listener listener) {
    assertEquals("127.0.0.1", listener.host());
    assertTrue(listener.port() > 0);
    assertEquals(listener.host() + ":" + listener.port(), listener.address());
  }

  @Test
  void eachConnectionHasItsSession(Listener listener) throws Exception {
    try (Socket one = connect(listener, 0);
        Socket other = connect(listener, 0)) {
      Session ofOther = listener.accepted(other.getLocalPort());
      ofOther.reset();
      assertThrows(SocketException.class, () -> other.getInputStream().read());
      one.getOutputStream().write(7);
      assertEquals(7, one.getInputStream().read());
      assertEquals(ofOther.uid(), ofOther.info().getUid());
    }
  }

  @Test
  void aSocketWithoutAPortHasNone(Listener listener) throws Exception {
    try (Socket somebody = connect(listener, 0);
        Socket unbound = new Socket()) {
      for (int port : new int[] {0, unbound.getLocalPort()}) {
        var error = assertThrows(HangupException.class, () -> listener.accepted(port));
        assertEquals(Code.INVALID_ARGUMENT, error.code());
        assertEquals("INVALID_REQUEST", error.reason());
        assertTrue(error.getMessage().contains("no local port"), error.getMessage());
      }
      // Of the one connection that there is nothing was taken.
      assertEquals(
          listener.next().uid(), listener.accepted(somebody.getLocalPort(), SLOW_MACHINE).uid());
    }
  }

  @Test
  void asLongAsItLivesAPortHasTheSameSession(Listener listener) throws Exception {
    try (Socket socket = connect(listener, 0)) {
      assertEquals(
          listener.accepted(socket.getLocalPort()).uid(),
          listener.accepted(socket.getLocalPort()).uid());
    }
  }

  @Test
  void aPortThatComesRoundAgainHasAnotherSession(Listener listener) throws Exception {
    Session earlier;
    int port;
    try (Socket socket = connect(listener, 0)) {
      port = socket.getLocalPort();
      earlier = listener.accepted(port);
      earlier.reset();
    }
    // Asked for before it is there: the one that has ended is not mistaken for it.
    assertEquals(
        "WAIT_TIMEOUT",
        assertThrows(HangupException.class, () -> listener.accepted(port, Duration.ofMillis(50)))
            .reason());
    var later = CompletableFuture.supplyAsync(() -> listener.accepted(port, SLOW_MACHINE));
    try (Socket again = connect(listener, port)) {
      assertEquals(listener.name() + "/2", later.get(30, TimeUnit.SECONDS).name());
      // And no command to the one that has ended meets it.
      assertThrows(HangupException.class, earlier::reset);
      again.getOutputStream().write(7);
      assertEquals(7, again.getInputStream().read());
    }
  }

  @Test
  void aPortThatComesRoundAgainHasAnotherSessionAlsoWhereTheRstWasNotNoticed(Fixture fixture)
      throws Exception {
    // What reads nothing notices the peer's RST late, and its session is not ended until then.
    Listener listener = fixture.listen(request -> request.setBehaviour(Behaviours.silent()));
    int port = 0;
    for (int time = 1; time <= 200; time++) {
      try (Socket socket = connect(listener, port)) {
        port = socket.getLocalPort();
        for (int ask = 1; ask <= 2; ask++) {
          assertEquals(listener.name() + "/" + time, listener.accepted(port).name());
        }
        socket.setSoLinger(true, 0);
      }
    }
  }

  @Test
  void aTimeoutThatIsTooLongIsTheDaemonsError(Listener listener) {
    for (Duration timeout :
        new Duration[] {
          Duration.ofDays(200_000),
          Duration.ofSeconds(Long.MAX_VALUE, 999_999_999),
          Duration.ofSeconds(Long.MIN_VALUE)
        }) {
      var error = assertThrows(HangupException.class, () -> listener.next(timeout));
      assertEquals(Code.INVALID_ARGUMENT, error.code(), error.getMessage());
      assertTrue(error.getMessage().contains("timeout"), error.getMessage());
    }
  }

  @Test
  void ofSeveralCallsOfNextEachHasItsOwnTimeout(Listener listener) throws Exception {
    var given = new CompletableFuture<Session>();
    Thread first = new Thread(() -> given.complete(listener.next(Duration.ofMinutes(9))));
    first.start();
    awaitWaiting(first);

    var late = new CompletableFuture<HangupException>();
    Thread second =
        new Thread(
            () ->
                late.complete(
                    assertThrows(
                        HangupException.class, () -> listener.next(Duration.ofMillis(50)))));
    second.start();
    HangupException error = late.get(30, TimeUnit.SECONDS);
    assertEquals("WAIT_TIMEOUT", error.reason());
    assertTrue(error.getMessage().contains("50 ms"), error.getMessage());

    var interrupted = new CompletableFuture<HangupException>();
    Thread third =
        new Thread(
            () ->
                interrupted.complete(
                    assertThrows(
                        HangupException.class, () -> listener.next(Duration.ofMinutes(9)))));
    third.start();
    awaitWaiting(third);
    third.interrupt();
    assertEquals(Code.CANCELLED, interrupted.get(30, TimeUnit.SECONDS).code());

    try (Socket socket = connect(listener, 0)) {
      assertEquals(
          listener.accepted(socket.getLocalPort()).uid(), given.get(30, TimeUnit.SECONDS).uid());
    }
  }

  @Test
  void nextGivesOneAfterTheOther(Listener listener) throws Exception {
    try (Socket one = connect(listener, 0);
        Socket two = connect(listener, 0);
        Socket three = connect(listener, 0)) {
      assertEquals(listener.name() + "/1", listener.next().name());
      // What is given otherwise does not count.
      assertEquals(listener.name() + "/3", listener.accepted(three.getLocalPort()).name());
      assertEquals(listener.name() + "/2", listener.next().name());
      assertEquals(listener.name() + "/3", listener.next().name());
      assertTrue(one.isConnected() && two.isConnected());
    }
  }

  @Test
  void aConnectionThatDoesNotComeIsAnErrorThatSaysSo(Listener listener) {
    var error = assertThrows(HangupException.class, () -> listener.next(Duration.ofMillis(50)));
    assertEquals(Code.DEADLINE_EXCEEDED, error.code());
    assertEquals("WAIT_TIMEOUT", error.reason());
    assertTrue(error.getMessage().contains("50 ms"), error.getMessage());
    error = assertThrows(HangupException.class, () -> listener.accepted(1, Duration.ofMillis(50)));
    assertEquals("WAIT_TIMEOUT", error.reason());
  }

  @Test
  void refusingStalledAndBack(Listener listener) throws Exception {
    listener.refuse();
    assertThrows(ConnectException.class, () -> connect(listener, 0).close());
    listener.stall();
    assertThrows(
        SocketTimeoutException.class,
        () -> {
          try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(listener.host(), listener.port()), 200);
          }
        });
    listener.resume();
    connect(listener, 0).close();
  }

  @Test
  void updatedItMeetsTheNextOtherwise(Listener listener) throws Exception {
    listener.update(request -> request.setBehaviour(Behaviours.source(3)));
    try (Socket socket = connect(listener, 0)) {
      assertEquals(3, socket.getInputStream().readNBytes(3).length);
    }
  }

  @Test
  void deletedItIsGoneWithItsSessions(Fixture fixture) throws Exception {
    Listener listener = fixture.listen();
    try (Socket socket = connect(listener, 0)) {
      listener.accepted(socket.getLocalPort());
      listener.close();
      assertThrows(SocketException.class, () -> socket.getInputStream().read());
      assertThrows(ConnectException.class, () -> connect(listener, 0).close());
    }
    listener.close();
    assertEquals("UNKNOWN_LISTENER", assertThrows(HangupException.class, listener::info).reason());
  }

  @Test
  void aTakenNameOrPortIsAnErrorWithItsReason(Fixture fixture, Listener listener) {
    var error =
        assertThrows(
            HangupException.class,
            () -> fixture.listen(request -> request.setName(listener.name())));
    assertEquals(Code.ALREADY_EXISTS, error.code());
    assertEquals("NAME_TAKEN", error.reason());
    assertTrue(error.toString().contains("ALREADY_EXISTS (NAME_TAKEN): "), error.toString());
    error =
        assertThrows(
            HangupException.class,
            () -> fixture.listen(request -> request.setPort(listener.port())));
    assertEquals("PORT_IN_USE", error.reason());
  }

  @Test
  void aUnixSocketIsOneToo(Fixture fixture, @TempDir Path folder) throws Exception {
    Path path = folder.resolve("echo.sock");
    Listener listener = fixture.listen(request -> request.setUnixPath(path.toString()));
    assertEquals("unix:" + path, listener.address());
    assertEquals(0, listener.port());
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(path));
      listener.next().close();
      assertEquals(-1, channel.read(java.nio.ByteBuffer.allocate(1)));
    }
  }

  private static void awaitWaiting(Thread thread) {
    long deadline = System.nanoTime() + SLOW_MACHINE.toNanos();
    while (thread.getState() != Thread.State.TIMED_WAITING) {
      assertTrue(System.nanoTime() < deadline, "it does not wait: " + thread.getState());
      LockSupport.parkNanos(1_000_000);
    }
  }

  /** From an address that nobody else connects from: there no stranger gets the port in between. */
  private static Socket connect(Listener listener, int localPort) throws IOException {
    Socket socket = new Socket();
    socket.setReuseAddress(true);
    socket.setSoTimeout(30_000);
    socket.bind(new InetSocketAddress("127.0.0.77", localPort));
    socket.connect(new InetSocketAddress(listener.host(), listener.port()), 30_000);
    return socket;
  }
}
