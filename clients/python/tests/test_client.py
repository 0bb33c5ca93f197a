"""The words of the client, each against a real daemon, judged by plain sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Callable

import pytest

import hangup
from hangup import Fixture, HangupError, HangupTimeoutError, Listener, _calls, shapes
from hangup.v1 import action_pb2, plan_pb2, scope_pb2


@pytest.fixture
def client(hangup_listener: Listener) -> Iterator[socket.socket]:
    with connect(hangup_listener) as client:
        yield client


def connect(listener: Listener, *, port: int = 0) -> socket.socket:
    return socket.create_connection((listener.host, listener.port), source_address=("127.0.0.1", port))


def test_a_listener_is_an_echo_on_a_free_port_of_loopback(hangup_listener: Listener, client: socket.socket) -> None:
    assert hangup_listener.address == f"127.0.0.1:{hangup_listener.port}"
    client.sendall(b"hello")
    assert client.recv(5, socket.MSG_WAITALL) == b"hello"
    assert hangup_listener.get().accepted == 1


def test_accepted_gives_the_session_of_the_socket_or_its_port(hangup_listener: Listener, client: socket.socket) -> None:
    with connect(hangup_listener) as other:
        session = hangup_listener.accepted(client)
        assert session.uid == hangup_listener.accepted(client.getsockname()[1]).uid
        assert session.uid != hangup_listener.accepted(other).uid
        assert session.peer_address == f"127.0.0.1:{client.getsockname()[1]}"
        assert session.local_address == hangup_listener.address


def test_accepted_without_a_port_is_refused_and_gives_nobody_elses_session(
    hangup_listener: Listener, client: socket.socket
) -> None:
    hangup_listener.accepted(client)  # which the daemon would give for port 0
    with socket.socket() as unconnected, socket.socket() as closed, socket.socket(socket.AF_UNIX) as unix:
        closed.close()
        for given, why in (
            (0, "0 is no port"),
            (-1, "-1 is no port"),
            (65536, "65536 is no port"),
            (unconnected, "not connected yet, or closed already; keep the number"),
            (closed, "not connected yet, or closed already; keep the number"),
            (unix, r"a unix socket has no port: use next\(\)"),
        ):
            with pytest.raises(HangupError, match=why) as refused:
                hangup_listener.accepted(given)
            assert (refused.value.code, refused.value.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")


def test_accepted_waits_for_a_connection_still_to_come(hangup_listener: Listener) -> None:
    with socket.socket() as client:
        client.bind(("127.0.0.1", 0))
        later = threading.Timer(0.05, client.connect, [(hangup_listener.host, hangup_listener.port)])
        later.start()
        assert hangup_listener.accepted(client).name == f"{hangup_listener.name}/1"
        later.join()


def test_a_port_that_comes_round_again_is_another_session(hangup_listener: Listener) -> None:
    # From an address that nobody else connects from: there no stranger gets the port in between.
    address = "127.0.0.77"
    with socket.socket() as first:
        first.bind((address, 0))
        first.connect((hangup_listener.host, hangup_listener.port))
        port = first.getsockname()[1]
        ended = hangup_listener.accepted(port)
        ended.reset()
    with socket.socket() as again:
        again.bind((address, port))
        # Asked before the second connection is there, when the first one is all that this port had.
        later = threading.Timer(0.1, again.connect, [(hangup_listener.host, hangup_listener.port)])
        later.start()
        session = hangup_listener.accepted(port)
        later.join()
        assert session.uid != ended.uid
        assert session.uid == hangup_listener.accepted(again).uid
        session.reset()
        with pytest.raises(ConnectionResetError):
            again.recv(1)


def test_next_gives_one_after_the_other(hangup_listener: Listener) -> None:
    with connect(hangup_listener) as first, connect(hangup_listener) as second, connect(hangup_listener) as third:
        # What is given otherwise does not count.
        assert hangup_listener.accepted(third).name == "listener-1/3"
        assert hangup_listener.next().uid == hangup_listener.accepted(first).uid
        assert hangup_listener.next().uid == hangup_listener.accepted(second).uid
        assert hangup_listener.next().uid == hangup_listener.accepted(third).uid
        with pytest.raises(HangupTimeoutError, match="no such session within 100 ms"):
            hangup_listener.next(timeout=0.1)


def test_next_gives_each_of_several_threads_one_of_its_own(hangup_listener: Listener) -> None:
    with ThreadPoolExecutor(8) as pool, contextlib.ExitStack() as clients:
        asked = [pool.submit(hangup_listener.next, timeout=60) for _ in range(8)]
        for _ in range(8):
            clients.enter_context(connect(hangup_listener))
        assert sorted(one.result().name for one in asked) == [f"{hangup_listener.name}/{n}" for n in range(1, 9)]


def test_next_keeps_its_own_time_while_another_thread_waits(hangup_listener: Listener) -> None:
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(hangup_listener.next, timeout=60)
        wait_until(hangup_listener._asking_next.locked)
        with pytest.raises(HangupTimeoutError, match="another next") as late:
            hangup_listener.next(timeout=0.05)
        assert late.value.reason == "WAIT_TIMEOUT"
        with connect(hangup_listener):
            assert first.result().name == f"{hangup_listener.name}/1"


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_command_never_meets_a_later_session_of_the_same_name(hangup: Fixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        first = hangup.dial(server.getsockname(), name="one")
        first.reset()
        second = hangup.dial(server.getsockname(), name="one")
        with pytest.raises(HangupError) as other:
            first.reset()
        assert other.value.reason == "UID_MISMATCH"
        assert second.get().ended is False
        with pytest.raises(HangupError, match="another life") as later:
            first.get()
        assert (later.value.code, later.value.reason) == (other.value.code, other.value.reason)
        assert later.value.message == other.value.message


def test_refuse_stall_and_resume(hangup_listener: Listener) -> None:
    hangup_listener.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect(hangup_listener)
    hangup_listener.stall()
    with socket.socket() as client:
        client.settimeout(0.2)
        with pytest.raises(socket.timeout):
            client.connect((hangup_listener.host, hangup_listener.port))
    hangup_listener.resume()
    connect(hangup_listener).close()


def test_a_deleted_listener_resets_its_sessions(hangup_listener: Listener, client: socket.socket) -> None:
    hangup_listener.accepted(client)
    hangup_listener.close()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(hangup_listener)


def test_update_is_for_connections_still_to_come(hangup_listener: Listener, client: socket.socket) -> None:
    hangup_listener.accepted(client)
    hangup_listener.update(behaviour={"banner_text": "220 ready"})
    with connect(hangup_listener) as later:
        assert later.recv(9, socket.MSG_WAITALL) == b"220 ready"
    client.sendall(b"x")
    assert client.recv(9) == b"x"
    with pytest.raises(ValueError, match="nothing"):
        hangup_listener.update()


def test_receipts_tell_both_ends(hangup_listener: Listener, client: socket.socket) -> None:
    session = hangup_listener.accepted(client)
    receipt = session.half_close()
    assert (receipt.local, receipt.peer, receipt.final, receipt.state_before) == ("FIN", None, False, "ESTABLISHED")
    client.close()
    receipt = session.wait_ended()
    assert (receipt.local, receipt.peer, receipt.final) == ("FIN", "FIN", True)
    assert receipt.message.peer_end.cause.kind


def test_an_action_of_the_catalogue_as_dictionary_or_message(hangup_listener: Listener, client: socket.socket) -> None:
    session = hangup_listener.accepted(client)
    assert session.perform({"send": {"data": b"\x00\xff", "flush_timeout": timedelta(seconds=1.5)}}) is None
    assert client.recv(2, socket.MSG_WAITALL) == b"\x00\xff"
    receipt = session.perform(action_pb2.Action(last_data=action_pb2.LastDataAction(text="bye")))
    assert receipt is not None
    assert receipt.local == "FIN"
    assert client.recv(9, socket.MSG_WAITALL) == b"bye"


def test_what_a_dictionary_has_too_much_is_named(hangup: Fixture) -> None:
    wrong: shapes.Plan = {"steps": [{"trigger": {"bytes_recieved": 1}}]}  # type: ignore[typeddict-unknown-key]
    with pytest.raises(ValueError, match="bytes_recieved"):
        hangup.listen(plans=[wrong])


def test_a_dialed_session_sends_receives_and_meets_the_end(hangup: Fixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        session = hangup.dial("{}:{}".format(*server.getsockname()))
        connection, _ = server.accept()
        with connection:
            session.send(b"ping")
            assert connection.recv(4, socket.MSG_WAITALL) == b"ping"
            connection.sendall(b"pong")
            assert session.receive(4) == b"pong"
            with pytest.raises(HangupTimeoutError) as nothing:
                session.receive(timeout=0.05)
            assert nothing.value.reason == "RECEIVE_TIMEOUT"
        assert session.receive() == b""
        session.wait("PEER_FIN")
    with pytest.raises(HangupError) as refused:
        hangup.dial(server_address_of_nobody())
    assert refused.value.reason == "CONNECT_FAILED"
    assert refused.value.metadata["errno"] == "ECONNREFUSED"


def server_address_of_nobody() -> tuple[str, int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        return host, port


def test_receive_raises_at_the_peers_rst_as_a_socket_does(hangup: Fixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        session = hangup.dial(server.getsockname())
        connection, _ = server.accept()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
        session.wait("PEER_RST")
        with pytest.raises(ConnectionResetError):
            session.receive()


def test_a_wait_that_is_not_met_says_what_was_seen_last(hangup_listener: Listener, client: socket.socket) -> None:
    session = hangup_listener.accepted(client)
    began = time.monotonic()
    with pytest.raises(HangupTimeoutError, match="ESTABLISHED") as late:
        session.wait_ended(timeout=0.1)
    assert time.monotonic() - began >= 0.1
    assert (late.value.code, late.value.reason) == ("DEADLINE_EXCEEDED", "WAIT_TIMEOUT")
    assert isinstance(late.value, TimeoutError)
    assert late.value.session is not None
    assert late.value.session.name == session.name
    with pytest.raises(HangupTimeoutError):
        session.wait(state="CLOSE_WAIT", timeout=0)


def test_errors_have_the_code_the_reason_and_the_receipt(hangup: Fixture, hangup_listener: Listener) -> None:
    with connect(hangup_listener) as client:
        session = hangup_listener.accepted(client)
        session.reset()
    with pytest.raises(HangupError, match="close needs a session that has not ended") as ended:
        session.close()
    assert (ended.value.code, ended.value.reason) == ("FAILED_PRECONDITION", "SESSION_ENDED")
    assert ended.value.receipt is not None
    assert ended.value.receipt.local == "RST"
    with pytest.raises(HangupError) as unknown:
        hangup.session("no-such/1")
    assert (unknown.value.code, unknown.value.reason) == ("NOT_FOUND", "UNKNOWN_SESSION")
    with pytest.raises(HangupError) as taken:
        hangup.listen(hangup_listener.name)
    assert taken.value.reason == "NAME_TAKEN"


def test_a_session_by_its_name(hangup: Fixture, hangup_listener: Listener, client: socket.socket) -> None:
    uid = hangup_listener.accepted(client).uid
    assert hangup.session(f"{hangup_listener.name}/1").uid == uid
    assert hangup.session(f"{hangup_listener.name}/1").get(full=True).HasField("tcp_info")


def test_signals_fire_steps(hangup: Fixture) -> None:
    plan = plan_pb2.Plan(
        steps=[
            plan_pb2.Step(trigger={"signal": name}, action={"send": {"text": name}}) for name in ("one", "two", "three")
        ]
    )
    listener = hangup.listen(plans=[plan])
    with connect(listener) as client:
        session = listener.accepted(client)
        session.signal("one")
        assert client.recv(3, socket.MSG_WAITALL) == b"one"
        assert listener.signal("two") == 1
        assert client.recv(3, socket.MSG_WAITALL) == b"two"
        assert hangup.signal("three") == 1
        assert client.recv(5, socket.MSG_WAITALL) == b"three"
        with pytest.raises(HangupError) as unknown:
            session.signal("four")
        assert unknown.value.reason == "UNKNOWN_SIGNAL"


def test_events_are_those_since_the_call_in_order(hangup: Fixture, hangup_listener: Listener) -> None:
    with (
        hangup.events() as events,
        hangup.events(kinds=["SESSION_ENDED"]) as endings,
        connect(hangup_listener) as client,
    ):
        session = hangup_listener.accepted(client)
        session.reset()
        opened = events.next()
        assert (opened.kind, opened.session, opened.fact.session.uid) == ("session_opened", session.name, session.uid)
        ended = events.wait_for("session_ended", lambda event: event.session == session.name)
        assert ended.sequence > opened.sequence
        assert ended.time >= opened.time
        assert ended.fact.receipt.uid == session.uid
        assert next(endings).sequence == ended.sequence
        with pytest.raises(HangupTimeoutError, match=r"no event within 0\.05 s; the last one was session_ended"):
            events.next(timeout=0.05)
    assert list(events) == []
    with pytest.raises(HangupError, match="closed") as closed:
        events.next()
    assert (closed.value.code, closed.value.reason) == ("CANCELLED", "END_OF_EVENTS")


def test_who_waits_for_an_event_is_told_of_the_end(hangup: Fixture) -> None:
    events = hangup.events()
    later = threading.Timer(0.05, events.close)
    later.start()
    assert list(events) == []
    later.join()


@pytest.mark.parametrize(("by", "code"), [("the fixture", "CANCELLED"), ("somebody else", "OUT_OF_RANGE")])
def test_who_ended_the_stream_of_events_is_told(by: str, code: str) -> None:
    fixture = hangup.fixture()
    events = fixture.events()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(events.wait_for, "session_opened", timeout=60)
        wait_until(events._taking.locked)
        if by == "the fixture":
            fixture.close()
        else:
            hangup.daemon().call(scope_pb2.DeleteScopeRequest(scope=fixture.scope), scope_pb2.DeleteScopeResponse)
        with pytest.raises(HangupError) as end:
            waiting.result()
    assert (end.value.code, end.value.reason) == (code, "END_OF_EVENTS")


def test_an_event_is_given_to_one_of_several_threads(hangup: Fixture, hangup_listener: Listener) -> None:
    with ThreadPoolExecutor(8) as pool, hangup.events(kinds=["SESSION_OPENED"]) as events:
        asked = [pool.submit(events.next, timeout=60) for _ in range(8)]
        for _ in range(8):
            connect(hangup_listener).close()
        sequences = {one.result().sequence for one in asked}
        assert len(sequences) == 8
        assert len([thread for thread in threading.enumerate() if thread.name == "hangup-stream"]) == 1


def test_a_wait_for_an_event_keeps_its_own_time_while_another_thread_waits(hangup: Fixture) -> None:
    with ThreadPoolExecutor(1) as pool:
        events = hangup.events()
        first = pool.submit(list, events)
        wait_until(events._taking.locked)
        with pytest.raises(HangupTimeoutError, match="no event"):
            events.next(timeout=0.05)
        events.close()
        assert first.result() == []


def test_a_request_too_long_for_the_daemon_ends_no_other_call(hangup: Fixture, hangup_listener: Listener) -> None:
    with ThreadPoolExecutor(1) as pool, socket.create_server(("127.0.0.1", 0)) as server:
        waiting = pool.submit(hangup_listener.next, timeout=60)
        wait_until(hangup_listener._asking_next.locked)
        session = hangup.dial(server.getsockname())
        with pytest.raises(HangupError) as too_long:
            session.send(bytes(17 << 20))
        assert (too_long.value.code, too_long.value.reason) == ("RESOURCE_EXHAUSTED", "")
        assert "does not answer" not in str(too_long.value)
        with pytest.raises(ValueError, match="surrogates"):
            session.send("\ud800")
        assert not waiting.done()
        connection, _ = server.accept()
        with connection:
            session.send(bytes(100_000))
            assert len(connection.recv(100_000, socket.MSG_WAITALL)) == 100_000
        with connect(hangup_listener):
            assert waiting.result().name == f"{hangup_listener.name}/1"


def test_events_that_nobody_takes_do_not_hold_the_end_up(hangup: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_calls, "EVENTS_AHEAD", 2)
    listener = hangup.listen()
    before = set(threading.enumerate())
    events = hangup.events()
    for number in range(10):
        connect(listener).close()
        listener.next().wait_ended()
        if number == 0:
            events.next()
    (reader,) = set(threading.enumerate()) - before - {thread for thread in threading.enumerate() if not thread.daemon}
    events.close()
    reader.join(30)
    assert not reader.is_alive()


def test_the_end_gives_the_report_and_the_same_again() -> None:
    fixture = hangup.fixture("report of this test/1")
    assert fixture.scope.startswith("report-of-this-test-1-")
    listener = fixture.listen("echo")
    with connect(listener) as client:
        listener.accepted(client)
        report = fixture.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert (report.sessions, report.open_listeners, report.open_sessions) == (1, ["echo"], ["echo/1"])
    assert fixture.close() is report
    with pytest.raises(HangupError) as ended:
        fixture.listen()
    assert ended.value.reason == "UNKNOWN_SCOPE"


def test_of_two_threads_that_close_it_one_does() -> None:
    with ThreadPoolExecutor(2) as pool:
        for _ in range(10):
            fixture = hangup.fixture()
            together = threading.Barrier(2)

            def close(fixture: Fixture = fixture, together: threading.Barrier = together) -> hangup.Report:
                together.wait(30)
                return fixture.close()

            one, other = (pool.submit(close) for _ in range(2))
            assert one.result() is other.result()


RESETS: shapes.Plan = {"connections": 2, "steps": [{"trigger": {"pattern_text": "x"}, "action": {"reset": {}}}]}


def test_steps_that_never_fired_are_an_error_with_a_line_each() -> None:
    fixture = hangup.fixture()
    echo = fixture.listen("echo", plans=[RESETS, {"connections": 1, "steps": RESETS["steps"]}])
    for sent in (b"x", b"y"):
        with connect(echo) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                client.recv(9, socket.MSG_WAITALL)
        echo.next().wait_ended()
    with pytest.raises(hangup.NeverFiredError) as never:
        fixture.close()
    assert never.value.report.never_fired == [
        "echo, plan 1, step 1: on 1 of 2 connections",
        "echo, plan 2: it had no connection",
    ]
    assert str(never.value) == (
        "steps of plans never fired:\n"
        "  echo, plan 1, step 1: on 1 of 2 connections\n"
        "  echo, plan 2: it had no connection"
    )
    assert isinstance(never.value, AssertionError)
    assert (never.value.code, never.value.reason) == ("FAILED_PRECONDITION", "NEVER_FIRED")


def test_a_fixture_can_be_told_to_let_that_pass() -> None:
    with hangup.fixture(allow_never_fired=True) as fixture:
        fixture.listen("echo", plans=[RESETS])
    assert fixture.close().never_fired == ["echo, plan 1: it had no connection"]


def test_a_test_that_failed_keeps_its_own_reason() -> None:
    with pytest.raises(ZeroDivisionError), hangup.fixture() as fixture:
        fixture.listen("echo", plans=[RESETS])
        raise ZeroDivisionError
    with pytest.raises(HangupError):
        fixture.listen()


def test_threads_share_the_daemon_and_do_not_meet() -> None:
    failures: list[BaseException] = []
    uids: set[str] = set()

    def cycle() -> None:
        try:
            with hangup.fixture("threads") as fixture:
                listener = fixture.listen("echo")
                with connect(listener) as client:
                    session = listener.accepted(client)
                    assert session.name == "echo/1"
                    session.reset()
                    with pytest.raises(ConnectionResetError):
                        client.recv(1)
                uids.add(hangup.daemon().info().uid)
                assert fixture.close().sessions == 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=cycle) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(uids) == 1
    scopes = hangup.daemon().call(scope_pb2.ListScopesRequest(), scope_pb2.ListScopesResponse).scopes
    assert [scope.name for scope in scopes if scope.name.startswith("threads")] == []
