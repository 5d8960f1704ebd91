"""Astronomy (module 3): calibration, goto, polar alignment, stacked captures."""

from __future__ import annotations

from dataclasses import replace

from google.protobuf.message import Message

from agent.targets import Site
from agent.telescope.dwarf.proto import astro_pb2 as proto
from agent.telescope.simulator import capture, notices, physics, pointing, tables
from agent.telescope.simulator.commands.camera_settings import CLOSED
from agent.telescope.simulator.commands.tasks import enter_mode
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.faults import Busy, CaptureFails
from agent.telescope.simulator.options import Generation
from agent.telescope.simulator.profiles import TELE, WIDE
from agent.telescope.simulator.registry import ASTRO_BUSY, BAD_PARAMETER, NOT_UNDERSTOOD, OK, Call, on
from agent.telescope.simulator.state import Operation

NO_GOTO_YET = -11513
NO_DARK = -11503
_NO_CARD, _CARD_FULL = -2, -6
_WARNINGS = (NO_GOTO_YET, -11514, -11526)  # told, and the capture runs all the same
_HOURS = 24.0
_STACKING = 2
_ASTRO_MODES = (2, 4, 5, 8, 9, 10)
_STEP_SKY, _STEP_GOTO = 10, 40


def refused(device: Device, cmd: int) -> bool:
    """Tell whether the astro module is busy, in truth or by a fault."""
    if device.faults.use(Busy, cmd) is not None:
        return True
    return pointing.busy(device) or device.state.capturing()


def _learn_site(device: Device, longitude: float, latitude: float) -> None:
    if longitude or latitude:
        known = device.state.site or Site(0.0, 0.0)
        device.state.site = replace(known, latitude=latitude, longitude=longitude)


def _v3(device: Device, call: Call) -> bool:
    if device.options.generation == Generation.BOTH:
        return call.peer.generation == Generation.V3
    return device.options.generation == Generation.V3


@on(11000, takes=proto.Calibrate)
def calibrate(device: Device, call: Call) -> int | None:
    if refused(device, call.cmd):
        return ASTRO_BUSY
    _learn_site(device, call.request.lon, call.request.lat)
    pointing.start_calibration(device, _early(device, call))
    return None


@on(11001)
@on(11004)
@on(11015)
def stop_motion(device: Device, _call: Call) -> int:
    pointing.stop(device)
    return OK


@on(11002, takes=proto.GotoDeepSky)
def goto(device: Device, call: Call) -> int | None:
    asked = call.request
    ra = asked.ra / 15 if asked.ra > _HOURS else asked.ra
    if not 0 <= ra < _HOURS or not -90 <= asked.dec <= 90:
        return BAD_PARAMETER
    if refused(device, call.cmd):
        return ASTRO_BUSY
    if not device.state.calibrated:
        return pointing.CALIBRATE_FIRST
    aim = pointing.Aim(asked.target_name, ra, asked.dec)
    pointing.start_goto(device, aim, _early(device, call))
    return None


@on(11003, takes=proto.GotoSolarSystem)
def goto_solar(device: Device, call: Call) -> Message | None:
    asked = call.request
    aim = _solar_aim(device, asked.index, asked.target_name)

    def answer(code: int) -> None:
        message = proto.GotoSolarSystemAnswer(code=code)
        if _v3(device, call):
            message.request.CopyFrom(asked)
        call.answer(message)

    if aim is None:
        answer(BAD_PARAMETER)
    elif refused(device, call.cmd):
        answer(ASTRO_BUSY)
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
    return None if _v3(device, call) else OK


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


@on(11005, takes=proto.StartCapture)
def start_capture(device: Device, call: Call) -> Message | None:
    asked = call.request.ir_index  # 0 may as well mean "not given", -1 is "leave it"
    if _v3(device, call) and asked > 0 and asked in dict(device.profile.filters):
        device.state.cameras[TELE].filter = asked
    return _start(device, call, TELE, force=call.request.force_start)


@on(11016, takes=proto.StartWideCapture)
def start_wide_capture(device: Device, call: Call) -> Message | None:
    return _start(device, call, WIDE, force=call.request.force_start)


@on(11006, 11017, 11037, 11038)
def stop_capture(device: Device, call: Call) -> int:
    camera = TELE if call.cmd in (11006, 11037) else WIDE
    capture.stop(device, camera, fast=call.cmd in (11037, 11038))
    return OK


@on(11010)
def go_live(device: Device, call: Call) -> int:
    """Finish the last session's display; the state 0 comes whether or not there was one."""
    if device.faults.use(Busy, call.cmd) or device.state.capturing(TELE):
        return ASTRO_BUSY
    capture.finish(device, TELE)
    return OK


@on(11020)
def go_live_wide(device: Device, call: Call) -> int:
    if device.faults.use(Busy, call.cmd) or device.state.capturing(WIDE):
        return ASTRO_BUSY
    capture.finish(device, WIDE)
    return OK


def _start(device: Device, call: Call, camera: int, *, force: bool) -> Message | None:
    code = _capture_code(device, call, camera, force=force)
    blocks = code == NO_GOTO_YET and _v3(device, call)
    runs = code == OK or (code in _WARNINGS and not blocks)
    answer = proto.StartCaptureAnswer(code=code)
    if code == NO_DARK:
        lens = device.state.cameras[camera]
        answer.exp_name = tables.exposure_name(device.profile.tables, camera, lens.exposure)
        answer.gain = lens.gain
        answer.filter_type = lens.filter
    call.answer(answer)
    if runs:
        capture.begin(device, camera)
    return None


def _capture_code(device: Device, call: Call, camera: int, *, force: bool) -> int:
    state = device.state
    if device.faults.use(Busy, call.cmd) or pointing.busy(device):
        return ASTRO_BUSY
    if state.cameras[camera].operation != Operation.IDLE:  # one runs, or was not finished
        return ASTRO_BUSY
    if not state.cameras[camera].open:
        return CLOSED[camera]
    if not state.body.card:
        return _NO_CARD
    optics = device.profile.optics(camera)
    if state.body.storage_gb * 1000 < physics.frame_megabytes(optics.width, optics.height, 0):
        return _CARD_FULL
    failure = device.faults.use(CaptureFails)
    if failure is not None:
        return failure.code
    newer = _v3(device, call)
    if newer and device.options.strict_modes:
        if state.shooting_mode not in _ASTRO_MODES or state.technique != _STACKING:
            return NOT_UNDERSTOOD
        if not state.darks and not force:
            return NO_DARK
    if state.pointing.ra_hours is None and not (newer and force):
        return NO_GOTO_YET
    return OK


def _enter(device: Device, mode: int) -> None:
    """A one-click goto of the newer firmware enters the shooting mode it names."""
    if mode and mode != device.state.shooting_mode:
        enter_mode(device, mode)


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
