from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Calibrate(_message.Message):
    __slots__ = ("lon", "lat")
    LON_FIELD_NUMBER: _ClassVar[int]
    LAT_FIELD_NUMBER: _ClassVar[int]
    lon: float
    lat: float
    def __init__(self, lon: _Optional[float] = ..., lat: _Optional[float] = ...) -> None: ...

class GotoDeepSky(_message.Message):
    __slots__ = ("ra", "dec", "target_name", "goto_only", "rotation")
    RA_FIELD_NUMBER: _ClassVar[int]
    DEC_FIELD_NUMBER: _ClassVar[int]
    TARGET_NAME_FIELD_NUMBER: _ClassVar[int]
    GOTO_ONLY_FIELD_NUMBER: _ClassVar[int]
    ROTATION_FIELD_NUMBER: _ClassVar[int]
    ra: float
    dec: float
    target_name: str
    goto_only: bool
    rotation: int
    def __init__(self, ra: _Optional[float] = ..., dec: _Optional[float] = ..., target_name: _Optional[str] = ..., goto_only: bool = ..., rotation: _Optional[int] = ...) -> None: ...

class GotoSolarSystem(_message.Message):
    __slots__ = ("index", "lon", "lat", "target_name", "force_start")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LON_FIELD_NUMBER: _ClassVar[int]
    LAT_FIELD_NUMBER: _ClassVar[int]
    TARGET_NAME_FIELD_NUMBER: _ClassVar[int]
    FORCE_START_FIELD_NUMBER: _ClassVar[int]
    index: int
    lon: float
    lat: float
    target_name: str
    force_start: bool
    def __init__(self, index: _Optional[int] = ..., lon: _Optional[float] = ..., lat: _Optional[float] = ..., target_name: _Optional[str] = ..., force_start: bool = ...) -> None: ...

class GotoSolarSystemAnswer(_message.Message):
    __slots__ = ("code", "request")
    CODE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    code: int
    request: GotoSolarSystem
    def __init__(self, code: _Optional[int] = ..., request: _Optional[_Union[GotoSolarSystem, _Mapping]] = ...) -> None: ...

class StartCapture(_message.Message):
    __slots__ = ("ir_index", "force_start")
    IR_INDEX_FIELD_NUMBER: _ClassVar[int]
    FORCE_START_FIELD_NUMBER: _ClassVar[int]
    ir_index: int
    force_start: bool
    def __init__(self, ir_index: _Optional[int] = ..., force_start: bool = ...) -> None: ...

class StartCaptureAnswer(_message.Message):
    __slots__ = ("code", "exp_name", "gain", "resolution", "filter_type", "temp_threshold")
    CODE_FIELD_NUMBER: _ClassVar[int]
    EXP_NAME_FIELD_NUMBER: _ClassVar[int]
    GAIN_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    FILTER_TYPE_FIELD_NUMBER: _ClassVar[int]
    TEMP_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    code: int
    exp_name: str
    gain: int
    resolution: int
    filter_type: int
    temp_threshold: int
    def __init__(self, code: _Optional[int] = ..., exp_name: _Optional[str] = ..., gain: _Optional[int] = ..., resolution: _Optional[int] = ..., filter_type: _Optional[int] = ..., temp_threshold: _Optional[int] = ...) -> None: ...

class StartWideCapture(_message.Message):
    __slots__ = ("force_start",)
    FORCE_START_FIELD_NUMBER: _ClassVar[int]
    force_start: bool
    def __init__(self, force_start: bool = ...) -> None: ...

class StartDarks(_message.Message):
    __slots__ = ("reshoot",)
    RESHOOT_FIELD_NUMBER: _ClassVar[int]
    reshoot: int
    def __init__(self, reshoot: _Optional[int] = ...) -> None: ...

class CheckDarksAnswer(_message.Message):
    __slots__ = ("progress", "code")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    progress: int
    code: int
    def __init__(self, progress: _Optional[int] = ..., code: _Optional[int] = ...) -> None: ...

class TrackSunMoon(_message.Message):
    __slots__ = ("index", "lon", "lat")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LON_FIELD_NUMBER: _ClassVar[int]
    LAT_FIELD_NUMBER: _ClassVar[int]
    index: int
    lon: float
    lat: float
    def __init__(self, index: _Optional[int] = ..., lon: _Optional[float] = ..., lat: _Optional[float] = ...) -> None: ...

