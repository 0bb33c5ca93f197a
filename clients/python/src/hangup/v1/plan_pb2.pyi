from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hangup.v1 import action_pb2 as _action_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Plan(_message.Message):
    __slots__ = ("connections", "steps", "seed")
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    connections: int
    steps: _containers.RepeatedCompositeFieldContainer[Step]
    seed: int
    def __init__(self, connections: _Optional[int] = ..., steps: _Optional[_Iterable[_Union[Step, _Mapping]]] = ..., seed: _Optional[int] = ...) -> None: ...

class Step(_message.Message):
    __slots__ = ("trigger", "action", "one_of")
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    ONE_OF_FIELD_NUMBER: _ClassVar[int]
    trigger: Trigger
    action: _action_pb2.Action
    one_of: _containers.RepeatedCompositeFieldContainer[_action_pb2.Action]
    def __init__(self, trigger: _Optional[_Union[Trigger, _Mapping]] = ..., action: _Optional[_Union[_action_pb2.Action, _Mapping]] = ..., one_of: _Optional[_Iterable[_Union[_action_pb2.Action, _Mapping]]] = ...) -> None: ...

class Trigger(_message.Message):
    __slots__ = ("accepted", "bytes_received", "bytes_sent", "pattern_text", "pattern_data", "elapsed", "idle", "peer_fin", "signal", "bytes_received_between", "bytes_sent_between")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    BYTES_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    BYTES_SENT_FIELD_NUMBER: _ClassVar[int]
    PATTERN_TEXT_FIELD_NUMBER: _ClassVar[int]
    PATTERN_DATA_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_FIELD_NUMBER: _ClassVar[int]
    IDLE_FIELD_NUMBER: _ClassVar[int]
    PEER_FIN_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    BYTES_RECEIVED_BETWEEN_FIELD_NUMBER: _ClassVar[int]
    BYTES_SENT_BETWEEN_FIELD_NUMBER: _ClassVar[int]
    accepted: AcceptedTrigger
    bytes_received: int
    bytes_sent: int
    pattern_text: str
    pattern_data: bytes
    elapsed: _duration_pb2.Duration
    idle: _duration_pb2.Duration
    peer_fin: PeerFinTrigger
    signal: str
    bytes_received_between: Range
    bytes_sent_between: Range
    def __init__(self, accepted: _Optional[_Union[AcceptedTrigger, _Mapping]] = ..., bytes_received: _Optional[int] = ..., bytes_sent: _Optional[int] = ..., pattern_text: _Optional[str] = ..., pattern_data: _Optional[bytes] = ..., elapsed: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., idle: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., peer_fin: _Optional[_Union[PeerFinTrigger, _Mapping]] = ..., signal: _Optional[str] = ..., bytes_received_between: _Optional[_Union[Range, _Mapping]] = ..., bytes_sent_between: _Optional[_Union[Range, _Mapping]] = ...) -> None: ...

class AcceptedTrigger(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PeerFinTrigger(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Range(_message.Message):
    __slots__ = ("min", "max")
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    min: int
    max: int
    def __init__(self, min: _Optional[int] = ..., max: _Optional[int] = ...) -> None: ...

class PlanProgress(_message.Message):
    __slots__ = ("plan", "seed", "steps", "fired")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    FIRED_FIELD_NUMBER: _ClassVar[int]
    plan: int
    seed: int
    steps: int
    fired: _containers.RepeatedCompositeFieldContainer[FiredStep]
    def __init__(self, plan: _Optional[int] = ..., seed: _Optional[int] = ..., steps: _Optional[int] = ..., fired: _Optional[_Iterable[_Union[FiredStep, _Mapping]]] = ...) -> None: ...

class FiredStep(_message.Message):
    __slots__ = ("step", "action", "time", "bytes_received", "bytes_sent", "failure_reason", "failure_message")
    STEP_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    BYTES_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    BYTES_SENT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_REASON_FIELD_NUMBER: _ClassVar[int]
    FAILURE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    step: int
    action: str
    time: _timestamp_pb2.Timestamp
    bytes_received: int
    bytes_sent: int
    failure_reason: str
    failure_message: str
    def __init__(self, step: _Optional[int] = ..., action: _Optional[str] = ..., time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., bytes_received: _Optional[int] = ..., bytes_sent: _Optional[int] = ..., failure_reason: _Optional[str] = ..., failure_message: _Optional[str] = ...) -> None: ...

class PlanReport(_message.Message):
    __slots__ = ("plan", "seed", "connections", "connections_seen", "steps")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_SEEN_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    plan: int
    seed: int
    connections: int
    connections_seen: int
    steps: _containers.RepeatedCompositeFieldContainer[StepReport]
    def __init__(self, plan: _Optional[int] = ..., seed: _Optional[int] = ..., connections: _Optional[int] = ..., connections_seen: _Optional[int] = ..., steps: _Optional[_Iterable[_Union[StepReport, _Mapping]]] = ...) -> None: ...

class StepReport(_message.Message):
    __slots__ = ("step", "fired", "not_fired")
    STEP_FIELD_NUMBER: _ClassVar[int]
    FIRED_FIELD_NUMBER: _ClassVar[int]
    NOT_FIRED_FIELD_NUMBER: _ClassVar[int]
    step: int
    fired: int
    not_fired: int
    def __init__(self, step: _Optional[int] = ..., fired: _Optional[int] = ..., not_fired: _Optional[int] = ...) -> None: ...
