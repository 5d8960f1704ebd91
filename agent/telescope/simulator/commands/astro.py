"""Astronomy (module 3): calibration, goto, polar alignment."""

from __future__ import annotations

from dataclasses import replace

from google.protobuf.message import Message

from agent.targets import Site
from agent.telescope.dwarf.proto import astro_pb2 as proto
from agent.telescope.simulator import darks, modes, notices, physics, pointing
from agent.telescope.simulator.broken_rules import HardwareRule
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.faults import Busy
from agent.telescope.simulator.registry import ASTRO_BUSY, BAD_PARAMETER, OK, Call, for_newer, on
from agent.telescope.simulator.state import Operation

GOTO_RUNNING = -11508
_HOURS = 24.0
_STEP_SKY, _STEP_GOTO = 10, 40


def refused(device: Device, cmd: int) -> bool:
    """Tell whether the astro module is busy, in truth or by a fault."""
    if device.faults.use(Busy, cmd) is not None:
        return True
    busy = pointing.busy(device) or device.state.capturing() or device.state.asks_about_darks()
    return busy or device.runs(darks.ACTIVITY)


def needs_light(device: Device, call: Call) -> None:
    """Note a client that has the telescope look through its cap."""
    if device.state.capped:
        device.broke(HardwareRule.CAPPED, call.peer.client_id, str(call.cmd))


def _busy(device: Device) -> int:
    """The code a second goto gets: newer firmware says when it is a goto that runs."""
    goes = device.options.is_v3 and device.state.motion.activity == "goto"
    return GOTO_RUNNING if goes else ASTRO_BUSY


def _learn_site(device: Device, longitude: float, latitude: float) -> None:
    if longitude or latitude:
        known = device.state.site or Site(0.0, 0.0)
        device.state.site = replace(known, latitude=latitude, longitude=longitude)


@on(11000, takes=proto.Calibrate)
def calibrate(device: Device, call: Call) -> int | None:
    needs_light(device, call)
    if refused(device, call.cmd):
        return ASTRO_BUSY
    if device.options.is_v3 and pointing.swings(device):
        device.broke(HardwareRule.CALIBRATED_IN_MOTION, call.peer.client_id, device.state.pointing.target)
    _learn_site(device, call.request.lon, call.request.lat)
    pointing.start_calibration(device, _early(device, call), call.code)
    return None


@on(11001)
def stop_calibration(device: Device, _call: Call) -> int:
    if device.state.motion.calibration != Operation.IDLE:
        pointing.stop(device)
    return OK


@on(11004, 11015)
def stop_motion(device: Device, _call: Call) -> int:
    pointing.stop(device)
    return OK


@on(11002, takes=proto.GotoDeepSky)
def goto(device: Device, call: Call) -> int | None:
    needs_light(device, call)
    asked = call.request
    ra = asked.ra / 15 if asked.ra > _HOURS else asked.ra
    if not 0 <= ra < _HOURS or not -90 <= asked.dec <= 90:
        return BAD_PARAMETER
    if refused(device, call.cmd):
        return _busy(device)
    if not modes.points(device):
        _outside_mode(device, call)
        return pointing.GOTO_FAILED
    if not device.state.calibrated:
        return pointing.CALIBRATE_FIRST
    aim = pointing.Aim(asked.target_name, ra, asked.dec)
    pointing.start_goto(device, aim, _early(device, call))
    return None


@on(11003, takes=proto.GotoSolarSystem)
def goto_solar(device: Device, call: Call) -> Message | None:
    needs_light(device, call)
    asked = call.request
    aim = _solar_aim(device, asked.index, asked.target_name)

    def answer(code: int) -> None:
        message = proto.GotoSolarSystemAnswer(code=code)
        if for_newer(device, call):
            message.request.CopyFrom(asked)
        call.answer(message)

    if aim is None:
        answer(BAD_PARAMETER)
    elif refused(device, call.cmd):
        answer(_busy(device))
    elif not modes.points(device, aim.solar_index):
        _outside_mode(device, call)
        answer(pointing.GOTO_FAILED)
    elif not device.state.calibrated and aim.solar_index not in (physics.MOON, physics.SUN):
        answer(pointing.CALIBRATE_FIRST)
    else:
        _learn_site(device, asked.lon, asked.lat)
        if device.options.early_answers:
            answer(OK)
        late = device.options.early_answers
        pointing.start_goto(device, aim, lambda code: answer(code) if code or not late else None)
    return None


