package io.hangup;

import com.google.protobuf.ByteString;
import io.hangup.v1.Action;
import io.hangup.v1.CloseSessionRequest;
import io.hangup.v1.HalfCloseSessionRequest;
import io.hangup.v1.PerformActionRequest;
import io.hangup.v1.PerformActionResponse;
import io.hangup.v1.Receipt;
import io.hangup.v1.ReceiveDataRequest;
import io.hangup.v1.ReceiveDataResponse;
import io.hangup.v1.ResetSessionRequest;
import io.hangup.v1.SendDataRequest;
import io.hangup.v1.SessionServiceGrpc;
import io.hangup.v1.SignalPlanRequest;
import io.hangup.v1.WaitSessionRequest;
import io.hangup.v1.WaitSessionRequest.Condition;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One connection of the daemon, accepted by a {@link Listener} or dialed.
 *
 * <p>All errors of commands: FAILED_PRECONDITION (SESSION_ENDED, with {@link
 * HangupException#receipt()}) when it has ended.
 */
public final class Session {
  private final Fixture fixture;
  private final String name;
  // Names come again when a session has ended. With its uid no command meets another life of the
  // name.
  private final String uid;

  Session(Fixture fixture, io.hangup.v1.Session session) {
    this.fixture = fixture;
    this.name = session.getName();
    this.uid = session.getUid();
  }

  /**
   * Its name in the scope.
   *
   * @return {@code echo/1} for the first connection that the listener {@code echo} accepted
   */
  public String name() {
    return name;
  }

  /**
   * What tells it from other sessions of its name.
   *
   * @return the uid, never used again
   */
  public String uid() {
    return uid;
  }

  /**
   * How it stands now.
   *
   * @return the contract's message: the state of the connection, bytes, what came of the peer, the
   *     receipt so far
   */
  public io.hangup.v1.Session info() {
    return waitFor(request -> {}, Duration.ZERO);
  }

  /**
   * FIN after all that was written; then it is ended by the peer's FIN or RST, or after 10 s.
   *
   * @return the receipt so far: the FIN is with the kernel
   * @throws HangupException FAILED_PRECONDITION (ALREADY_CLOSED); DEADLINE_EXCEEDED (FLUSH_TIMEOUT)
   *     after 5 s
   */
  public Receipt close() {
    return call(
            SessionServiceGrpc.getCloseSessionMethod(),
            CloseSessionRequest.newBuilder()
                .setScope(fixture.scope())
                .setSession(name)
                .setUid(uid)
                .build())
        .getReceipt();
  }

  /**
   * FIN after all that was written, and reading goes on.
   *
   * @return the receipt so far: the FIN is with the kernel
   * @throws HangupException FAILED_PRECONDITION (FIN_ALREADY_SENT); DEADLINE_EXCEEDED
   *     (FLUSH_TIMEOUT) after 5 s
   */
  public Receipt halfClose() {
    return call(
            SessionServiceGrpc.getHalfCloseSessionMethod(),
            HalfCloseSessionRequest.newBuilder()
                .setScope(fixture.scope())
                .setSession(name)
                .setUid(uid)
                .build())
        .getReceipt();
  }

  /**
   * RST now. What the peer has not read yet it still can; what was not sent is thrown away.
   *
   * @return the receipt, final
   * @throws HangupException FAILED_PRECONDITION (RESET_IMPOSSIBLE) where Linux sends none
   */
  public Receipt reset() {
    return call(
            SessionServiceGrpc.getResetSessionMethod(),
            ResetSessionRequest.newBuilder()
                .setScope(fixture.scope())
                .setSession(name)
                .setUid(uid)
                .build())
        .getReceipt();
  }

  /**
   * Any action of the catalogue.
   *
   * @param action see {@link Actions}
   * @return the receipt so far; absent where the connection goes on
   * @throws HangupException FAILED_PRECONDITION, as WRONG_STATE or ACTION_UNAVAILABLE; what else
   *     the action may give
   */
  public Optional<Receipt> perform(Action action) {
    PerformActionResponse done =
        call(
            SessionServiceGrpc.getPerformActionMethod(),
            PerformActionRequest.newBuilder()
                .setScope(fixture.scope())
                .setSession(name)
                .setUid(uid)
                .setAction(action)
                .build());
    return done.getReceiptsList().stream().findFirst();
  }

  /**
   * Sends text as UTF-8.
   *
   * @param text 1 byte to 1 MiB
   * @throws HangupException FAILED_PRECONDITION (FIN_ALREADY_SENT); DEADLINE_EXCEEDED
   *     (FLUSH_TIMEOUT) when the peer has not made room within 5 s
   */
  public void send(String text) {
    send(SendDataRequest.newBuilder().setText(text));
  }

  /**
   * Sends bytes.
   *
   * @param data 1 byte to 1 MiB
   * @throws HangupException FAILED_PRECONDITION (FIN_ALREADY_SENT); DEADLINE_EXCEEDED
   *     (FLUSH_TIMEOUT) when the peer has not made room within 5 s
   */
  public void send(byte[] data) {
    send(SendDataRequest.newBuilder().setData(ByteString.copyFrom(data)));
  }

  /**
   * Takes what has come, where the behaviour is manual; waits for at least a byte or the end, at
   * most 5 s.
   *
   * @return the bytes; whether FIN, or an error such as {@code ECONNRESET}, follows directly
   * @throws HangupException FAILED_PRECONDITION (NOT_RECEIVING); DEADLINE_EXCEEDED
   *     (RECEIVE_TIMEOUT)
   */
  public ReceiveDataResponse receive() {
    return receive(1, Hangup.DEFAULT_TIMEOUT);
  }

  /**
   * Takes what has come, where the behaviour is manual; waits for so many bytes or the end.
   *
   * @param minBytes so many at least; 1 to 1048576
   * @param timeout how long to wait, at most 10 minutes; past it nothing is taken
   * @return the bytes; whether FIN, or an error such as {@code ECONNRESET}, follows directly
   * @throws HangupException FAILED_PRECONDITION (NOT_RECEIVING); DEADLINE_EXCEEDED
   *     (RECEIVE_TIMEOUT)
   */
  public ReceiveDataResponse receive(int minBytes, Duration timeout) {
    return call(
        SessionServiceGrpc.getReceiveDataMethod(),
        ReceiveDataRequest.newBuilder()
            .setScope(fixture.scope())
            .setSession(name)
            .setUid(uid)
            .setMinBytes(minBytes)
            .setTimeout(Durations.of(timeout))
            .build());
  }

  /**
   * Waits until it has ended, at most 5 s.
   *
   * @return the receipt, final
   * @throws HangupException DEADLINE_EXCEEDED (WAIT_TIMEOUT), with the state seen last
   */
  public Receipt waitEnded() {
    return waitEnded(Hangup.DEFAULT_TIMEOUT);
  }

  /**
   * Waits until it has ended.
   *
   * @param timeout how long, at most 10 minutes
   * @return the receipt, final
   * @throws HangupException DEADLINE_EXCEEDED (WAIT_TIMEOUT), with the state seen last
   */
  public Receipt waitEnded(Duration timeout) {
    return waitFor(request -> request.setCondition(Condition.ENDED), timeout).getReceipt();
  }

  /**
   * Waits until the peer's FIN or RST has come, or it has ended, at most 5 s.
   *
   * @param condition which
   * @return how it stood then
   * @throws HangupException DEADLINE_EXCEEDED (WAIT_TIMEOUT), with the state seen last;
   *     FAILED_PRECONDITION (SESSION_ENDED), when it can never hold
   */
  public io.hangup.v1.Session waitFor(Condition condition) {
    return waitFor(request -> request.setCondition(condition));
  }

  /**
   * Waits until all that is given holds at once, at most 5 s.
   *
   * @param request sets what: a condition, a state, bytes received or sent
   * @return how it stood then
   * @throws HangupException DEADLINE_EXCEEDED (WAIT_TIMEOUT), with the state seen last;
   *     FAILED_PRECONDITION (SESSION_ENDED), when it can never hold
   */
  public io.hangup.v1.Session waitFor(Consumer<WaitSessionRequest.Builder> request) {
    return waitFor(request, Hangup.DEFAULT_TIMEOUT);
  }

  /**
   * Waits until all that is given holds at once.
   *
   * @param request sets what: a condition, a state, bytes received or sent
   * @param timeout how long, at most 10 minutes
   * @return how it stood then
   * @throws HangupException DEADLINE_EXCEEDED (WAIT_TIMEOUT), with the state seen last;
   *     FAILED_PRECONDITION (SESSION_ENDED), when it can never hold
   */
  public io.hangup.v1.Session waitFor(
      Consumer<WaitSessionRequest.Builder> request, Duration timeout) {
    WaitSessionRequest.Builder builder = WaitSessionRequest.newBuilder();
    request.accept(builder);
    return fixture.waitSession(builder.setSession(name).setUid(uid), timeout);
  }

  /**
   * Fires the step of its plan that waits for the signal.
   *
   * @param signal the name
   * @throws HangupException INVALID_ARGUMENT (UNKNOWN_SIGNAL), when its plan does not name it
   */
  public void signal(String signal) {
    fixture.signal(SignalPlanRequest.newBuilder().setSession(name).setSignal(signal));
  }

  private void send(SendDataRequest.Builder request) {
    call(
        SessionServiceGrpc.getSendDataMethod(),
        request.setScope(fixture.scope()).setSession(name).setUid(uid).build());
  }

  private <Q extends com.google.protobuf.Message, R extends com.google.protobuf.Message> R call(
      io.grpc.MethodDescriptor<Q, R> method, Q request) {
    return fixture.hangup().calls().call(method, request);
  }
}
