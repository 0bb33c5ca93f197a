from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hangup.v1 import listener_pb2 as _listener_pb2
from hangup.v1 import plan_pb2 as _plan_pb2
from hangup.v1 import scope_pb2 as _scope_pb2
from hangup.v1 import session_pb2 as _session_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Event(_message.Message):
    __slots__ = ("sequence", "time", "scope", "listener", "session", "uid", "subscribed", "lost", "listener_created", "listener_deleted", "listener_state_changed", "session_opened", "peer_fin", "peer_rst", "session_state_changed", "action_performed", "session_ended", "data_received", "data_sent", "accept_failed", "plan_step_fired", "plan_step_failed", "scope_created", "scope_ended")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Event.Kind]
        LISTENER_CREATED: _ClassVar[Event.Kind]
        LISTENER_DELETED: _ClassVar[Event.Kind]
        LISTENER_STATE_CHANGED: _ClassVar[Event.Kind]
        SESSION_OPENED: _ClassVar[Event.Kind]
        PEER_FIN: _ClassVar[Event.Kind]
        PEER_RST: _ClassVar[Event.Kind]
        SESSION_STATE_CHANGED: _ClassVar[Event.Kind]
        ACTION_PERFORMED: _ClassVar[Event.Kind]
        SESSION_ENDED: _ClassVar[Event.Kind]
        DATA_RECEIVED: _ClassVar[Event.Kind]
        DATA_SENT: _ClassVar[Event.Kind]
        ACCEPT_FAILED: _ClassVar[Event.Kind]
        PLAN_STEP_FIRED: _ClassVar[Event.Kind]
        PLAN_STEP_FAILED: _ClassVar[Event.Kind]
        SCOPE_CREATED: _ClassVar[Event.Kind]
        SCOPE_ENDED: _ClassVar[Event.Kind]
    KIND_UNSPECIFIED: Event.Kind
    LISTENER_CREATED: Event.Kind
    LISTENER_DELETED: Event.Kind
    LISTENER_STATE_CHANGED: Event.Kind
    SESSION_OPENED: Event.Kind
    PEER_FIN: Event.Kind
    PEER_RST: Event.Kind
    SESSION_STATE_CHANGED: Event.Kind
    ACTION_PERFORMED: Event.Kind
    SESSION_ENDED: Event.Kind
    DATA_RECEIVED: Event.Kind
    DATA_SENT: Event.Kind
    ACCEPT_FAILED: Event.Kind
    PLAN_STEP_FIRED: Event.Kind
    PLAN_STEP_FAILED: Event.Kind
    SCOPE_CREATED: Event.Kind
    SCOPE_ENDED: Event.Kind
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBED_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    LISTENER_CREATED_FIELD_NUMBER: _ClassVar[int]
    LISTENER_DELETED_FIELD_NUMBER: _ClassVar[int]
    LISTENER_STATE_CHANGED_FIELD_NUMBER: _ClassVar[int]
    SESSION_OPENED_FIELD_NUMBER: _ClassVar[int]
    PEER_FIN_FIELD_NUMBER: _ClassVar[int]
    PEER_RST_FIELD_NUMBER: _ClassVar[int]
    SESSION_STATE_CHANGED_FIELD_NUMBER: _ClassVar[int]
    ACTION_PERFORMED_FIELD_NUMBER: _ClassVar[int]
    SESSION_ENDED_FIELD_NUMBER: _ClassVar[int]
    DATA_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    DATA_SENT_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_FAILED_FIELD_NUMBER: _ClassVar[int]
    PLAN_STEP_FIRED_FIELD_NUMBER: _ClassVar[int]
    PLAN_STEP_FAILED_FIELD_NUMBER: _ClassVar[int]
    SCOPE_CREATED_FIELD_NUMBER: _ClassVar[int]
    SCOPE_ENDED_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    time: _timestamp_pb2.Timestamp
    scope: str
    listener: str
    session: str
    uid: str
    subscribed: Subscribed
    lost: Lost
    listener_created: ListenerCreated
    listener_deleted: ListenerDeleted
    listener_state_changed: ListenerStateChanged
    session_opened: SessionOpened
    peer_fin: PeerFin
    peer_rst: PeerRst
    session_state_changed: SessionStateChanged
    action_performed: ActionPerformed
    session_ended: SessionEnded
    data_received: DataReceived
    data_sent: DataSent
    accept_failed: AcceptFailed
    plan_step_fired: PlanStepFired
    plan_step_failed: PlanStepFired
    scope_created: ScopeCreated
    scope_ended: ScopeEnded
    def __init__(self, sequence: _Optional[int] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., scope: _Optional[str] = ..., listener: _Optional[str] = ..., session: _Optional[str] = ..., uid: _Optional[str] = ..., subscribed: _Optional[_Union[Subscribed, _Mapping]] = ..., lost: _Optional[_Union[Lost, _Mapping]] = ..., listener_created: _Optional[_Union[ListenerCreated, _Mapping]] = ..., listener_deleted: _Optional[_Union[ListenerDeleted, _Mapping]] = ..., listener_state_changed: _Optional[_Union[ListenerStateChanged, _Mapping]] = ..., session_opened: _Optional[_Union[SessionOpened, _Mapping]] = ..., peer_fin: _Optional[_Union[PeerFin, _Mapping]] = ..., peer_rst: _Optional[_Union[PeerRst, _Mapping]] = ..., session_state_changed: _Optional[_Union[SessionStateChanged, _Mapping]] = ..., action_performed: _Optional[_Union[ActionPerformed, _Mapping]] = ..., session_ended: _Optional[_Union[SessionEnded, _Mapping]] = ..., data_received: _Optional[_Union[DataReceived, _Mapping]] = ..., data_sent: _Optional[_Union[DataSent, _Mapping]] = ..., accept_failed: _Optional[_Union[AcceptFailed, _Mapping]] = ..., plan_step_fired: _Optional[_Union[PlanStepFired, _Mapping]] = ..., plan_step_failed: _Optional[_Union[PlanStepFired, _Mapping]] = ..., scope_created: _Optional[_Union[ScopeCreated, _Mapping]] = ..., scope_ended: _Optional[_Union[ScopeEnded, _Mapping]] = ...) -> None: ...

