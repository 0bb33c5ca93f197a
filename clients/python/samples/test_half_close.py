"""The server half-closes: it sends no more, and still reads."""

import socket

from hangup import Listener


def test_the_other_direction_stays_open(hangup_listener: Listener) -> None:
    with socket.create_connection((hangup_listener.host, hangup_listener.port)) as client:
        session = hangup_listener.accepted(client)
        session.half_close()
        assert client.recv(1) == b""
        client.sendall(b"still here")
        session.wait(bytes_received=10)
    assert session.wait_ended().peer == "FIN"
