"""Runs the scenarios with `socket` and `urllib.request` as the peer; prints JSON lines."""

from __future__ import annotations

import errno
import http.client
import json
import platform
import re
import socket
import struct
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Callable

from google.protobuf.json_format import ParseDict

import hangup
from hangup.v1.action_pb2 import Action
from hangup.v1.listener_pb2 import CreateListenerRequest, CreateListenerResponse
from hangup.v1.session_pb2 import WaitSessionRequest, WaitSessionResponse

#: The outcome, and what a user would see.
Seen = tuple[str, str]

#: What is on this machine needs no proxy.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Scenario:
    """What happens to one connection; each step is a method of its name."""

    def __init__(self, fixture: hangup.Fixture, listener: dict[str, Any] | None) -> None:
        self._fixture = fixture
        if listener is not None:
            request = ParseDict(listener, CreateListenerRequest(scope=fixture.scope))
            self._listener = fixture.call(request, CreateListenerResponse).listener
        self._socket = socket.socket()
        self._session: hangup.Session | None = None

    def connect(self, step: dict[str, Any]) -> Seen:
        address = (self._listener.host, self._listener.port)
        self._socket = socket.create_connection(address, timeout=_seconds(step))
        return "OK", "socket.socket"

    def write(self, text: str) -> Seen:
        return "OK", repr(self._socket.sendall(text.encode()))  # type: ignore[func-returns-value]

    def read(self, step: dict[str, Any]) -> Seen:
        self._socket.settimeout(_seconds(step))
        data = self._socket.recv(65536)
        return (f"DATA {data.decode()}" if data else "EOF"), repr(data)

    def perform(self, action: dict[str, Any]) -> Seen:
        self._of_connection().perform(ParseDict(action, Action()))
        return "OK", ""

    def wait(self, fields: dict[str, Any]) -> Seen:
        request = ParseDict(fields, WaitSessionRequest(scope=self._fixture.scope))
        if request.ordinal:
            request.listener = self._listener.name
        else:
            session = self._of_connection()
            request.session, request.uid = session.name, session.uid
        self._fixture.call(request, WaitSessionResponse)
        return "OK", ""

    def httpGet(self, step: dict[str, Any]) -> Seen:
        url = f"http://{self._listener.host}:{self._listener.port}/"
        for left in reversed(range(step.get("attempts", 1))):
            try:
                with OPENER.open(url, timeout=_seconds(step)) as answer:
                    body = answer.read()
                    return f"HTTP {answer.status} {body.decode()}", f"{answer.status} {body!r}"
            except (OSError, http.client.HTTPException):
                if left == 0:
                    raise
        raise ValueError("no attempts")

    def serve(self, _: dict[str, Any]) -> Seen:
        self._server = socket.create_server(("127.0.0.1", 0))
        return "OK", "socket.socket"

    def dial(self, _: dict[str, Any]) -> Seen:
        self._session = self._fixture.dial(self._server.getsockname())
        self._socket, _peer = self._server.accept()
        return "OK", "socket.socket"

    def close(self, _: dict[str, Any]) -> Seen:
        self._of_connection()  # a closed socket has no port to be found by
        return "OK", repr(self._socket.close())  # type: ignore[func-returns-value]

    def reset(self, step: dict[str, Any]) -> Seen:
        self._of_connection()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return self.close(step)

    def receipt(self, _: dict[str, Any]) -> Seen:
        receipt = self._of_connection().wait_ended()
        outcome = f"local {receipt.local}, peer {receipt.peer}"
        return outcome, outcome

    def end(self) -> None:
        self._socket.close()
        with suppress(AttributeError):
            self._server.close()

    def _of_connection(self) -> hangup.Session:
        if self._session is None:
            request = WaitSessionRequest(
                scope=self._fixture.scope,
                listener=self._listener.name,
                peer_port=self._socket.getsockname()[1],
            )
            self._session = self._fixture.session(self._fixture.call(request, WaitSessionResponse).session.name)
        return self._session


def _seconds(step: dict[str, Any]) -> float:
    return float(step.get("timeoutMs", 5000)) / 1000


def _outcome(error: BaseException) -> str:
    chain = list(_chain(error))
    for one in chain:
        name = errno.errorcode.get(getattr(one, "errno", None) or 0, "")
        if name in ("ECONNRESET", "EPIPE", "ECONNREFUSED"):
            return name
        if isinstance(one, TimeoutError) or name == "ETIMEDOUT" or type(one) is socket.timeout:
            return "TIMEOUT"
    # RemoteDisconnected is a ConnectionResetError by its class, though no RST came: it has no errno.
    ends = (http.client.RemoteDisconnected, http.client.IncompleteRead)
    return "EOF" if any(isinstance(one, ends) for one in chain) else "OTHER"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        reason = getattr(error, "reason", None)  # of URLError
        error = reason if isinstance(reason, BaseException) else error.__cause__ or error.__context__


def _step(kind: Callable[[Any], Seen], told: Any) -> Seen:
    try:
        return kind(told)
    except Exception as error:
        return _outcome(error), f"{type(error).__name__}: {error}"


def main(path: str) -> int:
    with open(path, encoding="utf-8") as file:
        scenarios = json.load(file)
    version = f"{platform.python_implementation()} {platform.python_version()}"
    print(json.dumps({"language": "python", "version": version, "sockets": "socket", "http": "urllib.request"}))
    failed = 0
    for scenario in scenarios:
        with hangup.fixture(scenario["name"], allow_never_fired=True) as fixture:
            running = Scenario(fixture, scenario.get("listener"))
            steps = []
            for told in scenario["steps"]:
                kind = next(key for key in told if key != "expect")
                outcome, saw = _step(getattr(running, kind), told[kind])
                if "expect" in told:
                    steps.append({"step": kind, "outcome": outcome, "saw": re.sub(r"\b\d{4,5}\b", "PORT", saw)})
                elif outcome != "OK":
                    failed = 1
                    print(f"{scenario['name']}, {kind}: {saw}", file=sys.stderr)
            running.end()
        print(json.dumps({"scenario": scenario["name"], "steps": steps}), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
