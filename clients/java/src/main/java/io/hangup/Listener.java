package io.hangup;

import com.google.rpc.Code;
import io.hangup.v1.DeleteListenerRequest;
import io.hangup.v1.GetListenerRequest;
import io.hangup.v1.Listener.State;
import io.hangup.v1.ListenerServiceGrpc;
import io.hangup.v1.SignalPlanRequest;
import io.hangup.v1.UpdateListenerRequest;
import io.hangup.v1.WaitSessionRequest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/** A socket of the daemon that accepts connections, and makes a {@link Session} of each. */
public final class Listener implements AutoCloseable {
  private final Fixture fixture;
  private final io.hangup.v1.Listener created;

  /** The uid of the session that was given last for a port of a peer: ports come round again. */
  private final Map<Integer, String> givenByPort = new ConcurrentHashMap<>();

  /** Held by the one call of {@link #next} that waits: two threads that ask get two sessions. */
  private final ReentrantLock next = new ReentrantLock();

  private long lastOrdinal;

  Listener(Fixture fixture, io.hangup.v1.Listener created) {
    this.fixture = fixture;
    this.created = created;
  }

  /**
   * Its name in the scope.
   *
   * @return the name
   */
  public String name() {
    return created.getName();
  }

  /**
   * What a client dials.
   *
   * @return {@code 127.0.0.1:41234}, {@code [::1]:41234} or {@code unix:/path}
   */
  public String address() {
    return created.getAddress();
  }

  /**
   * The IP address that it is bound to.
   *
   * @return {@code 127.0.0.1}, if not told otherwise; empty on a unix socket
   */
  public String host() {
    return created.getHost();
  }

  /**
   * The TCP port that it is bound to.
   *
   * @return the port; 0 on a unix socket
   */
  public int port() {
    return created.getPort();
  }

  /**
   * How it stands now.
   *
   * @return the contract's message
   */
  public io.hangup.v1.Listener info() {
    return fixture
        .hangup()
        .calls()
        .call(
            ListenerServiceGrpc.getGetListenerMethod(),
            GetListenerRequest.newBuilder().setScope(fixture.scope()).setListener(name()).build())
        .getListener();
  }

  /**
   * The session of the connection that has this local port on the test's side; waits for it, at
   * most 5 s.
   *
   * @param peerPort as {@link java.net.Socket#getLocalPort()} gives it
   * @return the session
   * @throws HangupException DEADLINE_EXCEEDED (WAIT_TIMEOUT); INVALID_ARGUMENT (INVALID_REQUEST),
   *     when that is no port: the socket was not connected
   */
  public Session accepted(int peerPort) {
    return accepted(peerPort, Hangup.DEFAULT_TIMEOUT);
  }

  /**
   * The session of the connection that has this local port on the test's side; waits for it.
   *
   * <p>Of several the living one. A session that has ended is given once for a port: asked again,
   * the next connection from that port is waited for.
   *
   * @param peerPort as {@link java.net.Socket#getLocalPort()} gives it
   * @param timeout how long to wait, at most 10 minutes
   * @return the session
   * @throws HangupException DEADLINE_EXCEEDED (WAIT_TIMEOUT); INVALID_ARGUMENT (INVALID_REQUEST),
   *     when that is no port: the socket was not connected
   */
  public Session accepted(int peerPort, Duration timeout) {
    if (peerPort <= 0) {
      // 0 is no port at all on the way: the session of any connection would be the answer.
      throw new HangupException(
          Code.INVALID_ARGUMENT,
          "INVALID_REQUEST",
          "accepted(): the socket has no local port: it is not connected yet, or closed already;"
              + " keep the number");
    }
    io.hangup.v1.Session found = waitSession(request -> request.setPeerPort(peerPort), timeout);
    boolean given = found.getUid().equals(givenByPort.get(peerPort));
    // What reads nothing notices the peer's RST late: the kernel's state tells of it before.
    boolean over = found.getEnded() || found.getState() == io.hangup.v1.Session.State.CLOSED;
    if (given || over) {
      found = laterThan(found, peerPort, given && over, timeout);
    }
    givenByPort.put(peerPort, found.getUid());
    return new Session(fixture, found);
  }

