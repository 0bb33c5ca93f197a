from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hangup.v1 import plan_pb2 as _plan_pb2
from hangup.v1 import session_pb2 as _session_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Scope(_message.Message):
    __slots__ = ("name", "uid", "labels", "ttl", "expire_time", "holders", "listeners", "open_sessions", "create_time")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    HOLDERS_FIELD_NUMBER: _ClassVar[int]
    LISTENERS_FIELD_NUMBER: _ClassVar[int]
    OPEN_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    uid: str
    labels: _containers.ScalarMap[str, str]
    ttl: _duration_pb2.Duration
    expire_time: _timestamp_pb2.Timestamp
    holders: int
    listeners: int
    open_sessions: int
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., uid: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., ttl: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., expire_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., holders: _Optional[int] = ..., listeners: _Optional[int] = ..., open_sessions: _Optional[int] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ScopeReport(_message.Message):
    __slots__ = ("scope", "open_listeners", "open_sessions", "plans", "counts", "bytes_received", "bytes_sent", "plans_omitted")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    OPEN_LISTENERS_FIELD_NUMBER: _ClassVar[int]
    OPEN_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    PLANS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    BYTES_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    BYTES_SENT_FIELD_NUMBER: _ClassVar[int]
    PLANS_OMITTED_FIELD_NUMBER: _ClassVar[int]
    scope: Scope
    open_listeners: _containers.RepeatedScalarFieldContainer[str]
    open_sessions: _containers.RepeatedScalarFieldContainer[str]
    plans: _containers.RepeatedCompositeFieldContainer[ListenerPlans]
    counts: _session_pb2.EndingCounts
    bytes_received: int
    bytes_sent: int
    plans_omitted: int
    def __init__(self, scope: _Optional[_Union[Scope, _Mapping]] = ..., open_listeners: _Optional[_Iterable[str]] = ..., open_sessions: _Optional[_Iterable[str]] = ..., plans: _Optional[_Iterable[_Union[ListenerPlans, _Mapping]]] = ..., counts: _Optional[_Union[_session_pb2.EndingCounts, _Mapping]] = ..., bytes_received: _Optional[int] = ..., bytes_sent: _Optional[int] = ..., plans_omitted: _Optional[int] = ...) -> None: ...

class ListenerPlans(_message.Message):
    __slots__ = ("listener", "session", "plans")
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    PLANS_FIELD_NUMBER: _ClassVar[int]
    listener: str
    session: str
    plans: _containers.RepeatedCompositeFieldContainer[_plan_pb2.PlanReport]
    def __init__(self, listener: _Optional[str] = ..., session: _Optional[str] = ..., plans: _Optional[_Iterable[_Union[_plan_pb2.PlanReport, _Mapping]]] = ...) -> None: ...

class CreateScopeRequest(_message.Message):
    __slots__ = ("scope", "ttl", "labels")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    scope: str
    ttl: _duration_pb2.Duration
    labels: _containers.ScalarMap[str, str]
    def __init__(self, scope: _Optional[str] = ..., ttl: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class CreateScopeResponse(_message.Message):
    __slots__ = ("scope",)
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    scope: Scope
    def __init__(self, scope: _Optional[_Union[Scope, _Mapping]] = ...) -> None: ...

class HoldScopeRequest(_message.Message):
    __slots__ = ("scope", "labels")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    scope: str
    labels: _containers.ScalarMap[str, str]
    def __init__(self, scope: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class HoldScopeResponse(_message.Message):
    __slots__ = ("scope", "report")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    scope: Scope
    report: ScopeReport
    def __init__(self, scope: _Optional[_Union[Scope, _Mapping]] = ..., report: _Optional[_Union[ScopeReport, _Mapping]] = ...) -> None: ...

class DeleteScopeRequest(_message.Message):
    __slots__ = ("scope", "uid")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    scope: str
    uid: str
    def __init__(self, scope: _Optional[str] = ..., uid: _Optional[str] = ...) -> None: ...

class DeleteScopeResponse(_message.Message):
    __slots__ = ("report",)
    REPORT_FIELD_NUMBER: _ClassVar[int]
    report: ScopeReport
    def __init__(self, report: _Optional[_Union[ScopeReport, _Mapping]] = ...) -> None: ...

class ListScopesRequest(_message.Message):
    __slots__ = ("scope", "page_size", "page_token")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    scope: str
    page_size: int
    page_token: str
    def __init__(self, scope: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListScopesResponse(_message.Message):
    __slots__ = ("scopes", "next_page_token")
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    scopes: _containers.RepeatedCompositeFieldContainer[Scope]
    next_page_token: str
    def __init__(self, scopes: _Optional[_Iterable[_Union[Scope, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
