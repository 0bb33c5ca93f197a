"""The client for tests that block."""

from __future__ import annotations

import atexit
import os
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Callable, TypeVar

from google.protobuf.message import Message

from hangup.v1 import (
    daemon_pb2,
    event_pb2,
    listener_pb2,
    scope_pb2,
    session_pb2,
)

from . import _contract, shapes
from ._calls import Calls, Stream
from ._contract import Action, Address, Behaviour, Plan, Port
from ._daemon_process import place
from .errors import NeverFiredError
from .facts import Event, Receipt, Report

M = TypeVar("M", bound=Message)

_lock = threading.Lock()
_shared: Daemon | None = None


def daemon() -> Daemon:
    """The daemon that this process shares: found or started at the first call.

    Raises NoDaemonError.
    """
    global _shared
    with _lock:
        if _shared is None or _shared._process != os.getpid():
            _shared = Daemon(Calls(place()))
            # Threads of gRPC that live on while the interpreter ends are asking for trouble.
            atexit.register(_shared._close)
        return _shared


def fixture(
    name: str | None = None, *, allow_never_fired: bool = False, labels: shapes.Labels | None = None
) -> Fixture:
    """A scope of its own for a test, on the daemon that this process shares.

    `name` begins the name of the scope, for those who look on, as `labels` are. With `allow_never_fired` it is no
    error when a
    step of a plan did not act.

    Raises NoDaemonError, HangupError.
    """
    return daemon().fixture(name, allow_never_fired=allow_never_fired, labels=labels)


