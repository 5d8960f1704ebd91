"""Settings of both cameras, V2 numbers (modules 1 and 2). The echo goes out before the answer."""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.message import Message

from agent.telescope.dwarf.proto import camera_pb2 as proto
from agent.telescope.dwarf.proto import common_pb2 as common
from agent.telescope.simulator import modes, params, tables
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.profiles import TELE, WIDE
from agent.telescope.simulator.registry import BAD_PARAMETER, OK, Call, on

CLOSED = {TELE: -10501, WIDE: -12501}

Setter = Callable[[Device, Call], int]
Getter = Callable[[Device], int]


def _setting(number: int, takes: type[Message], camera: int, setter: Setter, *, v3: bool = False) -> None:
    def handle(device: Device, call: Call) -> int:
        if not device.state.cameras[camera].open:
            return CLOSED[camera]
        return setter(device, call)

    on(number, takes=takes, v3=v3)(handle)


def _set_filter(device: Device, call: Call) -> int:
    """Newer firmware still takes this number, for the parameter of its present mode."""
    value, lens = call.request.value, device.state.cameras[TELE]
    if not device.options.is_v3:
        return params.set_filter(device, value)
    if value not in modes.filters(device, device.state.shooting_mode):
        return BAD_PARAMETER
    device.lag.changed(("filter", TELE), lens.filter)
    code = params.set_filter(device, value)
    device.notify(*modes.group(device, TELE))
    return code


def _reading(number: int, camera: int, getter: Getter) -> None:
    def handle(device: Device, _call: Call) -> Message:
        if not device.state.cameras[camera].open:
            return common.ComResWithInt(code=CLOSED[camera])
        return common.ComResWithInt(value=getter(device))

    on(number, answers=common.ComResWithInt, v3=False)(handle)


def _slider(set_number: int, camera: int, param: int, name: str) -> None:
    _setting(
        set_number,
        proto.SetValue,
        camera,
        lambda device, call: params.set_slider(device, camera, param, call.request.value),
    )
    _reading(set_number + 1, camera, lambda device: int(getattr(device.state.cameras[camera], name)))


def _auto(set_number: int, camera: int, param: int, name: str) -> None:
    _setting(
        set_number,
        proto.SetMode,
        camera,
        lambda device, call: params.set_auto(device, camera, param, call.request.mode),
    )
    _reading(set_number + 1, camera, lambda device: int(getattr(device.state.cameras[camera], name)))


def _exposure_and_gain(camera: int, exposure: int, gain: int) -> None:
    _setting(
        exposure,
        proto.SetIndex,
        camera,
        lambda device, call: params.set_exposure(device, camera, call.request.index),
    )
    _reading(exposure + 1, camera, lambda device: device.state.cameras[camera].exposure)
    _setting(
        gain,
        proto.SetIndex,
        camera,
        lambda device, call: params.set_gain_index(device, camera, call.request.index),
    )
    _reading(
        gain + 1,
        camera,
        lambda device: tables.gain_index(device.profile.tables, camera, device.state.cameras[camera].gain),
    )


def _white_balance(camera: int, mode: int, scene: int, temperature: int) -> None:
    def set_mode(device: Device, call: Call) -> int:
        device.state.cameras[camera].wb_scene_mode = bool(call.request.mode)
        return params.echo(device, camera, params.WHITE_BALANCE)

    _setting(mode, proto.SetMode, camera, set_mode)
    _reading(mode + 1, camera, lambda device: int(device.state.cameras[camera].wb_scene_mode))
    _setting(
        scene,
        proto.SetValue,
        camera,
        lambda device, call: params.set_white_balance(device, camera, scene=True, index=call.request.value),
    )
    _setting(
        temperature,
        proto.SetIndex,
        camera,
        lambda device, call: params.set_white_balance(device, camera, scene=False, index=call.request.index),
    )
    _reading(temperature + 1, camera, lambda device: device.state.cameras[camera].wb_temperature)


