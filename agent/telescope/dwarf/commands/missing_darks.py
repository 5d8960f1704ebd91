"""Captures held for want of darks: newer firmware exposes nothing then until it is told to go on.

It says so when the capture is started, or a moment after, or not at all: then the capture merely runs, and no
frame comes. Unattended, frames without fitting darks beat no frames.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from agent.capabilities import Camera
from agent.telescope.dwarf.completion import CaptureStartCompletion
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.models import model_facts
from agent.telescope.dwarf.state import CALIBRATING, SLEWING, Phase
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.codes import error_for
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.errors import NothingExposedError, RefusedError, TelescopeError, UnreachableError

_LOGGER = logging.getLogger(__name__)

START = {Camera.TELE: Cmd.START_CAPTURE, Camera.WIDE: Cmd.START_WIDE_CAPTURE}
STOP = {Camera.TELE: Cmd.STOP_CAPTURE, Camera.WIDE: Cmd.STOP_WIDE_CAPTURE}
_UNKNOWN = frozenset({codes.NOT_UNDERSTOOD, codes.BAD_PARAMETER})


async def go_on(device: Device, camera: Camera) -> None:
    """Have a held capture go on; returns when the telescope says that it runs."""
    record = device.state.captures[camera]
    record.held, record.told_to_go_on = False, True
    _LOGGER.warning("The %s capture goes on without fitting darks: those frames beat none", camera)
    try:
        if model_facts(device.model).forces_without_darks or not await _confirmed(device, camera):
            await _force(device, camera)
    except UnreachableError:
        record.told_to_go_on = False  # whether it was heard is not known
        raise
    record.without_darks = True
    record.changed.set()


async def close_question(device: Device, camera: Camera) -> None:
    """Give a capture up that may be held: while it is, the telescope calls itself busy."""
    with suppress(TelescopeError):
        await device.ask(STOP[camera], within=device.limits.stop)


class FirstLight:
    """Watches that a capture which runs exposes something."""

    def __init__(self, device: Device, camera: Camera) -> None:
        self._device = device
        self._camera = camera
        self._record = device.state.captures[camera]
        self._since: float | None = None

    @property
    def waits(self) -> bool:
        """Whether nothing was seen of a frame yet, although one should come."""
        moves = self._device.state.busy & {CALIBRATING, SLEWING}  # it centres its target anew
        runs = self._record.phase is Phase.RUNNING and not self._record.exposing
        return self._device.dialect.holds_captures and runs and not moves

    async def look(self, *, connected: bool) -> float:
        """Have a held capture go on, once; seconds until the next look. NothingExposedError when in vain."""
        if not connected or not self.waits:
            self._since = None
            return float("inf")
        now = self._device.clock.monotonic()
        self._since = now if self._since is None else self._since
        left = self._since + self._limit_s - now
        if not self._record.held and left > 0:
            return left
        if self._record.told_to_go_on:
            raise NothingExposedError(
                f"The telescope says that its {self._camera} camera captures, and exposes nothing.",
                hint="Restart the telescope if this happens again.",
            )
        try:
            await go_on(self._device, self._camera)
        except TelescopeError as error:
            _LOGGER.warning("%s", error)
        self._since = None
        return self._limit_s

    @property
    def _limit_s(self) -> float:
        table = self._device.capabilities.cameras[self._camera].exposures
        longest = max((each.seconds for each in table), default=0.0)
        return (self._record.exposure_s or longest) + self._device.limits.first_light


async def _confirmed(device: Device, camera: Camera) -> bool:
    """Say to go on; false when the telescope does not know how."""
    try:
        await _until_it_runs(device, camera, Cmd.GO_ON_WITHOUT_DARKS, "Going on without fitting darks")
    except RefusedError as error:
        if error.device_code not in _UNKNOWN:
            raise
        return False
    return True


async def _force(device: Device, camera: Camera) -> None:
    doing = f"Starting the {camera} capture without fitting darks"
    completion = await _until_it_runs(device, camera, START[camera], doing, force=True)
    if completion.refused:
        raise error_for(completion.warning, doing, device.dialect.generation)


async def _until_it_runs(
    device: Device, camera: Camera, cmd: Cmd, doing: str, *, force: bool = False
) -> CaptureStartCompletion:
    completion = CaptureStartCompletion(doing, device.judge, device.limits, camera=camera, query=device.query)
    request = await device.dialect.start_capture(device, camera, force=True) if force else None
    limits = device.limits
    await device.carry_out(cmd, request, completion, total=limits.capture_start, news=limits.state_check)
    return completion
