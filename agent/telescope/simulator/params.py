"""Camera and feature parameters of V2 firmware: reading, writing, and their echo."""

from __future__ import annotations

from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.simulator import notices, tables
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.profiles import TELE, WIDE
from agent.telescope.simulator.registry import BAD_PARAMETER, OK
from agent.telescope.simulator.state import CameraState, Feature

EXPOSURE, GAIN, WHITE_BALANCE, BRIGHTNESS, CONTRAST, HUE, SATURATION, SHARPNESS, FILTER, QUALITY = range(10)
AUTO, MANUAL = 0, 1
GEAR, CONTINUOUS, SCENE = 0, 1, 2
BINNING, COUNT, FORMAT, DISPLAY = 0, 1, 2, 8

_SLIDERS: dict[int, tuple[str, int, int]] = {
    BRIGHTNESS: ("brightness", -100, 100),
    CONTRAST: ("contrast", -100, 100),
    HUE: ("hue", -180, 180),
    SATURATION: ("saturation", -100, 100),
    SHARPNESS: ("sharpness", 0, 100),
}
_LAST_TEMPERATURE = {TELE: 141, WIDE: 96}  # white-balance gears
_LAST_SCENE = 6
_FEATURE_NAMES = {BINNING: "binning", COUNT: "count", FORMAT: "format"}


def common_param(device: Device, camera: int, number: int) -> common.CommonParam:
    """Return one camera parameter as the telescope tells it."""
    lens = device.state.cameras[camera]
    param = common.CommonParam(id=number, auto_mode=MANUAL)
    if number == EXPOSURE:
        param.has_auto, param.auto_mode, param.index = True, int(lens.exposure_manual), lens.exposure
    elif number == GAIN:
        param.has_auto, param.auto_mode = True, int(lens.gain_manual)
        param.index = tables.gain_index(device.profile.tables, camera, lens.gain)
    elif number == WHITE_BALANCE:
        param.has_auto, param.auto_mode = True, int(lens.wb_manual)
        param.mode_index = SCENE if lens.wb_scene_mode else GEAR
        param.index = lens.wb_scene if lens.wb_scene_mode else lens.wb_temperature
    elif number in _SLIDERS:
        param.mode_index = CONTINUOUS
        param.continue_value = float(getattr(lens, _SLIDERS[number][0]))
    elif number == FILTER:
        param.index = lens.filter
    elif number == QUALITY:
        param.index = lens.preview_quality
    return param


def all_params(device: Device, camera: int) -> list[common.CommonParam]:
    """Return every parameter of one camera."""
    numbers = [number for number in range(QUALITY) if camera == TELE or number != FILTER]
    return [common_param(device, camera, number) for number in numbers]


def feature_param(number: int, feature: Feature) -> common.CommonParam:
    """Return one feature parameter as the telescope tells it."""
    return common.CommonParam(
        auto_mode=MANUAL,
        id=number,
        mode_index=feature.mode_index,
        index=feature.index,
        continue_value=feature.value,
    )


def all_features(device: Device) -> list[common.CommonParam]:
    """Return every feature parameter."""
    return [feature_param(number, feature) for number, feature in sorted(device.state.features.items())]


def set_exposure(device: Device, camera: int, index: int) -> int:
    """Set the exposure by index and return the code."""
    if tables.exposure_seconds(device.profile.tables, camera, index) is None:
        return BAD_PARAMETER
    if not device.ignores("exposure"):
        device.state.cameras[camera].exposure = index
    return echo(device, camera, EXPOSURE)


def set_gain_index(device: Device, camera: int, index: int) -> int:
    """Set the gain by its V2 index and return the code."""
    gain = tables.gain_of_index(device.profile.tables, camera, index)
    if gain is None:
        return BAD_PARAMETER
    if not device.ignores("gain"):
        device.state.cameras[camera].gain = gain
    return echo(device, camera, GAIN)


def set_filter(device: Device, value: int) -> int:
    """Set the tele filter and return the code."""
    if value not in dict(device.profile.filters):
        return BAD_PARAMETER
    if not device.ignores("filter"):
        device.state.cameras[TELE].filter = value
    return echo(device, TELE, FILTER)


def set_slider(device: Device, camera: int, number: int, value: int) -> int:
    """Set brightness, contrast, hue, saturation or sharpness and return the code."""
    name, lowest, highest = _SLIDERS[number]
    if not lowest <= value <= highest:
        return BAD_PARAMETER
    if not device.ignores(name):
        setattr(device.state.cameras[camera], name, value)
    return echo(device, camera, number)


def set_white_balance(device: Device, camera: int, *, scene: bool, index: int) -> int:
    """Set the white balance to a scene or a colour-temperature gear and return the code."""
    if not 0 <= index <= (_LAST_SCENE if scene else _LAST_TEMPERATURE[camera]):
        return BAD_PARAMETER
    lens = device.state.cameras[camera]
    if not device.ignores("white_balance"):
        lens.wb_scene_mode = scene
        if scene:
            lens.wb_scene = index
        else:
            lens.wb_temperature = index
    return echo(device, camera, WHITE_BALANCE)


def set_auto(device: Device, camera: int, number: int, mode: int) -> int:
    """Set exposure, gain or white balance to auto (0) or manual (1) and return the code."""
    if mode not in (AUTO, MANUAL):
        return BAD_PARAMETER
    lens: CameraState = device.state.cameras[camera]
    name = {EXPOSURE: "exposure_manual", GAIN: "gain_manual", WHITE_BALANCE: "wb_manual"}[number]
    setattr(lens, name, mode == MANUAL)
    return echo(device, camera, number)


def set_feature(device: Device, asked: common.CommonParam) -> int:
    """Set a feature parameter and return the code."""
    feature = device.state.features.get(asked.id)
    if feature is None:
        return BAD_PARAMETER
    if asked.id == COUNT:
        lowest = 2 if device.profile.tables == "D2" else 1
        if not lowest <= asked.continue_value <= 999:
            return BAD_PARAMETER
    if asked.id in (BINNING, FORMAT) and asked.index not in (0, 1):
        return BAD_PARAMETER
    if not device.ignores(_FEATURE_NAMES.get(asked.id, f"feature_{asked.id}")):
        feature.mode_index, feature.index, feature.value = asked.mode_index, asked.index, asked.continue_value
        if asked.id == COUNT:
            for lens in device.state.cameras.values():
                lens.count = int(asked.continue_value)
    device.notify(notices.features_changed([feature_param(asked.id, feature)]))
    return OK


def echo(device: Device, camera: int, number: int) -> int:
    """Tell every client the value of a parameter; returns success."""
    device.notify(notices.params_changed(camera, [common_param(device, camera, number)]))
    return OK
