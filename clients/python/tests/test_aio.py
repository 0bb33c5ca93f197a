"""The client for asyncio: the same words, and what only it can get wrong."""

from __future__ import annotations

import asyncio
import inspect
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import hangup
from hangup import HangupError, HangupTimeoutError, aio, shapes
from hangup.v1 import scope_pb2

SAME = ["Events", "Fixture", "Listener", "Session"]


async def connect(listener: aio.Listener) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
    reader, writer = await asyncio.open_connection(listener.host, listener.port)
    return reader, writer, writer.get_extra_info("sockname")[1]


@pytest.mark.parametrize("name", SAME)
def test_it_has_the_words_of_the_other_with_the_same_parameters(name: str) -> None:
    def words(of: Any) -> dict[str, Any]:
        public = {word: getattr(of, word) for word in dir(of) if not word.startswith("_")}
        return {
            word: inspect.signature(value) if callable(value) else type(value)
            for word, value in public.items()
        }  # fmt: skip

    blocking, awaited = words(getattr(hangup, name)), words(getattr(aio, name))
    assert {word: str(shape) for word, shape in blocking.items()} == {
        word: str(shape) for word, shape in awaited.items()
    }


def test_the_fixture_has_the_parameters_of_the_other() -> None:
    assert str(inspect.signature(hangup.fixture)) == str(inspect.signature(aio.fixture))


def test_each_word_is_documented() -> None:
    for of in [*(getattr(hangup, name) for name in (*SAME, "Daemon")), *(getattr(aio, name) for name in SAME)]:
        for word in dir(of):
            if not word.startswith("_") and word != "allow_never_fired":
                assert getattr(of, word).__doc__, f"{of.__name__}.{word}"


async def test_a_cycle_of_all_words() -> None:
    async with aio.fixture("cycle") as fixture:
        assert fixture.scope.startswith("cycle-")
        listener = await fixture.listen("echo")
        assert listener.address == f"{listener.host}:{listener.port}"
        async with await fixture.events() as events:
            reader, writer, port = await connect(listener)
            session = await listener.accepted(port)
            assert (await fixture.session("echo/1")).uid == session.uid == (await session.get()).uid
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
            await session.wait(bytes_received=5)
            await session.perform({"send": {"text": "more"}})
            assert await reader.readexactly(4) == b"more"
            receipt = await session.reset()
            assert receipt.local == "RST"
            with pytest.raises(ConnectionResetError):
                await reader.read(1)
            writer.close()
            assert (await session.wait_ended()).final
            ended = await events.wait_for("session_ended")
            assert ended.session == "echo/1"
            with pytest.raises(HangupTimeoutError, match="the last one was session_ended"):
                await events.next(timeout=0.05)
        assert [event async for event in events] == []
        await listener.refuse()
        with pytest.raises(ConnectionRefusedError):
            await connect(listener)
        await listener.resume()
        reader, writer, _ = await connect(listener)
        assert (await listener.next()).name == "echo/1"
        second = await listener.next()
        assert second.name == "echo/2"
        await second.half_close()
        assert await reader.read() == b""
        await listener.close()
        writer.close()
        assert (await listener_report(fixture)).sessions == 2


async def listener_report(fixture: aio.Fixture) -> hangup.Report:
    report = await fixture.close()
    assert await fixture.close() is report
    return report


async def test_a_dialed_session() -> None:
    async with aio.fixture() as fixture:
        arrived: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()
        server = await asyncio.start_server(lambda *ends: arrived.set_result(ends), "127.0.0.1", 0)
        session = await fixture.dial(server.sockets[0].getsockname())
        reader, writer = await arrived
        await session.send("ping")
        assert await reader.readexactly(4) == b"ping"
        writer.write(b"pong")
        assert await session.receive(4) == b"pong"
        await session.reset()
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()
        server.close()
        await server.wait_closed()


