"""Connects twice, has the daemon at HANGUP_ADDRESS end one connection by FIN and the other by RST, and reads what
Python makes of each."""

import os
import socket

import grpc
from hangup.v1 import listener_pb2, listener_pb2_grpc, session_pb2, session_pb2_grpc

channel = grpc.insecure_channel(os.environ["HANGUP_ADDRESS"])
sessions = session_pb2_grpc.SessionServiceStub(channel)
listeners = listener_pb2_grpc.ListenerServiceStub(channel)
echo = listeners.CreateListener(listener_pb2.CreateListenerRequest()).listener


def connect() -> tuple[socket.socket, str]:
    conn = socket.create_connection((echo.host, echo.port))
    wait = session_pb2.WaitSessionRequest(listener=echo.name, peer_port=conn.getsockname()[1])
    return conn, sessions.WaitSession(wait).session.name


conn, session = connect()
with conn:
    sessions.CloseSession(session_pb2.CloseSessionRequest(session=session))
    data = conn.recv(1)
    assert data == b"", data
    print(f"CloseSession: recv gave {data}")

conn, session = connect()
with conn:
    sessions.ResetSession(session_pb2.ResetSessionRequest(session=session))
    try:
        raise SystemExit(f"ResetSession: recv gave {conn.recv(1)}, not ConnectionResetError")
    except ConnectionResetError as error:
        print(f"ResetSession: recv gave {error!r}")
