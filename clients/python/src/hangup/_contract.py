"""Requests, made from what a user gives; and errors, made from what gRPC tells. Shared by the two clients, which
differ only in how they wait.
"""

from __future__ import annotations

import base64
import os
import re
import socket
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Callable, NamedTuple, TypeVar, Union

# Here, for both clients import this before gRPC, which reads it when it begins. Its handlers make a fork fail now and
# then while calls are under way, and with it the start of any process where `subprocess` forks, as in Python 3.9.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import code_pb2, error_details_pb2, status_pb2

from hangup.v1 import (
    action_pb2,
    behaviour_pb2,
    capture_pb2,
    control_pb2,
    daemon_pb2,
    event_pb2,
    listener_pb2,
    plan_pb2,
    scope_pb2,
    session_pb2,
)

from . import shapes
from .errors import HangupError, HangupTimeoutError
from .facts import Event, Receipt

M = TypeVar("M", bound=Message)
Request = TypeVar("Request", bound=Message)

Address = Union[str, tuple[str, int]]
Action = Union[shapes.Action, action_pb2.Action]
Behaviour = Union[shapes.Behaviour, behaviour_pb2.Behaviour]
Plan = Union[shapes.Plan, plan_pb2.Plan]
Port = Union[int, socket.socket]

#: How much longer than the daemon's own waiting a call may take, in seconds. Past it the daemon is stuck, or the
#: machine is.
PATIENCE_SECONDS = 30.0
#: Longer requests, in bytes, go as calls of their own: they would hold up the others, and one that is too long for the
#: daemon would end the control stream for all.
LONGEST_ON_CONTROL = 64 * 1024
#: What the daemon waits for at most where a request does not say, in seconds: the drain of a close.
DEFAULT_SECONDS = 10.0


class Rpc(NamedTuple):
    """A unary RPC of the contract."""

    path: str
    response: type[Message]
    control: str
    """Its name in ControlRequest; empty where the control stream does not carry it."""


def _rpcs() -> dict[str, Rpc]:
    files = (capture_pb2, daemon_pb2, event_pb2, listener_pb2, scope_pb2, session_pb2)
    return {
        method.input_type.name: Rpc(
            f"/{service.full_name}/{method.name}",
            GetMessageClass(method.output_type),
            "" if method.name == "Shutdown" else re.sub(r"(?<!^)(?=[A-Z])", "_", method.name).lower(),
        )
        for file in files
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }


RPCS = _rpcs()
"""By the name of their request."""


def patience(request: Message) -> float:
    """How long the call may take, in seconds: the daemon keeps the time of a wait itself, and answers better than a
    deadline would.
    """
    asked = _durations(request)
    if isinstance(request, session_pb2.PerformActionRequest):
        verb = request.action.WhichOneof("verb")
        if verb is not None:
            asked += _durations(getattr(request.action, verb))
    return (asked or DEFAULT_SECONDS) + PATIENCE_SECONDS


def _durations(message: Message) -> float:
    given = [value for _, value in message.ListFields() if isinstance(value, Duration)]
    return sum(value.ToTimedelta().total_seconds() for value in given)


