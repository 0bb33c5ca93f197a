from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Behaviour(_message.Message):
    __slots__ = ("banner_text", "banner_data", "echo", "discard", "silent", "source", "manual")
    BANNER_TEXT_FIELD_NUMBER: _ClassVar[int]
    BANNER_DATA_FIELD_NUMBER: _ClassVar[int]
    ECHO_FIELD_NUMBER: _ClassVar[int]
    DISCARD_FIELD_NUMBER: _ClassVar[int]
    SILENT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    MANUAL_FIELD_NUMBER: _ClassVar[int]
    banner_text: str
    banner_data: bytes
    echo: EchoBehaviour
    discard: DiscardBehaviour
    silent: SilentBehaviour
    source: SourceBehaviour
    manual: ManualBehaviour
    def __init__(self, banner_text: _Optional[str] = ..., banner_data: _Optional[bytes] = ..., echo: _Optional[_Union[EchoBehaviour, _Mapping]] = ..., discard: _Optional[_Union[DiscardBehaviour, _Mapping]] = ..., silent: _Optional[_Union[SilentBehaviour, _Mapping]] = ..., source: _Optional[_Union[SourceBehaviour, _Mapping]] = ..., manual: _Optional[_Union[ManualBehaviour, _Mapping]] = ...) -> None: ...

class EchoBehaviour(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DiscardBehaviour(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SilentBehaviour(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SourceBehaviour(_message.Message):
    __slots__ = ("bytes", "seed", "bytes_per_second")
    BYTES_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    BYTES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    bytes: int
    seed: int
    bytes_per_second: int
    def __init__(self, bytes: _Optional[int] = ..., seed: _Optional[int] = ..., bytes_per_second: _Optional[int] = ...) -> None: ...

class ManualBehaviour(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
