from hangup.v1 import listener_pb2 as _listener_pb2
from hangup.v1 import session_pb2 as _session_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Fixture(_message.Message):
    __slots__ = ("listeners", "sessions")
    LISTENERS_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    listeners: _containers.RepeatedCompositeFieldContainer[_listener_pb2.CreateListenerRequest]
    sessions: _containers.RepeatedCompositeFieldContainer[_session_pb2.OpenSessionRequest]
    def __init__(self, listeners: _Optional[_Iterable[_Union[_listener_pb2.CreateListenerRequest, _Mapping]]] = ..., sessions: _Optional[_Iterable[_Union[_session_pb2.OpenSessionRequest, _Mapping]]] = ...) -> None: ...
