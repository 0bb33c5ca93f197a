"""Which daemon it is: found or started, once, and gone with the process."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.rpc import code_pb2, status_pb2

import hangup
from hangup import _contract, _daemon_process
from hangup.v1.daemon_pb2 import GetInfoRequest, GetInfoResponse

from .processes import CHECKOUT, COMMAND, process

TOKEN = "0123456789abcdef0123456789abcdef"


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """A daemon of somebody else. Gives its address."""
    line = [*COMMAND.split(), "serve", "--exit-with-stdin", *options]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as daemon:
        assert daemon.stdout is not None
        yield json.loads(daemon.stdout.readline())["address"]
        assert daemon.stdin is not None
        daemon.stdin.close()
        daemon.wait(30)


@pytest.mark.usefixtures("on_its_own")
def test_the_daemon_at_hangup_address_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving("--listen", "127.0.0.1:0") as address:
        monkeypatch.setenv("HANGUP_ADDRESS", address)
        assert hangup.daemon().address == address
        assert hangup.daemon().info().address == address
        with hangup.fixture() as fixture:
            fixture.listen()
        assert _daemon_process._own is None


@pytest.mark.usefixtures("on_its_own")
def test_it_may_be_on_a_unix_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with serving("--listen", f"unix:{tmp_path}/hangup.sock") as address:
        assert address.startswith("unix:/")
        monkeypatch.setenv("HANGUP_ADDRESS", address)
        assert hangup.daemon().info().address == address


@pytest.mark.usefixtures("on_its_own")
@pytest.mark.parametrize("by", ["HANGUP_TOKEN", "HANGUP_TOKEN_FILE"])
def test_the_token_goes_with_each_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, by: str) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    with serving("--listen", "127.0.0.1:0", "--token-file", str(file)) as address:
        monkeypatch.setenv("HANGUP_ADDRESS", address)
        monkeypatch.setenv(by, TOKEN if by == "HANGUP_TOKEN" else str(file))
        with hangup.fixture() as fixture:
            fixture.listen()


@pytest.mark.usefixtures("on_its_own")
def test_without_the_token_the_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    with serving("--listen", "127.0.0.1:0", "--token-file", str(file)) as address:
        monkeypatch.setenv("HANGUP_ADDRESS", address)
        with pytest.raises(hangup.HangupError) as missing:
            hangup.fixture()
        assert (missing.value.code, missing.value.reason) == ("UNAUTHENTICATED", "TOKEN_MISSING")
        with pytest.raises(hangup.HangupError) as over_the_stream:
            hangup.daemon().info()
        assert over_the_stream.value.reason == "TOKEN_MISSING"


@pytest.mark.usefixtures("on_its_own")
@pytest.mark.parametrize(
    "address",
    [
        "localhost",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:99999",
        "127.0.0.1:٤٢",
        ":4264",
        "::1:4264",
        "http://127.0.0.1:4264",
        "unix:",
        "/run/hangup.sock",
        "127.0.0.1:4264\n127.0.0.1:4265",
    ],
)
def test_an_address_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HANGUP_ADDRESS", address)
    with pytest.raises(hangup.NoDaemonError, match="is no address of a daemon") as none:
        hangup.fixture()
    assert (none.value.code, none.value.reason) == ("INVALID_ARGUMENT", "INVALID_SETTING")


@pytest.mark.parametrize("address", ["localhost:1", "a.b-c_d:65535", "[::1]:4264", "unix:/a b", "unix:relative"])
def test_an_address_that_is_one_is_taken(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HANGUP_ADDRESS", f" {address}\n")
    assert _daemon_process.place().address == address


@pytest.mark.usefixtures("on_its_own")
@pytest.mark.parametrize("by", ["HANGUP_TOKEN", "HANGUP_TOKEN_FILE"])
@pytest.mark.parametrize("token", [" ", "two words", "two\nlines", "t\u00f6ken", "bell\a"])
def test_a_token_that_cannot_be_sent_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, by: str, token: str
) -> None:
    file = tmp_path / "token"
    file.write_text(token, encoding="utf-8")
    monkeypatch.setenv("HANGUP_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv(by, token if by == "HANGUP_TOKEN" else str(file))
    with pytest.raises(hangup.NoDaemonError, match=f"{by}.* has no token that can be used") as unusable:
        hangup.fixture()
    assert (unusable.value.code, unusable.value.reason) == ("INVALID_ARGUMENT", "INVALID_SETTING")


@pytest.mark.usefixtures("on_its_own")
@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_token_file_that_has_none_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("HANGUP_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("HANGUP_TOKEN_FILE", str(file))
    with pytest.raises(hangup.NoDaemonError, match="HANGUP_TOKEN_FILE") as unusable:
        hangup.fixture()
    assert (unusable.value.code, unusable.value.reason) == ("INVALID_ARGUMENT", "INVALID_SETTING")


@pytest.mark.usefixtures("on_its_own")
def test_a_daemon_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("HANGUP_ADDRESS", f"127.0.0.1:{port}")
    with pytest.raises(hangup.HangupError, match=f"the daemon at 127.0.0.1:{port} does not answer") as gone:
        hangup.fixture()
    assert (gone.value.code, gone.value.reason) == ("UNAVAILABLE", "DAEMON_GONE")


@pytest.mark.usefixtures("on_its_own")
def test_one_is_started_for_all_threads_and_ends_with_its_standard_input() -> None:
    pids: list[int] = []
    threads = [threading.Thread(target=lambda: pids.append(hangup.daemon().info().pid)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 20
    assert len(set(pids)) == 1
    own = _daemon_process._own
    assert own is not None
    assert own.pid == pids[0]
    ended = os.pidfd_open(own.pid)
    try:
        own.stop()
        assert select.select([ended], [], [], 0)[0]
    finally:
        os.close(ended)


@pytest.mark.usefixtures("on_its_own")
def test_a_daemon_that_ended_is_an_error_with_its_last_words() -> None:
    with hangup.fixture() as fixture:
        own = _daemon_process._own
        assert own is not None
        ended = os.pidfd_open(own.pid)
        os.kill(own.pid, signal.SIGKILL)
        assert select.select([ended], [], [], 30)[0]
        os.close(ended)
        with pytest.raises(hangup.HangupError, match=r"the daemon at .* does not answer") as gone:
            fixture.listen()
        assert (gone.value.code, gone.value.reason) == ("UNAVAILABLE", "DAEMON_GONE")
        assert " It has ended: signal SIGKILL. It printed:" in str(gone.value)
        assert '"msg":"listening"' in str(gone.value)
        fixture._report = hangup.Report([], 0, [], [], message=None)  # type: ignore[arg-type]  # there is nobody to ask


@pytest.mark.parametrize("variable", ["PATH", "node_modules", "checkout"])
def test_where_the_command_is_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str) -> None:
    monkeypatch.delenv("HANGUP_COMMAND")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    path, command = {
        "PATH": (tmp_path / "bin" / "hangup", [str(tmp_path / "bin" / "hangup")]),
        "node_modules": (
            tmp_path / "node_modules" / ".bin" / "hangup",
            [str(tmp_path / "node_modules" / ".bin" / "hangup")],
        ),
        "checkout": (tmp_path / "bin" / "hangup.cjs", ["node", str(tmp_path / "bin" / "hangup.cjs")]),
    }[variable]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o755)
    assert _daemon_process.command() == command


@pytest.mark.usefixtures("on_its_own")
def test_none_found_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HANGUP_COMMAND")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir("/")
    with pytest.raises(hangup.NoDaemonError, match=r"npm install hangup.*HANGUP_COMMAND.*hangup run --") as not_found:
        _daemon_process.place()
    assert (not_found.value.code, not_found.value.reason) == ("NOT_FOUND", "DAEMON_NOT_FOUND")


@pytest.mark.usefixtures("on_its_own")
def test_one_that_does_not_start_is_shown_with_what_it_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import sys; sys.stderr.write('it is Tuesday\\n'); sys.exit(3)")
    monkeypatch.setenv("HANGUP_COMMAND", f"{sys.executable} {broken}")
    with pytest.raises(hangup.NoDaemonError) as not_started:
        hangup.daemon()
    assert (not_started.value.code, not_started.value.reason) == ("UNAVAILABLE", "DAEMON_NOT_STARTED")
    assert "exit code 3" in str(not_started.value)
    assert "it is Tuesday" in str(not_started.value)


@pytest.mark.usefixtures("on_its_own")
def test_a_command_that_is_no_daemon_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANGUP_COMMAND", "echo")
    with pytest.raises(hangup.NoDaemonError, match="its first line should say where it is"):
        hangup.daemon()
    monkeypatch.setenv("HANGUP_COMMAND", "/nowhere/hangup")
    with pytest.raises(hangup.NoDaemonError, match="/nowhere/hangup"):
        hangup.daemon()


@pytest.mark.usefixtures("on_its_own")
@pytest.mark.parametrize("address", [1, None, "", "nowhere"])
def test_a_ready_line_without_an_address_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: Any) -> None:
    script = tmp_path / "ready.py"
    script.write_text(f"print({json.dumps(json.dumps({'address': address}))})")
    monkeypatch.setenv("HANGUP_COMMAND", f"{sys.executable} {script}")
    with pytest.raises(hangup.NoDaemonError, match="its first line should say where it is") as not_started:
        hangup.daemon()
    assert (not_started.value.code, not_started.value.reason) == ("UNAVAILABLE", "DAEMON_NOT_STARTED")


HOLDING = """
import json, socket, sys
import hangup

