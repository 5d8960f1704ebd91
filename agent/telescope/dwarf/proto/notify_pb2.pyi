from agent.telescope.dwarf.proto import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PictureMatching(_message.Message):
    __slots__ = ("x", "y", "width", "height", "value", "code")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    x: int
    y: int
    width: int
    height: int
    value: float
    code: int
    def __init__(self, x: _Optional[int] = ..., y: _Optional[int] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., value: _Optional[float] = ..., code: _Optional[int] = ...) -> None: ...

class Battery(_message.Message):
    __slots__ = ("percentage", "code")
    PERCENTAGE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    percentage: int
    code: int
    def __init__(self, percentage: _Optional[int] = ..., code: _Optional[int] = ...) -> None: ...

class Charging(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: int
    def __init__(self, state: _Optional[int] = ...) -> None: ...

class Storage(_message.Message):
    __slots__ = ("available_size", "total_size", "code_or_type", "is_valid")
    AVAILABLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    CODE_OR_TYPE_FIELD_NUMBER: _ClassVar[int]
    IS_VALID_FIELD_NUMBER: _ClassVar[int]
    available_size: int
    total_size: int
    code_or_type: int
    is_valid: bool
    def __init__(self, available_size: _Optional[int] = ..., total_size: _Optional[int] = ..., code_or_type: _Optional[int] = ..., is_valid: bool = ...) -> None: ...

class RecordTime(_message.Message):
    __slots__ = ("seconds", "camera")
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    seconds: int
    camera: int
    def __init__(self, seconds: _Optional[int] = ..., camera: _Optional[int] = ...) -> None: ...

class TimeLapseTime(_message.Message):
    __slots__ = ("interval", "out_time", "total_time", "camera")
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    OUT_TIME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TIME_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    interval: int
    out_time: int
    total_time: int
    camera: int
    def __init__(self, interval: _Optional[int] = ..., out_time: _Optional[int] = ..., total_time: _Optional[int] = ..., camera: _Optional[int] = ...) -> None: ...

class CameraOperation(_message.Message):
    __slots__ = ("state", "camera")
    STATE_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    state: int
    camera: int
    def __init__(self, state: _Optional[int] = ..., camera: _Optional[int] = ...) -> None: ...

class DarksProgress(_message.Message):
    __slots__ = ("progress", "remaining_time", "camera")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    REMAINING_TIME_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    progress: int
    remaining_time: int
    camera: int
    def __init__(self, progress: _Optional[int] = ..., remaining_time: _Optional[int] = ..., camera: _Optional[int] = ...) -> None: ...

class StackingProgress(_message.Message):
    __slots__ = ("total_count", "update_count_type", "current_count", "stacked_count", "exp_index", "gain_index", "target_name", "camera", "shooting_time", "stacked_time")
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_COUNT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CURRENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    STACKED_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXP_INDEX_FIELD_NUMBER: _ClassVar[int]
    GAIN_INDEX_FIELD_NUMBER: _ClassVar[int]
    TARGET_NAME_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    SHOOTING_TIME_FIELD_NUMBER: _ClassVar[int]
    STACKED_TIME_FIELD_NUMBER: _ClassVar[int]
    total_count: int
    update_count_type: int
    current_count: int
    stacked_count: int
    exp_index: int
    gain_index: int
    target_name: str
    camera: int
    shooting_time: int
    stacked_time: int
    def __init__(self, total_count: _Optional[int] = ..., update_count_type: _Optional[int] = ..., current_count: _Optional[int] = ..., stacked_count: _Optional[int] = ..., exp_index: _Optional[int] = ..., gain_index: _Optional[int] = ..., target_name: _Optional[str] = ..., camera: _Optional[int] = ..., shooting_time: _Optional[int] = ..., stacked_time: _Optional[int] = ...) -> None: ...

class CalibrationState(_message.Message):
    __slots__ = ("state", "plate_solving_times")
    STATE_FIELD_NUMBER: _ClassVar[int]
    PLATE_SOLVING_TIMES_FIELD_NUMBER: _ClassVar[int]
    state: int
    plate_solving_times: int
    def __init__(self, state: _Optional[int] = ..., plate_solving_times: _Optional[int] = ...) -> None: ...

class GotoState(_message.Message):
    __slots__ = ("state", "target_name")
    STATE_FIELD_NUMBER: _ClassVar[int]
    TARGET_NAME_FIELD_NUMBER: _ClassVar[int]
    state: int
    target_name: str
    def __init__(self, state: _Optional[int] = ..., target_name: _Optional[str] = ...) -> None: ...

class TrackingState(_message.Message):
    __slots__ = ("state", "target_name")
    STATE_FIELD_NUMBER: _ClassVar[int]
    TARGET_NAME_FIELD_NUMBER: _ClassVar[int]
    state: int
    target_name: str
    def __init__(self, state: _Optional[int] = ..., target_name: _Optional[str] = ...) -> None: ...

class ParamsChanged(_message.Message):
    __slots__ = ("params",)
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    params: _containers.RepeatedCompositeFieldContainer[_common_pb2.CommonParam]
    def __init__(self, params: _Optional[_Iterable[_Union[_common_pb2.CommonParam, _Mapping]]] = ...) -> None: ...

class FunctionState(_message.Message):
    __slots__ = ("state", "function_id")
    STATE_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_ID_FIELD_NUMBER: _ClassVar[int]
    state: int
    function_id: int
    def __init__(self, state: _Optional[int] = ..., function_id: _Optional[int] = ...) -> None: ...

class CountProgress(_message.Message):
    __slots__ = ("total", "completed", "camera")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    total: int
    completed: int
    camera: int
    def __init__(self, total: _Optional[int] = ..., completed: _Optional[int] = ..., camera: _Optional[int] = ...) -> None: ...

class LightState(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: int
    def __init__(self, state: _Optional[int] = ...) -> None: ...

class HostSlaveMode(_message.Message):
    __slots__ = ("mode", "lock")
    MODE_FIELD_NUMBER: _ClassVar[int]
    LOCK_FIELD_NUMBER: _ClassVar[int]
    mode: int
    lock: bool
    def __init__(self, mode: _Optional[int] = ..., lock: bool = ...) -> None: ...

class ModeState(_message.Message):
    __slots__ = ("mode",)
    MODE_FIELD_NUMBER: _ClassVar[int]
    mode: int
    def __init__(self, mode: _Optional[int] = ...) -> None: ...

class TrackBox(_message.Message):
    __slots__ = ("x", "y", "w", "h", "id")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    W_FIELD_NUMBER: _ClassVar[int]
    H_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    x: int
    y: int
    w: int
    h: int
    id: int
    def __init__(self, x: _Optional[int] = ..., y: _Optional[int] = ..., w: _Optional[int] = ..., h: _Optional[int] = ..., id: _Optional[int] = ...) -> None: ...

class TrackBoxes(_message.Message):
    __slots__ = ("boxes",)
    BOXES_FIELD_NUMBER: _ClassVar[int]
    boxes: _containers.RepeatedCompositeFieldContainer[TrackBox]
    def __init__(self, boxes: _Optional[_Iterable[_Union[TrackBox, _Mapping]]] = ...) -> None: ...

class SunMoonTracking(_message.Message):
    __slots__ = ("state", "target_name", "index")
    STATE_FIELD_NUMBER: _ClassVar[int]
    TARGET_NAME_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    state: int
    target_name: str
    index: int
    def __init__(self, state: _Optional[int] = ..., target_name: _Optional[str] = ..., index: _Optional[int] = ...) -> None: ...

class AlbumChanged(_message.Message):
    __slots__ = ("media_type",)
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    media_type: int
    def __init__(self, media_type: _Optional[int] = ...) -> None: ...

class SentryState(_message.Message):
    __slots__ = ("state", "object_type")
    STATE_FIELD_NUMBER: _ClassVar[int]
    OBJECT_TYPE_FIELD_NUMBER: _ClassVar[int]
    state: int
    object_type: int
    def __init__(self, state: _Optional[int] = ..., object_type: _Optional[int] = ...) -> None: ...

class OneClickGotoStateV2(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: int
    def __init__(self, state: _Optional[int] = ...) -> None: ...

class OneClickGotoState(_message.Message):
    __slots__ = ("focus", "calibration", "goto", "tracking")
    FOCUS_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_FIELD_NUMBER: _ClassVar[int]
    GOTO_FIELD_NUMBER: _ClassVar[int]
    TRACKING_FIELD_NUMBER: _ClassVar[int]
    focus: OperationState
    calibration: CalibrationState
    goto: GotoState
    tracking: TrackingState
    def __init__(self, focus: _Optional[_Union[OperationState, _Mapping]] = ..., calibration: _Optional[_Union[CalibrationState, _Mapping]] = ..., goto: _Optional[_Union[GotoState, _Mapping]] = ..., tracking: _Optional[_Union[TrackingState, _Mapping]] = ...) -> None: ...

class OperationState(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: int
    def __init__(self, state: _Optional[int] = ...) -> None: ...

class StreamType(_message.Message):
    __slots__ = ("type", "cam_id")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CAM_ID_FIELD_NUMBER: _ClassVar[int]
    type: int
    cam_id: int
    def __init__(self, type: _Optional[int] = ..., cam_id: _Optional[int] = ...) -> None: ...

class EqSolvingStateV2(_message.Message):
    __slots__ = ("step", "state")
    STEP_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    step: int
    state: int
    def __init__(self, step: _Optional[int] = ..., state: _Optional[int] = ...) -> None: ...

class LongExposureV2(_message.Message):
    __slots__ = ("function_id", "total_time", "exposed_time")
    FUNCTION_ID_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPOSED_TIME_FIELD_NUMBER: _ClassVar[int]
    function_id: int
    total_time: float
    exposed_time: float
    def __init__(self, function_id: _Optional[int] = ..., total_time: _Optional[float] = ..., exposed_time: _Optional[float] = ...) -> None: ...

class BodyTemperature(_message.Message):
    __slots__ = ("code", "temperature")
    CODE_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    code: int
    temperature: int
    def __init__(self, code: _Optional[int] = ..., temperature: _Optional[int] = ...) -> None: ...

class ScheduleResult(_message.Message):
    __slots__ = ("schedule_id", "result", "state")
    SCHEDULE_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    schedule_id: str
    result: int
    state: int
    def __init__(self, schedule_id: _Optional[str] = ..., result: _Optional[int] = ..., state: _Optional[int] = ...) -> None: ...

class TaskResult(_message.Message):
    __slots__ = ("task_id", "state", "code")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    state: int
    code: int
    def __init__(self, task_id: _Optional[str] = ..., state: _Optional[int] = ..., code: _Optional[int] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("progress", "total")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    progress: int
    total: int
    def __init__(self, progress: _Optional[int] = ..., total: _Optional[int] = ...) -> None: ...

class WaitingProgress(_message.Message):
    __slots__ = ("current", "total", "kind")
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    current: int
    total: int
    kind: int
    def __init__(self, current: _Optional[int] = ..., total: _Optional[int] = ..., kind: _Optional[int] = ...) -> None: ...

class CalibrationResult(_message.Message):
    __slots__ = ("azi", "alt")
    AZI_FIELD_NUMBER: _ClassVar[int]
    ALT_FIELD_NUMBER: _ClassVar[int]
    azi: float
    alt: float
    def __init__(self, azi: _Optional[float] = ..., alt: _Optional[float] = ...) -> None: ...

class FocusPosition(_message.Message):
    __slots__ = ("pos",)
    POS_FIELD_NUMBER: _ClassVar[int]
    pos: int
    def __init__(self, pos: _Optional[int] = ...) -> None: ...

class BackgroundTask(_message.Message):
    __slots__ = ("task_id", "attr", "state", "param")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ATTR_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PARAM_FIELD_NUMBER: _ClassVar[int]
    task_id: int
    attr: int
    state: int
    param: bytes
    def __init__(self, task_id: _Optional[int] = ..., attr: _Optional[int] = ..., state: _Optional[int] = ..., param: _Optional[bytes] = ...) -> None: ...

class BodyStatus(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: int
    def __init__(self, status: _Optional[int] = ...) -> None: ...

class MosaicProgress(_message.Message):
    __slots__ = ("total_count", "update_count_type", "current_count", "stacked_count", "exp_index", "gain_index", "target_name", "horizontal_scale", "vertical_scale", "rotation", "fov_id", "fov_total")
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_COUNT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CURRENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    STACKED_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXP_INDEX_FIELD_NUMBER: _ClassVar[int]
    GAIN_INDEX_FIELD_NUMBER: _ClassVar[int]
    TARGET_NAME_FIELD_NUMBER: _ClassVar[int]
    HORIZONTAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    VERTICAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    ROTATION_FIELD_NUMBER: _ClassVar[int]
    FOV_ID_FIELD_NUMBER: _ClassVar[int]
    FOV_TOTAL_FIELD_NUMBER: _ClassVar[int]
    total_count: int
    update_count_type: int
    current_count: int
    stacked_count: int
    exp_index: int
    gain_index: int
    target_name: str
    horizontal_scale: int
    vertical_scale: int
    rotation: int
    fov_id: int
    fov_total: int
    def __init__(self, total_count: _Optional[int] = ..., update_count_type: _Optional[int] = ..., current_count: _Optional[int] = ..., stacked_count: _Optional[int] = ..., exp_index: _Optional[int] = ..., gain_index: _Optional[int] = ..., target_name: _Optional[str] = ..., horizontal_scale: _Optional[int] = ..., vertical_scale: _Optional[int] = ..., rotation: _Optional[int] = ..., fov_id: _Optional[int] = ..., fov_total: _Optional[int] = ...) -> None: ...

class IntParam(_message.Message):
    __slots__ = ("param_id", "mode", "value")
    PARAM_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    param_id: int
    mode: int
    value: int
    def __init__(self, param_id: _Optional[int] = ..., mode: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...

class FloatParam(_message.Message):
    __slots__ = ("param_id", "value")
    PARAM_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    param_id: int
    value: float
    def __init__(self, param_id: _Optional[int] = ..., value: _Optional[float] = ...) -> None: ...

class BoolParam(_message.Message):
    __slots__ = ("param_id", "value")
    PARAM_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    param_id: int
    value: bool
    def __init__(self, param_id: _Optional[int] = ..., value: bool = ...) -> None: ...

class ModeSwitched(_message.Message):
    __slots__ = ("state", "source", "destination")
    STATE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    state: int
    source: int
    destination: int
    def __init__(self, state: _Optional[int] = ..., source: _Optional[int] = ..., destination: _Optional[int] = ...) -> None: ...

class WhiteBalance(_message.Message):
    __slots__ = ("mode", "ct", "scene", "camera")
    MODE_FIELD_NUMBER: _ClassVar[int]
    CT_FIELD_NUMBER: _ClassVar[int]
    SCENE_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    mode: int
    ct: int
    scene: int
    camera: int
    def __init__(self, mode: _Optional[int] = ..., ct: _Optional[int] = ..., scene: _Optional[int] = ..., camera: _Optional[int] = ...) -> None: ...

class Resolution(_message.Message):
    __slots__ = ("param_id", "resolution", "fps", "resolutions", "fps_values")
    PARAM_ID_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    FPS_FIELD_NUMBER: _ClassVar[int]
    RESOLUTIONS_FIELD_NUMBER: _ClassVar[int]
    FPS_VALUES_FIELD_NUMBER: _ClassVar[int]
    param_id: int
    resolution: int
    fps: int
    resolutions: _containers.RepeatedScalarFieldContainer[int]
    fps_values: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, param_id: _Optional[int] = ..., resolution: _Optional[int] = ..., fps: _Optional[int] = ..., resolutions: _Optional[_Iterable[int]] = ..., fps_values: _Optional[_Iterable[int]] = ...) -> None: ...

class LongExposure(_message.Message):
    __slots__ = ("total_time", "exposed_time", "camera")
    TOTAL_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPOSED_TIME_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    total_time: float
    exposed_time: float
    camera: int
    def __init__(self, total_time: _Optional[float] = ..., exposed_time: _Optional[float] = ..., camera: _Optional[int] = ...) -> None: ...

class CalibrationFramesState(_message.Message):
    __slots__ = ("state", "camera", "kind")
    STATE_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    state: int
    camera: int
    kind: int
    def __init__(self, state: _Optional[int] = ..., camera: _Optional[int] = ..., kind: _Optional[int] = ...) -> None: ...

class CalibrationFramesProgress(_message.Message):
    __slots__ = ("progress", "camera", "kind")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    progress: int
    camera: int
    kind: int
    def __init__(self, progress: _Optional[int] = ..., camera: _Optional[int] = ..., kind: _Optional[int] = ...) -> None: ...

class SensorTemperature(_message.Message):
    __slots__ = ("temperature", "camera")
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    temperature: int
    camera: int
    def __init__(self, temperature: _Optional[int] = ..., camera: _Optional[int] = ...) -> None: ...

class Attitude(_message.Message):
    __slots__ = ("pitch", "yaw", "roll")
    PITCH_FIELD_NUMBER: _ClassVar[int]
    YAW_FIELD_NUMBER: _ClassVar[int]
    ROLL_FIELD_NUMBER: _ClassVar[int]
    pitch: float
    yaw: float
    roll: float
    def __init__(self, pitch: _Optional[float] = ..., yaw: _Optional[float] = ..., roll: _Optional[float] = ...) -> None: ...
