"""What a cycle costs, through the client and through the generated stubs: connect, `accepted`, `reset`, ECONNRESET."""

from __future__ import annotations

import json
import platform
import socket
import statistics
import sys
import time
from typing import Any, Callable

import grpc

import hangup
from hangup.v1 import session_pb2, session_pb2_grpc

ROUNDS, CYCLES = (3, 20) if "--quick" in sys.argv[1:] else (20, 50)


def main() -> None:
    with hangup.fixture("overhead") as fixture:
        stub: Any = session_pb2_grpc.SessionServiceStub(  # type: ignore[no-untyped-call]
            grpc.insecure_channel(hangup.daemon().address)
        )
        listener = fixture.listen()

        def by_client(port: int) -> None:
            listener.accepted(port).reset()

        def by_stub(port: int) -> None:
            wait = session_pb2.WaitSessionRequest(scope=fixture.scope, listener=listener.name, peer_port=port)
            session = stub.WaitSession(wait).session
            stub.ResetSession(
                session_pb2.ResetSessionRequest(scope=fixture.scope, session=session.name, uid=session.uid)
            )

        taken: dict[str, list[float]] = {"client": [], "stub": []}
        for number in range(ROUNDS + 1):
            for name, reset in (("client", by_client), ("stub", by_stub)):
                # A listener for each, for ports come round again, and only the client knows.
                listener = fixture.listen()
                samples = [cycle(listener, reset) for _ in range(CYCLES)]
                if number > 0:  # the first round warms up
                    taken[name] += samples
    print(
        json.dumps(
            {
                "language": "python",
                "version": f"{platform.python_implementation()} {platform.python_version()}",
                "cycles": len(taken["client"]),
                "clientMicros": round(statistics.median(taken["client"]) * 1e6),
                "stubMicros": round(statistics.median(taken["stub"]) * 1e6),
                "via": "control stream",
            }
        )
    )


def cycle(listener: hangup.Listener, reset: Callable[[int], None]) -> float:
    """Seconds."""
    began = time.perf_counter()
    with socket.create_connection((listener.host, listener.port)) as client:
        reset(client.getsockname()[1])
        try:
            raise SystemExit(f"no reset: {client.recv(1)!r}")
        except ConnectionResetError:
            return time.perf_counter() - began


if __name__ == "__main__":
    main()
