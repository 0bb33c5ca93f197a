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
import java.util.function.UnaryOperator;

/** A stream of messages from the daemon, taken one by one; no more than a few wait here. */
final class ServerStream<Q, R> implements AutoCloseable {
  private static final int MESSAGES_AHEAD = 4;

  /** The end, where there was no error. */
  private static final Object END = new Object();

  /** A message, or END or a StatusRuntimeException as the end. */
  private final BlockingQueue<Object> arrived = new LinkedBlockingQueue<>();

  private ClientCallStreamObserver<Q> call;

  private final UnaryOperator<HangupException> explained;

  ServerStream(
      Channel channel,
      MethodDescriptor<Q, R> method,
      Q request,
      UnaryOperator<HangupException> explained) {
    this.explained = explained;
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
   *     was asked for has come
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
    if (next == END) {
      arrived.add(END);
      throw new HangupException(
          Code.OUT_OF_RANGE,
          "END_OF_EVENTS",
          "the stream has ended: all that was asked for has come");
    }
    if (next instanceof StatusRuntimeException end) {
      arrived.add(end);
      throw explained.apply(HangupException.of(end));
    }
    if (next != null) {
      call.request(1);
    }
    return (R) next;
  }

  @Override
  public void close() {
    call.cancel("closed", null);
  }
}