class Subscribed(_message.Message):
    __slots__ = ("daemon_uid",)
    DAEMON_UID_FIELD_NUMBER: _ClassVar[int]
    daemon_uid: str
    def __init__(self, daemon_uid: _Optional[str] = ...) -> None: ...

class Lost(_message.Message):
    __slots__ = ("first_sequence", "last_sequence")
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    first_sequence: int
    last_sequence: int
    def __init__(self, first_sequence: _Optional[int] = ..., last_sequence: _Optional[int] = ...) -> None: ...

class ListenerCreated(_message.Message):
    __slots__ = ("listener",)
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    listener: _listener_pb2.Listener
    def __init__(self, listener: _Optional[_Union[_listener_pb2.Listener, _Mapping]] = ...) -> None: ...

class ListenerDeleted(_message.Message):
    __slots__ = ("listener", "counts")
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    listener: _listener_pb2.Listener
    counts: _session_pb2.EndingCounts
    def __init__(self, listener: _Optional[_Union[_listener_pb2.Listener, _Mapping]] = ..., counts: _Optional[_Union[_session_pb2.EndingCounts, _Mapping]] = ...) -> None: ...

class ListenerStateChanged(_message.Message):
    __slots__ = ("listener",)
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    listener: _listener_pb2.Listener
    def __init__(self, listener: _Optional[_Union[_listener_pb2.Listener, _Mapping]] = ...) -> None: ...