class Daemon:
    """A daemon, shared by all tests and threads of a process. See `hangup.daemon()`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._process = os.getpid()

    def _close(self) -> None:
        if self._process == os.getpid():
            self._calls.close()

    @property
    def address(self) -> str:
        """Where it is: `127.0.0.1:4264`, `unix:/path`."""
        return self._calls.place.address

    def info(self) -> daemon_pb2.GetInfoResponse:
        """What it is, and what it can do on this machine."""
        return self._calls.call(daemon_pb2.GetInfoRequest(), daemon_pb2.GetInfoResponse)

    def fixture(
        self, name: str | None = None, *, allow_never_fired: bool = False, labels: shapes.Labels | None = None
    ) -> Fixture:
        """As `hangup.fixture()`."""
        request = scope_pb2.HoldScopeRequest(scope=_contract.scope_name(name), labels=_contract.labels_of(labels))
        holder = self._calls.stream("/hangup.v1.ScopeService/HoldScope", request, scope_pb2.HoldScopeResponse)
        return Fixture(self._calls, holder, allow_never_fired)

    def call(self, request: Message, response: type[M]) -> M:
        """Any unary call of the contract, by its request: `call(ListScopesRequest(), ListScopesResponse)`.

        Raises HangupError.
        """
        return self._calls.call(request, response)


class Fixture:
    """What one test holds: a scope of its own. A context manager."""

    allow_never_fired: bool
    """Whether a step of a plan that never fired is no error of `close()`."""

    def __init__(self, calls: Calls, holder: Stream[scope_pb2.HoldScopeResponse], allow_never_fired: bool) -> None:
        self._calls = calls
        self._holder = holder
        self._scope = holder.first.scope
        self._events: list[Events] = []
        self._ending = threading.Lock()
        self._report: Report | None = None
        self.allow_never_fired = allow_never_fired

    @property
    def scope(self) -> str:
        """The name of its scope."""
        return self._scope.name

    def call(self, request: Message, response: type[M]) -> M:
        """Any unary call of the contract, by its request, which names the scope: `call(GetInfoRequest(),
        GetInfoResponse)`.

        Raises HangupError.
        """
        return self._calls.call(request, response)

    def listen(
        self,
        name: str = "",
        *,
        host: str = "",
        port: int = 0,
        unix_path: str = "",
        behaviour: Behaviour | None = None,
        plans: Sequence[Plan] = (),
        state: shapes.ListenerState | None = None,
        reset_on_accept: shapes.ResetOnAccept | None = None,
        on_peer_fin: shapes.OnPeerFin | None = None,
        backlog: int | None = None,
        receive_buffer_bytes: int = 0,
        labels: shapes.Labels | None = None,
    ) -> Listener:
        """A listener that has accepted nothing yet: on a free port of 127.0.0.1, and an echo, if not told otherwise.

        The fields are those of CreateListenerRequest (listener.proto), which has their bounds and defaults; `plans`
        are for its
        connections in accept order.

        Raises HangupError: NAME_TAKEN, PORT_IN_USE and others.
        """
        request = _contract.create_listener(
            self.scope,
            name,
            host,
            port,
            unix_path,
            behaviour,
            plans,
            state,
            reset_on_accept,
            on_peer_fin,
            backlog,
            receive_buffer_bytes,
            labels,
        )
        return Listener(self._calls, self._calls.call(request, listener_pb2.CreateListenerResponse).listener)

    def dial(
        self,
        address: Address,
        *,
        name: str = "",
        timeout: float = 5.0,
        local_address: str = "",
        on_peer_fin: shapes.OnPeerFin | None = None,
        behaviour: Behaviour | None = None,
        plan: Plan | None = None,
        labels: shapes.Labels | None = None,
    ) -> Session:
        """A session that the daemon opened to the test's own server; its behaviour is manual, if not told otherwise.

        `address` is `"127.0.0.1:8080"`, `"unix:/path"` or a pair as `socket` has it; `timeout` is for the connect,
        in seconds.

        Raises HangupError: CONNECT_FAILED with the errno in its metadata, and others; HangupTimeoutError:
        CONNECT_TIMEOUT.
        """
        request = _contract.open_session(
            self.scope, address, name, timeout, local_address, on_peer_fin, behaviour, plan, labels
        )
        return Session(self._calls, self._calls.call(request, session_pb2.OpenSessionResponse).session)

    def session(self, name: str) -> Session:
        """A session by its name, such as `echo/1`; living or ended.

        Raises HangupError: UNKNOWN_SESSION.
        """
        request = session_pb2.GetSessionRequest(scope=self.scope, session=name)
        return Session(self._calls, self._calls.call(request, session_pb2.GetSessionResponse).session)

    def events(self, *, kinds: Sequence[shapes.EventKind] = (), listener: str = "", session: str = "") -> Events:
        """The stream of the scope's events, open from the moment that the call returned; all but those of data, if
        no kinds are given.

        Raises HangupError: TOO_MANY_SUBSCRIBERS and others.
        """
        events = Events(
            self._calls.stream(
                "/hangup.v1.EventService/StreamEvents",
                _contract.stream_events(self.scope, kinds, listener, session),
                event_pb2.StreamEventsResponse,
            )
        )
        self._events.append(events)
        return events

    def signal(self, name: str) -> int:
        """Fires the steps of plans that wait for it, in all sessions of the scope, those to come too. Gives how
        many sessions live that it is for.

        Raises HangupError: UNKNOWN_SIGNAL.
        """
        request = session_pb2.SignalPlanRequest(scope=self.scope, signal=name)
        return self._calls.call(request, session_pb2.SignalPlanResponse).sessions

    def close(self) -> Report:
        """Ends the scope, and all that lives in it by RST. Gives its report; a second time, the same again.

        Raises NeverFiredError when a step of a plan did not act on a connection it was for, unless
        `allow_never_fired`.
        """
        report = self._end()
        if report.never_fired and not self.allow_never_fired:
            raise NeverFiredError(report)
        return report

    def _end(self) -> Report:
        with self._ending:
            if self._report is None:
                request = scope_pb2.DeleteScopeRequest(scope=self.scope, uid=self._scope.uid)
                for events in self._events:
                    events._closed = True  # their last event may be taken before the reply is here
                try:
                    self._report = Report.of(self._calls.call(request, scope_pb2.DeleteScopeResponse).report)
                finally:
                    for events in self._events:
                        events.close()
                    self._holder.cancel()
            return self._report

    def __enter__(self) -> Fixture:
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A test that failed already has its reason: that steps never fired is a consequence, most likely.
        self.close() if error is None else self._end()


class Listener:
    """A socket of the daemon that accepts connections."""

    def __init__(self, calls: Calls, listener: listener_pb2.Listener) -> None:
        self._calls = calls
        self._listener = listener
        self._given = _contract.Given()
        self._asking_next = threading.Lock()

    @property
    def name(self) -> str:
        """Its name."""
        return self._listener.name

    @property
    def address(self) -> str:
        """Where to connect to: `127.0.0.1:41234`, `[::1]:41234`, `unix:/path`."""
        return self._listener.address

    @property
    def host(self) -> str:
        """The IP address that it is bound to; empty on a unix socket."""
        return self._listener.host

    @property
    def port(self) -> int:
        """The port that it is bound to; 0 on a unix socket."""
        return self._listener.port

    def get(self) -> listener_pb2.Listener:
        """How it stands now: its state, how many connections it accepted, what became of its plans."""
        request = listener_pb2.GetListenerRequest(scope=self._listener.scope, listener=self.name)
        return self._calls.call(request, listener_pb2.GetListenerResponse).listener

    def accepted(self, peer_port: Port, *, timeout: float = 5.0) -> Session:
        """The session of the connection that has this local port on the test's side; waits for it, up to `timeout`
        seconds.

        The test's own socket may be given for its port. A session that was given before and has ended is not given
        again: ports come round.

        Raises HangupTimeoutError: WAIT_TIMEOUT; HangupError: INVALID_REQUEST for a socket that has no local port.
        """
        port = _contract.peer_port(peer_port)
        request = self._given.accepted(self._listener, port, timeout)
        session = self._wait(request)
        if self._given.is_old(port, session):
            request.opened_after_sequence = session.opened_sequence
            session = self._wait(request)
        return Session(self._calls, self._given.give(session, port))

    def next(self, *, timeout: float = 5.0) -> Session:
        """The session accepted after the one that the last call of this gave; at first, the first one. Waits for it,
        up to `timeout` seconds. Of several that wait at once each gets one of its own.

        Raises HangupTimeoutError: WAIT_TIMEOUT.
        """
        self._calls.assert_not_stale()
        left = timeout
        if not self._asking_next.acquire(blocking=False):
            deadline = time.monotonic() + timeout
            if not self._asking_next.acquire(timeout=max(0.0, timeout)):
                raise _contract.no_turn(timeout)
            left = max(0.0, deadline - time.monotonic())
        try:
            session = self._given.count(self._wait(self._given.next(self._listener, left)))
        finally:
            self._asking_next.release()
        return Session(self._calls, session)

    def refuse(self) -> None:
        """From now on connect(2) gives ECONNREFUSED; the port is held. Sessions live on."""
        self.update(state="REFUSING")

    def stall(self) -> None:
        """From now on SYNs are not answered: connect(2) gives ETIMEDOUT. Sessions live on."""
        self.update(state="STALLED")

    def resume(self) -> None:
        """Accepts again, after `refuse()` or `stall()`."""
        self.update(state="LISTENING")

    def update(
        self,
        *,
        behaviour: Behaviour | None = None,
        plans: Sequence[Plan] | None = None,
        state: shapes.ListenerState | None = None,
        reset_on_accept: shapes.ResetOnAccept | None = None,
        on_peer_fin: shapes.OnPeerFin | None = None,
        labels: shapes.Labels | None = None,
    ) -> None:
        """Changes what is given, for the connections still to come; `plans` count from the next one.

        Raises HangupError.
        """
        request = _contract.update_listener(
            self._listener, behaviour, plans, state, reset_on_accept, on_peer_fin, labels
        )
        self._listener = self._calls.call(request, listener_pb2.UpdateListenerResponse).listener

    def signal(self, name: str) -> int:
        """Fires the steps of plans that wait for it, in its sessions, those to come too. Gives how many live that
        it is for.

        Raises HangupError: UNKNOWN_SIGNAL.
        """
        request = session_pb2.SignalPlanRequest(scope=self._listener.scope, listener=self.name, signal=name)
        return self._calls.call(request, session_pb2.SignalPlanResponse).sessions

    def close(self, *, sessions: shapes.EndSessions = "RESET", drain_timeout: float = 10.0) -> None:
        """Deletes it, and resets its sessions; with `"CLOSE"` it closes them, and waits up to `drain_timeout`
        seconds for their peers' FINs.

        Raises HangupError: UNKNOWN_LISTENER.
        """
        request = _contract.delete_listener(self._listener, sessions, drain_timeout)
        self._calls.call(request, listener_pb2.DeleteListenerResponse)

    def _wait(self, request: session_pb2.WaitSessionRequest) -> session_pb2.Session:
        return self._calls.call(request, session_pb2.WaitSessionResponse).session


class Session:
    """A named handle on one connection of the daemon. What is asked of it never meets a later session of the same name,
    but for `signal()`.
    """

    def __init__(self, calls: Calls, session: session_pb2.Session) -> None:
        self._calls = calls
        self._session = session

    @property
    def name(self) -> str:
        """Its name: `echo/1` for the first one that listener `echo` accepted."""
        return self._session.name

    @property
    def uid(self) -> str:
        """Tells two lives of one name apart."""
        return self._session.uid

    @property
    def local_address(self) -> str:
        """The daemon's end: `127.0.0.1:41234`."""
        return self._session.local_address

    @property
    def peer_address(self) -> str:
        """The peer's end."""
        return self._session.peer_address

    def get(self, *, full: bool = False) -> session_pb2.Session:
        """How it stands now; `full` with the kernel's view (TCP_INFO).

        Raises HangupError: UNKNOWN_SESSION; UID_MISMATCH when its name is a later session's by now.
        """
        request = _contract.get_session(self._session, full)
        return _contract.same_life(self._calls.call(request, session_pb2.GetSessionResponse).session, self.uid)

    def close(self, *, flush_timeout: float = 5.0, drain_timeout: float = 10.0) -> Receipt:
        """FIN after all that was written. Returns when the kernel has it; it may take `flush_timeout` seconds. Then
        what the peer still sends
        is read until its FIN or RST, for at most `drain_timeout` seconds.

        Raises HangupError: ALREADY_CLOSED, SESSION_ENDED; HangupTimeoutError: FLUSH_TIMEOUT, the FIN stays pending.
        """
        request = session_pb2.CloseSessionRequest(
            scope=self._session.scope,
            session=self.name,
            uid=self.uid,
            flush_timeout=_contract.duration(flush_timeout),
            drain_timeout=_contract.duration(drain_timeout),
        )
        return Receipt.of(self._calls.call(request, session_pb2.CloseSessionResponse).receipt)

    def half_close(self, *, flush_timeout: float = 5.0) -> Receipt:
        """FIN after all that was written, and reading goes on (shutdown(2)). Returns when the kernel has it; it may
        take `flush_timeout` seconds.

        Raises HangupError: FIN_ALREADY_SENT, SESSION_ENDED; HangupTimeoutError: FLUSH_TIMEOUT, the FIN stays pending.
        """
        request = session_pb2.HalfCloseSessionRequest(
            scope=self._session.scope,
            session=self.name,
            uid=self.uid,
            flush_timeout=_contract.duration(flush_timeout),
        )
        return Receipt.of(self._calls.call(request, session_pb2.HalfCloseSessionResponse).receipt)

    def reset(self) -> Receipt:
        """RST now; what was not sent is thrown away. On loopback the peer's next call fails.

        Raises HangupError: RESET_IMPOSSIBLE in CLOSING, LAST_ACK and TIME_WAIT and on unix sockets, SESSION_ENDED.
        """
        request = session_pb2.ResetSessionRequest(scope=self._session.scope, session=self.name, uid=self.uid)
        return Receipt.of(self._calls.call(request, session_pb2.ResetSessionResponse).receipt)

    def perform(self, action: Action) -> Receipt | None:
        """Any action of the catalogue, such as `{"reset": {"after_flush": True}}`. Gives the receipt, if there is
        one yet.

        Raises HangupError: WRONG_STATE, ACTION_UNAVAILABLE, SESSION_ENDED and others; HangupTimeoutError.
        """
        reply = self._calls.call(_contract.perform(self._session, action), session_pb2.PerformActionResponse)
        return Receipt.of(reply.receipts[0]) if reply.receipts else None

    def send(self, data: str | bytes, *, flush_timeout: float = 5.0) -> None:
        """Sends bytes, or text as UTF-8, at most 1 MiB. Returns when the kernel has them all; it may take
        `flush_timeout` seconds.

        Raises HangupError: FIN_ALREADY_SENT, SESSION_ENDED; HangupTimeoutError: FLUSH_TIMEOUT, the rest stays queued.
        """
        self._calls.call(_contract.send_data(self._session, data, flush_timeout), session_pb2.SendDataResponse)

    def receive(self, min_bytes: int = 1, *, max_bytes: int = 0, timeout: float = 5.0) -> bytes:
        """What the peer sent, where the behaviour is manual: at least `min_bytes`, fewer only at the end of the
        stream; at most `max_bytes`, 0
        meaning 1 MiB. As `socket.recv`: `b""` at the peer's FIN, ConnectionResetError at its RST.

        Raises HangupError: NOT_RECEIVING; HangupTimeoutError: RECEIVE_TIMEOUT after `timeout` seconds, nothing is
        taken.
        """
        request = session_pb2.ReceiveDataRequest(
            scope=self._session.scope,
            session=self.name,
            uid=self.uid,
            min_bytes=min_bytes,
            max_bytes=max_bytes,
            timeout=_contract.duration(timeout),
        )
        return _contract.received(self._calls.call(request, session_pb2.ReceiveDataResponse))

    def wait(
        self,
        condition: shapes.Condition | None = None,
        *,
        state: shapes.State | None = None,
        bytes_received: int = 0,
        bytes_sent: int = 0,
        timeout: float = 5.0,
    ) -> session_pb2.Session:
        """Waits until all that is given holds at once, up to `timeout` seconds; gives the session as it was then.

        Raises HangupTimeoutError: WAIT_TIMEOUT, with what was seen last; HangupError: SESSION_ENDED when it can
        never hold.
        """
        request = _contract.wait_session(self._session, condition, state, bytes_received, bytes_sent, timeout)
        return self._calls.call(request, session_pb2.WaitSessionResponse).session

    def wait_ended(self, *, timeout: float = 5.0) -> Receipt:
        """Waits until it has ended, up to `timeout` seconds; gives the final receipt.

        Raises HangupTimeoutError: WAIT_TIMEOUT.
        """
        return Receipt.of(self.wait("ENDED", timeout=timeout).receipt)

    def signal(self, name: str) -> None:
        """Fires the step of its plan that waits for it.

        Raises HangupError: UNKNOWN_SIGNAL.
        """
        request = session_pb2.SignalPlanRequest(scope=self._session.scope, session=self.name, signal=name)
        self._calls.call(request, session_pb2.SignalPlanResponse)


