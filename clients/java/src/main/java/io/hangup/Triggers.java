package io.hangup;

import com.google.protobuf.ByteString;
import io.hangup.v1.AcceptedTrigger;
import io.hangup.v1.PeerFinTrigger;
import io.hangup.v1.Trigger;
import java.time.Duration;

/** When a step of a plan acts. Counts are from the beginning of the connection. */
public final class Triggers {
  private Triggers() {}

  /**
   * At once, when the step before has acted.
   *
   * @return the trigger
   */
  public static Trigger accepted() {
    return Trigger.newBuilder().setAccepted(AcceptedTrigger.getDefaultInstance()).build();
  }

  /**
   * So many bytes of the peer were read.
   *
   * @param bytes at least 1
   * @return the trigger
   */
  public static Trigger bytesReceived(long bytes) {
    return Trigger.newBuilder().setBytesReceived(bytes).build();
  }

  /**
   * So many bytes were written; the step acts before the next one.
   *
   * @param bytes at least 1
   * @return the trigger
   */
  public static Trigger bytesSent(long bytes) {
    return Trigger.newBuilder().setBytesSent(bytes).build();
  }

  /**
   * The peer has sent this text, across segments too.
   *
   * @param text such as {@code "\r\n\r\n"}, the end of an HTTP request's head
   * @return the trigger
   */
  public static Trigger pattern(String text) {
    return Trigger.newBuilder().setPatternText(text).build();
  }

  /**
   * The peer has sent these bytes, across segments too.
   *
   * @param data at most 4096
   * @return the trigger
   */
  public static Trigger pattern(byte[] data) {
    return Trigger.newBuilder().setPatternData(ByteString.copyFrom(data)).build();
  }

  /**
   * So much time has gone by since the step before acted.
   *
   * @param time at most 1 hour
   * @return the trigger
   */
  public static Trigger elapsed(Duration time) {
    return Trigger.newBuilder().setElapsed(Durations.of(time)).build();
  }

  /**
   * Nothing was read or written for so long, since the step before acted.
   *
   * @param time 1 ms to 1 hour
   * @return the trigger
   */
  public static Trigger idle(Duration time) {
    return Trigger.newBuilder().setIdle(Durations.of(time)).build();
  }

  /**
   * The peer's FIN has come.
   *
   * @return the trigger
   */
  public static Trigger peerFin() {
    return Trigger.newBuilder().setPeerFin(PeerFinTrigger.getDefaultInstance()).build();
  }

  /**
   * {@link Fixture#signal}, {@link Listener#signal} or {@link Session#signal} has fired it.
   *
   * @param name 1 to 63 letters, digits, '.', '_' or '-'
   * @return the trigger
   */
  public static Trigger signal(String name) {
    return Trigger.newBuilder().setSignal(name).build();
  }
}
