from agent.telescope.dwarf.proto import notify_pb2 as _notify_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SelectTask(_message.Message):
    __slots__ = ("task_id",)
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    task_id: int
    def __init__(self, task_id: _Optional[int] = ...) -> None: ...

class TaskAnswer(_message.Message):
    __slots__ = ("code", "task_id")
    CODE_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    code: int
    task_id: int
    def __init__(self, code: _Optional[int] = ..., task_id: _Optional[int] = ...) -> None: ...

class SwitchShootingMode(_message.Message):
    __slots__ = ("mode",)
    MODE_FIELD_NUMBER: _ClassVar[int]
    mode: int
    def __init__(self, mode: _Optional[int] = ...) -> None: ...

class ShootingModeAnswer(_message.Message):
    __slots__ = ("code", "shooting_mode_id")
    CODE_FIELD_NUMBER: _ClassVar[int]
    SHOOTING_MODE_ID_FIELD_NUMBER: _ClassVar[int]
    code: int
    shooting_mode_id: int
    def __init__(self, code: _Optional[int] = ..., shooting_mode_id: _Optional[int] = ...) -> None: ...

class SwitchTechnique(_message.Message):
    __slots__ = ("tech",)
    TECH_FIELD_NUMBER: _ClassVar[int]
    tech: int
    def __init__(self, tech: _Optional[int] = ...) -> None: ...

class TechniqueAnswer(_message.Message):
    __slots__ = ("code", "shooting_tech_id")
    CODE_FIELD_NUMBER: _ClassVar[int]
    SHOOTING_TECH_ID_FIELD_NUMBER: _ClassVar[int]
    code: int
    shooting_tech_id: int
    def __init__(self, code: _Optional[int] = ..., shooting_tech_id: _Optional[int] = ...) -> None: ...

class EnterCamera(_message.Message):
    __slots__ = ("stream",)
    class Stream(_message.Message):
        __slots__ = ("encode_type",)
        ENCODE_TYPE_FIELD_NUMBER: _ClassVar[int]
        encode_type: int
        def __init__(self, encode_type: _Optional[int] = ...) -> None: ...
    STREAM_FIELD_NUMBER: _ClassVar[int]
    stream: EnterCamera.Stream
    def __init__(self, stream: _Optional[_Union[EnterCamera.Stream, _Mapping]] = ...) -> None: ...

class CameraState(_message.Message):
    __slots__ = ("exclusive", "stream", "h_fov", "v_fov", "width", "height", "sensor_temperature")
    class Exclusive(_message.Message):
        __slots__ = ("stacking", "photo", "burst", "record", "time_lapse", "calibration_frames", "panorama", "sentry")
        STACKING_FIELD_NUMBER: _ClassVar[int]
        PHOTO_FIELD_NUMBER: _ClassVar[int]
        BURST_FIELD_NUMBER: _ClassVar[int]
        RECORD_FIELD_NUMBER: _ClassVar[int]
        TIME_LAPSE_FIELD_NUMBER: _ClassVar[int]
        CALIBRATION_FRAMES_FIELD_NUMBER: _ClassVar[int]
        PANORAMA_FIELD_NUMBER: _ClassVar[int]
        SENTRY_FIELD_NUMBER: _ClassVar[int]
        stacking: _notify_pb2.CameraOperation
        photo: _notify_pb2.CameraOperation
        burst: _notify_pb2.CameraOperation
        record: _notify_pb2.CameraOperation
        time_lapse: _notify_pb2.CameraOperation
        calibration_frames: _notify_pb2.CalibrationFramesState
        panorama: _notify_pb2.CameraOperation
        sentry: _notify_pb2.SentryState
        def __init__(self, stacking: _Optional[_Union[_notify_pb2.CameraOperation, _Mapping]] = ..., photo: _Optional[_Union[_notify_pb2.CameraOperation, _Mapping]] = ..., burst: _Optional[_Union[_notify_pb2.CameraOperation, _Mapping]] = ..., record: _Optional[_Union[_notify_pb2.CameraOperation, _Mapping]] = ..., time_lapse: _Optional[_Union[_notify_pb2.CameraOperation, _Mapping]] = ..., calibration_frames: _Optional[_Union[_notify_pb2.CalibrationFramesState, _Mapping]] = ..., panorama: _Optional[_Union[_notify_pb2.CameraOperation, _Mapping]] = ..., sentry: _Optional[_Union[_notify_pb2.SentryState, _Mapping]] = ...) -> None: ...
    EXCLUSIVE_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    H_FOV_FIELD_NUMBER: _ClassVar[int]
    V_FOV_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SENSOR_TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    exclusive: CameraState.Exclusive
    stream: _notify_pb2.StreamType
    h_fov: float
    v_fov: float
    width: int
    height: int
    sensor_temperature: _notify_pb2.SensorTemperature
    def __init__(self, exclusive: _Optional[_Union[CameraState.Exclusive, _Mapping]] = ..., stream: _Optional[_Union[_notify_pb2.StreamType, _Mapping]] = ..., h_fov: _Optional[float] = ..., v_fov: _Optional[float] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., sensor_temperature: _Optional[_Union[_notify_pb2.SensorTemperature, _Mapping]] = ...) -> None: ...

