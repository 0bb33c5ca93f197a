"""What the tests have in common: the daemon of this checkout, whatever the environment says."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .processes import COMMAND


def pytest_configure() -> None:
    """Before any test can start a daemon, or a process that does."""
    for name in [name for name in os.environ if name.startswith("HANGUP_")]:
        del os.environ[name]
    os.environ["HANGUP_COMMAND"] = COMMAND


@pytest.fixture
def on_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if nothing of hangup had been used in this process yet."""
    from hangup import _client, _daemon_process

    monkeypatch.setattr(_client, "_shared", None)
    monkeypatch.setattr(_daemon_process, "_own", None)
    monkeypatch.setattr(_daemon_process, "ask_for_address", None)
    yield
    if _client._shared is not None:
        _client._shared._calls.close()
    if _daemon_process._own is not None:
        _daemon_process._own.stop()
