"""The plugin of pytest: the fixtures `hangup` and `hangup_listener`, on one daemon for the whole run, that of
pytest-xdist included.

Nothing is started, and neither grpc nor the generated code is imported, until a test asks for one of them.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from hangup import _daemon_process
from hangup.errors import NoDaemonError

if TYPE_CHECKING:
    from hangup import Fixture, Listener

_PASSED = pytest.StashKey[bool]()

_MARKER = (
    "hangup(allow_never_fired=False): about the fixture `hangup` of this test. With allow_never_fired=True it does not"
    " fail when a step of a plan did not act."
)


@pytest.fixture
def hangup(request: pytest.FixtureRequest) -> Iterator[Fixture]:
    """What this test holds on the daemon: a scope of its own, which ends with it. Steps of plans that never fired
    are an error of a test that passed.
    """
    from hangup import fixture

    marked = request.node.get_closest_marker("hangup")
    given = dict(marked.kwargs) if marked is not None else {}
    allow = given.pop("allow_never_fired", request.config.getoption("hangup_allow_never_fired"))
    if given:
        raise pytest.UsageError(f"the marker hangup knows allow_never_fired alone, not {', '.join(given)}")
    made = fixture(request.node.name, allow_never_fired=allow, labels={"test": request.node.nodeid})
    try:
        yield made
    finally:
        # A test that was skipped, or failed, has its reason: that steps never fired is a consequence, most likely.
        made.close() if request.node.stash.get(_PASSED, False) else made._end()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keeps in mind whether the test has passed so far, for the fixture `hangup` to know at its end."""
    outcome: Any = yield
    item.stash[_PASSED] = outcome.get_result().passed


@pytest.fixture
def hangup_listener(hangup: Fixture) -> Listener:
    """An echo listener of this test's own, on a free port of 127.0.0.1."""
    return hangup.listen()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Lets the whole run off."""
    parser.getgroup("hangup").addoption(
        "--hangup-allow-never-fired",
        action="store_true",
        default=False,
        help="do not fail tests whose plans have steps that did not act",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tells a worker of pytest-xdist whom to ask for the daemon."""
    config.addinivalue_line("markers", _MARKER)
    desk = getattr(config, "workerinput", {}).get("hangup_desk")
    if desk is not None:
        _daemon_process.ask_for_address = lambda: _ask(desk)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Of pytest-xdist: the process that distributes the tests has the daemon, for a worker may end before others do."""
    config = node.config
    if _DESK not in config.stash:
        config.stash[_DESK] = _Desk()
        config.add_cleanup(config.stash[_DESK].close)
    node.workerinput["hangup_desk"] = config.stash[_DESK].port


class _Desk:
    """Where workers ask for the daemon; the first to ask has it started."""

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._answer, name="hangup-desk", daemon=True).start()

    def _answer(self) -> None:
        while True:
            try:
                asking, _ = self._socket.accept()
            except OSError:
                # Without a descriptor to spare, others may give one back.
                if self._closed.wait(0.1):
                    return
                continue
            try:
                answer: dict[str, Any] = {"address": _daemon_process.place().address}
            except NoDaemonError as error:
                answer = {"error": [error.code, error.reason, error.message]}
            except Exception as error:  # whatever it is, those who ask after this one want an answer too
                answer = {"error": ["UNAVAILABLE", "DAEMON_NOT_STARTED", f"{type(error).__name__}: {error}"]}
            with asking, contextlib.suppress(OSError):  # a worker may be gone by now
                asking.sendall(json.dumps(answer).encode())

    def close(self) -> None:
        self._closed.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # or accept(2) of the thread would wait on
        self._socket.close()


_DESK = pytest.StashKey[_Desk]()


def _ask(port: int) -> str:
    """The address of the daemon of the run. Raises NoDaemonError."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2 * _daemon_process.START_SECONDS) as asking:
            answer = json.load(asking.makefile("rb"))
    except (OSError, ValueError) as error:
        message = f"the process that runs pytest-xdist did not say where its daemon is: {error}"
        raise NoDaemonError("UNAVAILABLE", "DAEMON_NOT_STARTED", message) from error
    if "error" in answer:
        raise NoDaemonError(*answer["error"])
    return str(answer["address"])