class OneClickGotoDeepSky(_message.Message):
    __slots__ = ("ra", "dec", "target_name", "lon", "lat", "shooting_mode", "goto_only", "rotation")
    RA_FIELD_NUMBER: _ClassVar[int]
    DEC_FIELD_NUMBER: _ClassVar[int]
    TARGET_NAME_FIELD_NUMBER: _ClassVar[int]
    LON_FIELD_NUMBER: _ClassVar[int]
    LAT_FIELD_NUMBER: _ClassVar[int]
    SHOOTING_MODE_FIELD_NUMBER: _ClassVar[int]
    GOTO_ONLY_FIELD_NUMBER: _ClassVar[int]
    ROTATION_FIELD_NUMBER: _ClassVar[int]
    ra: float
    dec: float
    target_name: str
    lon: float
    lat: float
    shooting_mode: int
    goto_only: bool
    rotation: int
    def __init__(self, ra: _Optional[float] = ..., dec: _Optional[float] = ..., target_name: _Optional[str] = ..., lon: _Optional[float] = ..., lat: _Optional[float] = ..., shooting_mode: _Optional[int] = ..., goto_only: bool = ..., rotation: _Optional[int] = ...) -> None: ...

class OneClickGotoSolarSystem(_message.Message):
    __slots__ = ("index", "lon", "lat", "target_name", "shooting_mode", "force_start")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LON_FIELD_NUMBER: _ClassVar[int]
    LAT_FIELD_NUMBER: _ClassVar[int]
    TARGET_NAME_FIELD_NUMBER: _ClassVar[int]
    SHOOTING_MODE_FIELD_NUMBER: _ClassVar[int]
    FORCE_START_FIELD_NUMBER: _ClassVar[int]
    index: int
    lon: float
    lat: float
    target_name: str
    shooting_mode: int
    force_start: bool
    def __init__(self, index: _Optional[int] = ..., lon: _Optional[float] = ..., lat: _Optional[float] = ..., target_name: _Optional[str] = ..., shooting_mode: _Optional[int] = ..., force_start: bool = ...) -> None: ...

class OneClickAnswer(_message.Message):
    __slots__ = ("step", "code", "all_end")
    STEP_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ALL_END_FIELD_NUMBER: _ClassVar[int]
    step: int
    code: int
    all_end: bool
    def __init__(self, step: _Optional[int] = ..., code: _Optional[int] = ..., all_end: bool = ...) -> None: ...

class OneClickSolarAnswer(_message.Message):
    __slots__ = ("step", "code", "all_end", "request")
    STEP_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ALL_END_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    step: int
    code: int
    all_end: bool
    request: OneClickGotoSolarSystem
    def __init__(self, step: _Optional[int] = ..., code: _Optional[int] = ..., all_end: bool = ..., request: _Optional[_Union[OneClickGotoSolarSystem, _Mapping]] = ...) -> None: ...

class SolveEq(_message.Message):
    __slots__ = ("lon", "lat")
    LON_FIELD_NUMBER: _ClassVar[int]
    LAT_FIELD_NUMBER: _ClassVar[int]
    lon: float
    lat: float
    def __init__(self, lon: _Optional[float] = ..., lat: _Optional[float] = ...) -> None: ...

class SolveEqAnswer(_message.Message):
    __slots__ = ("azi_err", "alt_err", "code")
    AZI_ERR_FIELD_NUMBER: _ClassVar[int]
    ALT_ERR_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    azi_err: float
    alt_err: float
    code: int
    def __init__(self, azi_err: _Optional[float] = ..., alt_err: _Optional[float] = ..., code: _Optional[int] = ...) -> None: ...

class StartDarksWithParams(_message.Message):
    __slots__ = ("exp_index", "gain_index", "bin_index", "cap_size")
    EXP_INDEX_FIELD_NUMBER: _ClassVar[int]
    GAIN_INDEX_FIELD_NUMBER: _ClassVar[int]
    BIN_INDEX_FIELD_NUMBER: _ClassVar[int]
    CAP_SIZE_FIELD_NUMBER: _ClassVar[int]
    exp_index: int
    gain_index: int
    bin_index: int
    cap_size: int
    def __init__(self, exp_index: _Optional[int] = ..., gain_index: _Optional[int] = ..., bin_index: _Optional[int] = ..., cap_size: _Optional[int] = ...) -> None: ...

