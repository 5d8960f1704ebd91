"""Control, pointing and focus through the library."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from agent.targets import Site, SkyTarget, SolarBody, SolarTarget
from agent.telescope.dwarf.generation import SOLAR_INDEX
from agent.telescope.dwarf.state import CALIBRATING, FOCUSING, SLEWING, SOLVING, Phase
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.codes import error_for
from agent.telescope.dwarf.wire.envelope import Generation
from agent.telescope.errors import (
    CommandTimeoutError,
    HeldByOtherError,
    ProtocolError,
    RefusedError,
    TelescopeError,
    TransientError,
    UnreachableError,
)
from agent.telescope.interface import EqError
from agent.telescope.library.captures import stop_capture
from agent.telescope.library.core import Core, device_code
from agent.telescope.library.folder import write_place
from agent.telescope.library.process import Reply
from agent.telescope.time_zone import zone_and_offset

_LOGGER = logging.getLogger(__name__)

_STOPS = {
    CALIBRATING: "perform_stop_calibration",
    FOCUSING: "perform_stop_autofocus",
    SOLVING: "stop_polar_align",
}
_FOLD, _FIND_HOME = 1, 6  # the library's numbers of motor actions
_FAST_FOCUS_FAILED = -15101
_PHASE = "CALIBRATION: Phase"
_NOT_SOLVED = "CALIBRATION: Error Plate solving"
_STOPPED = "STOPPED"
_LONGEST_NAME = 64  # it becomes part of a folder's name
_BY_SIGHT = frozenset({SolarBody.SUN, SolarBody.MOON})


async def take_control(core: Core) -> None:
    """Become the controlling client. Newest firmware may not answer: it refuses others by itself."""
    core.require_link()
    try:
        reply = await core.call("set_HostMaster", doing="Taking control", limit=core.limits.lock)
    except CommandTimeoutError:
        _LOGGER.debug("The telescope does not answer the master lock; going on without")
    else:
        if core.commanding:
            core.judge(reply, "Taking control")
    if not core.commanding:
        raise HeldByOtherError(
            "Another client controls the telescope.", hint="Close the phone app, or wait until it lets go."
        )


async def release_control(core: Core) -> None:
    """Give the lock back; best effort."""
    try:
        await core.call("unset_HostMaster", doing="Giving control back", limit=core.limits.lock)
    except TelescopeError as error:
        _LOGGER.debug("Control was not given back: %s", error)


async def set_time(core: Core, now: datetime, timezone: str, site: Site | None) -> None:
    """Set the telescope's clock and zone; its place goes with the commands that need it."""
    core.require_control()
    zone, offset = zone_and_offset(timezone, now)
    seconds = offset.total_seconds()
    doing, limit = "Setting the time", core.limits.simple
    reply = await core.ask("set_time", doing=doing, limit=limit, timestamp=now.timestamp(), offset_s=seconds)
    core.judge(reply, doing)
    write_place(core.folder, site, timezone)
    await core.order("perform_timezone", doing="Setting the time zone")
    core.zone = zone


async def halt(core: Core) -> None:
    """Stop captures, movements and solving. What the library waits for is interrupted first."""
    core.require_link()
    core.process.interrupt()
    errors: list[TelescopeError] = []
    if core.doubted or any(record.phase is Phase.STARTING for record in core.captures.values()):
        await core.look()
    for camera in [camera for camera, record in core.captures.items() if record.active]:
        try:
            await stop_capture(core, camera)
        except TelescopeError as error:
            errors.append(error)
    for activity in [name for name in _STOPS if name in core.unfinished]:
        try:
            await core.call(_STOPS[activity], doing=f"Stopping {activity}", limit=core.limits.stop)
        except CommandTimeoutError as error:
            _LOGGER.debug("Nothing was heard of the stop: %s", error)
        core.unfinished.discard(activity)
    await stop_goto(core)
    if errors:
        raise errors[0]


async def park(core: Core) -> None:
    """Fold the barrel in; a motor that asks for its home is sent there first."""
    core.require_control()
    await stop_goto(core)
    reply = await _motor(core, _FOLD)
    if device_code(reply) == codes.MOTOR_NEEDS_HOME:
        await _motor(core, _FIND_HOME)
        reply = await _motor(core, _FOLD)
    core.judge(reply, "Folding the telescope")


async def power_off(core: Core, function: str, doing: str) -> None:
    """Switch off or restart; done when the telescope says goodbye, or simply goes."""
    core.require_link()
    try:
        reply = await core.call(function, doing=doing, limit=core.limits.power)
        if core.linked:
            core.judge(reply, doing)
            async with asyncio.timeout(core.limits.farewell):
                await core.down.wait()
    except TimeoutError:
        _LOGGER.debug("The telescope takes its time to leave")
    except UnreachableError as error:
        _LOGGER.debug("The telescope left without an answer: %s", error)


