"""Focusing on stars. Mode 0 searches; mode 1 goes to the stored infinity position and its neighbourhood."""

from __future__ import annotations

import logging

from agent.capabilities import Camera
from agent.telescope.dwarf.commands.live import willing
from agent.telescope.dwarf.completion import FocusCompletion
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.proto import focus_pb2
from agent.telescope.dwarf.state import FOCUSING
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.errors import TelescopeError

_LOGGER = logging.getLogger(__name__)

_SEARCH, _INFINITY = 0, 1
_FAR, _NEAR = 0, 1
_SEARCH_FIRST = frozenset({-15101, -15107, -15108})  # the fast focus failed, or no position is stored


async def auto_focus(device: Device) -> None:
    """Search the focus on stars."""
    await _focus(device, _SEARCH, "Auto focus")


async def infinite_focus(device: Device) -> None:
    """Go to the stored infinity focus; a telescope that asks for a search first gets one."""
    try:
        await _focus(device, _INFINITY, "Infinity focus")
        device.state.infinity_at = device.clock.monotonic()
    except TelescopeError as error:
        if error.device_code not in _SEARCH_FIRST:
            raise
        _LOGGER.info("The telescope wants a full focus search first")
        await auto_focus(device)


async def step(device: Device, *, near: bool, steps: int) -> None:
    """Turn the focus by so many steps. One that is not answered is not sent again: it may have been made."""
    device.require_control()
    device.state.infinity_at = None
    request = focus_pb2.FocusStep(direction=_NEAR if near else _FAR)

    async def attempt() -> None:
        await device.order(Cmd.FOCUS_STEP, request, doing="Stepping the focus", attempts=1)

    for _ in range(steps):
        await willing(device, Camera.TELE, attempt)


async def _focus(device: Device, mode: int, doing: str) -> None:
    device.require_control()

    async def attempt() -> None:
        completion = FocusCompletion(
            doing,
            device.judge,
            device.limits,
            states=device.dialect.focus_reports_states,
            query=device.query,
        )
        request = focus_pb2.AstroAutoFocus(mode=mode)
        await device.carry_out(Cmd.ASTRO_AUTO_FOCUS, request, completion, total=device.limits.focus)

    device.state.infinity_at = None
    device.state.occupied(FOCUSING)
    try:
        await willing(device, Camera.TELE, attempt)
    except TelescopeError:
        device.state.free(FOCUSING)
        raise
    device.state.free(FOCUSING)