  /**
   * The session that followed one of the same port. Where it is not sure that another one is meant
   * the one before is given, if there is no other by now.
   */
  private io.hangup.v1.Session laterThan(
      io.hangup.v1.Session before, int peerPort, boolean another, Duration timeout) {
    try {
      return waitSession(
          request ->
              request.setPeerPort(peerPort).setOpenedAfterSequence(before.getOpenedSequence()),
          another ? timeout : Duration.ZERO);
    } catch (HangupException error) {
      if (!another && error.reason().equals("WAIT_TIMEOUT")) {
        return before;
      }
      throw error;
    }
  }

  /**
   * The session accepted after the one that this gave last, the first one at first; waits for it,
   * at most 5 s.
   *
   * @return the session
   * @throws HangupException DEADLINE_EXCEEDED (WAIT_TIMEOUT)
   */
  public Session next() {
    return next(Hangup.DEFAULT_TIMEOUT);
  }

  /**
   * The session accepted after the one that this gave last, the first one at first; waits for it.
   *
   * @param timeout how long to wait, at most 10 minutes
   * @return the session
   * @throws HangupException DEADLINE_EXCEEDED (WAIT_TIMEOUT)
   */
  public Session next(Duration timeout) {
    Duration left = next.tryLock() ? timeout : lockNext(timeout);
    try {
      io.hangup.v1.Session found =
          waitSession(request -> request.setOrdinal(lastOrdinal + 1), left);
      lastOrdinal = found.getOrdinal();
      return new Session(fixture, found);
    } finally {
      next.unlock();
    }
  }

  /** Waits for its turn, and gives what is left of the timeout then. */
  private Duration lockNext(Duration timeout) {
    long deadline = System.nanoTime() + Durations.nanos(timeout);
    try {
      if (next.tryLock(Durations.nanos(timeout), TimeUnit.NANOSECONDS)) {
        return Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new HangupException(Code.CANCELLED, "", "next: interrupted", interrupted);
    }
    throw new HangupException(
        Code.DEADLINE_EXCEEDED,
        "WAIT_TIMEOUT",
        "listener \""
            + name()
            + "\": no session within "
            + Durations.text(timeout)
            + "; a next() called before this one still waited for its own");
  }

  /** From now on SYNs are answered with RST: connect gives ECONNREFUSED. The port is held. */
  public void refuse() {
    become(State.REFUSING);
  }

  /** From now on SYNs are not answered: connect times out. */
  public void stall() {
    become(State.STALLED);
  }

  /** From now on connections are accepted again. */
  public void resume() {
    become(State.LISTENING);
  }

  /**
   * Changes it for the connections still to come.
   *
   * @param request sets what shall be another: behaviour, plans, state, ...
   * @return how it stands now
   */
  public io.hangup.v1.Listener update(Consumer<UpdateListenerRequest.Builder> request) {
    UpdateListenerRequest.Builder builder = UpdateListenerRequest.newBuilder();
    request.accept(builder);
    return fixture
        .hangup()
        .calls()
        .call(
            ListenerServiceGrpc.getUpdateListenerMethod(),
            builder.setScope(fixture.scope()).setListener(name()).setUid(created.getUid()).build())
        .getListener();
  }

  /**
   * Fires the steps of its plans that wait for the signal, those of connections to come too.
   *
   * @param name the signal's
   * @throws HangupException INVALID_ARGUMENT (UNKNOWN_SIGNAL), when no plan names it
   */
  public void signal(String name) {
    fixture.signal(SignalPlanRequest.newBuilder().setListener(name()).setSignal(name));
  }

  /** Deletes it, and resets its sessions. When it is gone already, nothing happens. */
  @Override
  public void close() {
    try {
      fixture
          .hangup()
          .calls()
          .call(
              ListenerServiceGrpc.getDeleteListenerMethod(),
              DeleteListenerRequest.newBuilder()
                  .setScope(fixture.scope())
                  .setListener(name())
                  .setUid(created.getUid())
                  .build());
    } catch (HangupException error) {
      // UID_MISMATCH: another one has the name by now.
      if (error.code() != Code.NOT_FOUND && !error.reason().equals("UID_MISMATCH")) {
        throw error;
      }
    }
  }

  private void become(State state) {
    update(request -> request.setState(state));
  }

  private io.hangup.v1.Session waitSession(
      Consumer<WaitSessionRequest.Builder> which, Duration timeout) {
    WaitSessionRequest.Builder request = WaitSessionRequest.newBuilder().setListener(name());
    which.accept(request);
    return fixture.waitSession(request, timeout);
  }
}
