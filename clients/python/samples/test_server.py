"""The server is the code under test: the daemon is its client, and resets."""

import socket

import pytest

from hangup import Fixture


def test_a_client_that_resets(hangup: Fixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        session = hangup.dial(server.getsockname())
        connection, _ = server.accept()
        with connection:
            session.send("hello")
            assert connection.recv(100) == b"hello"
            session.reset()
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
