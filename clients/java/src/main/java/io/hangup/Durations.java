package io.hangup;

import com.google.protobuf.Message;
import java.time.Duration;

/** Durations of Java and of the contract. */
final class Durations {
  private Durations() {}

  static com.google.protobuf.Duration of(Duration duration) {
    return com.google.protobuf.Duration.newBuilder()
        .setSeconds(duration.getSeconds())
        .setNanos(duration.getNano())
        .build();
  }

  static String text(Duration duration) {
    return duration.toMillis() % 1000 == 0
        ? duration.toSeconds() + " s"
        : duration.toMillis() + " ms";
  }

  /** What all durations in a message come to: no reply that keeps them takes longer. */
  static Duration sumIn(Message message) {
    if (message instanceof com.google.protobuf.Duration duration) {
      return Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
    }
    Duration sum = Duration.ZERO;
    for (Object value : message.getAllFields().values()) {
      if (value instanceof Message part) {
        sum = sum.plus(sumIn(part));
      } else if (value instanceof Iterable<?> parts) {
        for (Object part : parts) {
          if (part instanceof Message one) {
            sum = sum.plus(sumIn(one));
          }
        }
      }
    }
    return sum;
  }
}