class DarkFrame(_message.Message):
    __slots__ = ("exp_index", "gain_index", "bin_index", "exp_name", "gain_name", "bin_name", "temperature")
    EXP_INDEX_FIELD_NUMBER: _ClassVar[int]
    GAIN_INDEX_FIELD_NUMBER: _ClassVar[int]
    BIN_INDEX_FIELD_NUMBER: _ClassVar[int]
    EXP_NAME_FIELD_NUMBER: _ClassVar[int]
    GAIN_NAME_FIELD_NUMBER: _ClassVar[int]
    BIN_NAME_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    exp_index: int
    gain_index: int
    bin_index: int
    exp_name: str
    gain_name: str
    bin_name: str
    temperature: int
    def __init__(self, exp_index: _Optional[int] = ..., gain_index: _Optional[int] = ..., bin_index: _Optional[int] = ..., exp_name: _Optional[str] = ..., gain_name: _Optional[str] = ..., bin_name: _Optional[str] = ..., temperature: _Optional[int] = ...) -> None: ...

class ListDarksAnswer(_message.Message):
    __slots__ = ("code", "darks")
    CODE_FIELD_NUMBER: _ClassVar[int]
    DARKS_FIELD_NUMBER: _ClassVar[int]
    code: int
    darks: _containers.RepeatedCompositeFieldContainer[DarkFrame]
    def __init__(self, code: _Optional[int] = ..., darks: _Optional[_Iterable[_Union[DarkFrame, _Mapping]]] = ...) -> None: ...

class DarkKey(_message.Message):
    __slots__ = ("exp_index", "gain_index", "bin_index", "temp_value")
    EXP_INDEX_FIELD_NUMBER: _ClassVar[int]
    GAIN_INDEX_FIELD_NUMBER: _ClassVar[int]
    BIN_INDEX_FIELD_NUMBER: _ClassVar[int]
    TEMP_VALUE_FIELD_NUMBER: _ClassVar[int]
    exp_index: int
    gain_index: int
    bin_index: int
    temp_value: int
    def __init__(self, exp_index: _Optional[int] = ..., gain_index: _Optional[int] = ..., bin_index: _Optional[int] = ..., temp_value: _Optional[int] = ...) -> None: ...

class DeleteDarks(_message.Message):
    __slots__ = ("darks",)
    DARKS_FIELD_NUMBER: _ClassVar[int]
    darks: _containers.RepeatedCompositeFieldContainer[DarkKey]
    def __init__(self, darks: _Optional[_Iterable[_Union[DarkKey, _Mapping]]] = ...) -> None: ...

class StartMosaic(_message.Message):
    __slots__ = ("horizontal_scale", "vertical_scale", "rotation", "ir_index", "force_start")
    HORIZONTAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    VERTICAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    ROTATION_FIELD_NUMBER: _ClassVar[int]
    IR_INDEX_FIELD_NUMBER: _ClassVar[int]
    FORCE_START_FIELD_NUMBER: _ClassVar[int]
    horizontal_scale: int
    vertical_scale: int
    rotation: int
    ir_index: int
    force_start: bool
    def __init__(self, horizontal_scale: _Optional[int] = ..., vertical_scale: _Optional[int] = ..., rotation: _Optional[int] = ..., ir_index: _Optional[int] = ..., force_start: bool = ...) -> None: ...

class ShootingTime(_message.Message):
    __slots__ = ("exp_index", "horizontal_scale", "vertical_scale", "rotation", "cam_id")
    EXP_INDEX_FIELD_NUMBER: _ClassVar[int]
    HORIZONTAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    VERTICAL_SCALE_FIELD_NUMBER: _ClassVar[int]
    ROTATION_FIELD_NUMBER: _ClassVar[int]
    CAM_ID_FIELD_NUMBER: _ClassVar[int]
    exp_index: int
    horizontal_scale: int
    vertical_scale: int
    rotation: int
    cam_id: int
    def __init__(self, exp_index: _Optional[int] = ..., horizontal_scale: _Optional[int] = ..., vertical_scale: _Optional[int] = ..., rotation: _Optional[int] = ..., cam_id: _Optional[int] = ...) -> None: ...

