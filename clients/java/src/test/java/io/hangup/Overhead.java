package io.hangup;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.hangup.v1.CreateListenerRequest;
import io.hangup.v1.CreateScopeRequest;
import io.hangup.v1.DeleteScopeRequest;
import io.hangup.v1.ListenerServiceGrpc;
import io.hangup.v1.ResetSessionRequest;
import io.hangup.v1.ScopeServiceGrpc;
import io.hangup.v1.SessionServiceGrpc;
import io.hangup.v1.WaitSessionRequest;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.Arrays;

/**
 * What open, reset and reset seen cost through the client, and through the bare generated stubs.
 */
final class Overhead {
  private static final int ROUNDS = 10;
  private static final int CYCLES_OF_A_ROUND = 100;
  // The JIT compiles what runs often; what a test suite meets in its first seconds is slower.
  private static final int WARM_UP_ROUNDS = 8;

  private Overhead() {}

  private interface Cycle {
    void run() throws IOException;
  }

  public static void main(String[] args) throws IOException {
    Hangup hangup = Hangup.shared();
    ManagedChannel channel =
        Grpc.newChannelBuilder("dns:///" + hangup.address(), InsecureChannelCredentials.create())
            .build();
    var scopes = ScopeServiceGrpc.newBlockingStub(channel);
    var listeners = ListenerServiceGrpc.newBlockingStub(channel);
    var sessions = SessionServiceGrpc.newBlockingStub(channel);
    String scope = scopes.createScope(CreateScopeRequest.getDefaultInstance()).getScope().getName();
    var bare =
        listeners
            .createListener(CreateListenerRequest.newBuilder().setScope(scope).build())
            .getListener();
    try (Fixture fixture = hangup.fixture("overhead")) {
      Listener listener = fixture.listen();
      Cycle throughClient =
          () -> {
            try (Socket socket = new Socket("127.0.0.1", listener.port())) {
              listener.accepted(socket.getLocalPort()).reset();
              expectReset(socket);
            }
          };
      Cycle throughStubs =
          () -> {
            try (Socket socket = new Socket("127.0.0.1", bare.getPort())) {
              var session =
                  sessions
                      .waitSession(
                          WaitSessionRequest.newBuilder()
                              .setScope(scope)
                              .setListener(bare.getName())
                              .setPeerPort(socket.getLocalPort())
                              .build())
                      .getSession();
              sessions.resetSession(
                  ResetSessionRequest.newBuilder()
                      .setScope(scope)
                      .setSession(session.getName())
                      .setUid(session.getUid())
                      .build());
              expectReset(socket);
            }
          };
      long[] client = new long[ROUNDS * CYCLES_OF_A_ROUND];
      long[] stubs = new long[ROUNDS * CYCLES_OF_A_ROUND];
      for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
        measure(throughClient, client, round);
        measure(throughStubs, stubs, round);
      }
      System.out.printf(
          "{\"language\":\"java\",\"version\":\"%s\",\"cycles\":%d,\"clientMicros\":%d,\"stubMicros\":%d,\"via\":\"control stream\"}%n",
          Conformance.version(), client.length, medianMicros(client), medianMicros(stubs));
    } finally {
      scopes.deleteScope(DeleteScopeRequest.newBuilder().setScope(scope).build());
      channel.shutdownNow();
    }
  }

  private static void measure(Cycle cycle, long[] nanos, int round) throws IOException {
    for (int i = 0; i < CYCLES_OF_A_ROUND; i++) {
      long start = System.nanoTime();
      cycle.run();
      if (round >= 0) {
        nanos[round * CYCLES_OF_A_ROUND + i] = System.nanoTime() - start;
      }
    }
  }

  private static void expectReset(Socket socket) throws IOException {
    try {
      throw new IllegalStateException("read gave " + socket.getInputStream().read());
    } catch (SocketException reset) {
      if (!"Connection reset".equals(reset.getMessage())) {
        throw reset;
      }
    }
  }

  private static long medianMicros(long[] nanos) {
    Arrays.sort(nanos);
    return nanos[nanos.length / 2] / 1000;
  }
}
