"""Ends TCP connections exactly as a test asks: FIN, RST and all between, on a daemon that a test run shares.

    with hangup.fixture() as fixture:
        listener = fixture.listen()
        client = socket.create_connection((listener.host, listener.port))
        listener.accepted(client).reset()
        client.recv(1)  # raises ConnectionResetError

With pytest, the fixtures `hangup` and `hangup_listener` are there without an import. `hangup.aio` has the same for
asyncio, and
`hangup.v1` the messages of the contract.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import aio, shapes
    from ._client import Daemon, Events, Fixture, Listener, Session, daemon, fixture
    from .errors import HangupError, HangupTimeoutError, NeverFiredError, NoDaemonError
    from .facts import Event, Receipt, Report

__all__ = [
    "Daemon",
    "Event",
    "Events",
    "Fixture",
    "HangupError",
    "HangupTimeoutError",
    "Listener",
    "NeverFiredError",
    "NoDaemonError",
    "Receipt",
    "Report",
    "Session",
    "aio",
    "daemon",
    "fixture",
    "shapes",
]

_HOMES = {
    "_client": ("Daemon", "Events", "Fixture", "Listener", "Session", "daemon", "fixture"),
    "errors": ("HangupError", "HangupTimeoutError", "NeverFiredError", "NoDaemonError"),
    "facts": ("Event", "Receipt", "Report"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    # Late, because pytest imports this package in every run where it is installed: grpc and the generated code take
    # ten
    # times as long as all the rest of its start.
    if name in ("aio", "shapes"):
        return import_module(f"{__name__}.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
