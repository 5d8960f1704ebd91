"""Dark frames: what the telescope keeps, and taking them.

Some firmware tells nothing while it takes darks, and may answer -5 although it takes them, or nothing: its
list alone says what there is.
"""

from __future__ import annotations

import logging

from agent.capabilities import Camera
from agent.telescope.darks import DarkFrame, DarkKind, DarkLibrary, DarkState
from agent.telescope.dwarf.commands.live import willing
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.proto import astro_pb2, common_pb2
from agent.telescope.dwarf.state import DARKS
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.envelope import decode
from agent.telescope.errors import CommandTimeoutError, GarbledLinkError, TelescopeError, TransientError

_LOGGER = logging.getLogger(__name__)

_SHOOT = {Camera.TELE: Cmd.TAKE_DARKS, Camera.WIDE: Cmd.TAKE_WIDE_DARKS}
_LIST = {Camera.TELE: Cmd.LIST_DARKS, Camera.WIDE: Cmd.LIST_WIDE_DARKS}
_READOUT_S = 1.0
_GAINS = range(40, 151)  # that darks are taken with; of another one the index would be taken for a gain


async def library(device: Device, camera: Camera) -> DarkLibrary:
    """Ask which darks the telescope keeps for a camera."""
    device.require_link()
    answer = decode(astro_pb2.ListDarksAnswer, await device.ask(_LIST[camera], attempts=2))
    device.judge(answer.code, "Listing the dark frames")
    frames = [frame for one in answer.darks if (frame := _frame(device, camera, one)) is not None]
    celsius = device.state.sensors.get(camera, device.state.telemetry.temperature)
    return DarkLibrary(tuple(frames), celsius)


async def shoot(device: Device, kind: DarkKind, frames: int) -> None:
    """Take darks; returns once the telescope lists them."""
    device.require_control()
    activity = DARKS[kind.camera]
    device.state.occupied(activity)
    try:
        await willing(device, kind.camera, lambda: _begin(device, kind, frames))
        await _listed(device, kind, frames)
    except TelescopeError:
        device.state.free(activity)
        raise
    device.state.free(activity)


async def _begin(device: Device, kind: DarkKind, frames: int) -> None:
    doing = f"Taking {kind.camera} dark frames"
    candidates = device.dialect.dark_gains(device, kind.camera, kind.gain)
    for gain in candidates:
        request = astro_pb2.StartDarksWithParams(
            exp_index=kind.exposure, gain_index=gain, bin_index=kind.binning, cap_size=frames
        )
        try:
            code = decode(common_pb2.ComResponse, await device.ask(_SHOOT[kind.camera], request)).code
        except GarbledLinkError:
            raise
        except CommandTimeoutError:
            code = codes.NOT_ACTIVATED  # as good as no answer
        if code == codes.DARK_GAIN and gain != candidates[-1] and kind.gain in _GAINS:
            _LOGGER.info("The telescope wants the gain of dark frames told otherwise")
            continue
        if code == codes.NOT_ACTIVATED:
            _LOGGER.info("The telescope does not say that it takes dark frames; its list will tell")
            return
        device.judge(code, doing)
        return


async def _listed(device: Device, kind: DarkKind, frames: int) -> None:
    """Wait until they are taken and listed."""
    clock = device.clock
    table = device.capabilities.cameras[kind.camera].exposures
    exposure_s = next((each.seconds for each in table if each.index == kind.exposure), 0.0)
    expected = frames * (exposure_s + _READOUT_S)
    deadline = clock.monotonic() + 2 * expected + device.limits.darks
    await clock.sleep(expected)
    while (await library(device, kind.camera)).state(kind) is not DarkState.THERE:
        if clock.monotonic() >= deadline:
            raise TransientError(
                f"The telescope took no {kind.camera} dark frames, or does not list them.",
                code="no_darks",
                hint="Look at them in the phone app.",
            )
        await clock.sleep(device.limits.state_check)


def _frame(device: Device, camera: Camera, told: astro_pb2.DarkFrame) -> DarkFrame | None:
    gain = _number(told.gain_name)
    if gain is None:
        gain = next(
            (
                one
                for one in device.capabilities.cameras[camera].gains
                if told.gain_index in device.dialect.dark_gains(device, camera, one)[-1:]
            ),
            None,
        )
    if gain is None:
        return None
    kind = DarkKind(camera, told.exp_index, gain, told.bin_index)
    return DarkFrame(kind, float(told.temperature) or None)  # 0 is not told as well


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