class SessionOpened(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: _session_pb2.Session
    def __init__(self, session: _Optional[_Union[_session_pb2.Session, _Mapping]] = ...) -> None: ...

class PeerFin(_message.Message):
    __slots__ = ("bytes_received",)
    BYTES_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    bytes_received: int
    def __init__(self, bytes_received: _Optional[int] = ...) -> None: ...

class PeerRst(_message.Message):
    __slots__ = ("bytes_received", "errno")
    BYTES_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    ERRNO_FIELD_NUMBER: _ClassVar[int]
    bytes_received: int
    errno: str
    def __init__(self, bytes_received: _Optional[int] = ..., errno: _Optional[str] = ...) -> None: ...

class SessionStateChanged(_message.Message):
    __slots__ = ("previous", "state")
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    previous: _session_pb2.Session.State
    state: _session_pb2.Session.State
    def __init__(self, previous: _Optional[_Union[_session_pb2.Session.State, str]] = ..., state: _Optional[_Union[_session_pb2.Session.State, str]] = ...) -> None: ...

class ActionPerformed(_message.Message):
    __slots__ = ("action", "cause")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    action: str
    cause: _session_pb2.Cause
    def __init__(self, action: _Optional[str] = ..., cause: _Optional[_Union[_session_pb2.Cause, _Mapping]] = ...) -> None: ...

class SessionEnded(_message.Message):
    __slots__ = ("receipt",)
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    receipt: _session_pb2.Receipt
    def __init__(self, receipt: _Optional[_Union[_session_pb2.Receipt, _Mapping]] = ...) -> None: ...

class DataReceived(_message.Message):
    __slots__ = ("bytes", "total")
    BYTES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    bytes: int
    total: int
    def __init__(self, bytes: _Optional[int] = ..., total: _Optional[int] = ...) -> None: ...

class DataSent(_message.Message):
    __slots__ = ("bytes", "total")
    BYTES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    bytes: int
    total: int
    def __init__(self, bytes: _Optional[int] = ..., total: _Optional[int] = ...) -> None: ...

class ScopeCreated(_message.Message):
    __slots__ = ("scope",)
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    scope: _scope_pb2.Scope
    def __init__(self, scope: _Optional[_Union[_scope_pb2.Scope, _Mapping]] = ...) -> None: ...

class ScopeEnded(_message.Message):
    __slots__ = ("reason", "report")
    class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REASON_UNSPECIFIED: _ClassVar[ScopeEnded.Reason]
        DELETED: _ClassVar[ScopeEnded.Reason]
        RELEASED: _ClassVar[ScopeEnded.Reason]
        EXPIRED: _ClassVar[ScopeEnded.Reason]
    REASON_UNSPECIFIED: ScopeEnded.Reason
    DELETED: ScopeEnded.Reason
    RELEASED: ScopeEnded.Reason
    EXPIRED: ScopeEnded.Reason
    REASON_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    reason: ScopeEnded.Reason
    report: _scope_pb2.ScopeReport
    def __init__(self, reason: _Optional[_Union[ScopeEnded.Reason, str]] = ..., report: _Optional[_Union[_scope_pb2.ScopeReport, _Mapping]] = ...) -> None: ...

class PlanStepFired(_message.Message):
    __slots__ = ("step", "plan", "seed")
    STEP_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    step: _plan_pb2.FiredStep
    plan: int
    seed: int
    def __init__(self, step: _Optional[_Union[_plan_pb2.FiredStep, _Mapping]] = ..., plan: _Optional[int] = ..., seed: _Optional[int] = ...) -> None: ...

class AcceptFailed(_message.Message):
    __slots__ = ("reason", "message")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class StreamEventsRequest(_message.Message):
    __slots__ = ("scope", "listener", "session", "kinds", "after_sequence", "daemon_uid", "max_events")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    DAEMON_UID_FIELD_NUMBER: _ClassVar[int]
    MAX_EVENTS_FIELD_NUMBER: _ClassVar[int]
    scope: str
    listener: str
    session: str
    kinds: _containers.RepeatedScalarFieldContainer[Event.Kind]
    after_sequence: int
    daemon_uid: str
    max_events: int
    def __init__(self, scope: _Optional[str] = ..., listener: _Optional[str] = ..., session: _Optional[str] = ..., kinds: _Optional[_Iterable[_Union[Event.Kind, str]]] = ..., after_sequence: _Optional[int] = ..., daemon_uid: _Optional[str] = ..., max_events: _Optional[int] = ...) -> None: ...

class StreamEventsResponse(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ...) -> None: ...

class ListEventsRequest(_message.Message):
    __slots__ = ("scope", "listener", "session", "kinds", "after_sequence", "daemon_uid", "page_size")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    DAEMON_UID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    scope: str
    listener: str
    session: str
    kinds: _containers.RepeatedScalarFieldContainer[Event.Kind]
    after_sequence: int
    daemon_uid: str
    page_size: int
    def __init__(self, scope: _Optional[str] = ..., listener: _Optional[str] = ..., session: _Optional[str] = ..., kinds: _Optional[_Iterable[_Union[Event.Kind, str]]] = ..., after_sequence: _Optional[int] = ..., daemon_uid: _Optional[str] = ..., page_size: _Optional[int] = ...) -> None: ...

class ListEventsResponse(_message.Message):
    __slots__ = ("events", "next_after_sequence")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    next_after_sequence: int
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., next_after_sequence: _Optional[int] = ...) -> None: ...
