"""What plans, actions and behaviours look like as dictionaries, for editors and type checkers.

They are the messages of the contract (proto/hangup/v1, where each field has its unit, bounds and default), and may
be given as
those too. A duration is a `timedelta` or text such as `"0.5s"`; keys may also be spelled as in JSON
(`bytesReceived`), but not for
type checkers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal, TypedDict, Union

Duration = Union[timedelta, str]


class Empty(TypedDict):
    """A message without fields: `{}`."""


class Behaviour(TypedDict, total=False):
    """What a session does with bytes: a banner, then one of the kinds. See `Behaviour`."""

    banner_text: str
    banner_data: bytes
    echo: Empty
    discard: Empty
    silent: Empty
    source: Source
    manual: Empty


class Source(TypedDict, total=False):
    """Sends bytes of its own. See `SourceBehaviour`."""

    bytes: int
    seed: int
    bytes_per_second: int


class Close(TypedDict, total=False):
    """FIN. See `CloseAction`."""

    flush_timeout: Duration
    drain_timeout: Duration


class HalfClose(TypedDict, total=False):
    """FIN, and reading goes on. See `HalfCloseAction`."""

    flush_timeout: Duration


class Reset(TypedDict, total=False):
    """RST. See `ResetAction`."""

    after_flush: bool
    discarded_data: bytes
    flush_timeout: Duration


class Linger(TypedDict, total=False):
    """FIN, and RST if it is not acknowledged in time. See `LingerAction`."""

    timeout: Duration
    drain_timeout: Duration


class ResetUnread(TypedDict, total=False):
    """RST because received data was left unread. See `ResetUnreadAction`."""

    timeout: Duration


class FinThenReset(TypedDict, total=False):
    """FIN and RST. See `FinThenResetAction`."""

    flush_timeout: Duration


class LastData(TypedDict, total=False):
    """Data and FIN in one segment. See `LastDataAction`."""

    text: str
    data: bytes
    flush_timeout: Duration
    drain_timeout: Duration


class BlackHole(TypedDict, total=False):
    """The network is lost. See `BlackHoleAction`."""

    direction: Literal["INBOUND", "BOTH"]


class Throttle(TypedDict, total=False):
    """Sends slowly. See `ThrottleAction`."""

    bytes_per_second: int
    chunk_bytes: int
    pause: Duration


class Delay(TypedDict, total=False):
    """Sends late. See `DelayAction`."""

    duration: Duration


class Random(TypedDict, total=False):
    """Bytes that look random. See `RandomBytes`."""

    bytes: int
    seed: int


class Send(TypedDict, total=False):
    """Sends bytes. See `SendAction`."""

    text: str
    data: bytes
    random: Random
    repeat: int
    flush_timeout: Duration


class SendUrgent(TypedDict, total=False):
    """Sends bytes, the last of them urgent. See `SendUrgentAction`."""

    text: str
    data: bytes
    flush_timeout: Duration


class SetBehaviour(TypedDict, total=False):
    """Does something else with the peer's bytes from now on. See `SetBehaviourAction`."""

    behaviour: Behaviour


class Action(TypedDict, total=False):
    """One verb on a session, such as `{"reset": {"after_flush": True}}`. See `Action`."""

    close: Close
    half_close: HalfClose
    reset: Reset
    linger: Linger
    reset_unread: ResetUnread
    fin_then_reset: FinThenReset
    last_data: LastData
    vanish: Empty
    black_hole: BlackHole
    heal: Empty
    pause: Empty
    resume: Empty
    throttle: Throttle
    delay: Delay
    send: Send
    send_urgent: SendUrgent
    set_behaviour: SetBehaviour


class Range(TypedDict, total=False):
    """A number between two, both allowed. See `Range`."""

    min: int
    max: int


class Trigger(TypedDict, total=False):
    """When a step acts: one of them. See `Trigger`."""

    accepted: Empty
    bytes_received: int
    bytes_sent: int
    pattern_text: str
    pattern_data: bytes
    elapsed: Duration
    idle: Duration
    peer_fin: Empty
    signal: str
    bytes_received_between: Range
    bytes_sent_between: Range


class Step(TypedDict, total=False):
    """A trigger and an action, or one of several. See `Step`."""

    trigger: Trigger
    action: Action
    one_of: Sequence[Action]


class Plan(TypedDict, total=False):
    """What shall become of a connection, armed before it exists. See `Plan`."""

    connections: int
    steps: Sequence[Step]
    seed: int


Labels = Mapping[str, str]
Condition = Literal["ENDED", "PEER_FIN", "PEER_RST"]
"""A fact that stays true once it is: see docs/waiting.md."""
State = Literal[
    "SYN_SENT",
    "SYN_RECEIVED",
    "ESTABLISHED",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "CLOSE_WAIT",
    "CLOSING",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSED",
]
"""A state of the connection, by the names of RFC 9293: the moment's, not latched."""
ListenerState = Literal["LISTENING", "REFUSING", "STALLED", "QUEUEING"]
"""What a client that connects meets: see docs/listeners.md."""
OnPeerFin = Literal["CLOSE_TOO", "STAY_OPEN"]
"""What a session does when its peer's FIN has come."""
ResetOnAccept = Literal["NEVER", "AT_ONCE", "AT_FIRST_BYTE"]
"""What becomes of an accepted connection, whatever the behaviour."""
EndSessions = Literal["RESET", "CLOSE"]
"""How the sessions of a listener end when it is deleted."""
EventKind = Literal[
    "LISTENER_CREATED",
    "LISTENER_DELETED",
    "LISTENER_STATE_CHANGED",
    "SESSION_OPENED",
    "PEER_FIN",
    "PEER_RST",
    "SESSION_STATE_CHANGED",
    "ACTION_PERFORMED",
    "SESSION_ENDED",
    "DATA_RECEIVED",
    "DATA_SENT",
    "ACCEPT_FAILED",
    "PLAN_STEP_FIRED",
    "PLAN_STEP_FAILED",
    "SCOPE_CREATED",
    "SCOPE_ENDED",
]
"""The kinds of events: see docs/events.md."""