def scope_name(name: str | None) -> str:
    """A name that no other scope has, beginning with the given one."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", name or f"python-{os.getpid()}").strip("-._") or "python"
    return f"{readable[:50]}-{uuid.uuid4().hex[:12]}"


def labels_of(labels: shapes.Labels | None) -> dict[str, str]:
    """The notes, each as long as may be."""
    return {key: value.encode()[:255].decode(errors="ignore") for key, value in (labels or {}).items()}


def duration(seconds: float) -> Duration:
    """Seconds as the contract has them."""
    return Duration(seconds=int(seconds // 1), nanos=round(seconds % 1 * 1e9) % 1_000_000_000)


def message(type_: type[M], value: Any) -> M:
    """A message given as such, or as a dictionary.

    Raises ValueError that names what is not known.
    """
    if isinstance(value, type_):
        return value
    try:
        return json_format.ParseDict(_json(value), type_())
    except json_format.ParseError as error:
        raise ValueError(f"{type_.DESCRIPTOR.name}: {error}") from error


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():f}s"
    if isinstance(value, Message):
        return json_format.MessageToDict(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_json(item) for item in value]
    return value


def create_listener(
    scope: str,
    name: str,
    host: str,
    port: int,
    unix_path: str,
    behaviour: Behaviour | None,
    plans: Sequence[Plan],
    state: shapes.ListenerState | None,
    reset_on_accept: shapes.ResetOnAccept | None,
    on_peer_fin: shapes.OnPeerFin | None,
    backlog: int | None,
    receive_buffer_bytes: int,
    labels: shapes.Labels | None,
) -> listener_pb2.CreateListenerRequest:
    return listener_pb2.CreateListenerRequest(
        scope=scope,
        name=name,
        host=host,
        port=port,
        unix_path=unix_path,
        behaviour=None if behaviour is None else message(behaviour_pb2.Behaviour, behaviour),
        plans=[message(plan_pb2.Plan, plan) for plan in plans],
        state=state,
        reset_on_accept=reset_on_accept,
        on_peer_fin=on_peer_fin,
        backlog=backlog,
        receive_buffer_bytes=receive_buffer_bytes,
        labels=labels,
    )


def update_listener(
    listener: listener_pb2.Listener,
    behaviour: Behaviour | None,
    plans: Sequence[Plan] | None,
    state: shapes.ListenerState | None,
    reset_on_accept: shapes.ResetOnAccept | None,
    on_peer_fin: shapes.OnPeerFin | None,
    labels: shapes.Labels | None,
) -> listener_pb2.UpdateListenerRequest:
    given = {
        "behaviour": behaviour,
        "plans": plans,
        "state": state,
        "reset_on_accept": reset_on_accept,
        "on_peer_fin": on_peer_fin,
        "labels": labels,
    }
    mask = [field for field, value in given.items() if value is not None]
    if not mask:
        raise ValueError("update() was told to change nothing")
    return listener_pb2.UpdateListenerRequest(
        scope=listener.scope,
        listener=listener.name,
        uid=listener.uid,
        update_mask={"paths": mask},
        behaviour=None if behaviour is None else message(behaviour_pb2.Behaviour, behaviour),
        plans=[message(plan_pb2.Plan, plan) for plan in plans or ()],
        state=state,
        reset_on_accept=reset_on_accept,
        on_peer_fin=on_peer_fin,
        labels=labels,
    )


def delete_listener(
    listener: listener_pb2.Listener, sessions: shapes.EndSessions, drain_timeout: float
) -> listener_pb2.DeleteListenerRequest:
    return listener_pb2.DeleteListenerRequest(
        scope=listener.scope,
        listener=listener.name,
        uid=listener.uid,
        sessions=sessions,
        drain_timeout=duration(drain_timeout),
        max_results=0,
    )


def open_session(
    scope: str,
    address: Address,
    name: str,
    timeout: float,
    local_address: str,
    on_peer_fin: shapes.OnPeerFin | None,
    behaviour: Behaviour | None,
    plan: Plan | None,
    labels: shapes.Labels | None,
) -> session_pb2.OpenSessionRequest:
    return session_pb2.OpenSessionRequest(
        scope=scope,
        name=name,
        target=address if isinstance(address, str) else _target(*address[:2]),
        timeout=duration(timeout),
        local_address=local_address,
        on_peer_fin=on_peer_fin,
        behaviour=None if behaviour is None else message(behaviour_pb2.Behaviour, behaviour),
        plan=None if plan is None else message(plan_pb2.Plan, plan),
        labels=labels,
    )


def _target(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def peer_port(port: Port) -> int:
    """The port, or the local port of the socket. Raises HangupError: for 0 the daemon would give any session."""
    if isinstance(port, int):
        number = port
    else:
        try:
            name = port.getsockname()
        except OSError:  # it is closed
            name = None
        # Of a unix socket it is the path.
        number = name[1] if isinstance(name, tuple) else 0
    if 1 <= number <= 65535:
        return number
    if isinstance(port, int):
        what = f"{port} is no port"
    elif port.family == getattr(socket, "AF_UNIX", None):
        what = "a unix socket has no port: use next()"
    else:
        what = "the socket has no local port: it is not connected yet, or closed already; keep the number"
    raise HangupError("INVALID_ARGUMENT", "INVALID_REQUEST", f"accepted(): {what}")


def wait_session(
    session: session_pb2.Session,
    condition: shapes.Condition | None,
    state: shapes.State | None,
    bytes_received: int,
    bytes_sent: int,
    timeout: float,
) -> session_pb2.WaitSessionRequest:
    return session_pb2.WaitSessionRequest(
        scope=session.scope,
        session=session.name,
        uid=session.uid,
        condition=condition,
        state=state,
        bytes_received=bytes_received,
        bytes_sent=bytes_sent,
        timeout=duration(timeout),
    )


def send_data(session: session_pb2.Session, data: str | bytes, flush_timeout: float) -> session_pb2.SendDataRequest:
    request = session_pb2.SendDataRequest(
        scope=session.scope, session=session.name, uid=session.uid, flush_timeout=duration(flush_timeout)
    )
    if isinstance(data, str):
        request.text = data
    else:
        request.data = data
    return request


def received(reply: session_pb2.ReceiveDataResponse) -> bytes:
    """The bytes, as recv(2) gives them: none at the peer's FIN, and an OSError where an error follows directly."""
    import errno

    if not reply.data and reply.errno:
        number = getattr(errno, reply.errno, 0)
        raise OSError(number, os.strerror(number) if number else reply.errno)
    return reply.data