fixture = hangup.fixture()
listener = fixture.listen()
print(json.dumps({"pid": hangup.daemon().info().pid, "port": listener.port}), flush=True)
sys.stdin.read()
"""


def test_sigkill_of_the_test_process_leaves_nothing(tmp_path: Path) -> None:
    with process(HOLDING, folder=tmp_path) as running:
        assert running.stdout is not None
        held = json.loads(running.stdout.readline())
        ended = os.pidfd_open(held["pid"])
        with socket.create_connection(("127.0.0.1", held["port"])) as client:
            client.sendall(b"hello")
            assert client.recv(5, socket.MSG_WAITALL) == b"hello"
            running.kill()
            assert select.select([ended], [], [], 10)[0], "the daemon lives on"
            client.settimeout(10)
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        os.close(ended)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", held["port"]))


def test_sigkill_of_the_test_process_ends_its_scopes_on_a_daemon_that_others_use(tmp_path: Path) -> None:
    with process(HOLDING, folder=tmp_path, HANGUP_ADDRESS=hangup.daemon().address) as running:
        assert running.stdout is not None
        held = json.loads(running.stdout.readline())
        assert held["pid"] == hangup.daemon().info().pid
        with socket.create_connection(("127.0.0.1", held["port"])) as client:
            client.sendall(b"hello")
            assert client.recv(5, socket.MSG_WAITALL) == b"hello"
            running.kill()
            client.settimeout(10)
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", held["port"]))


def test_a_fork_is_told_and_does_not_keep_the_daemon_alive(tmp_path: Path) -> None:
    script = """
