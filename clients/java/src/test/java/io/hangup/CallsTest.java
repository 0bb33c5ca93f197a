package io.hangup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.Code;
import io.hangup.v1.GetInfoResponse;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of calls when threads give up, and when daemons end. */
class CallsTest {
  @Test
  void oneThatIsGivenUpHoldsNoOtherUp() throws Exception {
    try (Fixture fixture = Hangup.shared().fixture()) {
      Listener listener = fixture.listen();
      for (boolean interruptedBefore : new boolean[] {true, false}) {
        var error = new CompletableFuture<HangupException>();
        var stillInterrupted = new CompletableFuture<Boolean>();
        Thread thread =
            new Thread(
                () -> {
                  if (interruptedBefore) {
                    Thread.currentThread().interrupt();
                  }
                  error.complete(
                      assertThrows(
                          HangupException.class, () -> listener.next(Duration.ofMinutes(9))));
                  stillInterrupted.complete(Thread.currentThread().isInterrupted());
                });
        thread.start();
        assertEquals(0, listener.info().getAccepted());
        thread.interrupt();
        assertEquals(Code.CANCELLED, error.get(30, TimeUnit.SECONDS).code());
        assertTrue(stillInterrupted.get(30, TimeUnit.SECONDS));
      }
      try (Socket socket = new Socket(listener.host(), listener.port())) {
        assertEquals(listener.next().uid(), listener.accepted(socket.getLocalPort()).uid());
      }
    }
  }

  @Test
  void oneThatWaitsFailsWhenTheDaemonDies() throws Exception {
    try (Hangup hangup = Hangup.start(Map.of("HANGUP_COMMAND", TestDaemon.COMMAND));
        ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ProcessHandle daemon = ProcessHandle.of(hangup.info().getPid()).orElseThrow();
      Fixture fixture = hangup.fixture();
      Session session = fixture.dial("127.0.0.1:" + server.getLocalPort());
      var waiting =
          CompletableFuture.supplyAsync(
              () ->
                  assertThrows(
                      HangupException.class, () -> session.waitEnded(Duration.ofMinutes(9))));
      daemon.destroyForcibly();
      HangupException error = waiting.get(30, TimeUnit.SECONDS);
      assertEquals(Code.UNAVAILABLE, error.code());
      assertTrue(error.getMessage().contains("ended with 137"), error.getMessage());
      assertEquals(Code.UNAVAILABLE, assertThrows(HangupException.class, fixture::close).code());
    }
  }

  @Test
  void theNextDaemonAtAnAddressIsReached(@TempDir Path folder) throws Exception {
    String address = "unix:" + folder.resolve("hangup.sock");
    try (Hangup hangup = Hangup.connect(address)) {
      String uid;
      try (TestDaemon daemon = new TestDaemon("--listen", address)) {
        assertEquals(address, daemon.address);
        uid = hangup.info().getUid();
      }
      try (TestDaemon next = new TestDaemon("--listen", address)) {
        assertNotEquals(uid, infoOnceReached(hangup).getUid());
        assertEquals(address, next.address);
      }
    }
  }

  /** The connection is tried again after a pause that gRPC chooses; until then calls fail. */
  private static GetInfoResponse infoOnceReached(Hangup hangup) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      try {
        return hangup.info();
      } catch (HangupException error) {
        assertEquals(Code.UNAVAILABLE, error.code());
        if (System.nanoTime() > deadline) {
          throw error;
        }
        LockSupport.parkNanos(1_000_000);
      }
    }
  }
}