async def test_errors_have_the_code_and_the_reason() -> None:
    async with aio.fixture() as fixture:
        with pytest.raises(HangupError) as unknown:
            await fixture.session("no-such/1")
        assert (unknown.value.code, unknown.value.reason) == ("NOT_FOUND", "UNKNOWN_SESSION")
        listener = await fixture.listen()
        with pytest.raises(HangupTimeoutError, match="no such session within 50 ms"):
            await listener.next(timeout=0.05)


async def test_a_wait_that_is_cancelled_leaves_the_connection_whole() -> None:
    async with aio.fixture() as fixture:
        listener = await fixture.listen()
        events = await fixture.events()
        for _ in range(3):
            for waiting in (listener.next(timeout=60), events.next(timeout=60)):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(waiting, 0.05)
        _, writer, port = await connect(listener)
        assert (await listener.accepted(port)).name == (await events.next()).session
        writer.close()


async def test_a_wait_holds_no_other_call_up() -> None:
    async with aio.fixture() as fixture:
        listener = await fixture.listen()
        waiting = asyncio.ensure_future(listener.next(timeout=60))
        for _ in range(5):
            await listener.get()
        assert not waiting.done()
        _, writer, _ = await connect(listener)
        assert (await waiting).name == f"{listener.name}/1"
        writer.close()


async def test_next_gives_each_of_several_tasks_one_of_its_own() -> None:
    async with aio.fixture() as fixture:
        listener = await fixture.listen("echo")
        asked = [asyncio.ensure_future(listener.next(timeout=60)) for _ in range(8)]
        writers = [(await connect(listener))[1] for _ in range(8)]
        assert [session.name for session in await asyncio.gather(*asked)] == [f"echo/{n}" for n in range(1, 9)]
        for writer in writers:
            writer.close()


async def test_next_keeps_its_own_time_while_another_task_waits() -> None:
    async with aio.fixture() as fixture:
        listener = await fixture.listen("echo")
        first = asyncio.ensure_future(listener.next(timeout=60))
        await asyncio.sleep(0)
        with pytest.raises(HangupTimeoutError, match="another next"):
            await listener.next(timeout=0.05)
        cancelled = asyncio.ensure_future(listener.next(timeout=60))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        (_, one, _), (_, two, _) = await connect(listener), await connect(listener)
        assert [(await first).name, (await listener.next()).name] == ["echo/1", "echo/2"]
        one.close()
        two.close()


async def test_an_event_is_given_to_one_of_several_tasks() -> None:
    async with aio.fixture() as fixture:
        listener = await fixture.listen()
        events = await fixture.events(kinds=["SESSION_OPENED"])
        asked = [asyncio.ensure_future(events.next(timeout=60)) for _ in range(8)]
        for _ in range(8):
            (await connect(listener))[1].close()
        assert len({event.sequence for event in await asyncio.gather(*asked)}) == 8


async def test_of_two_tasks_that_close_it_one_does_and_others_keep_their_connection() -> None:
    async with aio.fixture() as other:
        fixture = await aio.fixture()
        one, two, again = await asyncio.gather(fixture.close(), fixture.close(), fixture.close())
        assert one is two is again
        await other.listen()