import os, sys
import hangup

os.write(1, f"{hangup.daemon().info().pid}\\n".encode())
if os.fork() == 0:
    try:
        hangup.fixture()
    except hangup.NoDaemonError as error:
        os.write(1, str(error).encode() + b"\\n")
    sys.stdin.read()
    os._exit(0)
os.wait()
"""
    with process(script, folder=tmp_path) as running:
        assert running.stdout is not None
        ended = os.pidfd_open(int(running.stdout.readline()))
        assert "before this process was forked" in running.stdout.readline()
        running.kill()
        assert select.select([ended], [], [], 10)[0], "the fork holds the pipe"
        os.close(ended)


def test_a_handle_in_a_fork_says_so_at_once_and_the_process_that_made_it_goes_on(tmp_path: Path) -> None:
    script = """
import os, socket
import hangup

fixture = hangup.fixture()
listener = fixture.listen()
events = fixture.events()
client = socket.create_connection((listener.host, listener.port))
session = listener.accepted(client)
assert events.next().kind == "session_opened"
if os.fork() == 0:
    daemon = hangup._client._shared
    for call in (
        daemon.info, fixture.listen, fixture.events, daemon.fixture, listener.get, listener.next, session.reset,
        events.next, fixture.close,
    ):
        try:
            call()
        except hangup.HangupError as error:
            os.write(1, f"{error.code} {error.reason}\\n".encode())
    os._exit(0)
