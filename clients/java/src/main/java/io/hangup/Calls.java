package io.hangup;

import com.google.protobuf.Message;
import com.google.rpc.Code;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The way of all requests to the daemon. */
final class Calls {
  /** For the daemon's own bounds where a request gives none, and for a machine that is busy. */
  private static final Duration GRACE = Duration.ofSeconds(30);

  private final Channel channel;
  private final Supplier<String> whyUnavailable;

  Calls(Channel channel, Supplier<String> whyUnavailable) {
    this.channel = channel;
    this.whyUnavailable = whyUnavailable;
  }

  /**
   * Makes a call, and waits for its reply.
   *
   * @throws HangupException when it ends with an error
   */
  <Q extends Message, R extends Message> R call(MethodDescriptor<Q, R> method, Q request) {
    // The daemon answers within the bound that the request names. Our own deadline is for a daemon that does not.
    long deadline = Durations.sumIn(request).plus(GRACE).toNanos();
    try {
      return ClientCalls.blockingUnaryCall(
          channel,
          method,
          CallOptions.DEFAULT.withDeadlineAfter(deadline, TimeUnit.NANOSECONDS),
          request);
    } catch (StatusRuntimeException error) {
      throw explained(HangupException.of(error));
    }
  }

  /** Opens a stream. */
  <Q, R> ServerStream<Q, R> stream(MethodDescriptor<Q, R> method, Q request) {
    return new ServerStream<>(channel, method, request, this::explained);
  }

  private HangupException explained(HangupException error) {
    return error.code() == Code.UNAVAILABLE ? error.with(whyUnavailable.get()) : error;
  }
}