async def test_a_close_that_is_cancelled_is_done_no_less() -> None:
    async with aio.fixture() as other:
        fixture = await aio.fixture()
        closing = asyncio.ensure_future(fixture.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert (await fixture.close()).sessions == 0
        await other.listen()


async def test_a_handle_never_shows_a_later_session_of_the_same_name() -> None:
    async with aio.fixture() as fixture:
        with socket.create_server(("127.0.0.1", 0)) as server:
            first = await fixture.dial(server.getsockname(), name="one")
            await first.reset()
            second = await fixture.dial(server.getsockname(), name="one")
            with pytest.raises(HangupError, match="another life") as later:
                await first.get()
            assert later.value.reason == "UID_MISMATCH"
            assert (await second.get()).uid == second.uid != first.uid


async def test_a_request_too_long_for_the_daemon_ends_no_other_call() -> None:
    async with aio.fixture() as fixture:
        listener = await fixture.listen()
        waiting = asyncio.ensure_future(listener.next(timeout=60))
        with socket.create_server(("127.0.0.1", 0)) as server:
            session = await fixture.dial(server.getsockname())
            with pytest.raises(HangupError) as too_long:
                await session.send(bytes(17 << 20))
        assert (too_long.value.code, too_long.value.reason) == ("RESOURCE_EXHAUSTED", "")
        assert not waiting.done()
        _, writer, _ = await connect(listener)
        assert (await waiting).name == f"{listener.name}/1"
        writer.close()


NEVER: shapes.Plan = {"steps": [{"trigger": {"bytes_received": 1}, "action": {"reset": {}}}]}


async def test_steps_that_never_fired_are_an_error_unless_allowed() -> None:
    fixture = await aio.fixture()
    await fixture.listen("echo", plans=[NEVER])
    with pytest.raises(hangup.NeverFiredError, match="echo, plan 1: it had no connection"):
        await fixture.close()
    async with aio.fixture(allow_never_fired=True) as allowed:
        await allowed.listen("echo", plans=[NEVER])
    with pytest.raises(ZeroDivisionError):
        async with aio.fixture() as failing:
            await failing.listen("echo", plans=[NEVER])
            raise ZeroDivisionError
    with pytest.raises(HangupError) as closed:
        await failing.listen()
    assert closed.value.reason == "SCOPE_ENDED"


async def test_one_that_was_not_entered_says_so() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await aio.fixture().listen()


def test_each_loop_has_a_connection_of_its_own_and_closes_it() -> None:
    async def one() -> int:
        async with aio.fixture() as fixture, aio.fixture() as other:
            listener = await fixture.listen()
            await other.listen()
            return listener.port

    # In a thread of its own, for the loop of this one is the plugin's.
    with ThreadPoolExecutor(1) as pool:
        ports = [pool.submit(asyncio.run, one()).result() for _ in range(3)]
    assert len(ports) == 3
    assert len(aio._Connection.of_loop) == 0


async def test_many_at_once_share_the_daemon_and_leave_nothing() -> None:
    async def cycle(number: int) -> None:
        async with aio.fixture("at-once") as fixture:
            listener = await fixture.listen("echo")
            reader, writer, port = await connect(listener)
            writer.write(b"%d" % number)
            assert int(await reader.readexactly(len(str(number)))) == number
            session = await listener.accepted(port)
            assert session.name == "echo/1"
            await session.reset()
            with pytest.raises(ConnectionResetError):
                await reader.read(1)
            writer.close()

    await asyncio.gather(*(cycle(number) for number in range(100)))
    scopes = hangup.daemon().call(scope_pb2.ListScopesRequest(), scope_pb2.ListScopesResponse).scopes
    assert [scope.name for scope in scopes if scope.name.startswith("at-once")] == []


async def test_a_socket_may_be_given_for_its_port() -> None:
    async with aio.fixture() as fixture:
        listener = await fixture.listen()
        with socket.create_connection((listener.host, listener.port)) as client:
            await (await listener.accepted(client)).close()
            assert client.recv(1) == b""
        with socket.socket() as unconnected, pytest.raises(HangupError, match="not connected yet") as refused:
            await listener.accepted(unconnected)
        assert (refused.value.code, refused.value.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")


@pytest.mark.parametrize(("by", "code"), [("the fixture", "CANCELLED"), ("somebody else", "OUT_OF_RANGE")])
async def test_who_ended_the_stream_of_events_is_told(by: str, code: str) -> None:
    fixture = await aio.fixture()
    events = await fixture.events()
    waiting = asyncio.ensure_future(events.wait_for("session_opened", timeout=60))
    await asyncio.sleep(0)
    if by == "the fixture":
        await fixture.close()
    else:
        await fixture.call(scope_pb2.DeleteScopeRequest(scope=fixture.scope), scope_pb2.DeleteScopeResponse)
    with pytest.raises(HangupError) as end:
        await waiting
    assert (end.value.code, end.value.reason) == (code, "END_OF_EVENTS")
    if by != "the fixture":
        with pytest.raises(HangupError):
            await fixture.close()
