from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hangup.v1 import packet_pb2 as _packet_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Capture(_message.Message):
    __slots__ = ("scope", "name", "listener", "running", "packets", "dropped", "start_time")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    PACKETS_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    scope: str
    name: str
    listener: str
    running: bool
    packets: int
    dropped: int
    start_time: _timestamp_pb2.Timestamp
    def __init__(self, scope: _Optional[str] = ..., name: _Optional[str] = ..., listener: _Optional[str] = ..., running: bool = ..., packets: _Optional[int] = ..., dropped: _Optional[int] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class StartCaptureRequest(_message.Message):
    __slots__ = ("scope", "name", "listener")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    scope: str
    name: str
    listener: str
    def __init__(self, scope: _Optional[str] = ..., name: _Optional[str] = ..., listener: _Optional[str] = ...) -> None: ...

class StartCaptureResponse(_message.Message):
    __slots__ = ("capture",)
    CAPTURE_FIELD_NUMBER: _ClassVar[int]
    capture: Capture
    def __init__(self, capture: _Optional[_Union[Capture, _Mapping]] = ...) -> None: ...

class StopCaptureRequest(_message.Message):
    __slots__ = ("scope", "capture")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_FIELD_NUMBER: _ClassVar[int]
    scope: str
    capture: str
    def __init__(self, scope: _Optional[str] = ..., capture: _Optional[str] = ...) -> None: ...

class StopCaptureResponse(_message.Message):
    __slots__ = ("capture",)
    CAPTURE_FIELD_NUMBER: _ClassVar[int]
    capture: Capture
    def __init__(self, capture: _Optional[_Union[Capture, _Mapping]] = ...) -> None: ...

class GetPacketsRequest(_message.Message):
    __slots__ = ("scope", "capture", "session")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    scope: str
    capture: str
    session: str
    def __init__(self, scope: _Optional[str] = ..., capture: _Optional[str] = ..., session: _Optional[str] = ...) -> None: ...

class GetPacketsResponse(_message.Message):
    __slots__ = ("capture", "pcap", "segments", "left_out")
    CAPTURE_FIELD_NUMBER: _ClassVar[int]
    PCAP_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    capture: Capture
    pcap: bytes
    segments: _containers.RepeatedCompositeFieldContainer[_packet_pb2.Segment]
    left_out: int
    def __init__(self, capture: _Optional[_Union[Capture, _Mapping]] = ..., pcap: _Optional[bytes] = ..., segments: _Optional[_Iterable[_Union[_packet_pb2.Segment, _Mapping]]] = ..., left_out: _Optional[int] = ...) -> None: ...
