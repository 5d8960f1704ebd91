from agent.telescope.dwarf.proto import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OpenCamera(_message.Message):
    __slots__ = ("binning", "rtsp_encode_type")
    BINNING_FIELD_NUMBER: _ClassVar[int]
    RTSP_ENCODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    binning: bool
    rtsp_encode_type: int
    def __init__(self, binning: bool = ..., rtsp_encode_type: _Optional[int] = ...) -> None: ...

class Burst(_message.Message):
    __slots__ = ("count",)
    COUNT_FIELD_NUMBER: _ClassVar[int]
    count: int
    def __init__(self, count: _Optional[int] = ...) -> None: ...

class StartRecord(_message.Message):
    __slots__ = ("encode_type",)
    ENCODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    encode_type: int
    def __init__(self, encode_type: _Optional[int] = ...) -> None: ...

class SetMode(_message.Message):
    __slots__ = ("mode",)
    MODE_FIELD_NUMBER: _ClassVar[int]
    mode: int
    def __init__(self, mode: _Optional[int] = ...) -> None: ...

class SetIndex(_message.Message):
    __slots__ = ("index",)
    INDEX_FIELD_NUMBER: _ClassVar[int]
    index: int
    def __init__(self, index: _Optional[int] = ...) -> None: ...

class SetValue(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: int
    def __init__(self, value: _Optional[int] = ...) -> None: ...

class SetAllParams(_message.Message):
    __slots__ = ("exp_mode", "exp_index", "gain_mode", "gain_index", "ircut_value", "wb_mode", "wb_index_type", "wb_index", "brightness", "contrast", "hue", "saturation", "sharpness", "jpg_quality")
    EXP_MODE_FIELD_NUMBER: _ClassVar[int]
    EXP_INDEX_FIELD_NUMBER: _ClassVar[int]
    GAIN_MODE_FIELD_NUMBER: _ClassVar[int]
    GAIN_INDEX_FIELD_NUMBER: _ClassVar[int]
    IRCUT_VALUE_FIELD_NUMBER: _ClassVar[int]
    WB_MODE_FIELD_NUMBER: _ClassVar[int]
    WB_INDEX_TYPE_FIELD_NUMBER: _ClassVar[int]
    WB_INDEX_FIELD_NUMBER: _ClassVar[int]
    BRIGHTNESS_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_FIELD_NUMBER: _ClassVar[int]
    HUE_FIELD_NUMBER: _ClassVar[int]
    SATURATION_FIELD_NUMBER: _ClassVar[int]
    SHARPNESS_FIELD_NUMBER: _ClassVar[int]
    JPG_QUALITY_FIELD_NUMBER: _ClassVar[int]
    exp_mode: int
    exp_index: int
    gain_mode: int
    gain_index: int
    ircut_value: int
    wb_mode: int
    wb_index_type: int
    wb_index: int
    brightness: int
    contrast: int
    hue: int
    saturation: int
    sharpness: int
    jpg_quality: int
    def __init__(self, exp_mode: _Optional[int] = ..., exp_index: _Optional[int] = ..., gain_mode: _Optional[int] = ..., gain_index: _Optional[int] = ..., ircut_value: _Optional[int] = ..., wb_mode: _Optional[int] = ..., wb_index_type: _Optional[int] = ..., wb_index: _Optional[int] = ..., brightness: _Optional[int] = ..., contrast: _Optional[int] = ..., hue: _Optional[int] = ..., saturation: _Optional[int] = ..., sharpness: _Optional[int] = ..., jpg_quality: _Optional[int] = ...) -> None: ...

class AllParams(_message.Message):
    __slots__ = ("params", "code")
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    params: _containers.RepeatedCompositeFieldContainer[_common_pb2.CommonParam]
    code: int
    def __init__(self, params: _Optional[_Iterable[_Union[_common_pb2.CommonParam, _Mapping]]] = ..., code: _Optional[int] = ...) -> None: ...

class SetFeature(_message.Message):
    __slots__ = ("feature",)
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    feature: _common_pb2.CommonParam
    def __init__(self, feature: _Optional[_Union[_common_pb2.CommonParam, _Mapping]] = ...) -> None: ...

class SetJpegQuality(_message.Message):
    __slots__ = ("quality",)
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    quality: int
    def __init__(self, quality: _Optional[int] = ...) -> None: ...

class SetRtspBitRate(_message.Message):
    __slots__ = ("bitrate_type",)
    BITRATE_TYPE_FIELD_NUMBER: _ClassVar[int]
    bitrate_type: int
    def __init__(self, bitrate_type: _Optional[int] = ...) -> None: ...

class SetResolution(_message.Message):
    __slots__ = ("resolution_index",)
    RESOLUTION_INDEX_FIELD_NUMBER: _ClassVar[int]
    resolution_index: int
    def __init__(self, resolution_index: _Optional[int] = ...) -> None: ...

class SetFps(_message.Message):
    __slots__ = ("fps_index",)
    FPS_INDEX_FIELD_NUMBER: _ClassVar[int]
    fps_index: int
    def __init__(self, fps_index: _Optional[int] = ...) -> None: ...

class SetCropRatio(_message.Message):
    __slots__ = ("crop_ratio",)
    CROP_RATIO_FIELD_NUMBER: _ClassVar[int]
    crop_ratio: int
    def __init__(self, crop_ratio: _Optional[int] = ...) -> None: ...

class PreviewQuality(_message.Message):
    __slots__ = ("level", "quality")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    level: int
    quality: int
    def __init__(self, level: _Optional[int] = ..., quality: _Optional[int] = ...) -> None: ...
