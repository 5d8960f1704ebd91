"""Going live, and other ways to make a telescope willing that says it is busy or not ready."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from agent.capabilities import Camera
from agent.telescope.dwarf.completion import GoLiveCompletion
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.errors import TelescopeError

_LOGGER = logging.getLogger(__name__)

BUSY_PAUSE_S = 5.0  # the module needs a moment after it was freed

_NOT_READY = frozenset({codes.NOT_UNDERSTOOD, codes.TELE_CLOSED, codes.WIDE_CLOSED})
_GO_LIVE = {Camera.TELE: Cmd.GO_LIVE, Camera.WIDE: Cmd.GO_LIVE_WIDE}


async def go_live(device: Device) -> None:
    """Return to live view; harmless when nothing was finished."""
    device.require_control()
    await _finish(device, Camera.TELE)
    if device.state.captures[Camera.WIDE].displayed:
        await _finish(device, Camera.WIDE)
    device.dialect.went_live(device)


async def willing(device: Device, camera: Camera, attempt: Callable[[], Awaitable[None]]) -> None:
    """Make the camera ready and try; once more when the telescope was merely not in the mood.

    Busy with something that is over: it is finished first. In another mode, or with its camera closed,
    as another client may have left it: the camera is made ready anew.
    """
    await device.dialect.enter(device, camera)
    try:
        await attempt()
    except TelescopeError as error:
        if error.device_code == codes.ASTRO_BUSY and not device.state.capturing:
            _LOGGER.info("The telescope says it is busy; finishing what is over, then once more")
            await go_live(device)
            await device.clock.sleep(BUSY_PAUSE_S)
            await device.dialect.enter(device, camera)
        elif error.device_code in _NOT_READY:
            _LOGGER.info("The telescope is not ready for this any more; making it so, then once more")
            device.dialect.reset()
            await device.dialect.enter(device, camera)
        elif error.device_code == codes.GOTO_FAILED and not await device.dialect.in_place(device):
            _LOGGER.info("The telescope is in another shooting mode; entering the right one, then once more")
            await device.dialect.enter(device, camera)
        else:
            raise
        await attempt()


async def _finish(device: Device, camera: Camera) -> None:
    completion = GoLiveCompletion("Returning to live view", device.judge, device.limits)
    await device.carry_out(_GO_LIVE[camera], None, completion, total=device.limits.go_live)
    device.state.captures[camera].displayed = False
