package io.hangup;

import com.google.rpc.Code;
import java.util.List;

/**
 * Steps of plans did not act on a connection that they were for: faults that did not happen, so
 * what the test has seen is no proof of anything.
 */
public final class NeverFiredError extends AssertionError {
  private static final long serialVersionUID = 1;

  private final String[] lines;

  NeverFiredError(List<String> lines) {
    super("never fired: " + String.join("; ", lines));
    this.lines = lines.toArray(String[]::new);
  }

  /**
   * The code that a {@link HangupException} would have.
   *
   * @return FAILED_PRECONDITION
   */
  public Code code() {
    return Code.FAILED_PRECONDITION;
  }

  /**
   * The stable reason, as of a {@link HangupException}.
   *
   * @return {@code NEVER_FIRED}
   */
  public String reason() {
    return "NEVER_FIRED";
  }

  /**
   * Which, as {@code echo, plan 1, step 1: on 1 of 2 connections} or {@code echo, plan 1: it had no
   * connection}.
   *
   * @return a line for each
   */
  public List<String> lines() {
    return List.of(lines);
  }
}
