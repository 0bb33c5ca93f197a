"""Finds the daemon, or starts one for this process. The one place that knows how; it needs no gRPC."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .errors import NoDaemonError

#: How long a daemon may take to say that it is ready, in seconds: it takes 0.2 s, and ten times that on a busy
#: machine.
START_SECONDS = 30.0
#: How long it may take to end once its standard input has, in seconds. It ends within two.
STOP_SECONDS = 5.0
#: How long may lie between the end of its connections and that of the process, in seconds, when it was killed.
ENDING_SECONDS = 0.5

#: What is about one daemon alone: nothing for a daemon of our own, nor for what it starts.
_CREDENTIALS = ("HANGUP_TOKEN", "HANGUP_TOKEN_FILE", "HANGUP_TLS_CA", "HANGUP_TLS_CERT", "HANGUP_TLS_KEY")

#: What an address is: gRPC would take `localhost` to mean port 443, and a port modulo 65536.
_ADDRESS = re.compile(r"unix:.+|(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
#: What a token is: it goes as metadata, of which gRPC refuses all else without saying which.
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Place:
    """Where a daemon is."""

    address: str
    """Such as `127.0.0.1:4264` or `unix:/path`."""
    token: str | None = None
    """What it wants to see with each call."""
    last_words: Callable[[], str] = lambda: ""
    """What became of it, and what it printed last, where it is ours."""


class DaemonProcess:
    """A daemon that lives as long as this process holds the pipe that is its standard input."""

    def __init__(self, command: list[str]) -> None:
        line = [*command, "serve", "--listen", "127.0.0.1:0", "--exit-with-stdin"]
        self._printed: deque[str] = deque(maxlen=50)
        environment = {key: value for key, value in os.environ.items() if key not in _CREDENTIALS}
        try:
            self._process = subprocess.Popen(
                line,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                # Ctrl-C in a terminal is for the tests, which still have scopes to end.
                start_new_session=True,
            )
        except OSError as error:
            raise _not_started(f"{' '.join(line)}: {error}. {_WHAT_TO_DO}") from error
        self.pid = self._process.pid
        # The kernel closes the pipe when this process ends, in whatever way. A fork of it would hold the pipe too.
        self._forked = False
        os.register_at_fork(after_in_child=self._in_fork)
        self._readers = [threading.Thread(target=self._keep_last_words, name="hangup-stderr", daemon=True)]
        self._readers[0].start()
        ready = self._first_line()
        address = _address_in(ready)
        if address is None:
            self._process.kill()
            code = self._process.wait()
            self.stop()
            if ready:
                ended = f"its first line should say where it is, and is {ready!r}"
            else:
                ended = f"exit code {code}" if code >= 0 else f"no ready line within {START_SECONDS:g} s"
            raise _not_started(f"{' '.join(line)} did not start: {ended}.{self.last_words()}\n{_WHAT_TO_DO}")
        self.address = address
        # A wrapper that goes on printing would be held up when the pipe is full.
        self._readers.append(threading.Thread(target=self._pass_over, name="hangup-stdout", daemon=True))
        self._readers[1].start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Ends its standard input, and waits until it has ended."""
        if self._forked:
            return
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin is not None
        assert stdout is not None
        assert stderr is not None
        stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        # A command that is a wrapper may have left somebody who holds the other ends.
        for reader in self._readers:
            reader.join(STOP_SECONDS)
        if not any(reader.is_alive() for reader in self._readers):
            stdout.close()
            stderr.close()

    def last_words(self) -> str:
        """What it printed last on standard error."""
        printed = "".join(list(self._printed)).rstrip()
        return f" It printed:\n{printed}" if printed else ""

    def what_became_of_it(self) -> str:
        """How it ended, if it has; and its last words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING_SECONDS)
        code = self._process.returncode
        return f"{'' if code is None else f' It has ended: {_how(code)}.'}{self.last_words()}"

    def _first_line(self) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None
        deadline = time.monotonic() + START_SECONDS
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while b"\n" not in line and selector.select(max(0.0, deadline - time.monotonic())):
                read = os.read(stdout.fileno(), 65536)
                if not read:
                    # It is about to end by itself: its exit code tells more than that of a kill.
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self._process.wait(STOP_SECONDS)
                    break
                line += read
        return line.partition(b"\n")[0]

    def _keep_last_words(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        for line in stderr:
            self._printed.append(line.decode(errors="replace"))

    def _pass_over(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        while os.read(stdout.fileno(), 65536):
            pass

    def _in_fork(self) -> None:
        if self._forked:
            return  # closed in a fork before; its number may be another file's by now
        self._forked = True
        if self._process.stdin is not None:
            self._process.stdin.close()


def _address_in(ready: bytes) -> str | None:
    """What a ready line says; None where it is none."""
    try:
        address = json.loads(ready)["address"]
    except (ValueError, KeyError, TypeError):
        return None
    return address if isinstance(address, str) and _is_address(address) else None


def _is_address(text: str) -> bool:
    parts = _ADDRESS.fullmatch(text)
    return parts is not None and (parts["port"] is None or 1 <= int(parts["port"]) <= 65535)


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


_lock = threading.Lock()
_own: DaemonProcess | None = None
_user: int | None = None
#: Asks somebody else for the daemon of this run, as a worker of pytest-xdist does; None: nobody to ask.
ask_for_address: Callable[[], str] | None = None


def place() -> Place:
    """Where the daemon of this process is: at `HANGUP_ADDRESS`, else started now.

    Raises NoDaemonError.
    """
    global _own
    assert_not_forked()
    address = os.environ.get("HANGUP_ADDRESS", "").strip()
    if address:
        if not _is_address(address):
            raise _invalid_setting(
                f"HANGUP_ADDRESS: {address!r} is no address of a daemon; that is host:port, such as 127.0.0.1:4264 or"
                " [::1]:4264, or unix:/path"
            )
        return Place(address, _token())
    if ask_for_address is not None:
        return Place(ask_for_address())
    with _lock:
        if _own is None:
            _own = DaemonProcess(command())
        return Place(_own.address, last_words=_own.what_became_of_it)


def assert_not_forked() -> None:
    """Raises NoDaemonError in a fork of the process that used hangup first."""
    global _user
    if _user is None:
        _user = os.getpid()
    if _user != os.getpid():
        raise stale_handle()


def stale_handle() -> NoDaemonError:
    """What is asked in a fork ends with: there nobody reads the answers."""
    return NoDaemonError(
        "FAILED_PRECONDITION",
        "STALE_HANDLE",
        "hangup was used before this process was forked, and gRPC does not survive that: use it after the fork"
        ' alone, or start the process anew (multiprocessing: "spawn")',
    )


def command() -> list[str]:
    """The command that starts a daemon: `HANGUP_COMMAND`, else `hangup` on the PATH, else one near the working
    directory.

    Raises NoDaemonError.
    """
    given = os.environ.get("HANGUP_COMMAND", "").split()
    if given:
        return given
    found = shutil.which("hangup")
    if found is not None:
        return [found]
    here = Path.cwd()
    for folder in (here, *here.parents):
        installed = folder / "node_modules" / ".bin" / "hangup"
        if installed.exists():
            return [str(installed)]
        checkout = folder / "bin" / "hangup.cjs"
        if checkout.exists():
            return ["node", str(checkout)]
    message = f"no hangup daemon: it is not at HANGUP_ADDRESS, on the PATH, nor near {here}. {_WHAT_TO_DO}"
    raise NoDaemonError("NOT_FOUND", "DAEMON_NOT_FOUND", message)


def _not_started(message: str) -> NoDaemonError:
    return NoDaemonError("UNAVAILABLE", "DAEMON_NOT_STARTED", message)


def _invalid_setting(message: str) -> NoDaemonError:
    return NoDaemonError("INVALID_ARGUMENT", "INVALID_SETTING", message)


def _token() -> str | None:
    path = os.environ.get("HANGUP_TOKEN_FILE", "").strip()
    token = os.environ.get("HANGUP_TOKEN", "")
    setting = f"HANGUP_TOKEN_FILE: {path!r}" if path else "HANGUP_TOKEN"
    if path:
        try:
            token = Path(path).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise _invalid_setting(f"{setting} cannot be read: {error}") from error
    elif not token:
        return None
    token = token.strip()
    if not _TOKEN.fullmatch(token):
        # Not what it is: this ends in the logs of test runs.
        raise _invalid_setting(f"{setting} has no token that can be used: printable ASCII without blanks")
    return token


_WHAT_TO_DO = (
    "Install it (`npm install hangup`), set HANGUP_COMMAND to the command that starts it, or run the tests by"
    " `hangup run -- <test command>`."
)