def stream_events(
    scope: str, kinds: Sequence[shapes.EventKind], listener: str, session: str
) -> event_pb2.StreamEventsRequest:
    return event_pb2.StreamEventsRequest(scope=scope, kinds=kinds, listener=listener, session=session)


class Given:
    """The sessions that a listener gave.

    Ports come round again: the session of a port that was given once and has ended is no answer to a second
    question for it.
    """

    def __init__(self) -> None:
        self._ordinal = 0
        self._of_port: dict[int, session_pb2.Session] = {}

    def accepted(self, listener: listener_pb2.Listener, port: int, timeout: float) -> session_pb2.WaitSessionRequest:
        """Asks for the session of a port."""
        return session_pb2.WaitSessionRequest(
            scope=listener.scope, listener=listener.name, peer_port=port, timeout=duration(timeout)
        )

    def next(self, listener: listener_pb2.Listener, timeout: float) -> session_pb2.WaitSessionRequest:
        """Asks for the session behind the one counted last."""
        return session_pb2.WaitSessionRequest(
            scope=listener.scope, listener=listener.name, ordinal=self._ordinal + 1, timeout=duration(timeout)
        )

    def is_old(self, port: int, session: session_pb2.Session) -> bool:
        """Whether it is an ended one that was given before."""
        before = self._of_port.get(port)
        return session.ended and before is not None and before.uid == session.uid

    def count(self, session: session_pb2.Session) -> session_pb2.Session:
        """Keeps in mind that `next()` gave it."""
        self._ordinal = session.ordinal
        return session

    def give(self, session: session_pb2.Session, port: int) -> session_pb2.Session:
        """Keeps in mind that it was given for the port."""
        self._of_port[port] = session
        return session


def error_of(status: status_pb2.Status) -> HangupError:
    """What the daemon answered."""
    code = code_pb2.Code.Name(status.code)
    reason, metadata = "", {}
    receipt: Receipt | None = None
    session: session_pb2.Session | None = None
    for detail in status.details:
        info, as_receipt, as_session = error_details_pb2.ErrorInfo(), session_pb2.Receipt(), session_pb2.Session()
        if detail.Unpack(info):
            reason, metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(as_receipt):
            receipt = Receipt.of(as_receipt)
        elif detail.Unpack(as_session):
            session = as_session
    type_ = HangupTimeoutError if code == "DEADLINE_EXCEEDED" else HangupError
    # Without details it is not the daemon who says so, but gRPC, or a proxy.
    reason = reason or {"UNAVAILABLE": "DAEMON_GONE", "DEADLINE_EXCEEDED": "NO_ANSWER"}.get(code, "")
    return type_(code, reason, status.message, metadata, receipt, session)


def error_of_rpc(
    code: str, details: str | None, metadata: Iterable[Any] | None, where: Callable[[], str]
) -> HangupError:
    """What gRPC tells of a call, `where` being what there is to say of a daemon that does not answer."""
    for key, value in metadata or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            return error_of(status_pb2.Status.FromString(value))
    if code == "UNAVAILABLE":
        return HangupError(code, "DAEMON_GONE", f"{where()}{details}")
    if code == "DEADLINE_EXCEEDED":
        return HangupTimeoutError(code, "NO_ANSWER", details or "the daemon did not answer in time")
    return HangupError(code, "", details or f"the call ended with {code}")


