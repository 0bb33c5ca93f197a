"""What the daemon tells: receipts, events, reports. Each has the message of the contract that it was made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from hangup.v1 import session_pb2

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from hangup.v1.event_pb2 import Event as EventMessage
    from hangup.v1.scope_pb2 import ScopeReport


@dataclass(frozen=True)
class Receipt:
    """What is known of an ending, and how far it is proven. It never guesses."""

    local: str | None
    """How our side ended: `FIN`, `RST` or `NONE`; None while it has not."""
    peer: str | None
    """The same of the peer's side, as far as it was seen."""
    final: bool
    """The session has ended, and nothing here changes any more."""
    state_before: str
    """The kernel's state just before our side acted last, such as `ESTABLISHED`."""
    state_after: str
    """The kernel's state after it."""
    bytes_received: int
    """Bytes of the peer that the daemon has read."""
    bytes_sent: int
    """Bytes that the daemon has handed to the kernel."""
    message: session_pb2.Receipt = field(repr=False)
    """All of it."""

    @classmethod
    def of(cls, message: session_pb2.Receipt) -> Receipt:
        """From the message of the contract."""
        return cls(
            local=_end(message.local_end),
            peer=_end(message.peer_end),
            final=message.final,
            state_before=session_pb2.Session.State.Name(message.state_before),
            state_after=session_pb2.Session.State.Name(message.state_after),
            bytes_received=message.bytes_received,
            bytes_sent=message.bytes_sent,
            message=message,
        )


@dataclass(frozen=True)
class Event:
    """A numbered fact about a listener or a session."""

    kind: str
    """What happened, such as `session_ended`: the name of a case of `fact` in event.proto."""
    sequence: int
    """Its number: one counter for the daemon, from 1."""
    time: datetime
    """When, in UTC; `message.time` has the nanoseconds."""
    listener: str
    """The listener that it is about, or that accepted the session; empty if none."""
    session: str
    """The session that it is about; empty if none."""
    fact: Any = field(repr=False)
    """The case of `fact` that `kind` names: a SessionEnded for `session_ended`, and so on."""
    message: EventMessage = field(repr=False)
    """All of it."""

    @classmethod
    def of(cls, message: EventMessage) -> Event:
        """From the message of the contract."""
        kind = message.WhichOneof("fact") or ""
        return cls(
            kind=kind,
            sequence=message.sequence,
            time=_time(message.time),
            listener=message.listener,
            session=message.session,
            fact=getattr(message, kind, None),
            message=message,
        )


@dataclass(frozen=True)
class Report:
    """What a scope was when it ended."""

    never_fired: list[str]
    """A line for each step of a plan that did not act on a connection it was for."""
    sessions: int
    """How many sessions it had."""
    open_listeners: list[str]
    """Listeners that were still there, at most 1000."""
    open_sessions: list[str]
    """Sessions that had not ended, at most 1000."""
    message: ScopeReport = field(repr=False)
    """All of it."""

    @classmethod
    def of(cls, message: ScopeReport) -> Report:
        """From the message of the contract."""
        return cls(
            never_fired=_never_fired(message),
            sessions=message.counts.sessions,
            open_listeners=list(message.open_listeners),
            open_sessions=list(message.open_sessions),
            message=message,
        )


def _end(end: session_pb2.End) -> str | None:
    return session_pb2.End.Kind.Name(end.kind) if end.kind else None


def _time(time: Timestamp) -> datetime:
    return time.ToDatetime(tzinfo=timezone.utc)


def _never_fired(report: ScopeReport) -> list[str]:
    lines = []
    for of_one in report.plans:
        for plan in of_one.plans:
            where = f"{of_one.listener or of_one.session}, plan {plan.plan}"
            if plan.connections_seen == 0:
                lines.append(f"{where}: it had no connection")
                continue
            lines.extend(
                f"{where}, step {step.step}: on {step.not_fired} of {plan.connections_seen} connections"
                for step in plan.steps
                if step.not_fired > 0
            )
    return lines
