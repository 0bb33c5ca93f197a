from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hangup.v1 import behaviour_pb2 as _behaviour_pb2
from hangup.v1 import plan_pb2 as _plan_pb2
from hangup.v1 import session_pb2 as _session_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Listener(_message.Message):
    __slots__ = ("scope", "name", "uid", "host", "port", "address", "unix_path", "state", "on_peer_fin", "labels", "accepted", "open_sessions", "create_time", "behaviour", "reset_on_accept", "backlog", "receive_buffer_bytes", "plans")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Listener.State]
        LISTENING: _ClassVar[Listener.State]
        REFUSING: _ClassVar[Listener.State]
        STALLED: _ClassVar[Listener.State]
        QUEUEING: _ClassVar[Listener.State]
    STATE_UNSPECIFIED: Listener.State
    LISTENING: Listener.State
    REFUSING: Listener.State
    STALLED: Listener.State
    QUEUEING: Listener.State
    class ResetOnAccept(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RESET_ON_ACCEPT_UNSPECIFIED: _ClassVar[Listener.ResetOnAccept]
        NEVER: _ClassVar[Listener.ResetOnAccept]
        AT_ONCE: _ClassVar[Listener.ResetOnAccept]
        AT_FIRST_BYTE: _ClassVar[Listener.ResetOnAccept]
    RESET_ON_ACCEPT_UNSPECIFIED: Listener.ResetOnAccept
    NEVER: Listener.ResetOnAccept
    AT_ONCE: Listener.ResetOnAccept
    AT_FIRST_BYTE: Listener.ResetOnAccept
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    UNIX_PATH_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ON_PEER_FIN_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    OPEN_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    BEHAVIOUR_FIELD_NUMBER: _ClassVar[int]
    RESET_ON_ACCEPT_FIELD_NUMBER: _ClassVar[int]
    BACKLOG_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_BUFFER_BYTES_FIELD_NUMBER: _ClassVar[int]
    PLANS_FIELD_NUMBER: _ClassVar[int]
    scope: str
    name: str
    uid: str
    host: str
    port: int
    address: str
    unix_path: str
    state: Listener.State
    on_peer_fin: _session_pb2.Session.OnPeerFin
    labels: _containers.ScalarMap[str, str]
    accepted: int
    open_sessions: int
    create_time: _timestamp_pb2.Timestamp
    behaviour: _behaviour_pb2.Behaviour
    reset_on_accept: Listener.ResetOnAccept
    backlog: int
    receive_buffer_bytes: int
    plans: _containers.RepeatedCompositeFieldContainer[_plan_pb2.PlanReport]
    def __init__(self, scope: _Optional[str] = ..., name: _Optional[str] = ..., uid: _Optional[str] = ..., host: _Optional[str] = ..., port: _Optional[int] = ..., address: _Optional[str] = ..., unix_path: _Optional[str] = ..., state: _Optional[_Union[Listener.State, str]] = ..., on_peer_fin: _Optional[_Union[_session_pb2.Session.OnPeerFin, str]] = ..., labels: _Optional[_Mapping[str, str]] = ..., accepted: _Optional[int] = ..., open_sessions: _Optional[int] = ..., create_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., behaviour: _Optional[_Union[_behaviour_pb2.Behaviour, _Mapping]] = ..., reset_on_accept: _Optional[_Union[Listener.ResetOnAccept, str]] = ..., backlog: _Optional[int] = ..., receive_buffer_bytes: _Optional[int] = ..., plans: _Optional[_Iterable[_Union[_plan_pb2.PlanReport, _Mapping]]] = ...) -> None: ...

class CreateListenerRequest(_message.Message):
    __slots__ = ("scope", "name", "host", "port", "unix_path", "on_peer_fin", "labels", "behaviour", "state", "reset_on_accept", "backlog", "receive_buffer_bytes", "plans")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    UNIX_PATH_FIELD_NUMBER: _ClassVar[int]
    ON_PEER_FIN_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    BEHAVIOUR_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESET_ON_ACCEPT_FIELD_NUMBER: _ClassVar[int]
    BACKLOG_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_BUFFER_BYTES_FIELD_NUMBER: _ClassVar[int]
    PLANS_FIELD_NUMBER: _ClassVar[int]
    scope: str
    name: str
    host: str
    port: int
    unix_path: str
    on_peer_fin: _session_pb2.Session.OnPeerFin
    labels: _containers.ScalarMap[str, str]
    behaviour: _behaviour_pb2.Behaviour
    state: Listener.State
    reset_on_accept: Listener.ResetOnAccept
    backlog: int
    receive_buffer_bytes: int
    plans: _containers.RepeatedCompositeFieldContainer[_plan_pb2.Plan]
    def __init__(self, scope: _Optional[str] = ..., name: _Optional[str] = ..., host: _Optional[str] = ..., port: _Optional[int] = ..., unix_path: _Optional[str] = ..., on_peer_fin: _Optional[_Union[_session_pb2.Session.OnPeerFin, str]] = ..., labels: _Optional[_Mapping[str, str]] = ..., behaviour: _Optional[_Union[_behaviour_pb2.Behaviour, _Mapping]] = ..., state: _Optional[_Union[Listener.State, str]] = ..., reset_on_accept: _Optional[_Union[Listener.ResetOnAccept, str]] = ..., backlog: _Optional[int] = ..., receive_buffer_bytes: _Optional[int] = ..., plans: _Optional[_Iterable[_Union[_plan_pb2.Plan, _Mapping]]] = ...) -> None: ...

class CreateListenerResponse(_message.Message):
    __slots__ = ("listener",)
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    listener: Listener
    def __init__(self, listener: _Optional[_Union[Listener, _Mapping]] = ...) -> None: ...

class GetListenerRequest(_message.Message):
    __slots__ = ("scope", "listener")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    scope: str
    listener: str
    def __init__(self, scope: _Optional[str] = ..., listener: _Optional[str] = ...) -> None: ...

class GetListenerResponse(_message.Message):
    __slots__ = ("listener",)
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    listener: Listener
    def __init__(self, listener: _Optional[_Union[Listener, _Mapping]] = ...) -> None: ...

class ListListenersRequest(_message.Message):
    __slots__ = ("scope", "page_size", "page_token")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    scope: str
    page_size: int
    page_token: str
    def __init__(self, scope: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListListenersResponse(_message.Message):
    __slots__ = ("listeners", "next_page_token")
    LISTENERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    listeners: _containers.RepeatedCompositeFieldContainer[Listener]
    next_page_token: str
    def __init__(self, listeners: _Optional[_Iterable[_Union[Listener, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateListenerRequest(_message.Message):
    __slots__ = ("scope", "listener", "uid", "on_peer_fin", "labels", "update_mask", "state", "behaviour", "reset_on_accept", "plans")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    ON_PEER_FIN_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    BEHAVIOUR_FIELD_NUMBER: _ClassVar[int]
    RESET_ON_ACCEPT_FIELD_NUMBER: _ClassVar[int]
    PLANS_FIELD_NUMBER: _ClassVar[int]
    scope: str
    listener: str
    uid: str
    on_peer_fin: _session_pb2.Session.OnPeerFin
    labels: _containers.ScalarMap[str, str]
    update_mask: _field_mask_pb2.FieldMask
    state: Listener.State
    behaviour: _behaviour_pb2.Behaviour
    reset_on_accept: Listener.ResetOnAccept
    plans: _containers.RepeatedCompositeFieldContainer[_plan_pb2.Plan]
    def __init__(self, scope: _Optional[str] = ..., listener: _Optional[str] = ..., uid: _Optional[str] = ..., on_peer_fin: _Optional[_Union[_session_pb2.Session.OnPeerFin, str]] = ..., labels: _Optional[_Mapping[str, str]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., state: _Optional[_Union[Listener.State, str]] = ..., behaviour: _Optional[_Union[_behaviour_pb2.Behaviour, _Mapping]] = ..., reset_on_accept: _Optional[_Union[Listener.ResetOnAccept, str]] = ..., plans: _Optional[_Iterable[_Union[_plan_pb2.Plan, _Mapping]]] = ...) -> None: ...

class UpdateListenerResponse(_message.Message):
    __slots__ = ("listener",)
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    listener: Listener
    def __init__(self, listener: _Optional[_Union[Listener, _Mapping]] = ...) -> None: ...

class DeleteListenerRequest(_message.Message):
    __slots__ = ("scope", "listener", "uid", "sessions", "drain_timeout", "max_results")
    class Sessions(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SESSIONS_UNSPECIFIED: _ClassVar[DeleteListenerRequest.Sessions]
        RESET: _ClassVar[DeleteListenerRequest.Sessions]
        CLOSE: _ClassVar[DeleteListenerRequest.Sessions]
    SESSIONS_UNSPECIFIED: DeleteListenerRequest.Sessions
    RESET: DeleteListenerRequest.Sessions
    CLOSE: DeleteListenerRequest.Sessions
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    DRAIN_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MAX_RESULTS_FIELD_NUMBER: _ClassVar[int]
    scope: str
    listener: str
    uid: str
    sessions: DeleteListenerRequest.Sessions
    drain_timeout: _duration_pb2.Duration
    max_results: int
    def __init__(self, scope: _Optional[str] = ..., listener: _Optional[str] = ..., uid: _Optional[str] = ..., sessions: _Optional[_Union[DeleteListenerRequest.Sessions, str]] = ..., drain_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., max_results: _Optional[int] = ...) -> None: ...

class DeleteListenerResponse(_message.Message):
    __slots__ = ("listener", "counts", "failures", "receipts", "plans")
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    PLANS_FIELD_NUMBER: _ClassVar[int]
    listener: Listener
    counts: _session_pb2.EndingCounts
    failures: _containers.RepeatedCompositeFieldContainer[_session_pb2.SessionFailure]
    receipts: _containers.RepeatedCompositeFieldContainer[_session_pb2.Receipt]
    plans: _containers.RepeatedCompositeFieldContainer[_plan_pb2.PlanReport]
    def __init__(self, listener: _Optional[_Union[Listener, _Mapping]] = ..., counts: _Optional[_Union[_session_pb2.EndingCounts, _Mapping]] = ..., failures: _Optional[_Iterable[_Union[_session_pb2.SessionFailure, _Mapping]]] = ..., receipts: _Optional[_Iterable[_Union[_session_pb2.Receipt, _Mapping]]] = ..., plans: _Optional[_Iterable[_Union[_plan_pb2.PlanReport, _Mapping]]] = ...) -> None: ...