def perform(session: session_pb2.Session, action: Action) -> session_pb2.PerformActionRequest:
    return session_pb2.PerformActionRequest(
        scope=session.scope, session=session.name, uid=session.uid, action=message(action_pb2.Action, action)
    )


def no_event(what: str, timeout: float, last: Event | None) -> HangupTimeoutError:
    """What a wait for an event ends with."""
    seen = (
        "none came"
        if last is None
        else f"the last one was {last.kind} of {last.session or last.listener}, {last.sequence}"
    )
    return HangupTimeoutError("DEADLINE_EXCEEDED", "WAIT_TIMEOUT", f"no {what} within {timeout:g} s; {seen}")


def events_ended(closed: bool) -> HangupError:
    """What a wait for an event ends with behind the last one; `closed`: by the test itself."""
    if closed:
        return HangupError("CANCELLED", "END_OF_EVENTS", "the stream of events was closed")
    return HangupError("OUT_OF_RANGE", "END_OF_EVENTS", "the stream of events has ended, as its scope has")


def events_lost(what: str, lost: Event) -> HangupError:
    """What a wait for a certain event ends with that may have been among those that are missing."""
    first, last = lost.fact.first_sequence, lost.fact.last_sequence
    message = f"no {what} yet, and it may be one of {first} to {last}, which were not taken in time"
    return HangupError("DATA_LOSS", "EVENTS_LOST", message)


def events_of(reply: event_pb2.StreamEventsResponse) -> list[Event]:
    """The events of a message, without the one that says that the stream has begun."""
    return [Event.of(event) for event in reply.events if not event.HasField("subscribed")]


def no_first_message(path: str) -> HangupError:
    """A stream of the daemon has a first message always."""
    return HangupError("INTERNAL", "", f"{path} ended before its first message")


CONTROL = "/hangup.v1.ControlService/Control"


def control_request(number: int, name: str, request: Message) -> bytes:
    """A request as the control stream carries it: in bytes, for what cannot be written must fail where it is asked, not
    end the stream for all.
    """
    carried = control_pb2.ControlRequest(id=number)
    getattr(carried, name).CopyFrom(request)
    return carried.SerializeToString()


def control_cancel(number: int) -> bytes:
    """Gives up a request."""
    return control_pb2.ControlRequest(id=number, cancel={}).SerializeToString()


def control_reply(response: control_pb2.ControlResponse, name: str) -> Any:
    """What it carries. Raises HangupError."""
    if response.HasField("error"):
        raise error_of(response.error)
    return getattr(response, name)


def no_turn(timeout: float) -> HangupTimeoutError:
    """What `next()` of a listener ends with while another one waits for all of its time."""
    return HangupTimeoutError(
        "DEADLINE_EXCEEDED", "WAIT_TIMEOUT", f"no session within {timeout:g} s: another next() still waits for one"
    )


def no_reply(name: str, seconds: float) -> HangupTimeoutError:
    """What a call to a stuck daemon ends with."""
    return HangupTimeoutError(
        "DEADLINE_EXCEEDED", "NO_ANSWER", f"the daemon did not answer {name} within {seconds:g} s"
    )


def get_session(session: session_pb2.Session, full: bool) -> session_pb2.GetSessionRequest:
    view = session_pb2.Session.View.FULL if full else session_pb2.Session.View.BASIC
    return session_pb2.GetSessionRequest(scope=session.scope, session=session.name, view=view)


def same_life(session: session_pb2.Session, uid: str) -> session_pb2.Session:
    """The session, if it has this uid: GetSession takes none. Raises HangupError, as the daemon's commands do."""
    if session.uid == uid:
        return session
    message = f'session "{session.name}" is another life of that name: its uid is {session.uid}, not {uid}'
    raise HangupError("FAILED_PRECONDITION", "UID_MISMATCH", message, {"uid": session.uid})


def fixture_closed() -> HangupError:
    """What a call ends with whose connection went with the last fixture of its event loop."""
    return HangupError("FAILED_PRECONDITION", "SCOPE_ENDED", "the fixture was closed; make another one")


def stream_ended() -> HangupError:
    """What calls under way end with when the daemon ends their stream without a word."""
    return HangupError("UNAVAILABLE", "DAEMON_GONE", "the daemon ended the control stream")
