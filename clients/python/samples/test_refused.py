"""Nobody listens, though the port is held: ECONNREFUSED, until the server is back."""

import socket

import pytest

from hangup import Listener


def test_a_server_that_comes_back(hangup_listener: Listener) -> None:
    address = (hangup_listener.host, hangup_listener.port)
    hangup_listener.refuse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    hangup_listener.resume()
    socket.create_connection(address).close()
