from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hangup.v1 import action_pb2 as _action_pb2
from hangup.v1 import behaviour_pb2 as _behaviour_pb2
from hangup.v1 import packet_pb2 as _packet_pb2
from hangup.v1 import plan_pb2 as _plan_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Session(_message.Message):
    __slots__ = ("scope", "name", "uid", "origin", "listener", "ordinal", "local_address", "peer_address", "state", "ended", "bytes_received", "bytes_sent", "unread_bytes", "unsent_bytes", "peer_fin_seen", "peer_rst_seen", "fin_sent", "on_peer_fin", "labels", "open_time", "opened_sequence", "receipt", "behaviour", "reading_paused", "black_hole", "tcp_info", "state_time_left", "plan")
    class Origin(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ORIGIN_UNSPECIFIED: _ClassVar[Session.Origin]
        ACCEPTED: _ClassVar[Session.Origin]
        DIALED: _ClassVar[Session.Origin]
    ORIGIN_UNSPECIFIED: Session.Origin
    ACCEPTED: Session.Origin
    DIALED: Session.Origin
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Session.State]
        UNKNOWN: _ClassVar[Session.State]
        SYN_SENT: _ClassVar[Session.State]
        SYN_RECEIVED: _ClassVar[Session.State]
        ESTABLISHED: _ClassVar[Session.State]
        FIN_WAIT1: _ClassVar[Session.State]
        FIN_WAIT2: _ClassVar[Session.State]
        CLOSE_WAIT: _ClassVar[Session.State]
        CLOSING: _ClassVar[Session.State]
        LAST_ACK: _ClassVar[Session.State]
        TIME_WAIT: _ClassVar[Session.State]
        CLOSED: _ClassVar[Session.State]
    STATE_UNSPECIFIED: Session.State
    UNKNOWN: Session.State
    SYN_SENT: Session.State
    SYN_RECEIVED: Session.State
    ESTABLISHED: Session.State
    FIN_WAIT1: Session.State
    FIN_WAIT2: Session.State
    CLOSE_WAIT: Session.State
    CLOSING: Session.State
    LAST_ACK: Session.State
    TIME_WAIT: Session.State
    CLOSED: Session.State
    class OnPeerFin(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ON_PEER_FIN_UNSPECIFIED: _ClassVar[Session.OnPeerFin]
        CLOSE_TOO: _ClassVar[Session.OnPeerFin]
        STAY_OPEN: _ClassVar[Session.OnPeerFin]
    ON_PEER_FIN_UNSPECIFIED: Session.OnPeerFin
    CLOSE_TOO: Session.OnPeerFin
    STAY_OPEN: Session.OnPeerFin
    class View(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        VIEW_UNSPECIFIED: _ClassVar[Session.View]
        BASIC: _ClassVar[Session.View]
        FULL: _ClassVar[Session.View]
    VIEW_UNSPECIFIED: Session.View
    BASIC: Session.View
    FULL: Session.View
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
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    ORDINAL_FIELD_NUMBER: _ClassVar[int]
    LOCAL_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PEER_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    BYTES_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    BYTES_SENT_FIELD_NUMBER: _ClassVar[int]
    UNREAD_BYTES_FIELD_NUMBER: _ClassVar[int]
    UNSENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    PEER_FIN_SEEN_FIELD_NUMBER: _ClassVar[int]
    PEER_RST_SEEN_FIELD_NUMBER: _ClassVar[int]
    FIN_SENT_FIELD_NUMBER: _ClassVar[int]
    ON_PEER_FIN_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    OPENED_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    BEHAVIOUR_FIELD_NUMBER: _ClassVar[int]
    READING_PAUSED_FIELD_NUMBER: _ClassVar[int]
    BLACK_HOLE_FIELD_NUMBER: _ClassVar[int]
    TCP_INFO_FIELD_NUMBER: _ClassVar[int]
    STATE_TIME_LEFT_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    scope: str
    name: str
    uid: str
    origin: Session.Origin
    listener: str
    ordinal: int
    local_address: str
    peer_address: str
    state: Session.State
    ended: bool
    bytes_received: int
    bytes_sent: int
    unread_bytes: int
    unsent_bytes: int
    peer_fin_seen: bool
    peer_rst_seen: bool
    fin_sent: bool
    on_peer_fin: Session.OnPeerFin
    labels: _containers.ScalarMap[str, str]
    open_time: _timestamp_pb2.Timestamp
    opened_sequence: int
    receipt: Receipt
    behaviour: _behaviour_pb2.Behaviour
    reading_paused: bool
    black_hole: _action_pb2.BlackHoleAction.Direction
    tcp_info: TcpInfo
    state_time_left: _duration_pb2.Duration
    plan: _plan_pb2.PlanProgress
    def __init__(self, scope: _Optional[str] = ..., name: _Optional[str] = ..., uid: _Optional[str] = ..., origin: _Optional[_Union[Session.Origin, str]] = ..., listener: _Optional[str] = ..., ordinal: _Optional[int] = ..., local_address: _Optional[str] = ..., peer_address: _Optional[str] = ..., state: _Optional[_Union[Session.State, str]] = ..., ended: bool = ..., bytes_received: _Optional[int] = ..., bytes_sent: _Optional[int] = ..., unread_bytes: _Optional[int] = ..., unsent_bytes: _Optional[int] = ..., peer_fin_seen: bool = ..., peer_rst_seen: bool = ..., fin_sent: bool = ..., on_peer_fin: _Optional[_Union[Session.OnPeerFin, str]] = ..., labels: _Optional[_Mapping[str, str]] = ..., open_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., opened_sequence: _Optional[int] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ..., behaviour: _Optional[_Union[_behaviour_pb2.Behaviour, _Mapping]] = ..., reading_paused: bool = ..., black_hole: _Optional[_Union[_action_pb2.BlackHoleAction.Direction, str]] = ..., tcp_info: _Optional[_Union[TcpInfo, _Mapping]] = ..., state_time_left: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., plan: _Optional[_Union[_plan_pb2.PlanProgress, _Mapping]] = ...) -> None: ...

class TcpInfo(_message.Message):
    __slots__ = ("rtt", "rtt_variation", "retransmission_timeout", "retransmits", "total_retransmits", "probes", "unacked_segments", "not_sent_bytes", "bytes_acked", "send_mss", "receive_mss", "congestion_window", "send_window", "receive_window")
    RTT_FIELD_NUMBER: _ClassVar[int]
    RTT_VARIATION_FIELD_NUMBER: _ClassVar[int]
    RETRANSMISSION_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    RETRANSMITS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_RETRANSMITS_FIELD_NUMBER: _ClassVar[int]
    PROBES_FIELD_NUMBER: _ClassVar[int]
    UNACKED_SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    NOT_SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    BYTES_ACKED_FIELD_NUMBER: _ClassVar[int]
    SEND_MSS_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_MSS_FIELD_NUMBER: _ClassVar[int]
    CONGESTION_WINDOW_FIELD_NUMBER: _ClassVar[int]
    SEND_WINDOW_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_WINDOW_FIELD_NUMBER: _ClassVar[int]
    rtt: _duration_pb2.Duration
    rtt_variation: _duration_pb2.Duration
    retransmission_timeout: _duration_pb2.Duration
    retransmits: int
    total_retransmits: int
    probes: int
    unacked_segments: int
    not_sent_bytes: int
    bytes_acked: int
    send_mss: int
    receive_mss: int
    congestion_window: int
    send_window: int
    receive_window: int
    def __init__(self, rtt: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., rtt_variation: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., retransmission_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., retransmits: _Optional[int] = ..., total_retransmits: _Optional[int] = ..., probes: _Optional[int] = ..., unacked_segments: _Optional[int] = ..., not_sent_bytes: _Optional[int] = ..., bytes_acked: _Optional[int] = ..., send_mss: _Optional[int] = ..., receive_mss: _Optional[int] = ..., congestion_window: _Optional[int] = ..., send_window: _Optional[int] = ..., receive_window: _Optional[int] = ...) -> None: ...

class End(_message.Message):
    __slots__ = ("kind", "cause", "time", "earlier_fin", "errno")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[End.Kind]
        FIN: _ClassVar[End.Kind]
        RST: _ClassVar[End.Kind]
        NONE: _ClassVar[End.Kind]
    KIND_UNSPECIFIED: End.Kind
    FIN: End.Kind
    RST: End.Kind
    NONE: End.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    EARLIER_FIN_FIELD_NUMBER: _ClassVar[int]
    ERRNO_FIELD_NUMBER: _ClassVar[int]
    kind: End.Kind
    cause: Cause
    time: _timestamp_pb2.Timestamp
    earlier_fin: EarlierFin
    errno: str
    def __init__(self, kind: _Optional[_Union[End.Kind, str]] = ..., cause: _Optional[_Union[Cause, _Mapping]] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., earlier_fin: _Optional[_Union[EarlierFin, _Mapping]] = ..., errno: _Optional[str] = ...) -> None: ...

class EarlierFin(_message.Message):
    __slots__ = ("cause", "time")
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    cause: Cause
    time: _timestamp_pb2.Timestamp
    def __init__(self, cause: _Optional[_Union[Cause, _Mapping]] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Cause(_message.Message):
    __slots__ = ("kind", "rpc", "action", "step")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Cause.Kind]
        COMMAND: _ClassVar[Cause.Kind]
        PEER: _ClassVar[Cause.Kind]
        BEHAVIOUR: _ClassVar[Cause.Kind]
        TIMEOUT: _ClassVar[Cause.Kind]
        DRAIN_TIMEOUT: _ClassVar[Cause.Kind]
        LISTENER_DELETED: _ClassVar[Cause.Kind]
        SHUTDOWN: _ClassVar[Cause.Kind]
        LISTENER: _ClassVar[Cause.Kind]
        PLAN_STEP: _ClassVar[Cause.Kind]
        SCOPE_ENDED: _ClassVar[Cause.Kind]
    KIND_UNSPECIFIED: Cause.Kind
    COMMAND: Cause.Kind
    PEER: Cause.Kind
    BEHAVIOUR: Cause.Kind
    TIMEOUT: Cause.Kind
    DRAIN_TIMEOUT: Cause.Kind
    LISTENER_DELETED: Cause.Kind
    SHUTDOWN: Cause.Kind
    LISTENER: Cause.Kind
    PLAN_STEP: Cause.Kind
    SCOPE_ENDED: Cause.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    RPC_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    kind: Cause.Kind
    rpc: str
    action: str
    step: int
    def __init__(self, kind: _Optional[_Union[Cause.Kind, str]] = ..., rpc: _Optional[str] = ..., action: _Optional[str] = ..., step: _Optional[int] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("session", "uid", "local_end", "peer_end", "final", "state_before", "state_after", "bytes_received", "bytes_sent", "unread_bytes_discarded", "unsent_bytes_discarded", "peer_outlook", "evidence", "end_time", "segments", "segments_captured")
    class Evidence(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        EVIDENCE_UNSPECIFIED: _ClassVar[Receipt.Evidence]
        NOT_CAPTURED: _ClassVar[Receipt.Evidence]
        CAPTURED: _ClassVar[Receipt.Evidence]
        INCOMPLETE: _ClassVar[Receipt.Evidence]
    EVIDENCE_UNSPECIFIED: Receipt.Evidence
    NOT_CAPTURED: Receipt.Evidence
    CAPTURED: Receipt.Evidence
    INCOMPLETE: Receipt.Evidence
    SESSION_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    LOCAL_END_FIELD_NUMBER: _ClassVar[int]
    PEER_END_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    STATE_BEFORE_FIELD_NUMBER: _ClassVar[int]
    STATE_AFTER_FIELD_NUMBER: _ClassVar[int]
    BYTES_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    BYTES_SENT_FIELD_NUMBER: _ClassVar[int]
    UNREAD_BYTES_DISCARDED_FIELD_NUMBER: _ClassVar[int]
    UNSENT_BYTES_DISCARDED_FIELD_NUMBER: _ClassVar[int]
    PEER_OUTLOOK_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_CAPTURED_FIELD_NUMBER: _ClassVar[int]
    session: str
    uid: str
    local_end: End
    peer_end: End
    final: bool
    state_before: Session.State
    state_after: Session.State
    bytes_received: int
    bytes_sent: int
    unread_bytes_discarded: int
    unsent_bytes_discarded: int
    peer_outlook: PeerOutlook
    evidence: Receipt.Evidence
    end_time: _timestamp_pb2.Timestamp
    segments: _containers.RepeatedCompositeFieldContainer[_packet_pb2.Segment]
    segments_captured: int
    def __init__(self, session: _Optional[str] = ..., uid: _Optional[str] = ..., local_end: _Optional[_Union[End, _Mapping]] = ..., peer_end: _Optional[_Union[End, _Mapping]] = ..., final: bool = ..., state_before: _Optional[_Union[Session.State, str]] = ..., state_after: _Optional[_Union[Session.State, str]] = ..., bytes_received: _Optional[int] = ..., bytes_sent: _Optional[int] = ..., unread_bytes_discarded: _Optional[int] = ..., unsent_bytes_discarded: _Optional[int] = ..., peer_outlook: _Optional[_Union[PeerOutlook, _Mapping]] = ..., evidence: _Optional[_Union[Receipt.Evidence, str]] = ..., end_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., segments: _Optional[_Iterable[_Union[_packet_pb2.Segment, _Mapping]]] = ..., segments_captured: _Optional[int] = ...) -> None: ...

class PeerOutlook(_message.Message):
    __slots__ = ("next_read", "next_write", "note")
    NEXT_READ_FIELD_NUMBER: _ClassVar[int]
    NEXT_WRITE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    next_read: _containers.RepeatedScalarFieldContainer[str]
    next_write: _containers.RepeatedScalarFieldContainer[str]
    note: str
    def __init__(self, next_read: _Optional[_Iterable[str]] = ..., next_write: _Optional[_Iterable[str]] = ..., note: _Optional[str] = ...) -> None: ...

class EndingCounts(_message.Message):
    __slots__ = ("sessions", "local_fin", "local_rst", "local_none", "peer_fin", "peer_rst", "peer_none")
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    LOCAL_FIN_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RST_FIELD_NUMBER: _ClassVar[int]
    LOCAL_NONE_FIELD_NUMBER: _ClassVar[int]
    PEER_FIN_FIELD_NUMBER: _ClassVar[int]
    PEER_RST_FIELD_NUMBER: _ClassVar[int]
    PEER_NONE_FIELD_NUMBER: _ClassVar[int]
    sessions: int
    local_fin: int
    local_rst: int
    local_none: int
    peer_fin: int
    peer_rst: int
    peer_none: int
    def __init__(self, sessions: _Optional[int] = ..., local_fin: _Optional[int] = ..., local_rst: _Optional[int] = ..., local_none: _Optional[int] = ..., peer_fin: _Optional[int] = ..., peer_rst: _Optional[int] = ..., peer_none: _Optional[int] = ...) -> None: ...

class SessionFailure(_message.Message):
    __slots__ = ("session", "reason", "message")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    session: str
    reason: str
    message: str
    def __init__(self, session: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class OpenSessionRequest(_message.Message):
    __slots__ = ("scope", "name", "target", "timeout", "local_address", "on_peer_fin", "labels", "behaviour", "plan")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    LOCAL_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    ON_PEER_FIN_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    BEHAVIOUR_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    scope: str
    name: str
    target: str
    timeout: _duration_pb2.Duration
    local_address: str
    on_peer_fin: Session.OnPeerFin
    labels: _containers.ScalarMap[str, str]
    behaviour: _behaviour_pb2.Behaviour
    plan: _plan_pb2.Plan
    def __init__(self, scope: _Optional[str] = ..., name: _Optional[str] = ..., target: _Optional[str] = ..., timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., local_address: _Optional[str] = ..., on_peer_fin: _Optional[_Union[Session.OnPeerFin, str]] = ..., labels: _Optional[_Mapping[str, str]] = ..., behaviour: _Optional[_Union[_behaviour_pb2.Behaviour, _Mapping]] = ..., plan: _Optional[_Union[_plan_pb2.Plan, _Mapping]] = ...) -> None: ...

class OpenSessionResponse(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: Session
    def __init__(self, session: _Optional[_Union[Session, _Mapping]] = ...) -> None: ...

class GetSessionRequest(_message.Message):
    __slots__ = ("scope", "session", "view")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    scope: str
    session: str
    view: Session.View
    def __init__(self, scope: _Optional[str] = ..., session: _Optional[str] = ..., view: _Optional[_Union[Session.View, str]] = ...) -> None: ...

class GetSessionResponse(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: Session
    def __init__(self, session: _Optional[_Union[Session, _Mapping]] = ...) -> None: ...

class ListSessionsRequest(_message.Message):
    __slots__ = ("scope", "listener", "living", "page_size", "page_token")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    LIVING_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    scope: str
    listener: str
    living: bool
    page_size: int
    page_token: str
    def __init__(self, scope: _Optional[str] = ..., listener: _Optional[str] = ..., living: bool = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSessionsResponse(_message.Message):
    __slots__ = ("sessions", "next_page_token")
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[Session]
    next_page_token: str
    def __init__(self, sessions: _Optional[_Iterable[_Union[Session, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WaitSessionRequest(_message.Message):
    __slots__ = ("scope", "session", "uid", "listener", "ordinal", "peer_port", "peer", "opened_after_sequence", "condition", "state", "bytes_received", "bytes_sent", "timeout")
    class Condition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CONDITION_UNSPECIFIED: _ClassVar[WaitSessionRequest.Condition]
        ENDED: _ClassVar[WaitSessionRequest.Condition]
        PEER_FIN: _ClassVar[WaitSessionRequest.Condition]
        PEER_RST: _ClassVar[WaitSessionRequest.Condition]
    CONDITION_UNSPECIFIED: WaitSessionRequest.Condition
    ENDED: WaitSessionRequest.Condition
    PEER_FIN: WaitSessionRequest.Condition
    PEER_RST: WaitSessionRequest.Condition
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    ORDINAL_FIELD_NUMBER: _ClassVar[int]
    PEER_PORT_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    OPENED_AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    BYTES_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    BYTES_SENT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    scope: str
    session: str
    uid: str
    listener: str
    ordinal: int
    peer_port: int
    peer: str
    opened_after_sequence: int
    condition: WaitSessionRequest.Condition
    state: Session.State
    bytes_received: int
    bytes_sent: int
    timeout: _duration_pb2.Duration
    def __init__(self, scope: _Optional[str] = ..., session: _Optional[str] = ..., uid: _Optional[str] = ..., listener: _Optional[str] = ..., ordinal: _Optional[int] = ..., peer_port: _Optional[int] = ..., peer: _Optional[str] = ..., opened_after_sequence: _Optional[int] = ..., condition: _Optional[_Union[WaitSessionRequest.Condition, str]] = ..., state: _Optional[_Union[Session.State, str]] = ..., bytes_received: _Optional[int] = ..., bytes_sent: _Optional[int] = ..., timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class WaitSessionResponse(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: Session
    def __init__(self, session: _Optional[_Union[Session, _Mapping]] = ...) -> None: ...

class SendDataRequest(_message.Message):
    __slots__ = ("scope", "session", "uid", "text", "data", "flush_timeout")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    FLUSH_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    scope: str
    session: str
    uid: str
    text: str
    data: bytes
    flush_timeout: _duration_pb2.Duration
    def __init__(self, scope: _Optional[str] = ..., session: _Optional[str] = ..., uid: _Optional[str] = ..., text: _Optional[str] = ..., data: _Optional[bytes] = ..., flush_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SendDataResponse(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: Session
    def __init__(self, session: _Optional[_Union[Session, _Mapping]] = ...) -> None: ...

class ReceiveDataRequest(_message.Message):
    __slots__ = ("scope", "session", "uid", "min_bytes", "max_bytes", "timeout")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    MIN_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    scope: str
    session: str
    uid: str
    min_bytes: int
    max_bytes: int
    timeout: _duration_pb2.Duration
    def __init__(self, scope: _Optional[str] = ..., session: _Optional[str] = ..., uid: _Optional[str] = ..., min_bytes: _Optional[int] = ..., max_bytes: _Optional[int] = ..., timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ReceiveDataResponse(_message.Message):
    __slots__ = ("data", "text", "eof", "errno")
    DATA_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    EOF_FIELD_NUMBER: _ClassVar[int]
    ERRNO_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    text: str
    eof: bool
    errno: str
    def __init__(self, data: _Optional[bytes] = ..., text: _Optional[str] = ..., eof: bool = ..., errno: _Optional[str] = ...) -> None: ...

class CloseSessionRequest(_message.Message):
    __slots__ = ("scope", "session", "uid", "flush_timeout", "drain_timeout")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    FLUSH_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    DRAIN_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    scope: str
    session: str
    uid: str
    flush_timeout: _duration_pb2.Duration
    drain_timeout: _duration_pb2.Duration
    def __init__(self, scope: _Optional[str] = ..., session: _Optional[str] = ..., uid: _Optional[str] = ..., flush_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., drain_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class CloseSessionResponse(_message.Message):
    __slots__ = ("session", "receipt")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    session: Session
    receipt: Receipt
    def __init__(self, session: _Optional[_Union[Session, _Mapping]] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ...) -> None: ...

class HalfCloseSessionRequest(_message.Message):
    __slots__ = ("scope", "session", "uid", "flush_timeout")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    FLUSH_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    scope: str
    session: str
    uid: str
    flush_timeout: _duration_pb2.Duration
    def __init__(self, scope: _Optional[str] = ..., session: _Optional[str] = ..., uid: _Optional[str] = ..., flush_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class HalfCloseSessionResponse(_message.Message):
    __slots__ = ("session", "receipt")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    session: Session
    receipt: Receipt
    def __init__(self, session: _Optional[_Union[Session, _Mapping]] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ...) -> None: ...

class ResetSessionRequest(_message.Message):
    __slots__ = ("scope", "session", "uid")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    scope: str
    session: str
    uid: str
    def __init__(self, scope: _Optional[str] = ..., session: _Optional[str] = ..., uid: _Optional[str] = ...) -> None: ...

class ResetSessionResponse(_message.Message):
    __slots__ = ("session", "receipt")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    session: Session
    receipt: Receipt
    def __init__(self, session: _Optional[_Union[Session, _Mapping]] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ...) -> None: ...

class PerformActionRequest(_message.Message):
    __slots__ = ("scope", "session", "uid", "sessions", "listener", "all", "action", "max_results")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    MAX_RESULTS_FIELD_NUMBER: _ClassVar[int]
    scope: str
    session: str
    uid: str
    sessions: _containers.RepeatedScalarFieldContainer[str]
    listener: str
    all: bool
    action: _action_pb2.Action
    max_results: int
    def __init__(self, scope: _Optional[str] = ..., session: _Optional[str] = ..., uid: _Optional[str] = ..., sessions: _Optional[_Iterable[str]] = ..., listener: _Optional[str] = ..., all: bool = ..., action: _Optional[_Union[_action_pb2.Action, _Mapping]] = ..., max_results: _Optional[int] = ...) -> None: ...

class PerformActionResponse(_message.Message):
    __slots__ = ("targeted", "performed", "failed", "failures", "receipts")
    class FailedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    TARGETED_FIELD_NUMBER: _ClassVar[int]
    PERFORMED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    targeted: int
    performed: int
    failed: _containers.ScalarMap[str, int]
    failures: _containers.RepeatedCompositeFieldContainer[SessionFailure]
    receipts: _containers.RepeatedCompositeFieldContainer[Receipt]
    def __init__(self, targeted: _Optional[int] = ..., performed: _Optional[int] = ..., failed: _Optional[_Mapping[str, int]] = ..., failures: _Optional[_Iterable[_Union[SessionFailure, _Mapping]]] = ..., receipts: _Optional[_Iterable[_Union[Receipt, _Mapping]]] = ...) -> None: ...

class SignalPlanRequest(_message.Message):
    __slots__ = ("scope", "session", "listener", "signal")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    scope: str
    session: str
    listener: str
    signal: str
    def __init__(self, scope: _Optional[str] = ..., session: _Optional[str] = ..., listener: _Optional[str] = ..., signal: _Optional[str] = ...) -> None: ...

class SignalPlanResponse(_message.Message):
    __slots__ = ("sessions",)
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    sessions: int
    def __init__(self, sessions: _Optional[int] = ...) -> None: ...
