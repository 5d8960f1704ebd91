"""Parameters of the newer firmware (module 15). The echo goes out before the answer."""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.message import Message

from agent.mosaics import MOST_PER_PANE
from agent.telescope.dwarf.proto import param_pb2 as proto
from agent.telescope.simulator import modes, notices, params, tables
from agent.telescope.simulator.broken_rules import HardwareRule
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
    MOSAIC_COUNT,
    NEITHER,
    OPTICAL,
    STACK_BINNING,
    STACK_COUNT,
    STACK_FORMAT,
    WHITE_BALANCE,
    ParamId,
)
from agent.telescope.simulator.profiles import DEEP_SKY, NORMAL, SKY_MODES, SOLAR_MODES, TELE, WIDE
from agent.telescope.simulator.registry import BAD_PARAMETER, NOT_UNDERSTOOD, OK, Call, on

_Setter = Callable[[Device, Call, ParamId], int]

_SET_INT = 16703
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


class _AnsweredError(Exception):
    """The request concerns no parameter that counts now: answered with `code`, or not at all."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


def _parameter(device: Device, call: Call) -> ParamId:
    """The parameter a request means, if it counts in the present mode."""
    param = ParamId.of(call.request.param_id)
    if modes.decides(device):
        _must_exist(device, call, param)
        _must_count(device, call, param)
    elif device.options.strict_modes and not _fits_both(device, param):
        raise _AnsweredError(NOT_UNDERSTOOD)
    if param.camera not in (TELE, WIDE, NEITHER) or not OPTICAL <= param.section <= MODE_WIDE:
        raise _AnsweredError(NOT_UNDERSTOOD)
    closed = param.camera in (TELE, WIDE) and not device.state.cameras[param.camera].open
    if closed and device.options.strict_modes:
        raise _AnsweredError(NOT_UNDERSTOOD)
    return param


def _fits_both(device: Device, param: ParamId) -> bool:
    mode = device.state.shooting_mode
    return param.mode == mode or (param.mode == DEEP_SKY and mode != NORMAL)


def _must_exist(device: Device, call: Call, param: ParamId) -> None:
    if param.item == STACK_BINNING and param.section == OPTICAL and not modes.has_binning(device):
        _broke(device, call, HardwareRule.MISSING_PARAMETER)
        raise _AnsweredError(None)


def _must_count(device: Device, call: Call, param: ParamId) -> None:
    mode = device.state.shooting_mode
    if param.mode == modes.namespace(device):
        return
    doubtful = mode in SOLAR_MODES and param.mode in (mode, DEEP_SKY)  # nobody knows which of them counts
    if not doubtful:
        _broke(device, call, HardwareRule.FOREIGN_PARAMETER)
    raise _AnsweredError(OK if device.options.habits.foreign_ids == "swallowed" else NOT_UNDERSTOOD)


def _broke(device: Device, call: Call, rule: HardwareRule) -> None:
    mode = device.state.shooting_mode
    device.broke(rule, call.peer.client_id, f"{call.cmd} for {call.request.param_id:#018x} in mode {mode}")


def _setting(number: int, takes: type[Message]) -> Callable[[_Setter], _Setter]:
    """Register a setter of parameters; it is called for those that count in the present mode."""

    def register(setter: _Setter) -> _Setter:
        def handle(device: Device, call: Call) -> int | None:
            try:
                code = setter(device, call, _parameter(device, call))
            except _AnsweredError as answered:
                return answered.code if answered.code != OK or not _mute(device, call) else None
            return None if code == OK and _mute(device, call) else code

        on(number, takes=takes, v2=False)(handle)
        return setter

    return register


def _mute(device: Device, call: Call) -> bool:
    """A Dwarf II takes whole numbers without a word; only the notification tells."""
    return call.cmd == _SET_INT and modes.decides(device) and device.profile.tables == "D2"


@_setting(16700, proto.SetModeParam)
def set_exposure(device: Device, call: Call, param: ParamId) -> int:
    asked = call.request
    if param.item != EXPOSURE or param.camera == NEITHER:
        return NOT_UNDERSTOOD
    lens = device.state.cameras[param.camera]
    if asked.mode and tables.exposure_seconds(device.profile.tables, param.camera, asked.value) is None:
        return BAD_PARAMETER
    if not device.ignores("exposure"):
        device.lag.changed(("exposure", param.camera), lens.exposure)
        lens.exposure_manual = bool(asked.mode)
        if asked.mode:
            lens.exposure = asked.value
    params.echo(device, param.camera, params.EXPOSURE)
    _tell(device, param, int(lens.exposure_manual), lens.exposure)
    return OK


@_setting(16701, proto.SetModeParam)
def set_gain(device: Device, call: Call, param: ParamId) -> int:
    asked = call.request
    if param.item != GAIN or param.camera == NEITHER:
        return NOT_UNDERSTOOD
    lens = device.state.cameras[param.camera]
    if asked.mode and asked.value not in tables.camera_tables(device.profile.tables, param.camera).gains:
        return BAD_PARAMETER
    if asked.mode and _dim(device, param) and asked.value < LEAST_ASTRO_GAIN:
        return BAD_PARAMETER
    if not device.ignores("gain"):
        device.lag.changed(("gain", param.camera), lens.gain)
        lens.gain_manual = bool(asked.mode)
        if asked.mode:
            lens.gain = asked.value
    params.echo(device, param.camera, params.GAIN)
    _tell(device, param, int(lens.gain_manual), lens.gain)
    return OK


@_setting(16702, proto.SetModeParam)
def set_white_balance(device: Device, call: Call, param: ParamId) -> int:
    asked = call.request
    if param.item != WHITE_BALANCE or param.camera == NEITHER:
        return NOT_UNDERSTOOD
    lens = device.state.cameras[param.camera]
    lens.wb_manual = bool(asked.mode)
    if asked.mode:
        lens.wb_temperature = asked.value
    device.notify(notices.white_balance(asked.mode, lens.wb_temperature, lens.wb_scene, param.camera))
    return OK


@_setting(16703, proto.SetIntParam)
def set_int(device: Device, call: Call, param: ParamId) -> int:
    asked = call.request
    code, value = _set_int(device, param, asked.value)
    if code == OK:
        device.notify(notices.int_param(asked.param_id, 1, value))
    return code


def _tell(device: Device, param: ParamId, manual: int, value: int) -> None:
    """Newer firmware tells the whole group a parameter belongs to; before that was known, it alone."""
    if modes.decides(device):
        device.notify(*modes.group(device, param.camera))
    else:
        device.notify(notices.int_param(param.number, manual, value))


def _dim(device: Device, param: ParamId) -> bool:
    """Whether gains below what the stars need are not offered."""
    return param.mode in SKY_MODES and (param.camera == TELE or not modes.decides(device))


@_setting(16704, proto.SetFloatParam)
def set_float(device: Device, call: Call, param: ParamId) -> int:
    device.state.parameters[param.number] = (1, call.request.value)
    device.notify(notices.float_param(call.request.param_id, call.request.value))
    return OK


@_setting(16705, proto.SetBoolParam)
def set_bool(device: Device, call: Call, param: ParamId) -> int:
    device.state.parameters[param.number] = (1, float(call.request.value))
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
    if param.section == CAPTURE and param.item == MOSAIC_COUNT and param.camera == TELE:
        return _set_per_pane(device, value)
    if param.section == OPTICAL and param.item == FILTER and param.camera == TELE:
        if value not in modes.filters(device, param.mode):
            return BAD_PARAMETER, value
        device.lag.changed(("filter", TELE), device.state.cameras[TELE].filter)
        code = params.set_filter(device, value)
        return code, device.state.cameras[TELE].filter
    if param.section == OPTICAL and param.item in _SLIDERS and param.camera in (TELE, WIDE):
        return params.set_slider(device, param.camera, _SLIDERS[param.item], value), value
    if _shared(param):
        return _set_shared(device, param.item, value)
    if not device.ignores(f"item_{param.item}"):
        device.state.parameters[param.number] = (1, float(value))
    return OK, int(device.state.parameters.get(param.number, (1, 0.0))[1])


def _shared(param: ParamId) -> bool:
    if param.item == STACK_BINNING:
        return param.section == OPTICAL and param.camera == TELE
    return param.section == CAPTURE and param.camera == NEITHER and param.item in _SHARED


def _set_count(device: Device, param: ParamId, value: int) -> tuple[int, int]:
    camera = WIDE if param.camera == WIDE else TELE
    lens = device.state.cameras[camera]
    if not 1 <= value <= _MOST_FRAMES:
        return BAD_PARAMETER, lens.count
    if not device.ignores("count"):
        device.lag.changed(("count", camera), lens.count)
        lens.count = lens.counted_last = value
        if camera == TELE:
            device.state.features[params.COUNT].value = float(value)
    return OK, lens.count


def _set_per_pane(device: Device, value: int) -> tuple[int, int]:
    lens = device.state.cameras[TELE]
    if not 1 <= value <= MOST_PER_PANE:
        return BAD_PARAMETER, lens.per_pane
    if not device.ignores("mosaic_count"):
        device.lag.changed(("mosaic_count", TELE), lens.per_pane)
        lens.per_pane = lens.counted_last = value
    return OK, lens.per_pane


def _set_shared(device: Device, item: int, value: int) -> tuple[int, int]:
    feature = device.state.features[_SHARED[item]]
    index = FORMATS.get(value, -1) if item == STACK_FORMAT else value
    if index not in (0, 1):
        return BAD_PARAMETER, value
    if not device.ignores(_NAMES[item]):
        device.lag.changed(("feature", _SHARED[item]), feature.index)
        feature.index = index
    held = feature.index
    return OK, next(one for one, other in FORMATS.items() if other == held) if item == STACK_FORMAT else held