class FocusState(_message.Message):
    __slots__ = ("exclusive", "position")
    class Exclusive(_message.Message):
        __slots__ = ("astro", "normal", "fast", "area")
        ASTRO_FIELD_NUMBER: _ClassVar[int]
        NORMAL_FIELD_NUMBER: _ClassVar[int]
        FAST_FIELD_NUMBER: _ClassVar[int]
        AREA_FIELD_NUMBER: _ClassVar[int]
        astro: _notify_pb2.OperationState
        normal: _notify_pb2.OperationState
        fast: _notify_pb2.OperationState
        area: _notify_pb2.OperationState
        def __init__(self, astro: _Optional[_Union[_notify_pb2.OperationState, _Mapping]] = ..., normal: _Optional[_Union[_notify_pb2.OperationState, _Mapping]] = ..., fast: _Optional[_Union[_notify_pb2.OperationState, _Mapping]] = ..., area: _Optional[_Union[_notify_pb2.OperationState, _Mapping]] = ...) -> None: ...
    EXCLUSIVE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    exclusive: FocusState.Exclusive
    position: _notify_pb2.FocusPosition
    def __init__(self, exclusive: _Optional[_Union[FocusState.Exclusive, _Mapping]] = ..., position: _Optional[_Union[_notify_pb2.FocusPosition, _Mapping]] = ...) -> None: ...

class MotionState(_message.Message):
    __slots__ = ("exclusive", "manual")
    class Exclusive(_message.Message):
        __slots__ = ("calibration", "goto", "tracking", "object_tracking", "one_click", "eq_solving", "sentry", "sky_finder")
        CALIBRATION_FIELD_NUMBER: _ClassVar[int]
        GOTO_FIELD_NUMBER: _ClassVar[int]
        TRACKING_FIELD_NUMBER: _ClassVar[int]
        OBJECT_TRACKING_FIELD_NUMBER: _ClassVar[int]
        ONE_CLICK_FIELD_NUMBER: _ClassVar[int]
        EQ_SOLVING_FIELD_NUMBER: _ClassVar[int]
        SENTRY_FIELD_NUMBER: _ClassVar[int]
        SKY_FINDER_FIELD_NUMBER: _ClassVar[int]
        calibration: _notify_pb2.CalibrationState
        goto: _notify_pb2.GotoState
        tracking: _notify_pb2.TrackingState
        object_tracking: _notify_pb2.CameraOperation
        one_click: _notify_pb2.OneClickGotoState
        eq_solving: _notify_pb2.OperationState
        sentry: _notify_pb2.SentryState
        sky_finder: _notify_pb2.OperationState
        def __init__(self, calibration: _Optional[_Union[_notify_pb2.CalibrationState, _Mapping]] = ..., goto: _Optional[_Union[_notify_pb2.GotoState, _Mapping]] = ..., tracking: _Optional[_Union[_notify_pb2.TrackingState, _Mapping]] = ..., object_tracking: _Optional[_Union[_notify_pb2.CameraOperation, _Mapping]] = ..., one_click: _Optional[_Union[_notify_pb2.OneClickGotoState, _Mapping]] = ..., eq_solving: _Optional[_Union[_notify_pb2.OperationState, _Mapping]] = ..., sentry: _Optional[_Union[_notify_pb2.SentryState, _Mapping]] = ..., sky_finder: _Optional[_Union[_notify_pb2.OperationState, _Mapping]] = ...) -> None: ...
    EXCLUSIVE_FIELD_NUMBER: _ClassVar[int]
    MANUAL_FIELD_NUMBER: _ClassVar[int]
    exclusive: MotionState.Exclusive
    manual: _notify_pb2.OperationState
    def __init__(self, exclusive: _Optional[_Union[MotionState.Exclusive, _Mapping]] = ..., manual: _Optional[_Union[_notify_pb2.OperationState, _Mapping]] = ...) -> None: ...

