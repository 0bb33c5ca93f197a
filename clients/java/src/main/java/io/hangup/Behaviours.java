package io.hangup;

import io.hangup.v1.Behaviour;
import io.hangup.v1.DiscardBehaviour;
import io.hangup.v1.EchoBehaviour;
import io.hangup.v1.ManualBehaviour;
import io.hangup.v1.SilentBehaviour;
import io.hangup.v1.SourceBehaviour;

/** What a session does with bytes while nothing else is asked. */
public final class Behaviours {
  private Behaviours() {}

  /**
   * Sends back what it gets: the default of a listener.
   *
   * @return the behaviour
   */
  public static Behaviour echo() {
    return Behaviour.newBuilder().setEcho(EchoBehaviour.getDefaultInstance()).build();
  }

  /**
   * Reads and throws away.
   *
   * @return the behaviour
   */
  public static Behaviour discard() {
    return Behaviour.newBuilder().setDiscard(DiscardBehaviour.getDefaultInstance()).build();
  }

  /**
   * Reads nothing: what the peer sends stays in the kernel.
   *
   * @return the behaviour
   */
  public static Behaviour silent() {
    return Behaviour.newBuilder().setSilent(SilentBehaviour.getDefaultInstance()).build();
  }

  /**
   * Sends bytes of its own.
   *
   * @param bytes how many; 0: without end
   * @return the behaviour
   */
  public static Behaviour source(long bytes) {
    return Behaviour.newBuilder().setSource(SourceBehaviour.newBuilder().setBytes(bytes)).build();
  }

  /**
   * The peer's bytes wait for {@link Session#receive()}: the default of a dialed session.
   *
   * @return the behaviour
   */
  public static Behaviour manual() {
    return Behaviour.newBuilder().setManual(ManualBehaviour.getDefaultInstance()).build();
  }
}
