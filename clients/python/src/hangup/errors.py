"""What can go wrong. Match on `reason`, which is stable (docs/errors.md); messages may change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hangup.v1.session_pb2 import Session

    from .facts import Receipt, Report


class HangupError(Exception):
    """The daemon refused a call, or could not be found, started or reached."""

    def __init__(
        self,
        code: str,
        reason: str,
        message: str,
        metadata: Mapping[str, str] | None = None,
        receipt: Receipt | None = None,
        session: Session | None = None,
    ) -> None:
        super().__init__(code, reason, message)
        self.code = code
        """The code of gRPC, such as `FAILED_PRECONDITION`."""
        self.reason = reason
        """The stable reason, such as `SESSION_ENDED`, or one of the clients' own (clients/README.md), such as
        `DAEMON_GONE`; empty where gRPC itself ended the call."""
        self.message = message
        """What happened, and what to do."""
        self.metadata: Mapping[str, str] = metadata or {}
        """More about the reason, such as `errno`."""
        self.receipt = receipt
        """The receipt so far, where the error is about a session that has one."""
        self.session = session
        """The session as it was seen last, where a wait was for one."""

    def __str__(self) -> str:
        return f"{self.message} ({self.reason or self.code})"


class HangupTimeoutError(HangupError, TimeoutError):
    """What was waited for did not come in time; the message says what was seen last."""


class NoDaemonError(HangupError):
    """No daemon was found (`DAEMON_NOT_FOUND`), or it could not be started (`DAEMON_NOT_STARTED`).

    The message says what to do, and what it printed.
    """


class NeverFiredError(AssertionError):
    """Steps of plans did not act on connections they were for: faults that did not happen."""

    code = "FAILED_PRECONDITION"
    """As that of HangupError."""
    reason = "NEVER_FIRED"
    """As that of HangupError."""

    def __init__(self, report: Report) -> None:
        super().__init__("steps of plans never fired:\n" + "\n".join(f"  {line}" for line in report.never_fired))
        self.report = report
        """What the scope was when it ended."""
