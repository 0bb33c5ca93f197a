package io.hangup;

import com.google.rpc.Code;
import io.hangup.v1.CreateListenerRequest;
import io.hangup.v1.DeleteScopeRequest;
import io.hangup.v1.HoldScopeRequest;
import io.hangup.v1.HoldScopeResponse;
import io.hangup.v1.ListenerPlans;
import io.hangup.v1.ListenerServiceGrpc;
import io.hangup.v1.OpenSessionRequest;
import io.hangup.v1.PlanReport;
import io.hangup.v1.Scope;
import io.hangup.v1.ScopeReport;
import io.hangup.v1.ScopeServiceGrpc;
import io.hangup.v1.SessionServiceGrpc;
import io.hangup.v1.SignalPlanRequest;
import io.hangup.v1.StepReport;
import io.hangup.v1.StreamEventsRequest;
import io.hangup.v1.WaitSessionRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * What one test holds of a daemon: a scope of its own, with listeners and sessions that no other
 * test can meet.
 *
 * <p>It ends by {@link #close()}, and also when this process does, however.
 */
public final class Fixture implements AutoCloseable {
  // The scope begins on a machine that may be busy with all the other tests.
  private static final Duration HOLD_TIMEOUT = Duration.ofSeconds(30);

  private final Hangup hangup;
  private final ServerStream<HoldScopeRequest, HoldScopeResponse> holder;
  private final Scope scope;
  private final Set<Events> streams = ConcurrentHashMap.newKeySet();
  private boolean neverFiredAllowed;
  private ScopeReport report;

  private Fixture(
      Hangup hangup, ServerStream<HoldScopeRequest, HoldScopeResponse> holder, Scope scope) {
    this.hangup = hangup;
    this.holder = holder;
    this.scope = scope;
  }

  static Fixture hold(Hangup hangup, String prefix) {
    ServerStream<HoldScopeRequest, HoldScopeResponse> holder =
        hangup.calls().stream(
            ScopeServiceGrpc.getHoldScopeMethod(),
            HoldScopeRequest.newBuilder().setScope(uniqueName(prefix)).build());
    try {
      HoldScopeResponse first = holder.take(HOLD_TIMEOUT);
      if (first == null) {
        throw new HangupException(
            Code.DEADLINE_EXCEEDED,
            "NO_ANSWER",
            "the daemon at "
                + hangup.address()
                + " gave no scope within "
                + Durations.text(HOLD_TIMEOUT));
      }
      return new Fixture(hangup, holder, first.getScope());
    } catch (HangupException error) {
      holder.close();
      throw error;
    }
  }

  /** At most 63 letters, digits, '.', '_' or '-', the first a letter or digit. */
  private static String uniqueName(String prefix) {
    String allowed = prefix.replaceAll("[^A-Za-z0-9._-]+", "-").replaceFirst("^[^A-Za-z0-9]+", "");
    String unique = UUID.randomUUID().toString().substring(19);
    return (allowed.isEmpty() ? "java" : allowed.substring(0, Math.min(allowed.length(), 40)))
        + "-"
        + unique;
  }

  /**
   * The name of its scope.
   *
   * @return the name, unique for each fixture
   */
  public String scope() {
    return scope.getName();
  }

  /**
   * The daemon.
   *
   * @return the daemon
   */
  public Hangup hangup() {
    return hangup;
  }

  /**
   * Listens on a free port of 127.0.0.1, and echoes.
   *
   * @return the listener, which accepts connections
   */
  public Listener listen() {
    return listen(request -> {});
  }

  /**
   * Listens as the request says: where, what it does with bytes, and by which plans its connections
   * end.
   *
   * @param request sets what differs from {@link #listen()}
   * @return the listener, which accepts connections where its state is not another
   * @throws HangupException INVALID_ARGUMENT; FAILED_PRECONDITION, as PORT_IN_USE; ALREADY_EXISTS
   *     (NAME_TAKEN)
   */
  public Listener listen(Consumer<CreateListenerRequest.Builder> request) {
    CreateListenerRequest.Builder builder = CreateListenerRequest.newBuilder();
    request.accept(builder);
    return new Listener(
        this,
        hangup
            .calls()
            .call(ListenerServiceGrpc.getCreateListenerMethod(), builder.setScope(scope()).build())
            .getListener());
  }

  /**
   * Lets the daemon connect to the test's own server. Bytes that come wait for {@link
   * Session#receive()}.
   *
   * @param target {@code host:port}, {@code [ipv6]:port} or {@code unix:/path}
   * @return the session, connected
   * @throws HangupException FAILED_PRECONDITION (CONNECT_FAILED); DEADLINE_EXCEEDED
   *     (CONNECT_TIMEOUT) after 5 s
   */
  public Session dial(String target) {
    return dial(target, request -> {});
  }

  /**
   * Lets the daemon connect to the test's own server.
   *
   * @param target {@code host:port}, {@code [ipv6]:port} or {@code unix:/path}
   * @param request sets what differs from {@link #dial(String)}: a name, a behaviour, a plan, a
   *     timeout
   * @return the session, connected
   * @throws HangupException FAILED_PRECONDITION (CONNECT_FAILED); DEADLINE_EXCEEDED
   *     (CONNECT_TIMEOUT)
   */
  public Session dial(String target, Consumer<OpenSessionRequest.Builder> request) {
    OpenSessionRequest.Builder builder = OpenSessionRequest.newBuilder().setTarget(target);
    request.accept(builder);
    return new Session(
        this,
        hangup
            .calls()
            .call(SessionServiceGrpc.getOpenSessionMethod(), builder.setScope(scope()).build())
            .getSession());
  }

  /**
   * A session by its name; waits until there is one.
   *
   * @param name such as {@code echo/1}, the first connection that the listener {@code echo}
   *     accepted
   * @return the session
   * @throws HangupException DEADLINE_EXCEEDED (WAIT_TIMEOUT), when there is none after 5 s
   */
  public Session session(String name) {
    return new Session(
        this,
        waitSession(WaitSessionRequest.newBuilder().setSession(name), Hangup.DEFAULT_TIMEOUT));
  }

  /**
   * The events of the scope, of all kinds but those of data: what happens after this call has
   * returned is in them.
   *
   * @return the stream
   */
  public Events events() {
    return events(request -> {});
  }

  /**
   * Events of the scope.
   *
   * @param request sets which: of a listener, a session, some kinds, or from an earlier one on
   * @return the stream, open
   */
  public Events events(Consumer<StreamEventsRequest.Builder> request) {
    StreamEventsRequest.Builder builder = StreamEventsRequest.newBuilder();
    request.accept(builder);
    Events events = Events.open(this, builder.setScope(scope()).build());
    streams.add(events);
    return events;
  }

  /**
   * Fires the steps of plans of this fixture that wait for the signal, those of connections to come
   * too.
   *
   * @param name the signal's
   * @throws HangupException INVALID_ARGUMENT (UNKNOWN_SIGNAL), when no plan names it
   */
  public void signal(String name) {
    signal(SignalPlanRequest.newBuilder().setSignal(name));
  }

  /**
   * Lets a step of a plan that never fired pass at the end.
   *
   * @return this
   */
  public synchronized Fixture allowNeverFired() {
    neverFiredAllowed = true;
    return this;
  }

  /**
   * What became of it all.
   *
   * @return the report: of the plans, of all sessions, and of what was still open
   * @throws IllegalStateException before {@link #close()}
   */
  public synchronized ScopeReport report() {
    if (report == null) {
      throw new IllegalStateException("a fixture has its report when it is closed");
    }
    return report;
  }

  /**
   * Ends the scope: its listeners are deleted, and its sessions reset. Once it is closed, to close
   * it does nothing.
   *
   * @throws NeverFiredError when a step of a plan did not act on a connection that it was for,
   *     unless {@link #allowNeverFired()}
   */
  @Override
  public synchronized void close() {
    if (report != null) {
      return;
    }
    try {
      report =
          hangup
              .calls()
              .call(
                  ScopeServiceGrpc.getDeleteScopeMethod(),
                  DeleteScopeRequest.newBuilder().setScope(scope()).setUid(scope.getUid()).build())
              .getReport();
    } finally {
      streams.forEach(Events::close);
      holder.close();
    }
    List<String> lines = neverFired(report);
    if (!neverFiredAllowed && !lines.isEmpty()) {
      throw new NeverFiredError(lines);
    }
  }

  void closed(Events events) {
    streams.remove(events);
  }

  void signal(SignalPlanRequest.Builder request) {
    hangup
        .calls()
        .call(SessionServiceGrpc.getSignalPlanMethod(), request.setScope(scope()).build());
  }

  io.hangup.v1.Session waitSession(WaitSessionRequest.Builder request, Duration timeout) {
    return hangup
        .calls()
        .call(
            SessionServiceGrpc.getWaitSessionMethod(),
            request.setScope(scope()).setTimeout(Durations.of(timeout)).build())
        .getSession();
  }

  private static List<String> neverFired(ScopeReport report) {
    List<String> lines = new ArrayList<>();
    for (ListenerPlans of : report.getPlansList()) {
      for (PlanReport plan : of.getPlansList()) {
        String name = of.getListener().isEmpty() ? of.getSession() : of.getListener();
        String where = name + ", plan " + plan.getPlan();
        if (plan.getConnectionsSeen() == 0) {
          lines.add(where + ": it had no connection");
          continue;
        }
        for (StepReport step : plan.getStepsList()) {
          if (step.getNotFired() > 0) {
            lines.add(
                String.format(
                    "%s, step %d: on %d of %d connections",
                    where, step.getStep(), step.getNotFired(), plan.getConnectionsSeen()));
          }
        }
      }
    }
    return lines;
  }
}
