"""Parameters of the newer firmware (module 15). The echo goes out before the answer."""

from __future__ import annotations

from google.protobuf.message import Message

from agent.telescope.dwarf.proto import param_pb2 as proto
from agent.telescope.simulator import notices, params, tables
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.paramid import (
    CAPTURE,
    DISPLAY_SOURCE,
    EXPOSURE,
    FILTER,
    FORMATS,
    GAIN,
    LEAST_ASTRO_GAIN,
    MODE_WIDE,
    NEITHER,
    OPTICAL,
    STACK_BINNING,
    STACK_COUNT,
    STACK_FORMAT,
    WHITE_BALANCE,
    ParamId,
)
from agent.telescope.simulator.profiles import TELE, WIDE
from agent.telescope.simulator.registry import BAD_PARAMETER, NOT_UNDERSTOOD, OK, Call, on

_SLIDERS = {
    4: params.BRIGHTNESS,
    5: params.CONTRAST,
    6: params.SATURATION,
    7: params.HUE,
    8: params.SHARPNESS,
}
_SHARED = {STACK_FORMAT: params.FORMAT, STACK_BINNING: params.BINNING, DISPLAY_SOURCE: params.DISPLAY}
_NAMES = {STACK_FORMAT: "format", STACK_BINNING: "binning", DISPLAY_SOURCE: "display"}
_MOST_FRAMES = 999
_NORMAL, _DEEP_SKY = 1, 2


def _allowed(device: Device, number: int) -> ParamId | None:
    param = ParamId.of(number)
    mode = device.state.shooting_mode
    # clients that enter an astronomical mode other than deep sky set deep-sky parameters all the same
    fits = param.mode == mode or (param.mode == _DEEP_SKY and mode != _NORMAL)
    if device.options.strict_modes and not fits:
        return None
    if param.camera not in (TELE, WIDE, NEITHER) or not OPTICAL <= param.section <= MODE_WIDE:
        return None
    if (
        param.camera in (TELE, WIDE)
        and device.options.strict_modes
        and not device.state.cameras[param.camera].open
    ):
        return None
    return param


@on(16700, takes=proto.SetModeParam, v2=False)
def set_exposure(device: Device, call: Call) -> int:
    asked = call.request
    param = _allowed(device, asked.param_id)
    if param is None or param.item != EXPOSURE or param.camera == NEITHER:
        return NOT_UNDERSTOOD
    lens = device.state.cameras[param.camera]
    if asked.mode and tables.exposure_seconds(device.profile.tables, param.camera, asked.value) is None:
        return BAD_PARAMETER
    if not device.ignores("exposure"):
        lens.exposure_manual = bool(asked.mode)
        if asked.mode:
            lens.exposure = asked.value
    params.echo(device, param.camera, params.EXPOSURE)
    device.notify(notices.int_param(asked.param_id, int(lens.exposure_manual), lens.exposure))
    return OK


@on(16701, takes=proto.SetModeParam, v2=False)
def set_gain(device: Device, call: Call) -> int:
    asked = call.request
    param = _allowed(device, asked.param_id)
    if param is None or param.item != GAIN or param.camera == NEITHER:
        return NOT_UNDERSTOOD
    lens = device.state.cameras[param.camera]
    if asked.mode and asked.value not in tables.camera_tables(device.profile.tables, param.camera).gains:
        return BAD_PARAMETER
    if asked.mode and param.mode == _DEEP_SKY and asked.value < LEAST_ASTRO_GAIN:
        return BAD_PARAMETER
    if not device.ignores("gain"):
        lens.gain_manual = bool(asked.mode)
        if asked.mode:
            lens.gain = asked.value
    params.echo(device, param.camera, params.GAIN)
    device.notify(notices.int_param(asked.param_id, int(lens.gain_manual), lens.gain))
    return OK