os.wait()
session.reset()
assert events.wait_for("session_ended").session == session.name
print(fixture.close().sessions)
"""
    path = tmp_path / "process.py"
    path.write_text(script)
    # A call that waits for its answer takes 40 s.
    ran = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=30)
    stale = "FAILED_PRECONDITION STALE_HANDLE\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, 9 * stale + "1\n", "")


async def test_a_wait_for_the_daemon_in_a_fork_says_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with hangup.aio.fixture() as fixture:
        monkeypatch.setattr(os, "getpid", lambda: 1)  # a fork would have this event loop too
        for waiting in (fixture.listen(), fixture.events(), hangup.aio.fixture()):
            with pytest.raises(hangup.HangupError) as stale:
                await waiting
            assert (stale.value.code, stale.value.reason) == ("FAILED_PRECONDITION", "STALE_HANDLE")
        monkeypatch.undo()


def test_forks_of_forks_keep_their_own_files(tmp_path: Path) -> None:
    script = """
import os
import hangup
from hangup import _daemon_process

hangup.daemon()
pipe = _daemon_process._own._process.stdin.fileno()
if os.fork() == 0:
    taken = os.open("/dev/null", os.O_RDONLY)
    if taken != pipe:  # the lowest free one, as it should be
        taken = os.dup2(taken, pipe)
    if os.fork() == 0:
        os.fstat(taken)
        os.write(1, b"whole\\n")
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
_daemon_process._own.stop()
if os.fork() == 0:
    os._exit(0)
os.wait()
os.environ["HANGUP_COMMAND"] = "false"
_daemon_process._own = None
try:
    _daemon_process.place()
except hangup.NoDaemonError:
    pass
if os.fork() == 0:
    os._exit(0)
os.wait()
"""
    path = tmp_path / "process.py"
    path.write_text(script)
    ran = subprocess.run([sys.executable, str(path)], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "whole\n", "")


def test_a_command_that_goes_on_printing_is_not_held_up(tmp_path: Path) -> None:
    chatty = tmp_path / "chatty.py"
    chatty.write_text(
        """
import sys
sys.stdout.write('{"address": "127.0.0.1:1"}\\nand more at once\\n')
sys.stdout.flush()
sys.stdout.write("x" * (1 << 20))
sys.stdout.flush()
sys.stdin.read()
"""
    )
    own = _daemon_process.DaemonProcess([sys.executable, str(chatty)])
    assert own.address == "127.0.0.1:1"
    own.stop()
    assert own._process.returncode == 0
    assert own.what_became_of_it() == " It has ended: exit code 0."


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In place of a daemon, somebody who never says a word."""
    monkeypatch.setattr(_contract, "PATIENCE_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HANGUP_ADDRESS", f"127.0.0.1:{server.getsockname()[1]}")
        yield