class ShootingTimeAnswer(_message.Message):
    __slots__ = ("code", "shooting_time", "cam_id", "astro_mode")
    CODE_FIELD_NUMBER: _ClassVar[int]
    SHOOTING_TIME_FIELD_NUMBER: _ClassVar[int]
    CAM_ID_FIELD_NUMBER: _ClassVar[int]
    ASTRO_MODE_FIELD_NUMBER: _ClassVar[int]
    code: int
    shooting_time: int
    cam_id: int
    astro_mode: int
    def __init__(self, code: _Optional[int] = ..., shooting_time: _Optional[int] = ..., cam_id: _Optional[int] = ..., astro_mode: _Optional[int] = ...) -> None: ...

class ListQuickSets(_message.Message):
    __slots__ = ("camera_type",)
    CAMERA_TYPE_FIELD_NUMBER: _ClassVar[int]
    camera_type: int
    def __init__(self, camera_type: _Optional[int] = ...) -> None: ...

class QuickSet(_message.Message):
    __slots__ = ("exp_name", "exp_index", "gain", "resolution", "camera_type", "info_id")
    EXP_NAME_FIELD_NUMBER: _ClassVar[int]
    EXP_INDEX_FIELD_NUMBER: _ClassVar[int]
    GAIN_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    CAMERA_TYPE_FIELD_NUMBER: _ClassVar[int]
    INFO_ID_FIELD_NUMBER: _ClassVar[int]
    exp_name: str
    exp_index: int
    gain: int
    resolution: int
    camera_type: int
    info_id: str
    def __init__(self, exp_name: _Optional[str] = ..., exp_index: _Optional[int] = ..., gain: _Optional[int] = ..., resolution: _Optional[int] = ..., camera_type: _Optional[int] = ..., info_id: _Optional[str] = ...) -> None: ...

class ListQuickSetsAnswer(_message.Message):
    __slots__ = ("code", "sets", "camera_type")
    CODE_FIELD_NUMBER: _ClassVar[int]
    SETS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_TYPE_FIELD_NUMBER: _ClassVar[int]
    code: int
    sets: _containers.RepeatedCompositeFieldContainer[QuickSet]
    camera_type: int
    def __init__(self, code: _Optional[int] = ..., sets: _Optional[_Iterable[_Union[QuickSet, _Mapping]]] = ..., camera_type: _Optional[int] = ...) -> None: ...

class ChooseQuickSet(_message.Message):
    __slots__ = ("info_id",)
    INFO_ID_FIELD_NUMBER: _ClassVar[int]
    info_id: str
    def __init__(self, info_id: _Optional[str] = ...) -> None: ...

class ChooseQuickSetAnswer(_message.Message):
    __slots__ = ("code", "info_id")
    CODE_FIELD_NUMBER: _ClassVar[int]
    INFO_ID_FIELD_NUMBER: _ClassVar[int]
    code: int
    info_id: str
    def __init__(self, code: _Optional[int] = ..., info_id: _Optional[str] = ...) -> None: ...

class ListCalibrationFrames(_message.Message):
    __slots__ = ("camera_type", "cali_frame_type")
    CAMERA_TYPE_FIELD_NUMBER: _ClassVar[int]
    CALI_FRAME_TYPE_FIELD_NUMBER: _ClassVar[int]
    camera_type: int
    cali_frame_type: int
    def __init__(self, camera_type: _Optional[int] = ..., cali_frame_type: _Optional[int] = ...) -> None: ...

class CalibrationFrame(_message.Message):
    __slots__ = ("exp_name", "gain", "resolution", "camera_type", "progress", "cali_frame_type", "filter_type", "info_id", "temp_value")
    EXP_NAME_FIELD_NUMBER: _ClassVar[int]
    GAIN_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    CAMERA_TYPE_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    CALI_FRAME_TYPE_FIELD_NUMBER: _ClassVar[int]
    FILTER_TYPE_FIELD_NUMBER: _ClassVar[int]
    INFO_ID_FIELD_NUMBER: _ClassVar[int]
    TEMP_VALUE_FIELD_NUMBER: _ClassVar[int]
    exp_name: str
    gain: int
    resolution: int
    camera_type: int
    progress: int
    cali_frame_type: int
    filter_type: int
    info_id: int
    temp_value: int
    def __init__(self, exp_name: _Optional[str] = ..., gain: _Optional[int] = ..., resolution: _Optional[int] = ..., camera_type: _Optional[int] = ..., progress: _Optional[int] = ..., cali_frame_type: _Optional[int] = ..., filter_type: _Optional[int] = ..., info_id: _Optional[int] = ..., temp_value: _Optional[int] = ...) -> None: ...

