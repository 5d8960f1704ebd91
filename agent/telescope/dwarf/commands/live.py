"""Going live: finishing a capture's display, which also frees an astronomy module that says it is busy."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from agent.capabilities import Camera
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.rules import GoLiveRule
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Command
from agent.telescope.errors import TransientError

_LOGGER = logging.getLogger(__name__)

BUSY_PAUSE_S = 5.0  # the module needs a moment after it was freed

_GO_LIVE = {Camera.TELE: Command.GO_LIVE, Camera.WIDE: Command.GO_LIVE_WIDE}


async def go_live(device: Device) -> None:
    """Return to live view; harmless when nothing was finished."""
    device.require_control()
    await _finish(device, Camera.TELE)
    if device.state.captures[Camera.WIDE].displayed:
        await _finish(device, Camera.WIDE)


async def past_busy(device: Device, attempt: Callable[[], Awaitable[None]]) -> None:
    """Try; when the telescope is busy with something already over, go live and try once more."""
    try:
        await attempt()
    except TransientError as error:
        if error.device_code != codes.ASTRO_BUSY or device.state.capturing:
            raise
        _LOGGER.info("The telescope says it is busy; finishing what is over, then once more")
        await go_live(device)
        await device.clock.sleep(BUSY_PAUSE_S)
        await attempt()


async def _finish(device: Device, camera: Camera) -> None:
    rule = GoLiveRule("Returning to live view", device.judge, device.limits)
    await device.carry_out(_GO_LIVE[camera], None, rule, total=device.limits.go_live)
    device.state.captures[camera].displayed = False
