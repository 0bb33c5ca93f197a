"""The plugin, in runs of pytest of their own."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time

import pytest

from hangup import NoDaemonError, _daemon_process, pytest_plugin

#: The last is for pytest-asyncio, which warns without it.
STRICT = ["-W", "error", "-o", "asyncio_default_fixture_loop_scope=function"]

RESETS = """
import socket
RESETS = {"steps": [{"trigger": {"bytes_received": 1}, "action": {"reset": {}}}]}
"""


def test_the_fixtures_are_there_without_an_import(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import socket

        def test_reset(hangup, hangup_listener):
            assert hangup.scope.startswith("test_reset-")
            with socket.create_connection((hangup_listener.host, hangup_listener.port)) as client:
                hangup_listener.accepted(client).close()
                assert client.recv(1) == b""
            assert hangup.session(f"{hangup_listener.name}/1").wait_ended().local == "FIN"
        """
    )
    pytester.runpytest_subprocess(*STRICT).assert_outcomes(passed=1)


def test_a_step_that_never_fired_fails_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        RESETS
        + """
def test_nothing_happens(hangup):
    hangup.listen("echo", plans=[RESETS])
"""
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*NeverFiredError*", "*echo, plan 1: it had no connection*"])


def test_a_test_that_was_skipped_or_failed_has_no_second_outcome(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        RESETS
        + """
import pytest

def test_skipped(hangup):
    hangup.listen("echo", plans=[RESETS])
    pytest.skip("not here")

def test_failed(hangup):
    hangup.listen("echo", plans=[RESETS])
    assert 1 == 2

@pytest.mark.xfail(raises=ZeroDivisionError)
def test_failed_as_expected(hangup):
    hangup.listen("echo", plans=[RESETS])
    1 / 0

@pytest.fixture
def armed_and_failed(hangup):
    hangup.listen("echo", plans=[RESETS])
    raise ValueError

def test_not_begun(armed_and_failed):
    pass
"""
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(skipped=1, failed=1, xfailed=1, errors=1)
    result.stdout.no_fnmatch_line("*NeverFiredError*")


def test_the_desk_outlives_an_error_of_any_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> _daemon_process.Place:
        raise FileNotFoundError("the working directory is gone")

    desk = pytest_plugin._Desk()
    try:
        monkeypatch.setattr(_daemon_process, "place", fails)
        with pytest.raises(NoDaemonError, match="FileNotFoundError: the working directory is gone"):
            pytest_plugin._ask(desk.port)
        monkeypatch.setattr(_daemon_process, "place", lambda: _daemon_process.Place("127.0.0.1:1"))
        assert pytest_plugin._ask(desk.port) == "127.0.0.1:1"
    finally:
        desk.close()


@pytest.mark.parametrize("by", ["marker", "option"])
def test_it_may_be_let_pass(pytester: pytest.Pytester, by: str) -> None:
    pytester.makepyfile(
        RESETS
        + f"""
import pytest

@pytest.mark.hangup(allow_never_fired={by == "marker"})
def test_nothing_happens(hangup):
    hangup.listen("echo", plans=[RESETS])

def test_strict_still(hangup):
    hangup.listen("echo", plans=[RESETS])
""".replace("@pytest.mark.hangup(allow_never_fired=False)", "")
    )
    options = ["--strict-markers"] + (["--hangup-allow-never-fired"] if by == "option" else [])
    result = pytester.runpytest_subprocess(*options)
    result.assert_outcomes(passed=2, errors=1 if by == "marker" else 0)


def test_a_misspelt_marker_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.hangup(allow_neverfired=True)
        def test_nothing_happens(hangup):
            pass
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*knows allow_never_fired alone, not allow_neverfired*"])


def test_a_run_that_does_not_use_it_starts_nothing(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANGUP_COMMAND", "/nowhere/hangup")
    pytester.makepyfile(
        """
        import sys

        def test_nothing_of_it_was_loaded(pytestconfig):
            assert pytestconfig.pluginmanager.has_plugin("hangup")
            assert not [name for name in sys.modules if name.startswith(("grpc", "google.protobuf"))]
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    pytester.runpytest_subprocess("-n", "2").assert_outcomes(passed=1)


def test_without_a_daemon_the_tests_that_want_one_say_so(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANGUP_COMMAND", "/nowhere/hangup")
    pytester.makepyfile("def test_it(hangup): pass")
    for options in ([], ["-n", "2"]):
        result = pytester.runpytest_subprocess(*options)
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["*NoDaemonError: *nowhere/hangup*npm install hangup*"])


FIVE_HUNDRED = """
import os
import socket

import pytest

@pytest.mark.parametrize("number", range(500))
def test_an_ending(number, hangup, hangup_listener, pytestconfig):
    import hangup as client

    with socket.create_connection((hangup_listener.host, hangup_listener.port)) as peer:
        peer.sendall(b"%d" % number)
        assert peer.recv(len(str(number)), socket.MSG_WAITALL) == b"%d" % number
        session = hangup_listener.accepted(peer)
        assert session.name == "listener-1/1"
        if number % 2:
            session.reset()
            with pytest.raises(ConnectionResetError):
                peer.recv(1)
        else:
            session.close()
            assert peer.recv(1) == b""
    info = client.daemon().info()
    (pytestconfig.rootpath / "daemons" / str(number)).write_text(f"{info.uid} {info.pid}")
    (pytestconfig.rootpath / "workers" / str(os.getpid())).touch()
"""

AFTERWARDS = """
def pytest_sessionfinish(session):
    if hasattr(session.config, "workerinput"):
        return
    import hangup
    from hangup.v1.scope_pb2 import ListScopesRequest, ListScopesResponse

    scopes = hangup.daemon().call(ListScopesRequest(), ListScopesResponse).scopes
    info = hangup.daemon().info()
    (session.config.rootpath / "left").write_text(" ".join(scope.name for scope in scopes))
    (session.config.rootpath / "daemons" / "controller").write_text(f"{info.uid} {info.pid}")
"""


def test_500_tests_of_4_workers_share_one_daemon_and_leave_nothing(pytester: pytest.Pytester) -> None:
    daemons, workers = pytester.mkdir("daemons"), pytester.mkdir("workers")
    pytester.makeconftest(AFTERWARDS)
    pytester.makepyfile(FIVE_HUNDRED)
    result = pytester.runpytest_subprocess("-n", "4", "-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=500)
    seen = [file.read_text() for file in daemons.iterdir()]
    assert len(seen) == 501
    assert len(set(seen)) == 1
    assert len(list(workers.iterdir())) == 4
    assert (pytester.path / "left").read_text() == "default"


HOLDING = """
import time

def test_holding(hangup_listener, pytestconfig):
    import hangup

    whole = pytestconfig.rootpath / "whole"
    whole.write_text(f"{hangup.daemon().info().pid} {hangup_listener.port}")
    whole.rename(pytestconfig.rootpath / "held")
    time.sleep(600)
"""


def test_sigkill_of_a_run_of_xdist_leaves_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(HOLDING)
    held = pytester.path / "held"
    line = [sys.executable, "-m", "pytest", "-n", "2"]
    with subprocess.Popen(line, cwd=pytester.path, stdout=subprocess.DEVNULL) as running:
        try:
            deadline = time.monotonic() + 60
            while not held.exists():
                assert running.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)
            pid, port = map(int, held.read_text().split())
            ended = os.pidfd_open(pid)
        finally:
            running.kill()
    assert select.select([ended], [], [], 10)[0], "the daemon lives on"
    os.close(ended)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_test_of_asyncio_uses_it_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import asyncio

        import pytest
        from hangup import aio

        @pytest.fixture
        async def fixture():
            async with aio.fixture() as fixture:
                yield fixture

        @pytest.mark.parametrize("ending", ["close", "reset"])
        async def test_an_ending(ending, fixture):
            listener = await fixture.listen()
            reader, writer = await asyncio.open_connection(listener.host, listener.port)
            session = await listener.accepted(writer.get_extra_info("sockname")[1])
            await getattr(session, ending)()
            if ending == "close":
                assert await reader.read(1) == b""
            else:
                with pytest.raises(ConnectionResetError):
                    await reader.read(1)
            writer.close()
        """
    )
    pytester.runpytest_subprocess(*STRICT, "-o", "asyncio_mode=auto").assert_outcomes(passed=2)
    assert "hangup" in sys.modules
