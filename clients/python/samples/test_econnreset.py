"""The server resets: RST, and `recv` raises ConnectionResetError."""

import socket

import pytest

from hangup import Listener


def test_a_reset_is_an_error(hangup_listener: Listener) -> None:
    with socket.create_connection((hangup_listener.host, hangup_listener.port)) as client:
        receipt = hangup_listener.accepted(client).reset()
        assert (receipt.local, receipt.final) == ("RST", True)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