async def calibrate(core: Core) -> None:
    """Calibrate by plate solving; the library's word alone is not believed."""
    core.require_control()
    doing = "Calibration"
    await _come_to_rest(core)
    with core.activity(CALIBRATING):
        reply = await core.call("perform_calibration", doing=doing, limit=core.limits.calibrate)
        phases = [note for note in reply.notes() if note.startswith(_PHASE)]
        if _NOT_SOLVED in reply.notes():
            # The library goes on after this answer, and takes the end of the attempt for success.
            raise error_for(codes.PLATE_SOLVING_FAILED, doing, Generation.V2)
        if reply.value is True:
            if not phases or reply.seconds < core.limits.calibrate_at_least:
                # It takes the first idle state for the end, also one that was pushed before the beginning.
                raise TransientError(
                    f"{doing} ended after {reply.seconds:.0f} s, which is no calibration.",
                    code="calibration_failed",
                )
        elif not (core.linked and device_code(reply) is None and phases and phases[-1].endswith(_STOPPED)):
            # Firmware that ends in "stopped" instead of "idle" is waited for in vain, but is calibrated.
            core.judge(reply, doing)


async def goto(core: Core, target: SkyTarget | SolarTarget, site: Site | None) -> None:
    """Point at a target; returns when the telescope tracks it under the name we gave."""
    name = _wire_name(target)
    doing = f"Goto {name}"
    if isinstance(target, SkyTarget):
        # Numbers, never text: the library adds the minutes of a negative declination to its degrees.
        function = "perform_goto"
        args: tuple[float | str, ...] = (target.ra_hours, target.dec_degrees, name)
    else:
        _give_place(core, site, doing)
        function, args = "perform_goto_stellar", (SOLAR_INDEX[target.body.value], name)
    core.require_control()
    with core.activity(SLEWING):
        reply = await core.call(function, *args, doing=doing, limit=core.limits.goto)
        core.judge(reply, doing)
    core.set_tracking(name)


async def stop_goto(core: Core) -> None:
    """Stop a goto or tracking; harmless when there is none."""
    core.require_link()
    await core.call("perform_stop_goto", doing="Stopping", limit=core.limits.stop)
    if core.telemetry.tracking is not None or SLEWING in core.unfinished:
        core.still_from = core.clock.monotonic() + core.limits.still
    core.unfinished.discard(SLEWING)
    core.set_tracking(None)


async def auto_focus(core: Core) -> None:
    """Search the focus on stars."""
    await _focus(core, infinite=False, doing="Auto focus")


async def infinite_focus(core: Core) -> None:
    """Go to the stored infinity focus; a telescope that asks for a search first gets one."""
    try:
        await _focus(core, infinite=True, doing="Infinity focus")
    except TelescopeError as error:
        if error.device_code != _FAST_FOCUS_FAILED:
            raise
        _LOGGER.info("The telescope wants a full focus search first")
        await auto_focus(core)


async def solve_eq(core: Core, site: Site | None) -> EqError:
    """Measure the polar alignment error."""
    doing = "Measuring the polar alignment"
    _give_place(core, site, doing)
    core.require_control()
    await _come_to_rest(core)
    with core.activity(SOLVING):
        reply = await core.ask("polar", doing=doing, limit=core.limits.solve_eq)
        found = reply.value if isinstance(reply.value, dict) else {}
        core.judge(Reply(found.get("value", False), reply.heard, reply.seconds), doing)
    azimuth, altitude = found.get("azi"), found.get("alt")
    if azimuth is None or altitude is None:
        raise ProtocolError("The library measured the polar alignment, but its log does not show the result.")
    return EqError(float(azimuth), float(altitude))


async def _focus(core: Core, *, infinite: bool, doing: str) -> None:
    core.require_control()
    with core.activity(FOCUSING):
        reply = await core.call("perform_start_autofocus", infinite, doing=doing, limit=core.limits.focus)
        core.judge(reply, doing)


async def _come_to_rest(core: Core) -> None:
    await core.clock.sleep(max(0.0, core.still_from - core.clock.monotonic()))


async def _motor(core: Core, action: int) -> Reply:
    return await core.call("motor_action", action, doing="Folding the telescope", limit=core.limits.motor)


def _give_place(core: Core, site: Site | None, doing: str) -> None:
    """Put the place where the library looks for it; without one it does nothing and says None."""
    if site is None:
        raise RefusedError(
            f"{doing} needs to know where the telescope stands.",
            code="needs_site",
            hint="Set latitude and longitude in the configuration.",
        )
    write_place(core.folder, site, site.timezone)


def _wire_name(target: SkyTarget | SolarTarget) -> str:
    """The target's name as the telescope repeats it: the library waits for it letter for letter."""
    if isinstance(target, SolarTarget) and target.body in _BY_SIGHT:
        return target.body.value.capitalize()  # tracked by sight, and reported under this name
    fallback = "Target" if isinstance(target, SkyTarget) else target.body.value.capitalize()
    text = target.name.encode("utf-8", "replace").decode("utf-8").strip()
    return text[:_LONGEST_NAME].strip() or fallback
