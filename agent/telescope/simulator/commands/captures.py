"""Stacked captures (module 3): start, stop, go on without darks, leave their display."""

from __future__ import annotations

from agent.mosaics import NO_ROTATION, OWN_LIMIT, OWN_STEP, WHOLE, Mosaic
from agent.telescope.dwarf.proto import astro_pb2 as proto
from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.simulator import capture, darks, modes, notices, physics, pointing, tables
from agent.telescope.simulator.broken_rules import HardwareRule
from agent.telescope.simulator.commands.astro import needs_light
from agent.telescope.simulator.commands.camera_settings import CLOSED
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.faults import Busy, CaptureFails
from agent.telescope.simulator.profiles import TELE, WIDE
from agent.telescope.simulator.registry import (
    ASTRO_BUSY,
    BAD_PARAMETER,
    NOT_UNDERSTOOD,
    OK,
    Call,
    for_newer,
    on,
)
from agent.telescope.simulator.state import Operation

NO_GOTO_YET = -11513
NO_DARK = -11503
_DARK_TEMPERATURE = -11530
_NEEDS_DEEP_SKY_GOTO = -11518
_NO_CARD, _CARD_FULL = -2, -6
_WARNINGS = (-11514, -11526)  # told, and the capture runs all the same
_STACKING = 2
_ASTRO_MODES = (2, 4, 5, 8, 9, 10)
_STOPPABLE_AFTER_S = 5.0  # V3: a stop before that is answered and does nothing
_LATE_S = 1.0
_NEEDS_EQ = -11528
_SCALES = range(WHOLE, OWN_LIMIT + 1, OWN_STEP)
_WITHOUT_MOSAICS = ("D2",)
_CONFIRMED_BY_FORCE = ("D2",)  # models that know no 11050


@on(11005, takes=proto.StartCapture)
def start_capture(device: Device, call: Call) -> None:
    asked = call.request.ir_index  # 0 may as well mean "not given", -1 is "leave it"
    if for_newer(device, call) and asked > 0 and asked in dict(device.profile.filters):
        device.state.cameras[TELE].filter = asked
    _start(device, call, TELE, force=call.request.force_start)


@on(11016, takes=proto.StartWideCapture)
def start_wide_capture(device: Device, call: Call) -> None:
    _start(device, call, WIDE, force=call.request.force_start)


@on(11031, takes=proto.StartMosaic, v2=False)
def start_mosaic(device: Device, call: Call) -> int | None:
    asked, lens = call.request, device.state.cameras[TELE]
    pointed = device.state.pointing.tracking and not device.state.pointing.solar_index
    if not pointed:
        return _NEEDS_DEEP_SKY_GOTO
    if device.profile.tables in _WITHOUT_MOSAICS:
        return NOT_UNDERSTOOD
    scales = (asked.horizontal_scale, asked.vertical_scale)
    if any(scale not in _SCALES for scale in scales) or scales == (WHOLE, WHOLE):
        device.broke(HardwareRule.MOSAIC_SCALES, call.peer.client_id, "{} x {}".format(*scales))
        return BAD_PARAMETER
    habits = device.options.habits
    if habits.mosaic_mount == "equatorial" and not device.state.body.equatorial:
        return _NEEDS_EQ
    if asked.ir_index > 0 and asked.ir_index in dict(device.profile.filters):
        lens.filter = asked.ir_index
    per_pane = lens.counted_last if habits.mosaic_count == "last_set" else lens.per_pane
    rotation = None if asked.rotation == NO_ROTATION else asked.rotation
    _start(device, call, TELE, force=asked.force_start, mosaic=Mosaic(*scales, per_pane, rotation))
    return None


@on(11050, v2=False)
def go_on_without_darks(device: Device, call: Call) -> int | None:
    if not device.options.is_v3:
        device.state.darks = True  # until the next restart it asks no more
        return OK
    held = [camera for camera, lens in device.state.cameras.items() if lens.asks_about_darks]
    if not held or device.profile.tables in _CONFIRMED_BY_FORCE:
        return NOT_UNDERSTOOD
    call.code(OK)
    for camera in held:
        capture.go_on(device, camera)
    return None


@on(11006, 11017, 11037, 11038)
def stop_capture(device: Device, call: Call) -> int | None:
    camera = TELE if call.cmd in (11006, 11037) else WIDE
    if not device.options.is_v3:
        capture.stop(device, camera, fast=call.cmd in (11037, 11038))
        return OK
    lens = device.state.cameras[camera]
    idle = not device.state.capturing(camera) and not lens.asks_about_darks
    if idle and call.cmd == 11017:
        return None
    too_early = (
        lens.capture is not None and device.clock.monotonic() - lens.capture.begun_s < _STOPPABLE_AFTER_S
    )
    if not (too_early and call.cmd in (11006, 11017)):
        capture.stop(device, camera, fast=call.cmd in (11037, 11038))
    return OK


