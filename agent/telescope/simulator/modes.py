"""The shooting mode of newer firmware: entering and leaving it, and what it decides."""

from __future__ import annotations

from agent.telescope.simulator import notices, params, physics
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.notices import Notice
from agent.telescope.simulator.paramid import EXPOSURE, FILTER, GAIN, OPTICAL, STACK_BINNING, ParamId
from agent.telescope.simulator.profiles import (
    DEEP_SKY,
    MOON,
    NORMAL,
    PLANETS,
    SKY_MODES,
    SOLAR_MODES,
    SUN,
    TELE,
    WIDE,
)
from agent.telescope.simulator.state import Operation


def decides(device: Device) -> bool:
    """Whether this firmware ties parameters and gotos to the mode. Clients of mixed age could not live so."""
    return device.options.is_v3 and device.options.strict_modes


def techniques(device: Device, mode: int) -> tuple[int, ...]:
    """What can be shot in a mode; nothing in one that the model has not."""
    return next((known for number, _, known in device.profile.modes if number == mode), ())


def enter(device: Device, mode: int) -> None:
    """Switch to a shooting mode the model has; one it lacks changes nothing."""
    state, known = device.state, techniques(device, mode)
    if not known:
        return
    before, state.shooting_mode = state.shooting_mode, mode
    if state.technique not in known:
        state.technique = known[0]
    if device.options.is_v3:
        device.notify(*group(device, TELE), *group(device, WIDE))
    device.notify(notices.mode_switched(Operation.RUNNING, before, mode))
    device.notify(notices.mode_switched(Operation.STOPPED, before, mode))
    if device.options.is_v3:
        celsius = round(state.body.temperature + state.body.heat) + 3
        for camera, lens in state.cameras.items():
            scene = int(lens.wb_scene_mode)
            device.notify(
                notices.white_balance(2 * scene, lens.wb_temperature, lens.wb_scene, camera),
                notices.sensor_temperature(camera, celsius),
            )


def leave(device: Device, *, showed: bool) -> None:
    """Going live leaves an astronomical mode; by habit only when there was something to finish."""
    state = device.state
    if not decides(device) or state.shooting_mode == NORMAL or state.capturing():
        return
    if showed or device.options.habits.go_live == "leaves_mode":
        before, state.shooting_mode = state.shooting_mode, NORMAL
        state.technique = techniques(device, NORMAL)[0]
        for step in (Operation.RUNNING, Operation.STOPPED):
            device.notify(notices.mode_switched(step, before, NORMAL))


def points(device: Device, solar_index: int = 0) -> bool:
    """Whether the telescope goes to such a target in its present mode; 0 is the deep sky."""
    if not decides(device):
        return True
    fitting = {physics.SUN: (SUN,), physics.MOON: (MOON,), 0: SKY_MODES}.get(solar_index, (PLANETS,))
    return device.state.shooting_mode in fitting


def namespace(device: Device) -> int:
    """The mode whose parameter ids count now."""
    mode = device.state.shooting_mode
    return DEEP_SKY if mode in SOLAR_MODES and device.options.habits.solar_ids == "deep_sky" else mode


def group(device: Device, camera: int) -> list[Notice]:
    """The optical parameters of one camera, as they are told together."""
    lens = device.state.cameras[camera]
    told = [(EXPOSURE, int(lens.exposure_manual), lens.exposure), (GAIN, int(lens.gain_manual), lens.gain)]
    if camera == TELE:
        told.append((FILTER, 1, lens.filter))
        if has_binning(device):
            told.append((STACK_BINNING, 1, device.state.features[params.BINNING].index))
    return [
        notices.int_param(ParamId(namespace(device), OPTICAL, camera, item).number, manual, value)
        for item, manual, value in told
    ]


def has_binning(device: Device) -> bool:
    """Whether newer firmware of this model has the binning parameter."""
    return device.profile.tables == "D3"


def filters(device: Device, mode: int) -> tuple[int, ...]:
    """The filters that are offered in a mode."""
    every = tuple(value for value, _ in device.profile.filters)
    sky = device.options.is_v3 and mode in SKY_MODES
    return device.profile.sky_filters if sky else every
