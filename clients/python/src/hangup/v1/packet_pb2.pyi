from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Segment(_message.Message):
    __slots__ = ("time", "direction", "flags", "seq", "ack", "window", "length")
    class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DIRECTION_UNSPECIFIED: _ClassVar[Segment.Direction]
        SENT: _ClassVar[Segment.Direction]
        RECEIVED: _ClassVar[Segment.Direction]
    DIRECTION_UNSPECIFIED: Segment.Direction
    SENT: Segment.Direction
    RECEIVED: Segment.Direction
    TIME_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    direction: Segment.Direction
    flags: str
    seq: int
    ack: int
    window: int
    length: int
    def __init__(self, time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., direction: _Optional[_Union[Segment.Direction, str]] = ..., flags: _Optional[str] = ..., seq: _Optional[int] = ..., ack: _Optional[int] = ..., window: _Optional[int] = ..., length: _Optional[int] = ...) -> None: ...
