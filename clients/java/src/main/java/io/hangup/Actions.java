package io.hangup;

import com.google.protobuf.ByteString;
import io.hangup.v1.Action;
import io.hangup.v1.Behaviour;
import io.hangup.v1.BlackHoleAction;
import io.hangup.v1.CloseAction;
import io.hangup.v1.DelayAction;
import io.hangup.v1.FinThenResetAction;
import io.hangup.v1.HalfCloseAction;
import io.hangup.v1.HealAction;
import io.hangup.v1.LastDataAction;
import io.hangup.v1.LingerAction;
import io.hangup.v1.PauseAction;
import io.hangup.v1.ResetAction;
import io.hangup.v1.ResetUnreadAction;
import io.hangup.v1.ResumeAction;
import io.hangup.v1.SendAction;
import io.hangup.v1.SendUrgentAction;
import io.hangup.v1.SetBehaviourAction;
import io.hangup.v1.ThrottleAction;
import io.hangup.v1.VanishAction;
import java.time.Duration;

/**
 * The actions of the catalogue, for {@link Session#perform} and for steps of plans. What is rarely
 * set, such as timeouts, is in the messages of {@code io.hangup.v1}.
 */
public final class Actions {
  private Actions() {}

  /**
   * FIN after all that was written; then the peer's is awaited, at most 10 s.
   *
   * @return the action
   */
  public static Action close() {
    return Action.newBuilder().setClose(CloseAction.getDefaultInstance()).build();
  }

  /**
   * FIN after all that was written, and reading goes on.
   *
   * @return the action
   */
  public static Action halfClose() {
    return Action.newBuilder().setHalfClose(HalfCloseAction.getDefaultInstance()).build();
  }

  /**
   * RST now; what was not sent is thrown away.
   *
   * @return the action
   */
  public static Action reset() {
    return Action.newBuilder().setReset(ResetAction.getDefaultInstance()).build();
  }

  /**
   * RST when the peer's kernel has acknowledged all that was written, at most 5 s later.
   *
   * @return the action
   */
  public static Action resetAfterFlush() {
    return Action.newBuilder().setReset(ResetAction.newBuilder().setAfterFlush(true)).build();
  }

  /**
   * RST as a server sends it that closes without having read all; waits for an unread byte, at most
   * 5 s.
   *
   * @return the action
   */
  public static Action resetUnread() {
    return Action.newBuilder().setResetUnread(ResetUnreadAction.getDefaultInstance()).build();
  }

  /**
   * FIN after all that was written, and RST if the peer has not acknowledged it all in time.
   *
   * @param timeout how long that may take, at most 5 minutes
   * @return the action
   */
  public static Action linger(Duration timeout) {
    return Action.newBuilder()
        .setLinger(LingerAction.newBuilder().setTimeout(Durations.of(timeout)))
        .build();
  }

  /**
   * FIN, then at once RST: the peer reads EOF, and its first write gives EPIPE.
   *
   * @return the action
   */
  public static Action finThenReset() {
    return Action.newBuilder().setFinThenReset(FinThenResetAction.getDefaultInstance()).build();
  }

  /**
   * Text and FIN in one segment.
   *
   * @param text at most one segment of UTF-8
   * @return the action
   */
  public static Action lastData(String text) {
    return Action.newBuilder().setLastData(LastDataAction.newBuilder().setText(text)).build();
  }

  /**
   * Bytes and FIN in one segment.
   *
   * @param data at most one segment
   * @return the action
   */
  public static Action lastData(byte[] data) {
    return Action.newBuilder()
        .setLastData(LastDataAction.newBuilder().setData(ByteString.copyFrom(data)))
        .build();
  }

  /**
   * Gone without a segment, as after the crash of a machine.
   *
   * @return the action
   */
  public static Action vanish() {
    return Action.newBuilder().setVanish(VanishAction.getDefaultInstance()).build();
  }

  /**
   * Packets are lost.
   *
   * @param direction which
   * @return the action
   */
  public static Action blackHole(BlackHoleAction.Direction direction) {
    return Action.newBuilder()
        .setBlackHole(BlackHoleAction.newBuilder().setDirection(direction))
        .build();
  }

  /**
   * Ends a black hole.
   *
   * @return the action
   */
  public static Action heal() {
    return Action.newBuilder().setHeal(HealAction.getDefaultInstance()).build();
  }

  /**
   * Reads no more: the window goes to zero.
   *
   * @return the action
   */
  public static Action pause() {
    return Action.newBuilder().setPause(PauseAction.getDefaultInstance()).build();
  }

  /**
   * Reads on.
   *
   * @return the action
   */
  public static Action resume() {
    return Action.newBuilder().setResume(ResumeAction.getDefaultInstance()).build();
  }

  /**
   * Sends slowly, each chunk in a segment of its own.
   *
   * @param bytesPerSecond how many; 0: full speed again
   * @param chunkBytes bytes of a chunk, 1 to 65536; 0: 1 KiB
   * @return the action
   */
  public static Action throttle(long bytesPerSecond, int chunkBytes) {
    return Action.newBuilder()
        .setThrottle(
            ThrottleAction.newBuilder().setBytesPerSecond(bytesPerSecond).setChunkBytes(chunkBytes))
        .build();
  }

  /**
   * Sends late what is sent from now on, a FIN too.
   *
   * @param duration how much later, at most 5 minutes; zero: without delay again
   * @return the action
   */
  public static Action delay(Duration duration) {
    return Action.newBuilder()
        .setDelay(DelayAction.newBuilder().setDuration(Durations.of(duration)))
        .build();
  }

  /**
   * Sends text as UTF-8.
   *
   * @param text at most 1 MiB
   * @return the action
   */
  public static Action send(String text) {
    return Action.newBuilder().setSend(SendAction.newBuilder().setText(text)).build();
  }

  /**
   * Sends bytes.
   *
   * @param data at most 1 MiB
   * @return the action
   */
  public static Action send(byte[] data) {
    return Action.newBuilder()
        .setSend(SendAction.newBuilder().setData(ByteString.copyFrom(data)))
        .build();
  }

  /**
   * Sends text, the last byte of it urgent.
   *
   * @param text at most 1 KiB of UTF-8
   * @return the action
   */
  public static Action sendUrgent(String text) {
    return Action.newBuilder().setSendUrgent(SendUrgentAction.newBuilder().setText(text)).build();
  }

  /**
   * Treats the peer's bytes otherwise from now on.
   *
   * @param behaviour how; see {@link Behaviours}
   * @return the action
   */
  public static Action setBehaviour(Behaviour behaviour) {
    return Action.newBuilder()
        .setSetBehaviour(SetBehaviourAction.newBuilder().setBehaviour(behaviour))
        .build();
  }
}