class ListCalibrationFramesAnswer(_message.Message):
    __slots__ = ("code", "frames", "camera_type", "cali_frame_type")
    CODE_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    CAMERA_TYPE_FIELD_NUMBER: _ClassVar[int]
    CALI_FRAME_TYPE_FIELD_NUMBER: _ClassVar[int]
    code: int
    frames: _containers.RepeatedCompositeFieldContainer[CalibrationFrame]
    camera_type: int
    cali_frame_type: int
    def __init__(self, code: _Optional[int] = ..., frames: _Optional[_Iterable[_Union[CalibrationFrame, _Mapping]]] = ..., camera_type: _Optional[int] = ..., cali_frame_type: _Optional[int] = ...) -> None: ...

class DeleteCalibrationFrames(_message.Message):
    __slots__ = ("info_ids",)
    INFO_IDS_FIELD_NUMBER: _ClassVar[int]
    info_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, info_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class StartCalibrationFrames(_message.Message):
    __slots__ = ("exp_index", "gain", "resolution", "cap_size", "camera_type", "cali_frame_type", "filter_type", "scene_type")
    EXP_INDEX_FIELD_NUMBER: _ClassVar[int]
    GAIN_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    CAP_SIZE_FIELD_NUMBER: _ClassVar[int]
    CAMERA_TYPE_FIELD_NUMBER: _ClassVar[int]
    CALI_FRAME_TYPE_FIELD_NUMBER: _ClassVar[int]
    FILTER_TYPE_FIELD_NUMBER: _ClassVar[int]
    SCENE_TYPE_FIELD_NUMBER: _ClassVar[int]
    exp_index: int
    gain: int
    resolution: int
    cap_size: int
    camera_type: int
    cali_frame_type: int
    filter_type: int
    scene_type: int
    def __init__(self, exp_index: _Optional[int] = ..., gain: _Optional[int] = ..., resolution: _Optional[int] = ..., cap_size: _Optional[int] = ..., camera_type: _Optional[int] = ..., cali_frame_type: _Optional[int] = ..., filter_type: _Optional[int] = ..., scene_type: _Optional[int] = ...) -> None: ...

class StopCalibrationFrames(_message.Message):
    __slots__ = ("camera_type",)
    CAMERA_TYPE_FIELD_NUMBER: _ClassVar[int]
    camera_type: int
    def __init__(self, camera_type: _Optional[int] = ...) -> None: ...

class StartSkyTargetFinder(_message.Message):
    __slots__ = ("lon", "lat", "force_restart")
    LON_FIELD_NUMBER: _ClassVar[int]
    LAT_FIELD_NUMBER: _ClassVar[int]
    FORCE_RESTART_FIELD_NUMBER: _ClassVar[int]
    lon: float
    lat: float
    force_restart: bool
    def __init__(self, lon: _Optional[float] = ..., lat: _Optional[float] = ..., force_restart: bool = ...) -> None: ...

class SkyTargetFinderAnswer(_message.Message):
    __slots__ = ("code", "zenith_azi", "zenith_alt", "center_azi", "center_alt", "center_roll")
    CODE_FIELD_NUMBER: _ClassVar[int]
    ZENITH_AZI_FIELD_NUMBER: _ClassVar[int]
    ZENITH_ALT_FIELD_NUMBER: _ClassVar[int]
    CENTER_AZI_FIELD_NUMBER: _ClassVar[int]
    CENTER_ALT_FIELD_NUMBER: _ClassVar[int]
    CENTER_ROLL_FIELD_NUMBER: _ClassVar[int]
    code: int
    zenith_azi: float
    zenith_alt: float
    center_azi: float
    center_alt: float
    center_roll: float
    def __init__(self, code: _Optional[int] = ..., zenith_azi: _Optional[float] = ..., zenith_alt: _Optional[float] = ..., center_azi: _Optional[float] = ..., center_alt: _Optional[float] = ..., center_roll: _Optional[float] = ...) -> None: ...
