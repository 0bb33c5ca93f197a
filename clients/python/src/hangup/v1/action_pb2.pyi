from google.protobuf import duration_pb2 as _duration_pb2
from hangup.v1 import behaviour_pb2 as _behaviour_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Action(_message.Message):
    __slots__ = ("close", "half_close", "reset", "linger", "reset_unread", "fin_then_reset", "last_data", "vanish", "black_hole", "heal", "pause", "resume", "throttle", "delay", "send", "send_urgent", "set_behaviour")
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    HALF_CLOSE_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    LINGER_FIELD_NUMBER: _ClassVar[int]
    RESET_UNREAD_FIELD_NUMBER: _ClassVar[int]
    FIN_THEN_RESET_FIELD_NUMBER: _ClassVar[int]
    LAST_DATA_FIELD_NUMBER: _ClassVar[int]
    VANISH_FIELD_NUMBER: _ClassVar[int]
    BLACK_HOLE_FIELD_NUMBER: _ClassVar[int]
    HEAL_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    RESUME_FIELD_NUMBER: _ClassVar[int]
    THROTTLE_FIELD_NUMBER: _ClassVar[int]
    DELAY_FIELD_NUMBER: _ClassVar[int]
    SEND_FIELD_NUMBER: _ClassVar[int]
    SEND_URGENT_FIELD_NUMBER: _ClassVar[int]
    SET_BEHAVIOUR_FIELD_NUMBER: _ClassVar[int]
    close: CloseAction
    half_close: HalfCloseAction
    reset: ResetAction
    linger: LingerAction
    reset_unread: ResetUnreadAction
    fin_then_reset: FinThenResetAction
    last_data: LastDataAction
    vanish: VanishAction
    black_hole: BlackHoleAction
    heal: HealAction
    pause: PauseAction
    resume: ResumeAction
    throttle: ThrottleAction
    delay: DelayAction
    send: SendAction
    send_urgent: SendUrgentAction
    set_behaviour: SetBehaviourAction
    def __init__(self, close: _Optional[_Union[CloseAction, _Mapping]] = ..., half_close: _Optional[_Union[HalfCloseAction, _Mapping]] = ..., reset: _Optional[_Union[ResetAction, _Mapping]] = ..., linger: _Optional[_Union[LingerAction, _Mapping]] = ..., reset_unread: _Optional[_Union[ResetUnreadAction, _Mapping]] = ..., fin_then_reset: _Optional[_Union[FinThenResetAction, _Mapping]] = ..., last_data: _Optional[_Union[LastDataAction, _Mapping]] = ..., vanish: _Optional[_Union[VanishAction, _Mapping]] = ..., black_hole: _Optional[_Union[BlackHoleAction, _Mapping]] = ..., heal: _Optional[_Union[HealAction, _Mapping]] = ..., pause: _Optional[_Union[PauseAction, _Mapping]] = ..., resume: _Optional[_Union[ResumeAction, _Mapping]] = ..., throttle: _Optional[_Union[ThrottleAction, _Mapping]] = ..., delay: _Optional[_Union[DelayAction, _Mapping]] = ..., send: _Optional[_Union[SendAction, _Mapping]] = ..., send_urgent: _Optional[_Union[SendUrgentAction, _Mapping]] = ..., set_behaviour: _Optional[_Union[SetBehaviourAction, _Mapping]] = ...) -> None: ...

