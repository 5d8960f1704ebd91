"""Who controls the telescope, its clock, its power, stopping everything, and folding it up."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from google.protobuf.message import Message

from agent.capabilities import Camera
from agent.targets import Site
from agent.telescope.dwarf.commands.captures import stop_capture
from agent.telescope.dwarf.commands.motors import PITCH, home_pitch, run_pitch
from agent.telescope.dwarf.commands.pointing import stop_goto, stop_nudge
from agent.telescope.dwarf.completion import LockCompletion
from agent.telescope.dwarf.device import SEND_TWICE, Device
from agent.telescope.dwarf.proto import motor_pb2, system_pb2
from agent.telescope.dwarf.state import CALIBRATING, DARKS, FOCUSING, FOLDING, SOLVING
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.errors import (
    CommandTimeoutError,
    GarbledLinkError,
    HeldByOtherError,
    TelescopeError,
    UnreachableError,
)
from agent.telescope.time_zone import zone_and_offset

_LOGGER = logging.getLogger(__name__)

_STOPS: dict[str, tuple[Cmd, Message | None]] = {
    CALIBRATING: (Cmd.STOP_CALIBRATION, None),
    FOCUSING: (Cmd.STOP_ASTRO_AUTO_FOCUS, None),
    SOLVING: (Cmd.STOP_EQ, None),
    DARKS[Camera.TELE]: (Cmd.STOP_DARKS, None),
    DARKS[Camera.WIDE]: (Cmd.STOP_WIDE_DARKS, None),
    FOLDING: (Cmd.MOTOR_STOP, motor_pb2.MotorSelect(id=PITCH)),
}


async def take_control(device: Device) -> None:
    """Become the controlling client. Newer firmware knows no lock: whoever is connected controls it."""
    device.require_link()
    if device.dialect.single_client:
        if device.state.slave:
            await device.query()
        device.require_control()
        return
    completion = LockCompletion("Taking control", device.judge, device.limits)
    completion.held = device.state.telemetry.host is True
    request = system_pb2.SetMasterLock(lock=True)
    total = device.limits.lock_again if device.state.lock_unanswered else device.limits.lock
    try:
        await device.carry_out(Cmd.MASTER_LOCK, request, completion, total=total)
        device.state.lock_unanswered = False
    except CommandTimeoutError:
        device.state.lock_unanswered = True
        if device.state.slave:
            raise HeldByOtherError("Another client controls the telescope.") from None
        _LOGGER.debug("The telescope does not answer the master lock; going on without")


async def release_control(device: Device) -> None:
    """Give the lock back, where there is one; best effort."""
    if device.dialect.single_client:
        return
    try:
        device.require_link()
        request = system_pb2.SetMasterLock(lock=False)
        await device.ask(Cmd.MASTER_LOCK, request, within=device.limits.settle)  # may stay unanswered
    except TelescopeError as error:
        _LOGGER.debug("Control was not given back: %s", error)


async def set_time(device: Device, now: datetime, timezone: str, site: Site | None) -> None:
    """Set the telescope's clock, its zone, and its place where it takes one and we know it."""
    device.require_control()
    zone, offset = zone_and_offset(timezone, now)
    hours = offset / timedelta(hours=1)
    began = device.clock.monotonic()
    for attempt in range(SEND_TWICE):  # waiting for a lost answer takes its time, which passes meanwhile
        passed = timedelta(seconds=device.clock.monotonic() - began)
        clock = system_pb2.SetTime(timestamp=int((now + passed).timestamp()), timezone_offset=hours)
        try:
            await device.order(Cmd.SET_TIME, clock, doing="Setting the time", attempts=1)
            break
        except UnreachableError:
            raise
        except CommandTimeoutError:
            if attempt + 1 == SEND_TWICE:
                raise
    device.zone = zone
    name = system_pb2.SetTimeZone(timezone=timezone)
    try:
        await device.order(Cmd.SET_TIME_ZONE, name, doing="Setting the time zone")
    except UnreachableError:
        raise
    except TelescopeError as error:
        _LOGGER.warning("%s The hours from UTC, which it took, are enough.", error)
    if site is not None:
        await device.dialect.set_location(device, site)


async def halt(device: Device) -> None:
    """Stop captures, movements and solving: every stop is on the wire before any is waited for."""
    device.require_link()
    stops = [stop_capture(device, camera) for camera in Camera if device.state.captures[camera].active]
    unreported = set() if device.dialect.focus_reports_states else {FOCUSING}  # another client's, say
    busy = [activity for activity in _STOPS if activity in device.state.busy | unreported]
    results = await asyncio.gather(
        *stops,
        *([stop_nudge(device)] if device.state.nudged else []),
        *(_stop_activity(device, activity) for activity in busy),
        stop_goto(device),
        return_exceptions=True,
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def stop_darks(device: Device, camera: Camera) -> None:
    """Stop what may be left of taking darks; nothing tells whether anything was."""
    device.require_control()
    await _stop_activity(device, DARKS[camera])


async def park(device: Device) -> None:
    """Fold the barrel in; a motor that asks for its home is sent there first."""
    device.require_control()
    await stop_goto(device)
    device.state.infinity_at = None
    pitch = device.dialect.park_pitch(device.model)
    code = await run_pitch(device, pitch)
    if code in codes.MOTOR_HOMELESS:
        await home_pitch(device)
        code = await run_pitch(device, pitch)
    device.judge(code, "Folding the telescope")


async def power_off(device: Device, cmd: Cmd, doing: str) -> None:
    """Switch off or restart; done when the telescope says goodbye, or simply goes."""
    device.require_link()
    device.state.powering_off = False  # a goodbye from before, after which it stayed
    try:
        await device.order(cmd, doing=doing, within=device.limits.power, attempts=1)
    except CommandTimeoutError:
        if not device.state.powering_off:
            raise
    except UnreachableError as error:
        _LOGGER.debug("The telescope left without an answer: %s", error)


async def _stop_activity(device: Device, activity: str) -> None:
    cmd, request = _STOPS[activity]
    try:
        await device.ask(cmd, request, within=device.limits.stop)
    except GarbledLinkError:
        raise
    except CommandTimeoutError as error:
        _LOGGER.debug("Nothing was heard of the stop: %s", error)  # newer firmware answers some only by state
    device.state.free(activity)