class BodyState(_message.Message):
    __slots__ = ("ring_light", "indicator", "charging", "storage", "mtp", "cpu", "temperature", "body_status", "battery", "calibration_result", "picture_matching")
    RING_LIGHT_FIELD_NUMBER: _ClassVar[int]
    INDICATOR_FIELD_NUMBER: _ClassVar[int]
    CHARGING_FIELD_NUMBER: _ClassVar[int]
    STORAGE_FIELD_NUMBER: _ClassVar[int]
    MTP_FIELD_NUMBER: _ClassVar[int]
    CPU_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    BODY_STATUS_FIELD_NUMBER: _ClassVar[int]
    BATTERY_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_RESULT_FIELD_NUMBER: _ClassVar[int]
    PICTURE_MATCHING_FIELD_NUMBER: _ClassVar[int]
    ring_light: _notify_pb2.LightState
    indicator: _notify_pb2.LightState
    charging: _notify_pb2.Charging
    storage: _notify_pb2.Storage
    mtp: _notify_pb2.ModeState
    cpu: _notify_pb2.ModeState
    temperature: _notify_pb2.BodyTemperature
    body_status: _notify_pb2.BodyStatus
    battery: _notify_pb2.Battery
    calibration_result: _notify_pb2.CalibrationResult
    picture_matching: _notify_pb2.PictureMatching
    def __init__(self, ring_light: _Optional[_Union[_notify_pb2.LightState, _Mapping]] = ..., indicator: _Optional[_Union[_notify_pb2.LightState, _Mapping]] = ..., charging: _Optional[_Union[_notify_pb2.Charging, _Mapping]] = ..., storage: _Optional[_Union[_notify_pb2.Storage, _Mapping]] = ..., mtp: _Optional[_Union[_notify_pb2.ModeState, _Mapping]] = ..., cpu: _Optional[_Union[_notify_pb2.ModeState, _Mapping]] = ..., temperature: _Optional[_Union[_notify_pb2.BodyTemperature, _Mapping]] = ..., body_status: _Optional[_Union[_notify_pb2.BodyStatus, _Mapping]] = ..., battery: _Optional[_Union[_notify_pb2.Battery, _Mapping]] = ..., calibration_result: _Optional[_Union[_notify_pb2.CalibrationResult, _Mapping]] = ..., picture_matching: _Optional[_Union[_notify_pb2.PictureMatching, _Mapping]] = ...) -> None: ...

class ConnectionControl(_message.Message):
    __slots__ = ("host_slave",)
    HOST_SLAVE_FIELD_NUMBER: _ClassVar[int]
    host_slave: _notify_pb2.HostSlaveMode
    def __init__(self, host_slave: _Optional[_Union[_notify_pb2.HostSlaveMode, _Mapping]] = ...) -> None: ...

class SupportedMode(_message.Message):
    __slots__ = ("mode", "parent", "techniques")
    MODE_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    TECHNIQUES_FIELD_NUMBER: _ClassVar[int]
    mode: int
    parent: int
    techniques: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, mode: _Optional[int] = ..., parent: _Optional[int] = ..., techniques: _Optional[_Iterable[int]] = ...) -> None: ...

class DeviceStateAnswer(_message.Message):
    __slots__ = ("shooting_mode", "tele", "wide", "focus", "motion", "device", "code", "control", "modes", "wide_focus", "guide_focus")
    SHOOTING_MODE_FIELD_NUMBER: _ClassVar[int]
    TELE_FIELD_NUMBER: _ClassVar[int]
    WIDE_FIELD_NUMBER: _ClassVar[int]
    FOCUS_FIELD_NUMBER: _ClassVar[int]
    MOTION_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    MODES_FIELD_NUMBER: _ClassVar[int]
    WIDE_FOCUS_FIELD_NUMBER: _ClassVar[int]
    GUIDE_FOCUS_FIELD_NUMBER: _ClassVar[int]
    shooting_mode: int
    tele: CameraState
    wide: CameraState
    focus: FocusState
    motion: MotionState
    device: BodyState
    code: int
    control: ConnectionControl
    modes: _containers.RepeatedCompositeFieldContainer[SupportedMode]
    wide_focus: FocusState
    guide_focus: FocusState
    def __init__(self, shooting_mode: _Optional[int] = ..., tele: _Optional[_Union[CameraState, _Mapping]] = ..., wide: _Optional[_Union[CameraState, _Mapping]] = ..., focus: _Optional[_Union[FocusState, _Mapping]] = ..., motion: _Optional[_Union[MotionState, _Mapping]] = ..., device: _Optional[_Union[BodyState, _Mapping]] = ..., code: _Optional[int] = ..., control: _Optional[_Union[ConnectionControl, _Mapping]] = ..., modes: _Optional[_Iterable[_Union[SupportedMode, _Mapping]]] = ..., wide_focus: _Optional[_Union[FocusState, _Mapping]] = ..., guide_focus: _Optional[_Union[FocusState, _Mapping]] = ...) -> None: ...
