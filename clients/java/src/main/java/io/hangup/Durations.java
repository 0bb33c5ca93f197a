package io.hangup;

import com.google.protobuf.Message;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Durations of Java and of the contract. */
final class Durations {
  /** The most that the contract's type holds, 10000 years: the daemon says what it thinks of it. */
  private static final long MAX_SECONDS = 315_576_000_000L;

  private Durations() {}

  static com.google.protobuf.Duration of(Duration duration) {
    long seconds = duration.getSeconds();
    if (Math.abs(seconds / 2) >= MAX_SECONDS / 2) {
      return com.google.protobuf.Duration.newBuilder()
          .setSeconds(seconds < 0 ? -MAX_SECONDS : MAX_SECONDS)
          .build();
    }
    return com.google.protobuf.Duration.newBuilder()
        .setSeconds(seconds)
        .setNanos(duration.getNano())
        .build();
  }

  /** At least 0, and at most what nanoseconds can say, 292 years. */
  static long nanos(Duration duration) {
    return Math.max(0, TimeUnit.NANOSECONDS.convert(duration));
  }

  static String text(Duration duration) {
    long millis = TimeUnit.MILLISECONDS.convert(duration);
    return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
  }

  /** What all durations in a message come to: no reply that keeps them takes longer. */
  static Duration sumIn(Message message) {
    if (message instanceof com.google.protobuf.Duration duration) {
      return Duration.ofSeconds(Math.max(0, Math.min(duration.getSeconds(), MAX_SECONDS)))
          .plusNanos(Math.max(0, duration.getNanos()));
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
