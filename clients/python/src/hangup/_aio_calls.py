"""How calls reach the daemon, for asyncio: all that speaks gRPC there is here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any, Callable, Generic, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from hangup.v1 import control_pb2

from . import _contract
from ._calls import CHANNEL_OPTIONS, metadata, where
from ._daemon_process import Place, stale_handle

M = TypeVar("M", bound=Message)


class AioCalls:
    """Calls to one daemon from one event loop. They go over one control stream: an RPC each takes half as long
    again.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._process = os.getpid()
        self._channel = grpc.aio.insecure_channel(place.address, CHANNEL_OPTIONS)
        self._metadata = metadata(place)
        self._control: _Control | None = None
        self._closed = False

    async def call(self, request: Message, response: type[M]) -> M:
        """The reply. Raises HangupError."""
        self._assert_usable()
        rpc = _contract.RPCS[request.DESCRIPTOR.name]
        seconds = _contract.patience(request)
        if not rpc.control or request.ByteSize() > _contract.LONGEST_ON_CONTROL:
            return await self._unary(rpc.path, request, response, seconds)
        if self._control is None or self._control.ended:
            self._control = _Control(self._channel, self._metadata, self.error)
        reply: M = await self._control.ask(rpc.control, request, seconds)
        return reply

    async def _unary(self, path: str, request: Message, response: type[M], seconds: float) -> M:
        unary = self._channel.unary_unary(
            path, request_serializer=type(request).SerializeToString, response_deserializer=response.FromString
        )
        try:
            reply: M = await unary(request, timeout=seconds, metadata=self._metadata)
            return reply
        except grpc.aio.AioRpcError as error:
            raise self.error(error) from None
        except asyncio.CancelledError:
            if self._closed:  # not who waits was cancelled, but the call
                raise _contract.fixture_closed() from None
            raise

    async def stream(self, path: str, request: Message, response: type[M]) -> AioStream[M]:
        """What a streaming RPC tells, from its first message on. Raises HangupError."""
        self._assert_usable()
        seconds = _contract.PATIENCE_SECONDS
        call = self._channel.unary_stream(
            path, request_serializer=type(request).SerializeToString, response_deserializer=response.FromString
        )(request, metadata=self._metadata)
        stream: AioStream[M] = AioStream(self, call)
        try:
            first = await asyncio.wait_for(stream.next(), seconds)
        except asyncio.TimeoutError:
            stream.cancel()
            raise _contract.no_reply(path, seconds) from None
        except BaseException:
            stream.cancel()
            raise
        if first is None:
            raise _contract.no_first_message(path)
        stream.first = first
        return stream

    async def close(self) -> None:
        """Closes the connection."""
        self._closed = True
        if self._control is not None:
            await self._control.close()
        await self._channel.close()

    def _assert_usable(self) -> None:
        if self._process != os.getpid():
            raise stale_handle()
        if self._closed:
            raise _contract.fixture_closed()

    def error(self, error: grpc.aio.AioRpcError) -> Exception:
        """What gRPC tells."""
        return _contract.error_of_rpc(
            error.code().name, error.details() or "", error.trailing_metadata(), lambda: where(self.place)
        )


class _Control:
    """A control stream: requests with a number each, and replies in any order."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        metadata: tuple[tuple[str, str], ...],
        error_of: Callable[[grpc.aio.AioRpcError], Exception],
    ) -> None:
        self._error_of = error_of
        # A write of a task that is cancelled would cancel the whole stream: they are all made by gRPC's own.
        self._requests: asyncio.Queue[bytes] = asyncio.Queue()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._newest = 0
        self.ended = False
        self._call: Any = channel.stream_stream(
            _contract.CONTROL,
            request_serializer=bytes,  # they are bytes already
            response_deserializer=control_pb2.ControlResponse.FromString,
        )(self._sent(), metadata=metadata)
        self._reading = asyncio.ensure_future(self._read())

    async def ask(self, name: str, request: Message, seconds: float) -> Any:
        """The reply. What is asked in turn begins in turn. Raises HangupError."""
        self._newest += 1
        number = self._newest
        written = _contract.control_request(number, name, request)
        arrived = self._asked[number] = asyncio.get_running_loop().create_future()
        self._requests.put_nowait(written)
        try:
            response = await asyncio.wait_for(arrived, seconds)
        except asyncio.TimeoutError:
            raise _contract.no_reply(name, seconds) from None
        finally:
            if self._asked.pop(number, None) is not None and not self.ended:
                self._requests.put_nowait(_contract.control_cancel(number))
        return _contract.control_reply(response, name)

    async def close(self) -> None:
        """Ends it."""
        self._call.cancel()
        await self._reading

    async def _sent(self) -> AsyncIterator[bytes]:
        while True:
            yield await self._requests.get()

    async def _read(self) -> None:
        why: Exception = _contract.stream_ended()
        try:
            async for response in self._call:
                arrived = self._asked.pop(response.id, None)
                if arrived is not None and not arrived.done():
                    arrived.set_result(response)
        except asyncio.CancelledError:
            if not self._call.cancelled():
                self._call.cancel()
                raise
        except grpc.aio.AioRpcError as error:
            why = self._error_of(error)
        finally:
            self.ended = True
            left, self._asked = self._asked, {}
            for arrived in left.values():
                if not arrived.done():
                    arrived.set_exception(why)


class AioStream(Generic[M]):
    """A streaming RPC."""

    first: M

    def __init__(self, calls: AioCalls, call: Any) -> None:
        self._calls = calls
        self._call = call
        self._reading: asyncio.Task[M | None] | None = None
        self._cancelled = False

    async def next(self) -> M | None:
        """The next message; None at the end. When it is cancelled, the message is there for the next call. Raises
        HangupError.
        """
        if self._reading is None:
            # A read that is cancelled would cancel the whole RPC.
            self._reading = asyncio.ensure_future(self._read())
            # Perhaps nobody waits any more when it fails, and then asyncio would complain.
            self._reading.add_done_callback(lambda read: read.cancelled() or read.exception())
        message = await asyncio.shield(self._reading)
        if message is not None:
            self._reading = None
        return message

    def cancel(self) -> None:
        """Ends it. Who waits for its next message is told of the end."""
        self._cancelled = True
        self._call.cancel()

    async def _read(self) -> M | None:
        try:
            message: M | None = await self._call.read()
        except asyncio.CancelledError:
            if self._cancelled:
                return None
            raise
        except grpc.aio.AioRpcError as error:
            if self._cancelled:
                return None
            raise self._calls.error(error) from None
        return message if isinstance(message, Message) else None  # grpc.aio.EOF
