package io.hangup;

import com.google.protobuf.Message;
import com.google.rpc.Code;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.function.Supplier;

/** The way of all requests to the daemon, and of the errors back. */
final class Calls {
  /** For the daemon's own bounds where a request gives none, and for a machine that is busy. */
  private static final Duration GRACE = Duration.ofSeconds(30);

  private final Channel channel;
  private final ControlStream control;
  private final Supplier<String> whyUnavailable;

  /** Whether what is there has ever answered as a daemon does. */
  private volatile boolean hasAnswered;

  Calls(Channel channel, Supplier<String> whyUnavailable) {
    this.channel = channel;
    this.control = new ControlStream(channel);
    this.whyUnavailable = whyUnavailable;
  }

  /**
   * Makes a call, and waits for its reply.
   *
   * @throws HangupException when it ends with an error
   */
  <Q extends Message, R extends Message> R call(MethodDescriptor<Q, R> method, Q request) {
    try {
      // The daemon answers within the bound that the request names. Our own deadline is for one
      // that does not.
      R reply = control.call(method, request, Durations.sumIn(request).plus(GRACE));
      answered();
      return reply;
    } catch (HangupException error) {
      throw explained(error);
    }
  }

  /** Opens a stream. */
  <Q, R> ServerStream<Q, R> stream(MethodDescriptor<Q, R> method, Q request) {
    return new ServerStream<>(channel, method, request, this);
  }

  /** It is a daemon. */
  void answered() {
    hasAnswered = true;
  }

  /** The error, with what else is known of it. */
  HangupException explained(HangupException thrown) {
    HangupException error = hasAnswered ? thrown : thrown.ofNoDaemon();
    String why = error.code() == Code.UNAVAILABLE ? whyUnavailable.get() : "";
    return why.isEmpty() ? error : error.with(why);
  }
}
