from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class SetModeParam(_message.Message):
    __slots__ = ("param_id", "mode", "value")
    PARAM_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    param_id: int
    mode: int
    value: int
    def __init__(self, param_id: _Optional[int] = ..., mode: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...

class SetIntParam(_message.Message):
    __slots__ = ("param_id", "value")
    PARAM_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    param_id: int
    value: int
    def __init__(self, param_id: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...

class SetFloatParam(_message.Message):
    __slots__ = ("param_id", "value")
    PARAM_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    param_id: int
    value: float
    def __init__(self, param_id: _Optional[int] = ..., value: _Optional[float] = ...) -> None: ...

class SetBoolParam(_message.Message):
    __slots__ = ("param_id", "value")
    PARAM_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    param_id: int
    value: bool
    def __init__(self, param_id: _Optional[int] = ..., value: bool = ...) -> None: ...

class SetAutoAll(_message.Message):
    __slots__ = ("camera_type", "shooting_tech", "is_auto")
    CAMERA_TYPE_FIELD_NUMBER: _ClassVar[int]
    SHOOTING_TECH_FIELD_NUMBER: _ClassVar[int]
    IS_AUTO_FIELD_NUMBER: _ClassVar[int]
    camera_type: int
    shooting_tech: int
    is_auto: bool
    def __init__(self, camera_type: _Optional[int] = ..., shooting_tech: _Optional[int] = ..., is_auto: bool = ...) -> None: ...

class SetAutoAllAnswer(_message.Message):
    __slots__ = ("shooting_mode", "camera_type", "shooting_tech", "is_auto", "update_all", "code")
    SHOOTING_MODE_FIELD_NUMBER: _ClassVar[int]
    CAMERA_TYPE_FIELD_NUMBER: _ClassVar[int]
    SHOOTING_TECH_FIELD_NUMBER: _ClassVar[int]
    IS_AUTO_FIELD_NUMBER: _ClassVar[int]
    UPDATE_ALL_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    shooting_mode: int
    camera_type: int
    shooting_tech: int
    is_auto: bool
    update_all: bool
    code: int
    def __init__(self, shooting_mode: _Optional[int] = ..., camera_type: _Optional[int] = ..., shooting_tech: _Optional[int] = ..., is_auto: bool = ..., update_all: bool = ..., code: _Optional[int] = ...) -> None: ...
