from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class AutoFocus(_message.Message):
    __slots__ = ("mode", "center_x", "center_y")
    MODE_FIELD_NUMBER: _ClassVar[int]
    CENTER_X_FIELD_NUMBER: _ClassVar[int]
    CENTER_Y_FIELD_NUMBER: _ClassVar[int]
    mode: int
    center_x: int
    center_y: int
    def __init__(self, mode: _Optional[int] = ..., center_x: _Optional[int] = ..., center_y: _Optional[int] = ...) -> None: ...

class FocusStep(_message.Message):
    __slots__ = ("direction",)
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    direction: int
    def __init__(self, direction: _Optional[int] = ...) -> None: ...

class AstroAutoFocus(_message.Message):
    __slots__ = ("mode",)
    MODE_FIELD_NUMBER: _ClassVar[int]
    mode: int
    def __init__(self, mode: _Optional[int] = ...) -> None: ...

class InfinityPositionAnswer(_message.Message):
    __slots__ = ("code", "pos")
    CODE_FIELD_NUMBER: _ClassVar[int]
    POS_FIELD_NUMBER: _ClassVar[int]
    code: int
    pos: int
    def __init__(self, code: _Optional[int] = ..., pos: _Optional[int] = ...) -> None: ...

class SetInfinityPosition(_message.Message):
    __slots__ = ("pos",)
    POS_FIELD_NUMBER: _ClassVar[int]
    pos: int
    def __init__(self, pos: _Optional[int] = ...) -> None: ...