class Events:
    """The events of a scope, in the order of their numbers. An iterator that ends with `close()`, and a context
    manager.

    An event `lost` says which ones could not be had by a test that took them too slowly.
    """

    def __init__(self, stream: Stream[event_pb2.StreamEventsResponse]) -> None:
        self._stream = stream
        self._taking = threading.Lock()
        self._taken: list[Event] = []
        self._last: Event | None = None
        self._closed = False

    def next(self, *, timeout: float = 5.0) -> Event:
        """The next event; waits for it, up to `timeout` seconds.

        Raises HangupTimeoutError: WAIT_TIMEOUT; HangupError: END_OF_EVENTS.
        """
        return self._given(time.monotonic() + timeout, "event", timeout)

    def wait_for(self, kind: str, matches: Callable[[Event], bool] | None = None, *, timeout: float = 5.0) -> Event:
        """The next event of this kind (`session_ended`) for which `matches` holds, if given; those before it are
        passed over. Waits up to `timeout` seconds.

        Raises HangupTimeoutError: WAIT_TIMEOUT; HangupError: END_OF_EVENTS, EVENTS_LOST.
        """
        deadline = time.monotonic() + timeout
        what = f"such event {kind.lower()}"
        while True:
            event = self._given(deadline, what, timeout)
            if event.kind == kind.lower() and (matches is None or matches(event)):
                return event
            if event.kind == "lost":
                raise _contract.events_lost(what, event)

    def close(self) -> None:
        """Ends the stream."""
        self._closed = True
        self._stream.cancel()

    def _given(self, deadline: float, what: str, timeout: float) -> Event:
        try:
            event = self._next(deadline)
        except queue.Empty:
            raise _contract.no_event(what, timeout, self._last) from None
        if event is None:
            raise _contract.events_ended(self._closed)
        return event

    def _next(self, deadline: float | None) -> Event | None:
        self._stream.assert_not_stale()
        if not self._taking.acquire(timeout=-1 if deadline is None else max(0.0, deadline - time.monotonic())):
            raise queue.Empty
        try:
            while not self._taken:
                message = self._stream.next(None if deadline is None else max(0.0, deadline - time.monotonic()))
                if message is None:
                    return None
                self._taken = _contract.events_of(message)
            self._last = self._taken.pop(0)
            return self._last
        finally:
            self._taking.release()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = self._next(None)
        if event is None:
            raise StopIteration
        return event

    def __enter__(self) -> Events:
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
