"""Going live, and other ways to make a telescope willing that says it is busy or not ready."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from agent.capabilities import Camera
from agent.telescope.dwarf.commands.missing_darks import close_question
from agent.telescope.dwarf.commands.motors import home_pitch
from agent.telescope.dwarf.completion import GoLiveCompletion
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.code_table import Advice
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.errors import TelescopeError

_LOGGER = logging.getLogger(__name__)

_BUSY = codes.advising(Advice.WAIT)
_NOT_READY = codes.advising(Advice.ENTER, Advice.ENTER_ONCE)


async def go_live(device: Device) -> None:
    """Return to live view; harmless when nothing was finished."""
    device.require_control()
    own = device.dialect.go_live
    displayed = [camera for camera, record in device.state.captures.items() if record.displayed]
    for cmd in dict.fromkeys(own[camera] for camera in (Camera.TELE, *displayed)):
        await _finish(device, cmd)
        for camera in Camera:
            if own[camera] is cmd:
                device.state.captures[camera].displayed = False
    device.dialect.went_live(device)


async def willing(device: Device, camera: Camera, attempt: Callable[[], Awaitable[None]]) -> None:
    """Make the camera ready and try; again when the telescope was merely not in the mood.

    Busy with something that is over: it is finished first, and newer firmware is given time. In another mode,
    or with its camera closed, as another client may have left it: the camera is made ready anew, once. With
    a motor that does not know where it is: that is sent home, once.
    """
    await device.dialect.enter(device, camera)
    patience = _Patience(device)
    renewed = homed = False
    while True:
        try:
            await attempt()
        except TelescopeError as error:
            if not renewed and await _must_enter(device, error):
                renewed = True
                device.dialect.reset()
                await device.dialect.enter(device, camera)
                continue
            if not homed and error.device_code in codes.MOTOR_HOMELESS:
                homed = True
                await home_pitch(device)
                continue
            if not patience.lasts(error):
                raise
            if patience.fresh:
                _LOGGER.info("The telescope says it is busy; finishing what is over, then again")
                await go_live(device)
            await patience.pause()
            await device.dialect.enter(device, camera)
        else:
            return


async def _must_enter(device: Device, error: TelescopeError) -> bool:
    """Whether the telescope refuses because of its camera or its shooting mode, which is asked for."""
    if error.device_code == codes.GOTO_FAILED:
        if await device.dialect.in_place(device):
            return False
        _LOGGER.info("The telescope is in another shooting mode; entering the right one, then once more")
        return True
    if error.device_code not in _NOT_READY:
        return False
    _LOGGER.info("The telescope is not ready for this any more; making it so, then once more")
    return True


class _Patience:
    """How long a telescope may call itself busy with something that is over."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._until: float | None = None

    @property
    def fresh(self) -> bool:
        """Whether it was not needed yet."""
        return self._until is None

    def lasts(self, error: TelescopeError) -> bool:
        """Whether this means busy, and is worth another try."""
        device = self._device
        if device.state.capturing:
            return False
        in_time = self._until is None or device.clock.monotonic() < self._until
        once_more = in_time if device.dialect.stays_busy else self.fresh
        return error.device_code in _BUSY and once_more

    async def pause(self) -> None:
        """Wait a little; the first time starts the clock."""
        if self._until is None:
            self._until = self._device.clock.monotonic() + self._device.limits.busy
        await self._device.clock.sleep(self._device.limits.busy_pause)


async def _finish(device: Device, cmd: Cmd) -> None:
    patience = _Patience(device)
    while True:
        completion = GoLiveCompletion(
            "Returning to live view",
            device.judge,
            device.limits,
            query=device.query if device.dialect.stays_busy else None,
        )
        try:
            await device.carry_out(cmd, None, completion, total=device.limits.go_live)
        except TelescopeError as error:
            if not device.dialect.stays_busy or not patience.lasts(error):
                raise
            if patience.fresh:
                await _leave_held(device, error)
            await patience.pause()
        else:
            return


async def _leave_held(device: Device, error: TelescopeError) -> None:
    """Close what an earlier capture may have been held by; raises when one runs."""
    snapshot = await device.query()
    if snapshot is not None and any(snapshot.capturing.values()):
        raise error
    for camera in Camera:
        await close_question(device, camera)
