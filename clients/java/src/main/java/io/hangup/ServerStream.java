package io.hangup;

import com.google.rpc.Code;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A stream of messages from the daemon, taken one by one; no more than a few wait here. */
final class ServerStream<Q, R> implements AutoCloseable {
  private static final int MESSAGES_AHEAD = 4;

  /** The end, where there was no error. */
  private static final Object END = new Object();

  /** A message, or END or a StatusRuntimeException as the end. */
  private final BlockingQueue<Object> arrived = new LinkedBlockingQueue<>();

  private ClientCallStreamObserver<Q> call;

  private final Calls calls;

  /** Whether it was we who ended it. */
  private volatile boolean closed;

  ServerStream(Channel channel, MethodDescriptor<Q, R> method, Q request, Calls calls) {
    this.calls = calls;
    ClientCalls.asyncServerStreamingCall(
        channel.newCall(method, CallOptions.DEFAULT),
        request,
        new ClientResponseObserver<Q, R>() {
          @Override
          public void beforeStart(ClientCallStreamObserver<Q> starting) {
            call = starting;
            starting.disableAutoRequestWithInitial(MESSAGES_AHEAD);
          }

          @Override
          public void onNext(R message) {
            arrived.add(message);
          }

          @Override
          public void onError(Throwable error) {
            arrived.add(error);
          }

          @Override
          public void onCompleted() {
            arrived.add(END);
          }
        });
  }

  /**
   * The next message; null when none came in time.
   *
   * @throws HangupException when the stream has ended: OUT_OF_RANGE (END_OF_EVENTS), when all that
   *     was asked for has come; CANCELLED (END_OF_EVENTS), when it was closed here
   */
  @SuppressWarnings("unchecked")
  R take(Duration timeout) {
    Object next;
    try {
      next = arrived.poll(Durations.nanos(timeout), TimeUnit.NANOSECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new HangupException(Code.CANCELLED, "", "interrupted", interrupted);
    }
    boolean ended = next == END || next instanceof StatusRuntimeException;
    if (ended) {
      arrived.add(next);
    }
    if (closed && (ended || next == null)) {
      throw new HangupException(
          Code.CANCELLED, "END_OF_EVENTS", "the stream of events, or its fixture, was closed");
    }
    if (next == END) {
      throw new HangupException(
          Code.OUT_OF_RANGE,
          "END_OF_EVENTS",
          "the stream has ended: all that was asked for has come");
    }
    if (next instanceof StatusRuntimeException end) {
      throw calls.explained(HangupException.of(end));
    }
    if (next != null) {
      calls.answered();
      call.request(1);
    }
    return (R) next;
  }

  @Override
  public void close() {
    closed = true;
    call.cancel("closed", null);
  }
}