@on(11013, takes=proto.OneClickGotoDeepSky, answers=proto.OneClickAnswer)
def one_click(device: Device, call: Call) -> Message | None:
    needs_light(device, call)
    asked = call.request
    if refused(device, call.cmd):
        return proto.OneClickAnswer(step=_STEP_SKY, code=ASTRO_BUSY)
    if not 0 <= asked.ra < _HOURS or not -90 <= asked.dec <= 90:
        return proto.OneClickAnswer(step=_STEP_SKY, code=BAD_PARAMETER)
    _learn_site(device, asked.lon, asked.lat)
    _enter(device, asked.shooting_mode)
    if device.options.early_answers:
        call.answer(proto.OneClickAnswer(step=_STEP_SKY))
    aim = pointing.Aim(asked.target_name, asked.ra, asked.dec)
    pointing.start_one_click(
        device,
        aim,
        lambda step, code: call.answer(
            proto.OneClickAnswer(step=step, code=code, all_end=step == _STEP_GOTO)
        ),
    )
    return None


@on(11014, takes=proto.OneClickGotoSolarSystem, answers=proto.OneClickSolarAnswer)
def one_click_solar(device: Device, call: Call) -> Message | None:
    needs_light(device, call)
    asked = call.request
    aim = _solar_aim(device, asked.index, asked.target_name)
    if aim is None:
        return proto.OneClickSolarAnswer(step=_STEP_SKY, code=BAD_PARAMETER, request=asked)
    if refused(device, call.cmd):
        return proto.OneClickSolarAnswer(step=_STEP_SKY, code=ASTRO_BUSY, request=asked)
    _learn_site(device, asked.lon, asked.lat)
    _enter(device, asked.shooting_mode)
    if device.options.early_answers:
        call.answer(proto.OneClickSolarAnswer(step=_STEP_SKY, request=asked))
    pointing.start_one_click(
        device,
        aim,
        lambda step, code: call.answer(
            proto.OneClickSolarAnswer(step=step, code=code, all_end=step == _STEP_GOTO, request=asked)
        ),
    )
    return None


@on(11018, takes=proto.SolveEq, answers=proto.SolveEqAnswer)
def solve_eq(device: Device, call: Call) -> Message | None:
    needs_light(device, call)
    if refused(device, call.cmd):
        return proto.SolveEqAnswer(code=ASTRO_BUSY)
    _learn_site(device, call.request.lon, call.request.lat)
    pointing.start_eq(
        device,
        lambda azimuth, altitude, code: call.answer(
            proto.SolveEqAnswer(azi_err=azimuth, alt_err=altitude, code=code)
        ),
    )
    return None


@on(11019)
def stop_eq(device: Device, call: Call) -> int | None:
    pointing.stop(device)
    silent = for_newer(device, call) and device.options.habits.stop_eq == "silent"
    return None if silent else OK


@on(11011, takes=proto.TrackSunMoon)
def track_sun_moon(device: Device, call: Call) -> int:
    if refused(device, call.cmd):
        return ASTRO_BUSY
    _learn_site(device, call.request.lon, call.request.lat)
    motion = device.state.motion
    motion.sun_moon, motion.sun_moon_index = Operation.RUNNING, call.request.index
    device.notify(notices.sun_moon(Operation.RUNNING, "", call.request.index))
    return OK


@on(11012)
def stop_tracking_sun_moon(device: Device, _call: Call) -> int:
    device.state.motion.sun_moon = Operation.IDLE
    device.notify(notices.sun_moon(Operation.IDLE, "", device.state.motion.sun_moon_index))
    return OK


def _enter(device: Device, mode: int) -> None:
    """A one-click goto of the newer firmware enters the shooting mode it names."""
    if mode and mode != device.state.shooting_mode:
        modes.enter(device, mode)


def _outside_mode(device: Device, call: Call) -> None:
    detail = f"{call.cmd} in mode {device.state.shooting_mode}"
    device.broke(HardwareRule.GOTO_OUTSIDE_MODE, call.peer.client_id, detail)


def _solar_aim(device: Device, index: int, name: str) -> pointing.Aim | None:
    try:
        ra, dec = physics.solar_position(index, device.now())
    except KeyError:
        return None
    return pointing.Aim(name, ra, dec, index)


def _early(device: Device, call: Call) -> pointing.Code:
    """Answer success at once if this firmware does, and a failure whenever it shows."""
    if not device.options.early_answers:
        return call.code
    call.code(OK)
    return lambda code: call.code(code) if code else None
