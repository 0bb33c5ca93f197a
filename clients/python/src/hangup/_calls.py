"""How calls reach the daemon, for threads: all that speaks gRPC is here."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Iterator
from typing import Any, Callable, Generic, TypeVar

import grpc
from google.protobuf.message import Message

from hangup.v1 import control_pb2

from . import _contract
from ._daemon_process import Place, stale_handle

M = TypeVar("M", bound=Message)

#: Replies may be as long as the daemon makes them, and a proxy is for the world outside.
CHANNEL_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
#: Messages of events that wait for a test that does not take them; then the daemon waits, and says what was lost.
EVENTS_AHEAD = 1000


def metadata(place: Place) -> tuple[tuple[str, str], ...]:
    """What each call has with it."""
    return (("authorization", f"Bearer {place.token}"),) if place.token else ()


def where(place: Place) -> str:
    """What there is to say of a daemon that does not answer."""
    return f"the daemon at {place.address} does not answer.{place.last_words()}\n"


class Calls:
    """Calls to one daemon, by any number of threads. They go over one control stream: an RPC each takes half as
    long again.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._process = os.getpid()
        self._channel = grpc.insecure_channel(place.address, CHANNEL_OPTIONS)
        self._metadata = metadata(place)
        self._lock = threading.Lock()
        self._control: _Control | None = None

    @property
    def stale(self) -> bool:
        """Whether this process is a fork of the one that made it: its threads are not here, and its connection is that
        of the other one still.
        """
        return self._process != os.getpid()

    def assert_not_stale(self) -> None:
        """Raises HangupError, before a lock is asked for that a thread may have held at the fork."""
        if self.stale:
            raise stale_handle()

    def call(self, request: Message, response: type[M]) -> M:
        """The reply. Raises HangupError."""
        self.assert_not_stale()
        rpc = _contract.RPCS[request.DESCRIPTOR.name]
        seconds = _contract.patience(request)
        if not rpc.control or request.ByteSize() > _contract.LONGEST_ON_CONTROL:
            return self._unary(rpc.path, request, response, seconds)
        with self._lock:
            if self._control is None or self._control.why_ended is not None:
                self._control = _Control(self._channel, self._metadata, self._error)
            asked = self._control.ask(rpc.control, request)
        reply: M = asked.reply(seconds)
        return reply

    def _unary(self, path: str, request: Message, response: type[M], seconds: float) -> M:
        unary = self._channel.unary_unary(
            path, request_serializer=type(request).SerializeToString, response_deserializer=response.FromString
        )
        try:
            reply: M = unary(request, timeout=seconds, metadata=self._metadata)
            return reply
        except grpc.RpcError as error:
            raise self._error(error) from None

    def stream(self, path: str, request: Message, response: type[M]) -> Stream[M]:
        """What a streaming RPC tells, from its first message on. Raises HangupError."""
        self.assert_not_stale()
        call = self._channel.unary_stream(
            path, request_serializer=type(request).SerializeToString, response_deserializer=response.FromString
        )(request, metadata=self._metadata)
        return Stream(self, call, path)

    def close(self) -> None:
        """Closes the connection: what is under way ends with an error."""
        if self.stale:
            return
        with self._lock:
            if self._control is not None:
                self._control.close()
        self._channel.close()

    def _error(self, error: grpc.RpcError) -> Exception:
        return _contract.error_of_rpc(
            error.code().name, error.details() or "", error.trailing_metadata(), lambda: where(self.place)
        )


