"""The cycle of the driver in Go (listen, dial, echo, reset, ECONNRESET seen, delete), as a test in Python makes it.

Prints one line of JSON: how long all took, and how the sessions ended.
"""

import argparse
import http.client
import json
import os
import queue
import socket
import time

MESSAGE = b"x" * 64


class Unary:
    """The contract, a call for each command."""

    def __init__(self, address: str) -> None:
        import grpc
        from hangup.v1 import action_pb2, listener_pb2, listener_pb2_grpc, plan_pb2, session_pb2, session_pb2_grpc

        self.listener, self.session = listener_pb2, session_pb2
        self.plan = plan_pb2.Plan(
            steps=[
                plan_pb2.Step(
                    trigger=plan_pb2.Trigger(bytes_sent=len(MESSAGE)),
                    action=action_pb2.Action(reset=action_pb2.ResetAction()),
                )
            ]
        )
        self.channel = grpc.insecure_channel(address)
        self.listeners = listener_pb2_grpc.ListenerServiceStub(self.channel)
        self.sessions = session_pb2_grpc.SessionServiceStub(self.channel)

    def listen(self, name: str, planned: bool) -> tuple[str, int]:
        listener = self.create(
            self.listener.CreateListenerRequest(name=name, plans=[self.plan] if planned else [])
        ).listener
        return listener.host, listener.port

    def create(self, request):
        return self.listeners.CreateListener(request)

    def reset(self, name: str) -> None:
        self.sessions.ResetSession(self.session.ResetSessionRequest(session=name + "/1"))

    def delete(self, name: str) -> None:
        self.listeners.DeleteListener(self.listener.DeleteListenerRequest(listener=name))


class Stream(Unary):
    """The same calls over one control stream."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        from hangup.v1 import control_pb2, control_pb2_grpc

        self.control = control_pb2
        self.requests: queue.SimpleQueue = queue.SimpleQueue()
        self.replies = control_pb2_grpc.ControlServiceStub(self.channel).Control(iter(self.requests.get, None))
        self.last_id = 0

    def call(self, **request):
        self.last_id += 1
        self.requests.put(self.control.ControlRequest(id=self.last_id, **request))
        reply = next(self.replies)
        if reply.HasField("error"):
            raise RuntimeError(reply.error)
        return reply

    def create(self, request):
        return self.call(create_listener=request).create_listener

    def reset(self, name: str) -> None:
        self.call(reset_session=self.session.ResetSessionRequest(session=name + "/1"))

    def delete(self, name: str) -> None:
        self.call(delete_listener=self.listener.DeleteListenerRequest(listener=name))


class Toxiproxy:
    """Its HTTP API, in the way that the driver in Go tells of."""

    def __init__(self, address: str, upstream: str) -> None:
        self.http = http.client.HTTPConnection(address)
        self.upstream = upstream

    def listen(self, name: str, planned: bool) -> tuple[str, int]:
        proxy = {"name": name, "listen": "127.0.0.1:0", "upstream": self.upstream, "enabled": True}
        created = json.loads(self.call("POST", "/proxies", proxy))
        toxic = {"type": "reset_peer", "toxicity": 0, "attributes": {"timeout": 0}}
        self.call("POST", f"/proxies/{name}/toxics", toxic)
        host, port = created["listen"].rsplit(":", 1)
        return host, int(port)

    def reset(self, name: str) -> None:
        self.call("DELETE", f"/proxies/{name}")

    def delete(self, name: str) -> None:
        """The reset has done it."""

    def call(self, method: str, path: str, body=None) -> bytes:
        self.http.request(method, path, None if body is None else json.dumps(body))
        response = self.http.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text!r}")
        return text


class ToxiproxyClient:
    """The same by toxiproxy-python, as its users have it: a connection for each call, and a list of all before each new one."""

    def __init__(self, address: str, upstream: str) -> None:
        from toxiproxy import Toxiproxy as Server
        from toxiproxy.api import APIConsumer

        APIConsumer.host, APIConsumer.port = address.split(":")
        self.server, self.upstream = Server(), upstream

    def listen(self, name: str, planned: bool) -> tuple[str, int]:
        self.proxy = self.server.create(name=name, upstream=self.upstream, enabled=True)
        self.proxy.add_toxic(type="reset_peer", toxicity=0, attributes={"timeout": 0})
        host, port = self.proxy.listen.rsplit(":", 1)
        return host, int(port)

    def reset(self, name: str) -> None:
        self.proxy.destroy()

    def delete(self, name: str) -> None:
        """The reset has done it."""


def cycle(control, name: str, planned: bool, endings: dict[str, int]) -> None:
    with socket.create_connection(control.listen(name, planned)) as conn:
        conn.sendall(MESSAGE)
        received = 0
        while received < len(MESSAGE):
            received += len(conn.recv(len(MESSAGE)))
        if not planned:
            control.reset(name)
        try:
            endings["other" if conn.recv(1) else "eof"] += 1
        except ConnectionResetError:
            endings["econnreset"] += 1
        except OSError:
            endings["other"] += 1
    control.delete(name)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-way", choices=["unary", "stream", "http", "toxiproxy-python"])
    parser.add_argument("-address")
    parser.add_argument("-upstream")
    parser.add_argument("-planned", action="store_true")
    parser.add_argument("-n", type=int)
    options = parser.parse_args()
    if options.way == "http":
        control = Toxiproxy(options.address, options.upstream)
    elif options.way == "toxiproxy-python":
        control = ToxiproxyClient(options.address, options.upstream)
    else:
        control = (Stream if options.way == "stream" else Unary)(options.address)
    endings = {"econnreset": 0, "eof": 0, "other": 0}
    # The first one connects.
    cycle(control, f"p{os.getpid()}-first", options.planned, {"econnreset": 0, "eof": 0, "other": 0})
    begin = time.perf_counter_ns()
    for i in range(options.n):
        cycle(control, f"p{os.getpid()}-{i}", options.planned, endings)
    print(json.dumps({"ns": time.perf_counter_ns() - begin, "endings": endings}), flush=True)
    # Not the interpreter's own way out: it would wait for the stream, which has no end.
    os._exit(0)


main()
