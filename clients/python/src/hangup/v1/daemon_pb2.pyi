from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Capability(_message.Message):
    __slots__ = ("name", "available", "reason")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    name: str
    available: bool
    reason: str
    def __init__(self, name: _Optional[str] = ..., available: bool = ..., reason: _Optional[str] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("journal_events", "ended_sessions", "data_bytes", "send_queue_bytes", "message_bytes", "scopes", "listeners", "sessions", "waiters", "subscribers", "ended_inbox_bytes", "plans", "plan_steps", "plan_bytes", "connections", "descriptors")
    JOURNAL_EVENTS_FIELD_NUMBER: _ClassVar[int]
    ENDED_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    DATA_BYTES_FIELD_NUMBER: _ClassVar[int]
    SEND_QUEUE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    LISTENERS_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    WAITERS_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBERS_FIELD_NUMBER: _ClassVar[int]
    ENDED_INBOX_BYTES_FIELD_NUMBER: _ClassVar[int]
    PLANS_FIELD_NUMBER: _ClassVar[int]
    PLAN_STEPS_FIELD_NUMBER: _ClassVar[int]
    PLAN_BYTES_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTORS_FIELD_NUMBER: _ClassVar[int]
    journal_events: int
    ended_sessions: int
    data_bytes: int
    send_queue_bytes: int
    message_bytes: int
    scopes: int
    listeners: int
    sessions: int
    waiters: int
    subscribers: int
    ended_inbox_bytes: int
    plans: int
    plan_steps: int
    plan_bytes: int
    connections: int
    descriptors: int
    def __init__(self, journal_events: _Optional[int] = ..., ended_sessions: _Optional[int] = ..., data_bytes: _Optional[int] = ..., send_queue_bytes: _Optional[int] = ..., message_bytes: _Optional[int] = ..., scopes: _Optional[int] = ..., listeners: _Optional[int] = ..., sessions: _Optional[int] = ..., waiters: _Optional[int] = ..., subscribers: _Optional[int] = ..., ended_inbox_bytes: _Optional[int] = ..., plans: _Optional[int] = ..., plan_steps: _Optional[int] = ..., plan_bytes: _Optional[int] = ..., connections: _Optional[int] = ..., descriptors: _Optional[int] = ...) -> None: ...

class GetInfoRequest(_message.Message):
    __slots__ = ("scope",)
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    scope: str
    def __init__(self, scope: _Optional[str] = ...) -> None: ...

class GetInfoResponse(_message.Message):
    __slots__ = ("version", "api_version", "uid", "pid", "address", "start_time", "platform", "runtime", "capabilities", "limits")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    API_VERSION_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    PLATFORM_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    version: str
    api_version: str
    uid: str
    pid: int
    address: str
    start_time: _timestamp_pb2.Timestamp
    platform: str
    runtime: str
    capabilities: _containers.RepeatedCompositeFieldContainer[Capability]
    limits: Limits
    def __init__(self, version: _Optional[str] = ..., api_version: _Optional[str] = ..., uid: _Optional[str] = ..., pid: _Optional[int] = ..., address: _Optional[str] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., platform: _Optional[str] = ..., runtime: _Optional[str] = ..., capabilities: _Optional[_Iterable[_Union[Capability, _Mapping]]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ...) -> None: ...

class ShutdownRequest(_message.Message):
    __slots__ = ("scope",)
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    scope: str
    def __init__(self, scope: _Optional[str] = ...) -> None: ...

class ShutdownResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
