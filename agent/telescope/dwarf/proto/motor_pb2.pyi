from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class MotorRun(_message.Message):
    __slots__ = ("id", "speed", "direction", "speed_ramping", "resolution_level")
    ID_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    SPEED_RAMPING_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_LEVEL_FIELD_NUMBER: _ClassVar[int]
    id: int
    speed: float
    direction: bool
    speed_ramping: int
    resolution_level: int
    def __init__(self, id: _Optional[int] = ..., speed: _Optional[float] = ..., direction: bool = ..., speed_ramping: _Optional[int] = ..., resolution_level: _Optional[int] = ...) -> None: ...

class MotorRunTo(_message.Message):
    __slots__ = ("id", "end_position", "speed", "speed_ramping", "resolution_level")
    ID_FIELD_NUMBER: _ClassVar[int]
    END_POSITION_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    SPEED_RAMPING_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_LEVEL_FIELD_NUMBER: _ClassVar[int]
    id: int
    end_position: float
    speed: float
    speed_ramping: int
    resolution_level: int
    def __init__(self, id: _Optional[int] = ..., end_position: _Optional[float] = ..., speed: _Optional[float] = ..., speed_ramping: _Optional[int] = ..., resolution_level: _Optional[int] = ...) -> None: ...

class MotorSelect(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class MotorReset(_message.Message):
    __slots__ = ("id", "direction")
    ID_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    id: int
    direction: bool
    def __init__(self, id: _Optional[int] = ..., direction: bool = ...) -> None: ...

class MotorChangeSpeed(_message.Message):
    __slots__ = ("id", "speed")
    ID_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    id: int
    speed: float
    def __init__(self, id: _Optional[int] = ..., speed: _Optional[float] = ...) -> None: ...

class MotorChangeDirection(_message.Message):
    __slots__ = ("id", "direction")
    ID_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    id: int
    direction: bool
    def __init__(self, id: _Optional[int] = ..., direction: bool = ...) -> None: ...

class MotorAnswer(_message.Message):
    __slots__ = ("id", "code")
    ID_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    id: int
    code: int
    def __init__(self, id: _Optional[int] = ..., code: _Optional[int] = ...) -> None: ...

class MotorPositionAnswer(_message.Message):
    __slots__ = ("id", "code", "position")
    ID_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    id: int
    code: int
    position: float
    def __init__(self, id: _Optional[int] = ..., code: _Optional[int] = ..., position: _Optional[float] = ...) -> None: ...

class Joystick(_message.Message):
    __slots__ = ("vector_angle", "vector_length", "speed")
    VECTOR_ANGLE_FIELD_NUMBER: _ClassVar[int]
    VECTOR_LENGTH_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    vector_angle: float
    vector_length: float
    speed: float
    def __init__(self, vector_angle: _Optional[float] = ..., vector_length: _Optional[float] = ..., speed: _Optional[float] = ...) -> None: ...

class DualCameraLink(_message.Message):
    __slots__ = ("x", "y")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    x: int
    y: int
    def __init__(self, x: _Optional[int] = ..., y: _Optional[int] = ...) -> None: ...

class MotorRunInPulses(_message.Message):
    __slots__ = ("id", "frequency", "direction", "speed_ramping", "resolution", "pulse", "mode")
    ID_FIELD_NUMBER: _ClassVar[int]
    FREQUENCY_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    SPEED_RAMPING_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    PULSE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    id: int
    frequency: int
    direction: bool
    speed_ramping: int
    resolution: int
    pulse: int
    mode: int
    def __init__(self, id: _Optional[int] = ..., frequency: _Optional[int] = ..., direction: bool = ..., speed_ramping: _Optional[int] = ..., resolution: _Optional[int] = ..., pulse: _Optional[int] = ..., mode: _Optional[int] = ...) -> None: ...