class CloseAction(_message.Message):
    __slots__ = ("flush_timeout", "drain_timeout")
    FLUSH_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    DRAIN_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    flush_timeout: _duration_pb2.Duration
    drain_timeout: _duration_pb2.Duration
    def __init__(self, flush_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., drain_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class HalfCloseAction(_message.Message):
    __slots__ = ("flush_timeout",)
    FLUSH_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    flush_timeout: _duration_pb2.Duration
    def __init__(self, flush_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ResetAction(_message.Message):
    __slots__ = ("after_flush", "discarded_data", "flush_timeout")
    AFTER_FLUSH_FIELD_NUMBER: _ClassVar[int]
    DISCARDED_DATA_FIELD_NUMBER: _ClassVar[int]
    FLUSH_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    after_flush: bool
    discarded_data: bytes
    flush_timeout: _duration_pb2.Duration
    def __init__(self, after_flush: bool = ..., discarded_data: _Optional[bytes] = ..., flush_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class LingerAction(_message.Message):
    __slots__ = ("timeout", "drain_timeout")
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    DRAIN_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    timeout: _duration_pb2.Duration
    drain_timeout: _duration_pb2.Duration
    def __init__(self, timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., drain_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ResetUnreadAction(_message.Message):
    __slots__ = ("timeout",)
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    timeout: _duration_pb2.Duration
    def __init__(self, timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class FinThenResetAction(_message.Message):
    __slots__ = ("flush_timeout",)
    FLUSH_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    flush_timeout: _duration_pb2.Duration
    def __init__(self, flush_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class LastDataAction(_message.Message):
    __slots__ = ("text", "data", "flush_timeout", "drain_timeout")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    FLUSH_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    DRAIN_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    text: str
    data: bytes
    flush_timeout: _duration_pb2.Duration
    drain_timeout: _duration_pb2.Duration
    def __init__(self, text: _Optional[str] = ..., data: _Optional[bytes] = ..., flush_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ..., drain_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class VanishAction(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class BlackHoleAction(_message.Message):
    __slots__ = ("direction",)
    class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DIRECTION_UNSPECIFIED: _ClassVar[BlackHoleAction.Direction]
        INBOUND: _ClassVar[BlackHoleAction.Direction]
        BOTH: _ClassVar[BlackHoleAction.Direction]
    DIRECTION_UNSPECIFIED: BlackHoleAction.Direction
    INBOUND: BlackHoleAction.Direction
    BOTH: BlackHoleAction.Direction
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    direction: BlackHoleAction.Direction
    def __init__(self, direction: _Optional[_Union[BlackHoleAction.Direction, str]] = ...) -> None: ...

class HealAction(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PauseAction(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResumeAction(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ThrottleAction(_message.Message):
    __slots__ = ("bytes_per_second", "chunk_bytes", "pause")
    BYTES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    CHUNK_BYTES_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    bytes_per_second: int
    chunk_bytes: int
    pause: _duration_pb2.Duration
    def __init__(self, bytes_per_second: _Optional[int] = ..., chunk_bytes: _Optional[int] = ..., pause: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DelayAction(_message.Message):
    __slots__ = ("duration",)
    DURATION_FIELD_NUMBER: _ClassVar[int]
    duration: _duration_pb2.Duration
    def __init__(self, duration: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SendAction(_message.Message):
    __slots__ = ("text", "data", "random", "repeat", "flush_timeout")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    RANDOM_FIELD_NUMBER: _ClassVar[int]
    REPEAT_FIELD_NUMBER: _ClassVar[int]
    FLUSH_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    text: str
    data: bytes
    random: RandomBytes
    repeat: int
    flush_timeout: _duration_pb2.Duration
    def __init__(self, text: _Optional[str] = ..., data: _Optional[bytes] = ..., random: _Optional[_Union[RandomBytes, _Mapping]] = ..., repeat: _Optional[int] = ..., flush_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RandomBytes(_message.Message):
    __slots__ = ("bytes", "seed")
    BYTES_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    bytes: int
    seed: int
    def __init__(self, bytes: _Optional[int] = ..., seed: _Optional[int] = ...) -> None: ...

class SendUrgentAction(_message.Message):
    __slots__ = ("text", "data", "flush_timeout")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    FLUSH_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    text: str
    data: bytes
    flush_timeout: _duration_pb2.Duration
    def __init__(self, text: _Optional[str] = ..., data: _Optional[bytes] = ..., flush_timeout: _Optional[_Union[_duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class SetBehaviourAction(_message.Message):
    __slots__ = ("behaviour",)
    BEHAVIOUR_FIELD_NUMBER: _ClassVar[int]
    behaviour: _behaviour_pb2.Behaviour
    def __init__(self, behaviour: _Optional[_Union[_behaviour_pb2.Behaviour, _Mapping]] = ...) -> None: ...
