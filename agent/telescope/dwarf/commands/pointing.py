"""Calibration, goto, and the polar alignment measurement."""

from __future__ import annotations

import logging

from google.protobuf.message import Message

from agent.capabilities import Camera
from agent.targets import Site, SkyTarget, SolarBody, SolarTarget
from agent.telescope.dwarf.commands.focus import infinite_focus
from agent.telescope.dwarf.commands.live import willing
from agent.telescope.dwarf.completion import CalibrationCompletion, EqCompletion, GotoCompletion
from agent.telescope.dwarf.device import Device
from agent.telescope.dwarf.proto import astro_pb2, motor_pb2
from agent.telescope.dwarf.state import CALIBRATING, SLEWING, SOLVING
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.errors import (
    CommandTimeoutError,
    GarbledLinkError,
    ProtocolError,
    RefusedError,
    TelescopeError,
    UnreachableError,
)
from agent.telescope.interface import EqError

_LOGGER = logging.getLogger(__name__)

_NUDGE_SPEED = 1.0  # degrees per second: one of the steps the app offers
_LONGEST_NAME = 64  # it becomes part of a folder's name


async def calibrate(device: Device, site: Site | None) -> None:
    """Calibrate by plate solving, from standstill; success is what the telescope reports, no quick answer.

    One that failed, or of which no end was heard, is stopped: it would spoil the next.
    """
    device.require_control()
    await _stand_still(device)

    async def attempt() -> None:
        completion = CalibrationCompletion(
            "Calibration",
            device.judge,
            device.limits,
            wants_result=device.dialect.calibration_reports_result,
            query=device.query,
        )
        request = device.dialect.calibrate(site)
        try:
            await device.carry_out(Cmd.CALIBRATE, request, completion, total=device.limits.calibrate)
        except UnreachableError:
            raise
        except TelescopeError as error:
            unheard = isinstance(error, CommandTimeoutError)
            if completion.ran or unheard or error.device_code == codes.CALIBRATION_RUNNING:
                await _stop_calibration(device)
            raise

    device.state.occupied(CALIBRATING)
    try:
        await willing(device, Camera.TELE, attempt)
    except TelescopeError:
        device.state.free(CALIBRATING)
        raise
    device.state.free(CALIBRATING)


async def goto(device: Device, target: SkyTarget | SolarTarget, site: Site | None) -> None:
    """Point at a target; returns when the telescope tracks it under the name we gave."""
    name = _wire_name(target)
    cmd, request = _goto_request(device, target, name, site)
    # Sun and Moon are tracked by sight, and reported under the telescope's own name for them.
    seen_by_sight = isinstance(target, SolarTarget) and target.body in (SolarBody.SUN, SolarBody.MOON)
    device.require_control()
    device.dialect.aim(target)

    async def attempt() -> None:
        completion = GotoCompletion(
            f"Goto {name}",
            device.judge,
            device.limits,
            name=name,
            any_name=seen_by_sight,
            query=device.query,
        )
        await device.carry_out(cmd, request, completion, total=device.limits.goto)

    device.state.infinity_at = None
    device.state.moves()
    device.state.occupied(SLEWING)
    try:
        await willing(device, Camera.TELE, attempt)
    except TelescopeError:
        device.state.free(SLEWING)
        raise
    device.state.free(SLEWING)


async def stop_goto(device: Device) -> None:
    """Stop a goto or tracking; harmless when there is none. Unanswered, its end is what 16405 tells."""
    device.require_link()
    try:
        await device.ask(Cmd.STOP_GOTO, within=device.limits.stop, attempts=2)
    except GarbledLinkError:
        raise
    except CommandTimeoutError:
        snapshot = await device.query()
        if snapshot is None or snapshot.moving is not False:
            raise
    device.state.stopped(device.clock.monotonic())
    device.state.free(SLEWING)


async def nudge(device: Device, angle: float, seconds: float) -> None:
    """Turn for a moment; it was told to stop when this returns, and heard that."""
    device.require_control()
    device.state.infinity_at = None
    device.state.moves()
    device.state.nudged = True
    request = motor_pb2.Joystick(vector_angle=angle, vector_length=1.0, speed=_NUDGE_SPEED)
    try:
        await device.order(Cmd.JOYSTICK, request, doing="Turning by hand", attempts=1)
        await device.clock.sleep(seconds)
    except UnreachableError:
        raise
    except TelescopeError:
        await stop_nudge(device)
        raise
    await stop_nudge(device)