_auto(10007, TELE, params.EXPOSURE, "exposure_manual")
_auto(10011, TELE, params.GAIN, "gain_manual")
_exposure_and_gain(TELE, 10009, 10013)
_slider(10015, TELE, params.BRIGHTNESS, "brightness")
_slider(10017, TELE, params.CONTRAST, "contrast")
_slider(10019, TELE, params.SATURATION, "saturation")
_slider(10021, TELE, params.HUE, "hue")
_slider(10023, TELE, params.SHARPNESS, "sharpness")
_white_balance(TELE, 10025, 10027, 10029)
_reading(10028, TELE, lambda device: device.state.cameras[TELE].wb_scene)
_setting(10031, proto.SetValue, TELE, _set_filter, v3=True)
_reading(10032, TELE, lambda device: device.state.cameras[TELE].filter)

_auto(12002, WIDE, params.EXPOSURE, "exposure_manual")
_exposure_and_gain(WIDE, 12004, 12006)
_slider(12008, WIDE, params.BRIGHTNESS, "brightness")
_slider(12010, WIDE, params.CONTRAST, "contrast")
_slider(12012, WIDE, params.SATURATION, "saturation")
_slider(12014, WIDE, params.HUE, "hue")
_slider(12016, WIDE, params.SHARPNESS, "sharpness")
_white_balance(WIDE, 12018, 12035, 12020)


def _set_all(device: Device, call: Call, camera: int) -> int:
    lens, asked, model = device.state.cameras[camera], call.request, device.profile.tables
    if not lens.open:
        return CLOSED[camera]
    gain = tables.gain_of_index(model, camera, asked.gain_index)
    known_filter = camera == WIDE or asked.ircut_value in dict(device.profile.filters)
    if tables.exposure_seconds(model, camera, asked.exp_index) is None or gain is None or not known_filter:
        return BAD_PARAMETER
    if not device.ignores("exposure"):
        lens.exposure, lens.exposure_manual = asked.exp_index, bool(asked.exp_mode)
    if not device.ignores("gain"):
        lens.gain, lens.gain_manual = gain, bool(asked.gain_mode)
    if camera == TELE and not device.ignores("filter"):
        lens.filter = asked.ircut_value
    lens.wb_manual, lens.wb_scene_mode = bool(asked.wb_mode), asked.wb_index_type == params.SCENE
    lens.brightness, lens.contrast, lens.hue = asked.brightness, asked.contrast, asked.hue
    lens.saturation, lens.sharpness = asked.saturation, asked.sharpness
    for number in range(params.QUALITY):
        if camera == TELE or number != params.FILTER:
            params.echo(device, camera, number)
    return OK


@on(10035, takes=proto.SetAllParams, v3=False)
def set_all_tele(device: Device, call: Call) -> int:
    return _set_all(device, call, TELE)


@on(12028, takes=proto.SetAllParams, v3=False)
def set_all_wide(device: Device, call: Call) -> int:
    return _set_all(device, call, WIDE)


@on(10036, answers=proto.AllParams, v3=False, silent_on_v3=True)
def get_all_tele(device: Device, _call: Call) -> Message:
    return proto.AllParams(params=params.all_params(device, TELE))


@on(12027, answers=proto.AllParams, v3=False, silent_on_v3=True)
def get_all_wide(device: Device, _call: Call) -> Message:
    return proto.AllParams(params=params.all_params(device, WIDE))


@on(10037, takes=proto.SetFeature, v3=False)
def set_feature(device: Device, call: Call) -> int:
    return params.set_feature(device, call.request.feature)


@on(10038, answers=proto.AllParams, v3=False, silent_on_v3=True)
def get_all_features(device: Device, _call: Call) -> Message:
    return proto.AllParams(params=params.all_features(device))


@on(10040, takes=proto.SetJpegQuality)
@on(10042, 12032, takes=proto.SetRtspBitRate)
@on(10047, takes=proto.SetResolution, v2=False)
@on(10048, takes=proto.SetFps, v2=False)
@on(10049, takes=proto.SetCropRatio, v2=False)
def accept(_device: Device, _call: Call) -> int:
    """Accept a setting that changes nothing a client can see."""
    return OK