class _Control:
    """A control stream: requests with a number each, and replies in any order."""

    def __init__(
        self,
        channel: grpc.Channel,
        metadata: tuple[tuple[str, str], ...],
        error_of: Callable[[grpc.RpcError], Exception],
    ) -> None:
        self._error_of = error_of
        self._requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._asked: dict[int, queue.SimpleQueue[Any]] = {}
        self._newest = 0
        self._lock = threading.Lock()
        self.why_ended: Exception | None = None
        self._call: Any = channel.stream_stream(
            _contract.CONTROL,
            request_serializer=bytes,  # they are bytes already
            response_deserializer=control_pb2.ControlResponse.FromString,
        )(iter(self._requests.get, None), metadata=metadata)
        self._reader = threading.Thread(target=self._read, name="hangup-replies", daemon=True)
        self._reader.start()

    def ask(self, name: str, request: Message) -> _Asked:
        """Sends a request. What is asked in turn begins in turn."""
        arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with self._lock:
            self._newest += 1
            number = self._newest
            written = _contract.control_request(number, name, request)
            self._asked[number] = arrived
            if self.why_ended is not None:
                arrived.put(self.why_ended)
            self._requests.put(written)
        return _Asked(self, number, name, arrived)

    def give_up(self, number: int) -> None:
        """Nobody waits for this reply any more."""
        with self._lock:
            if self._asked.pop(number, None) is not None:
                self._requests.put(_contract.control_cancel(number))

    def close(self) -> None:
        """Ends it, and its thread."""
        self._call.cancel()
        self._reader.join()

    def _read(self) -> None:
        why: Exception = _contract.stream_ended()
        try:
            for response in self._call:
                with self._lock:
                    arrived = self._asked.pop(response.id, None)
                if arrived is not None:
                    arrived.put(response)
        except grpc.RpcError as error:
            why = self._error_of(error)
        with self._lock:
            self.why_ended = why
            left, self._asked = self._asked, {}
        self._requests.put(None)
        for arrived in left.values():
            arrived.put(why)


class _Asked:
    """A request that was sent."""

    def __init__(self, control: _Control, number: int, name: str, arrived: queue.SimpleQueue[Any]) -> None:
        self._control = control
        self._number = number
        self._name = name
        self._arrived = arrived

    def reply(self, seconds: float) -> Any:
        """Its reply. Raises HangupError."""
        try:
            response = self._arrived.get(timeout=seconds)
        except queue.Empty:
            self._control.give_up(self._number)
            raise _contract.no_reply(self._name, seconds) from None
        except BaseException:  # KeyboardInterrupt, or a timeout of the test framework
            self._control.give_up(self._number)
            raise
        if isinstance(response, Exception):
            raise response
        return _contract.control_reply(response, self._name)


class Stream(Generic[M]):
    """A streaming RPC. Its first message has come."""

    def __init__(self, calls: Calls, call: Any, path: str) -> None:
        self._calls = calls
        self._call = call
        seconds = _contract.PATIENCE_SECONDS
        late = threading.Event()

        def give_up() -> None:
            late.set()
            call.cancel()

        # gRPC has no deadline for one message alone.
        guard = threading.Timer(seconds, give_up)
        guard.daemon = True
        guard.start()
        try:
            self.first: M = next(call)
        except StopIteration:
            raise _contract.no_first_message(path) from None
        except grpc.RpcError as error:
            raise (_contract.no_reply(path, seconds) if late.is_set() else calls._error(error)) from None
        finally:
            guard.cancel()
        self._arrived: queue.Queue[Any] | None = None
        self._cancelled = False

    def assert_not_stale(self) -> None:
        """As that of `Calls`."""
        self._calls.assert_not_stale()

    def next(self, timeout: float | None) -> M | None:
        """The next message; None at the end. Raises queue.Empty, HangupError."""
        if self._arrived is None:
            self._arrived = queue.Queue(EVENTS_AHEAD)
            threading.Thread(target=self._read, name="hangup-stream", daemon=True).start()
        message = self._arrived.get(timeout=timeout)
        if message is None or isinstance(message, Exception):
            self._arrived.put(message)
        if isinstance(message, Exception):
            raise message
        taken: M | None = message
        return taken

    def cancel(self) -> None:
        """Ends it. Who waits for its next message is told of the end."""
        if self._calls.stale:
            return
        self._cancelled = True
        self._call.cancel()
        if self._arrived is not None:
            # The reader may have one more, and then puts the end behind it: both have room.
            with contextlib.suppress(queue.Empty):
                while True:
                    self._arrived.get_nowait()

    def _read(self) -> None:
        assert self._arrived is not None
        last: Exception | None = None
        try:
            for message in self._messages():
                self._arrived.put(message)
        except grpc.RpcError as error:
            last = None if self._cancelled else self._calls._error(error)
        self._arrived.put(last)

    def _messages(self) -> Iterator[M]:
        for message in self._call:
            if self._cancelled:
                return
            yield message