@pytest.mark.usefixtures("on_its_own", "silent")
def test_a_daemon_that_says_nothing_is_an_error_of_ours() -> None:
    with pytest.raises(hangup.HangupTimeoutError, match=r"did not answer .*HoldScope within 0\.1 s"):
        hangup.fixture()


@pytest.mark.usefixtures("on_its_own", "silent")
async def test_a_daemon_that_says_nothing_is_an_error_of_ours_with_asyncio() -> None:
    with pytest.raises(hangup.HangupTimeoutError, match=r"did not answer .*HoldScope within 0\.1 s"):
        await hangup.aio.fixture()


@pytest.mark.usefixtures("on_its_own")
def test_a_stream_without_a_message_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not above: it reads what hangup sets in the environment.
    import grpc

    class EndsAtOnce(grpc.GenericRpcHandler):
        def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
            return grpc.unary_stream_rpc_method_handler(lambda request, context: iter(()))

    server = grpc.server(ThreadPoolExecutor(2), handlers=[EndsAtOnce()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("HANGUP_ADDRESS", f"127.0.0.1:{port}")
    try:
        with pytest.raises(hangup.HangupError, match="ended before its first message"):
            hangup.fixture()
    finally:
        server.stop(None).wait()


def test_a_daemon_killed_under_a_stream_of_events_leaves_nothing_on_standard_error(tmp_path: Path) -> None:
    script = """
import asyncio, gc, os, signal
import hangup
from hangup import _daemon_process
from hangup.aio import fixture

async def main():
    made = await fixture()
    events = await made.events()
    try:
        await events.next(timeout=0.01)
    except hangup.HangupTimeoutError as error:
        print(error.code, error.reason)
    os.kill(_daemon_process._own.pid, signal.SIGKILL)
    # Its end is that of the read which nobody waits for any more.
    await asyncio.wait([events._stream._reading])
    for waiting in (made.listen(), made.close()):
        try:
            await waiting
        except hangup.HangupError as error:
            print(error.code, error.reason)
    del made, events, waiting
    gc.collect()

asyncio.run(main())
"""
    path = tmp_path / "process.py"
    path.write_text(script)
    ran = subprocess.run([sys.executable, str(path)], capture_output=True, text=True)
    printed = "DEADLINE_EXCEEDED WAIT_TIMEOUT\n" + 2 * "UNAVAILABLE DAEMON_GONE\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, printed, "")


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In place of a daemon, one whose streams of events have a gap in them, and then end."""
    import grpc

    from hangup.v1.event_pb2 import StreamEventsResponse
    from hangup.v1.scope_pb2 import HoldScopeResponse

    streams: dict[str, list[Any]] = {
        "HoldScope": [HoldScopeResponse()],
        "StreamEvents": [
            StreamEventsResponse(events=[{"sequence": 6, "subscribed": {}}]),
            StreamEventsResponse(
                events=[
                    {"sequence": 9, "lost": {"first_sequence": 7, "last_sequence": 9}},
                    {"sequence": 10, "session_ended": {}},
                ]
            ),
        ],
    }

    class Forgetful(grpc.GenericRpcHandler):
        def service(self, handler_call_details: Any) -> Any:
            replies = streams.get(handler_call_details.method.rpartition("/")[2])
            if replies is None:
                return None
            return grpc.unary_stream_rpc_method_handler(
                lambda request, context: iter(replies), response_serializer=lambda reply: reply.SerializeToString()
            )

    server = grpc.server(ThreadPoolExecutor(4), handlers=[Forgetful()])
    monkeypatch.setenv("HANGUP_ADDRESS", f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    yield
    server.stop(None).wait()


def code_and_reason(error: hangup.HangupError) -> tuple[str, str]:
    return error.code, error.reason


@pytest.mark.usefixtures("on_its_own", "forgetful")
def test_a_wait_for_an_event_tells_of_a_gap_and_of_the_end() -> None:
    fixture = hangup.daemon().fixture()
    events, others = fixture.events(), fixture.events()
    with pytest.raises(hangup.HangupError, match=r"no such event session_ended yet, .* one of 7 to 9") as lost:
        events.wait_for("session_ended")
    assert code_and_reason(lost.value) == ("DATA_LOSS", "EVENTS_LOST")
    assert events.wait_for("session_ended").sequence == 10
    assert others.wait_for("lost").fact.last_sequence == 9
    others.next()
    for ended in (events, others):
        with pytest.raises(hangup.HangupError) as end:
            ended.next()
        assert code_and_reason(end.value) == ("OUT_OF_RANGE", "END_OF_EVENTS")


@pytest.mark.usefixtures("on_its_own", "forgetful")
async def test_a_wait_for_an_event_tells_of_a_gap_and_of_the_end_with_asyncio() -> None:
    fixture = await hangup.aio.fixture(allow_never_fired=True)
    events = await fixture.events()
    with pytest.raises(hangup.HangupError, match=r"no such event session_ended yet, .* one of 7 to 9") as lost:
        await events.wait_for("session_ended")
    assert code_and_reason(lost.value) == ("DATA_LOSS", "EVENTS_LOST")
    assert (await events.wait_for("session_ended")).sequence == 10
    with pytest.raises(hangup.HangupError) as end:
        await events.next()
    assert code_and_reason(end.value) == ("OUT_OF_RANGE", "END_OF_EVENTS")
    with pytest.raises(hangup.HangupError):
        await fixture.close()


@pytest.mark.parametrize(
    ("code", "reason"),
    [("UNAVAILABLE", "DAEMON_GONE"), ("DEADLINE_EXCEEDED", "NO_ANSWER"), ("RESOURCE_EXHAUSTED", "")],
)
def test_without_details_it_is_not_the_daemon_who_says_so(code: str, reason: str) -> None:
    status = status_pb2.Status(code=code_pb2.Code.Value(code), message="a proxy says")
    in_trailers = [("grpc-status-details-bin", status.SerializeToString())]
    for error in (
        _contract.error_of(status),
        _contract.error_of_rpc(code, "a proxy says", (), lambda: ""),
        _contract.error_of_rpc(code, "a proxy says", in_trailers, lambda: ""),
    ):
        assert (*code_and_reason(error), error.message) == (code, reason, "a proxy says")


def test_processes_can_be_started_while_calls_are_under_way() -> None:
    with hangup.fixture() as fixture:
        listener = fixture.listen()
        done = threading.Event()

        def call() -> None:
            while not done.is_set():
                listener.get()

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            # `preexec_fn` makes `subprocess` fork in each version of Python.
            lines = [["echo", str(number)] for number in range(100)]
            ran = [subprocess.run(line, capture_output=True, text=True, preexec_fn=os.getpid) for line in lines]
        finally:
            done.set()
            for thread in threads:
                thread.join()
    assert [(one.returncode, one.stdout, one.stderr) for one in ran] == [
        (0, f"{number}\n", "") for number in range(100)
    ]


@pytest.mark.parametrize("module", ["hangup.aio", "hangup._client"])
def test_grpc_finds_its_fork_handlers_switched_off(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRPC_ENABLE_FORK_SUPPORT")
    script = f"""
import os, sys

class Watch:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "grpc":
            print(os.environ.get("GRPC_ENABLE_FORK_SUPPORT"))

sys.meta_path.insert(0, Watch)
import {module}
"""
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed == "0\n"


def test_the_package_and_the_plugin_import_neither_grpc_nor_protobuf() -> None:
    script = (
        "import sys, hangup, hangup.pytest_plugin; "
        "print([name for name in sys.modules if name.startswith(('grpc', 'google.protobuf', 'asyncio'))])"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_any_call_of_the_contract_can_be_made() -> None:
    info = hangup.daemon().call(GetInfoRequest(), GetInfoResponse)
    assert info.api_version == "hangup.v1"
    assert (CHECKOUT / "package.json").exists()