@on(11010)
def go_live(device: Device, call: Call) -> int:
    """Finish the last session's display; the state 0 comes whether or not there was one."""
    cameras = (TELE, WIDE) if device.options.is_v3 else (TELE,)
    busy = any(device.state.capturing(one) for one in cameras) or device.state.asks_about_darks()
    if device.faults.use(Busy, call.cmd) or busy:
        return ASTRO_BUSY
    showed = any(device.state.cameras[one].capture is not None for one in cameras)
    for camera in cameras:
        if camera == TELE or device.state.cameras[camera].operation != Operation.IDLE:
            capture.finish(device, camera)
    modes.leave(device, showed=showed)
    return OK


@on(11020, v3=False, silent_on_v3=True)
def go_live_wide(device: Device, call: Call) -> int:
    if device.faults.use(Busy, call.cmd) or device.state.capturing(WIDE):
        return ASTRO_BUSY
    capture.finish(device, WIDE)
    return OK


def _start(device: Device, call: Call, camera: int, *, force: bool, mosaic: Mosaic | None = None) -> None:
    lens = device.state.cameras[camera]
    needs_light(device, call)
    if device.runs(darks.ACTIVITY):
        device.broke(HardwareRule.IN_THE_DARK, call.peer.client_id, str(call.cmd))
    if lens.asks_about_darks:
        _start_while_held(device, call, camera, force=force)
        return
    code = _capture_code(device, call, camera, force=force)
    if code in (NO_DARK, _DARK_TEMPERATURE) and device.options.is_v3:
        lens.held_mosaic = mosaic
        _hold(device, call, camera, code)
        return
    _answer(device, call, camera, code)
    if code == OK or code in _WARNINGS or (code == NO_GOTO_YET and _runs_without_goto(device, call)):
        _begin(device, camera, mosaic=mosaic)


def _begin(device: Device, camera: int, *, held: bool = False, mosaic: Mosaic | None = None) -> None:
    v3 = device.options.is_v3
    if v3 and camera == WIDE:
        device.notify(*notices.stacking_state(WIDE, Operation.STOPPED))  # nobody knows what it means
    capture.begin(device, camera, held=held, mosaic=mosaic)
    if v3 and not held and mosaic is None:
        empty = notify.StackingProgress(update_count_type=capture.BOTH)
        device.notify(*notices.stacking_progress(camera, empty, 0.0))


def _hold(device: Device, call: Call, camera: int, code: int) -> None:
    """No dark fits. Nothing is exposed until somebody says to go on, however it is told."""
    lens, habit = device.state.cameras[camera], device.options.habits.missing_darks
    lens.asks_about_darks = True
    if habit == "refused":
        _answer(device, call, camera, code)
        return
    _answer(device, call, camera, OK)
    _begin(device, camera, held=True, mosaic=lens.held_mosaic)
    if habit == "late":

        async def later() -> None:
            await device.clock.sleep(_LATE_S)
            if lens.asks_about_darks:
                _answer(device, call, camera, code)

        device.start(f"question {camera}", later())


def _start_while_held(device: Device, call: Call, camera: int, *, force: bool) -> None:
    if force and device.profile.tables in _CONFIRMED_BY_FORCE:
        _answer(device, call, camera, OK)
        capture.go_on(device, camera)
        return
    device.broke(HardwareRule.START_WHILE_HELD, call.peer.client_id, str(call.cmd))
    _answer(device, call, camera, ASTRO_BUSY)


def _answer(device: Device, call: Call, camera: int, code: int) -> None:
    answer = proto.StartCaptureAnswer(code=code)
    if code in (NO_DARK, _DARK_TEMPERATURE):
        lens = device.state.cameras[camera]
        answer.exp_name = tables.exposure_name(device.profile.tables, camera, lens.exposure)
        answer.gain = lens.gain
        answer.filter_type = lens.filter
    call.answer(answer)


def _runs_without_goto(device: Device, call: Call) -> bool:
    if device.options.is_v3:
        return device.options.habits.goto_needed == "warned"
    return not for_newer(device, call)


def _capture_code(device: Device, call: Call, camera: int, *, force: bool) -> int:
    state, options = device.state, device.options
    if device.faults.use(Busy, call.cmd) or pointing.busy(device) or state.asks_about_darks():
        return ASTRO_BUSY
    if device.runs(darks.ACTIVITY):
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
    newer = for_newer(device, call)
    if newer and options.strict_modes:
        if state.shooting_mode not in _ASTRO_MODES or state.technique != _STACKING:
            return NOT_UNDERSTOOD
        confirmed = force and (not options.is_v3 or device.profile.tables in _CONFIRMED_BY_FORCE)
        if not darks.fit(device, camera) and not confirmed:
            return NO_DARK
    if state.pointing.ra_hours is None and not (newer and force):
        return NO_GOTO_YET
    return OK
