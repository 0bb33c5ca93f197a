package io.hangup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.hangup.junit.HangupExtension;
import io.hangup.v1.End;
import io.hangup.v1.ListScopesRequest;
import io.hangup.v1.Receipt;
import io.hangup.v1.Scope;
import io.hangup.v1.ScopeServiceGrpc;
import io.hangup.v1.WaitSessionRequest.Condition;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** 500 tests at once, each with a listener and an ending of its own, on one daemon. */
@ExtendWith(HangupExtension.class)
class ParallelTest {
  private static final int TESTS = 500;

  private static final Set<String> DAEMONS = ConcurrentHashMap.newKeySet();
  private static final AtomicInteger RUNNING = new AtomicInteger();
  private static final AtomicInteger MOST_RUNNING = new AtomicInteger();

  @RepeatedTest(TESTS)
  @Execution(ExecutionMode.CONCURRENT)
  void endsAsItWasToldTo(RepetitionInfo repetition, Fixture fixture, Listener listener)
      throws Exception {
    MOST_RUNNING.accumulateAndGet(RUNNING.incrementAndGet(), Math::max);
    DAEMONS.add(fixture.hangup().info().getUid());
    // The same bytes of another length in each, so that none could be taken for another's.
    int length = repetition.getCurrentRepetition();
    try (Socket socket = new Socket(listener.host(), listener.port())) {
      socket.setSoTimeout(30_000);
      Session session = listener.accepted(socket.getLocalPort());
      socket.getOutputStream().write("x".repeat(length).getBytes(StandardCharsets.US_ASCII));
      assertEquals(length, socket.getInputStream().readNBytes(length).length);
      assertEquals(listener.name() + "/1", session.name());
      end(length % 3, session, socket, length);
    } finally {
      RUNNING.decrementAndGet();
    }
  }

  private static void end(int how, Session session, Socket socket, int length) throws Exception {
    switch (how) {
      case 0 -> {
        Receipt receipt = session.reset();
        assertEquals(End.Kind.RST, receipt.getLocalEnd().getKind());
        assertEquals(length, receipt.getBytesReceived());
        assertThrows(SocketException.class, () -> socket.getInputStream().read());
      }
      case 1 -> {
        session.close();
        assertEquals(-1, socket.getInputStream().read());
        socket.close();
        assertEquals(End.Kind.FIN, session.waitEnded().getPeerEnd().getKind());
      }
      default -> {
        socket.setSoLinger(true, 0);
        socket.close();
        session.waitFor(Condition.PEER_RST);
      }
    }
  }

  @AfterAll
  static void oneDaemonAndNothingLeft(Hangup hangup) {
    assertEquals(Set.of(hangup.info().getUid()), DAEMONS);
    assertTrue(MOST_RUNNING.get() > 1, "they ran one after the other");
    List<String> scopes =
        hangup
            .calls()
            .call(
                ScopeServiceGrpc.getListScopesMethod(),
                ListScopesRequest.newBuilder().setPageSize(1000).build())
            .getScopesList()
            .stream()
            .map(Scope::getName)
            .toList();
    assertEquals(List.of("default"), scopes);
  }
}