async def stop_nudge(device: Device) -> None:
    """Stop turning by hand; CommandTimeoutError when nothing is heard of it."""
    device.require_link()
    await device.ask(Cmd.STOP_JOYSTICK, within=device.limits.stop, attempts=2)
    device.state.nudged = False


async def solve_eq(device: Device, site: Site | None) -> EqError:
    """Measure the polar alignment error, freshly in focus if need be; RefusedError without a site."""
    place = _known(site, "Measuring the polar alignment")
    device.require_control()
    if device.dialect.exacting_mount and not _in_focus(device):
        await infinite_focus(device)
        await device.clock.sleep(device.limits.still)
        device.state.still_at = None
    await _stand_still(device)
    measured: list[EqError] = []

    async def attempt() -> None:
        completion = EqCompletion("Measuring the polar alignment", device.judge, device.limits)
        request = astro_pb2.SolveEq(lon=place.longitude, lat=place.latitude)
        await device.carry_out(Cmd.SOLVE_EQ, request, completion, total=device.limits.solve_eq)
        if completion.error is not None:
            measured.append(completion.error)

    device.state.occupied(SOLVING)
    try:
        await willing(device, Camera.TELE, attempt)
    except TelescopeError as error:
        device.state.free(SOLVING)
        if error.device_code == codes.EQ_SOLVING_FAILED:
            device.state.infinity_at = None  # it may have been out of focus all the same
        raise
    device.state.free(SOLVING)
    if not measured:
        raise ProtocolError("The polar alignment ended without its two numbers.")
    return measured[-1]


def _in_focus(device: Device) -> bool:
    since = device.state.infinity_at
    return since is not None and device.clock.monotonic() - since <= device.limits.in_focus


async def _stand_still(device: Device) -> None:
    """Let a mount that was stopped come to rest; an exacting one that nobody stopped is stopped first."""
    since = device.state.still_at
    if since is None:
        if not device.dialect.exacting_mount:
            return
        try:
            await stop_goto(device)
        except CommandTimeoutError as error:
            _LOGGER.debug("Nothing was heard of the stop: %s", error)
        since = device.clock.monotonic()
    await device.clock.sleep(max(0.0, since + device.limits.still - device.clock.monotonic()))


async def _stop_calibration(device: Device) -> None:
    try:
        await device.ask(Cmd.STOP_CALIBRATION, within=device.limits.stop)
    except CommandTimeoutError as error:
        _LOGGER.debug("Nothing was heard of the stop: %s", error)


def _goto_request(
    device: Device, target: SkyTarget | SolarTarget, name: str, site: Site | None
) -> tuple[Cmd, Message]:
    if isinstance(target, SkyTarget):
        return Cmd.GOTO_DEEP_SKY, astro_pb2.GotoDeepSky(
            ra=target.ra_hours, dec=target.dec_degrees, target_name=name
        )
    place = _known(site, f"Goto {name}")
    return Cmd.GOTO_SOLAR_SYSTEM, astro_pb2.GotoSolarSystem(
        index=device.dialect.solar_index(target),
        lon=place.longitude,
        lat=place.latitude,
        target_name=name,
    )


def _known(site: Site | None, doing: str) -> Site:
    """The site; left out, the telescope would take it for 0 degrees north, 0 degrees east."""
    if site is None:
        raise RefusedError(
            f"{doing} needs to know where the telescope stands.",
            code="needs_site",
            hint="Set latitude and longitude in the configuration.",
        )
    return site


def _wire_name(target: SkyTarget | SolarTarget) -> str:
    """The target's name as the telescope can repeat it: never empty, valid text, of bounded length."""
    fallback = "Target" if isinstance(target, SkyTarget) else target.body.value.capitalize()
    text = target.name.encode("utf-8", "replace").decode("utf-8").strip()
    return text[:_LONGEST_NAME].strip() or fallback
