from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class ComResponse(_message.Message):
    __slots__ = ("code",)
    CODE_FIELD_NUMBER: _ClassVar[int]
    code: int
    def __init__(self, code: _Optional[int] = ...) -> None: ...

class ComResWithInt(_message.Message):
    __slots__ = ("value", "code")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    value: int
    code: int
    def __init__(self, value: _Optional[int] = ..., code: _Optional[int] = ...) -> None: ...

class ComResWithDouble(_message.Message):
    __slots__ = ("value", "code")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    value: float
    code: int
    def __init__(self, value: _Optional[float] = ..., code: _Optional[int] = ...) -> None: ...

class ComResWithString(_message.Message):
    __slots__ = ("text", "code")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    text: str
    code: int
    def __init__(self, text: _Optional[str] = ..., code: _Optional[int] = ...) -> None: ...

class CommonParam(_message.Message):
    __slots__ = ("has_auto", "auto_mode", "id", "mode_index", "index", "continue_value")
    HAS_AUTO_FIELD_NUMBER: _ClassVar[int]
    AUTO_MODE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    MODE_INDEX_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CONTINUE_VALUE_FIELD_NUMBER: _ClassVar[int]
    has_auto: bool
    auto_mode: int
    id: int
    mode_index: int
    index: int
    continue_value: float
    def __init__(self, has_auto: bool = ..., auto_mode: _Optional[int] = ..., id: _Optional[int] = ..., mode_index: _Optional[int] = ..., index: _Optional[int] = ..., continue_value: _Optional[float] = ...) -> None: ...
