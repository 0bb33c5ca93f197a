"""A peer by Python's socket: see ../README.md."""
import json
import socket
import sys

host, port = sys.argv[1].rsplit(":", 1)
order = {"read": ["read", "read", "write"], "write": ["write", "write", "read"]}[sys.argv[2]]


def attempt(call):
    try:
        return repr(call())
    except OSError as error:
        return f"{type(error).__name__}: {error}"


calls = {"read": lambda: peer.recv(4096), "write": lambda: peer.send(b"x")}
said = []
try:
    peer = socket.create_connection((host, int(port)), timeout=1)
except OSError as error:
    print(json.dumps({"connect": f"{type(error).__name__}: {error}", "calls": []}))
    sys.exit()
peer.sendall(b"hello")
sys.stdin.readline()
for name in order:
    said.append([name, attempt(calls[name])])
print(json.dumps({"connect": "connected", "calls": said}))
