"""A plan: the first two connections are reset at the request, the third is answered."""

import socket

from hangup import Fixture
from hangup.shapes import Trigger


def ask(address: tuple[str, int], attempts: int) -> tuple[int, bytes]:
    """The code under test: it asks again after a reset. Gives the attempt that succeeded, and the answer."""
    for attempt in range(1, attempts + 1):
        try:
            with socket.create_connection(address) as client:
                client.sendall(b"hello")
                return attempt, client.recv(100)
        except ConnectionResetError:
            pass
    raise ConnectionError(f"no answer in {attempts} attempts")


def test_the_third_attempt_succeeds(hangup: Fixture) -> None:
    asked: Trigger = {"bytes_received": 5}
    server = hangup.listen(
        behaviour={"discard": {}},
        plans=[
            {"connections": 2, "steps": [{"trigger": asked, "action": {"reset": {}}}]},
            {"connections": 1, "steps": [{"trigger": asked, "action": {"last_data": {"text": "recovered"}}}]},
        ],
    )
    assert ask((server.host, server.port), attempts=3) == (3, b"recovered")
    # And when the test ends: had one of the resets not happened, it would fail.