@on(16702, takes=proto.SetModeParam, v2=False)
def set_white_balance(device: Device, call: Call) -> int:
    asked = call.request
    param = _allowed(device, asked.param_id)
    if param is None or param.item != WHITE_BALANCE or param.camera == NEITHER:
        return NOT_UNDERSTOOD
    lens = device.state.cameras[param.camera]
    lens.wb_manual = bool(asked.mode)
    if asked.mode:
        lens.wb_temperature = asked.value
    device.notify(notices.white_balance(asked.mode, lens.wb_temperature, lens.wb_scene, param.camera))
    return OK


@on(16703, takes=proto.SetIntParam, v2=False)
def set_int(device: Device, call: Call) -> int:
    asked = call.request
    param = _allowed(device, asked.param_id)
    if param is None:
        return NOT_UNDERSTOOD
    code, value = _set_int(device, param, asked.value)
    if code == OK:
        device.notify(notices.int_param(asked.param_id, 1, value))
    return code


@on(16704, takes=proto.SetFloatParam, v2=False)
def set_float(device: Device, call: Call) -> int:
    if _allowed(device, call.request.param_id) is None:
        return NOT_UNDERSTOOD
    device.state.parameters[call.request.param_id] = (1, call.request.value)
    device.notify(notices.float_param(call.request.param_id, call.request.value))
    return OK


@on(16705, takes=proto.SetBoolParam, v2=False)
def set_bool(device: Device, call: Call) -> int:
    if _allowed(device, call.request.param_id) is None:
        return NOT_UNDERSTOOD
    device.state.parameters[call.request.param_id] = (1, float(call.request.value))
    device.notify(notices.bool_param(call.request.param_id, call.request.value))
    return OK


@on(16706, takes=proto.SetAutoAll, v2=False)
def set_auto_all(device: Device, call: Call) -> Message:
    asked = call.request
    lens = device.state.cameras.get(asked.camera_type)
    if lens is None:
        return proto.SetAutoAllAnswer(code=BAD_PARAMETER)
    lens.exposure_manual = lens.gain_manual = lens.wb_manual = not asked.is_auto
    return proto.SetAutoAllAnswer(
        shooting_mode=device.state.shooting_mode,
        camera_type=asked.camera_type,
        shooting_tech=asked.shooting_tech,
        is_auto=asked.is_auto,
        update_all=True,
    )


def _set_int(device: Device, param: ParamId, value: int) -> tuple[int, int]:
    """Return the code, and the value the telescope has afterwards."""
    if param.section == CAPTURE and param.item == STACK_COUNT:
        return _set_count(device, param, value)
    if param.section == OPTICAL and param.item == FILTER and param.camera == TELE:
        code = params.set_filter(device, value)
        return code, device.state.cameras[TELE].filter
    if param.section == OPTICAL and param.item in _SLIDERS and param.camera in (TELE, WIDE):
        return params.set_slider(device, param.camera, _SLIDERS[param.item], value), value
    if param.section == CAPTURE and param.camera == NEITHER and param.item in _SHARED:
        return _set_shared(device, param.item, value)
    if not device.ignores(f"item_{param.item}"):
        device.state.parameters[param.number] = (1, float(value))
    return OK, int(device.state.parameters.get(param.number, (1, 0.0))[1])


def _set_count(device: Device, param: ParamId, value: int) -> tuple[int, int]:
    camera = WIDE if param.camera == WIDE else TELE
    lens = device.state.cameras[camera]
    if not 1 <= value <= _MOST_FRAMES:
        return BAD_PARAMETER, lens.count
    if not device.ignores("count"):
        lens.count = value
        if camera == TELE:
            device.state.features[params.COUNT].value = float(value)
    return OK, lens.count


def _set_shared(device: Device, item: int, value: int) -> tuple[int, int]:
    feature = device.state.features[_SHARED[item]]
    index = FORMATS.get(value, -1) if item == STACK_FORMAT else value
    if index not in (0, 1):
        return BAD_PARAMETER, value
    if not device.ignores(_NAMES[item]):
        feature.index = index
    held = feature.index
    return OK, next(one for one, other in FORMATS.items() if other == held) if item == STACK_FORMAT else held
