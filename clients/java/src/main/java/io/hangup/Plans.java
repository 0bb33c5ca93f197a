package io.hangup;

import io.hangup.v1.Action;
import io.hangup.v1.Plan;
import io.hangup.v1.Step;
import io.hangup.v1.Trigger;
import java.util.List;

/**
 * What shall become of connections, said before they exist: {@code first(2, step(bytesReceived(1),
 * reset()))} resets the first two connections at their first byte.
 */
public final class Plans {
  private Plans() {}

  /**
   * For the next connections of a listener, in accept order; the plan behind it is for those that
   * follow.
   *
   * @param connections how many, at least 1
   * @param steps what happens, one after the other
   * @return the plan
   */
  public static Plan first(int connections, Step... steps) {
    if (connections < 1) {
      throw new IllegalArgumentException("connections: " + connections + "; at least 1");
    }
    return Plan.newBuilder().setConnections(connections).addAllSteps(List.of(steps)).build();
  }

  /**
   * For all the other connections of a listener, or for a dialed one.
   *
   * @param steps what happens, one after the other
   * @return the plan
   */
  public static Plan each(Step... steps) {
    return Plan.newBuilder().addAllSteps(List.of(steps)).build();
  }

  /**
   * A step of a plan.
   *
   * @param trigger when
   * @param action what
   * @return the step
   */
  public static Step step(Trigger trigger, Action action) {
    return Step.newBuilder().setTrigger(trigger).setAction(action).build();
  }
}
