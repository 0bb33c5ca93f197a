"""The server closes: FIN, and `recv` gives `b""`."""

import socket

from hangup import Listener


def test_a_close_is_the_end_of_the_stream(hangup_listener: Listener) -> None:
    with socket.create_connection((hangup_listener.host, hangup_listener.port)) as client:
        receipt = hangup_listener.accepted(client).close()
        assert receipt.local == "FIN"
        assert client.recv(1) == b""
