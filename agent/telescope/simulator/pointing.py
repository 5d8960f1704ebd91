"""Calibration, goto, tracking and polar alignment: what the mount does, and in which order it says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.telescope.dwarf.proto import notify_pb2 as notify
from agent.telescope.simulator import focusing, notices, physics
from agent.telescope.simulator.core import Device
from agent.telescope.simulator.faults import CalibrationFails, GotoFails, NearLimit, SolvingFails
from agent.telescope.simulator.history import Calibration, PolarAlignment, Slew
from agent.telescope.simulator.state import Operation

SOLVING_FAILED = -11500
CALIBRATION_FAILED = -11504
GOTO_FAILED = -11505
CALIBRATE_FIRST = -11511
EQ_FAILED = -11516
NEAR_LIMIT = -14518

ACTIVITY = "motion"
_STEP_CALIBRATION = 30  # of a one-click goto
_GIVE_UP_SOLVES = 5  # plate solves that find nothing before a calibration is given up
_STANDSTILL_S = 2.0  # after a stop the mount still swings that long

Code = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a goto shall go: J2000 hours and degrees; `solar_index` 0 for the fixed sky."""

    target: str
    ra_hours: float
    dec_degrees: float
    solar_index: int = 0


def busy(device: Device) -> bool:
    """Tell whether the mount is at work (tracking is not work)."""
    return bool(device.state.motion.activity)


def swings(device: Device) -> bool:
    """Tell whether the mount tracks, or was stopped only just now."""
    pointing = device.state.pointing
    return pointing.tracking or device.clock.monotonic() - pointing.stopped_at < _STANDSTILL_S


def start_calibration(device: Device, finished: Code, note: Code) -> None:
    """Calibrate; `note` gets codes that end nothing, `finished` the code before the last state is told."""
    _begin(device, "calibration")

    async def work() -> None:
        await calibrate(device, finished, note)
        device.state.motion.activity = ""

    device.start(ACTIVITY, work())


def start_goto(device: Device, aim: Aim, finished: Code) -> None:
    """Go to a target and track it; `finished` gets the code before the last state is told."""
    _begin(device, "goto")

    async def work() -> None:
        await goto(device, aim, finished)
        device.state.motion.activity = ""

    device.start(ACTIVITY, work())


def start_one_click(device: Device, aim: Aim, finished: Callable[[int, int], None]) -> None:
    """Focus, calibrate if need be, and go; `finished` gets the step (10 … 40) and its code."""
    _begin(device, "one-click")

    async def work() -> None:
        step, code = await _one_click(device, aim, lambda code: finished(_STEP_CALIBRATION, code))
        finished(step, code)
        device.state.motion.activity = ""
        if code:  # a good one ends with tracking, and says no more
            device.notify(notices.one_click(0, notify.OneClickGotoState()))

    device.start(ACTIVITY, work())


def start_eq(device: Device, finished: Callable[[float, float, int], None]) -> None:
    """Measure the polar alignment error; `finished` gets azimuth and altitude error and the code."""
    _begin(device, "eq")

    async def work() -> None:
        await _solve_eq(device, finished)
        device.state.motion.activity = ""

    device.start(ACTIVITY, work())


def stop(device: Device) -> str:
    """Stop whatever the mount does, tracking included, and return what it was."""
    motion, pointing = device.state.motion, device.state.pointing
    what, motion.activity = motion.activity, ""
    device.stop(ACTIVITY)
    if motion.calibration != Operation.IDLE:
        motion.calibration = Operation.IDLE
        device.notify(notices.calibration_state(Operation.STOPPED, motion.solves))
        if _ends_idle(device):
            device.notify(notices.calibration_state(Operation.IDLE))
    if motion.goto != Operation.IDLE:
        motion.goto = Operation.IDLE
        device.notify(notices.goto_state(Operation.IDLE, motion.goto_target))
    if motion.eq != Operation.IDLE:
        motion.eq = Operation.IDLE
        device.notify(notices.eq_state(motion.eq_step, Operation.STOPPED))
    if pointing.tracking:
        target, pointing.tracking = pointing.target, False
        pointing.stopped_at = device.clock.monotonic()
        device.notify(notices.tracking_state(Operation.STOPPED, target))
    if motion.sun_moon != Operation.IDLE:
        motion.sun_moon = Operation.IDLE
        device.notify(notices.sun_moon(Operation.STOPPED, "", motion.sun_moon_index))
    if what == "one-click":
        device.stop(focusing.ACTIVITY)
        device.notify(notices.one_click(0, notify.OneClickGotoState()))
    return what


async def calibrate(device: Device, finished: Code, note: Code) -> int:
    """Move and solve until enough fields are known; tell states 1, 4, 3, then the result, and maybe idle.

    Each solve that finds nothing is a note of its own, and the calibration goes on. Newer firmware begins
    with the end of an earlier one.
    """
    motion, clock = device.state.motion, device.clock
    device.state.focus.infinity_at = None
    blurred = device.options.is_v3 and swings(device)
    if device.options.is_v3:
        device.notify(notices.calibration_state(Operation.STOPPED))
    _tell_calibration(device, Operation.RUNNING, 0)
    needed = device.rng.randint(*physics.CALIBRATION_SOLVES)
    failure = device.faults.use(CalibrationFails)
    solved = tries = missed = 0
    code = 0
    while solved < needed and code == 0:
        await clock.sleep(physics.CALIBRATION_MOVE_S)
        tries += 1
        _tell_calibration(device, Operation.SOLVING, tries)
        await clock.sleep(physics.PLATE_SOLVE_S)
        if device.faults.use(NearLimit) is not None:
            note(NEAR_LIMIT)
        if not blurred and device.faults.use(SolvingFails) is None:
            solved += 1
            continue
        missed += 1
        note(SOLVING_FAILED)
        if missed >= _GIVE_UP_SOLVES:
            code = CALIBRATION_FAILED
    if failure is not None:
        code = failure.code
    device.record(Calibration(clock.now(), tries, code))
    device.state.calibrated = code == 0
    finished(code)
    _tell_calibration(device, Operation.STOPPED, tries)
    if code == 0:
        error = (device.rng.uniform(-2, 2), device.rng.uniform(-2, 2))
        device.state.calibration_error = error
        device.notify(notices.calibration_result(*error))
        if device.options.is_v3:
            device.notify(notices.body_status(equatorial=True))
    motion.solves, motion.calibration = 0, Operation.IDLE
    if _ends_idle(device):
        _tell_calibration(device, Operation.IDLE, 0)
    return code


async def goto(device: Device, aim: Aim, finished: Code) -> int:
    """Slew, solve, and track; states 1, 4, 3 with the name, then tracking 1 with the name."""
    pointing, clock = device.state.pointing, device.clock
    device.state.focus.infinity_at = None
    if pointing.tracking:
        pointing.tracking = False
        device.notify(notices.tracking_state(Operation.IDLE, pointing.target))
    _tell_goto(device, Operation.RUNNING, aim.target)
    code, late = _verdict(device, aim)
    if code == 0 or late:
        await clock.sleep(
            physics.slew_seconds(pointing.ra_hours, pointing.dec_degrees, aim.ra_hours, aim.dec_degrees)
        )
        _tell_goto(device, Operation.SOLVING, aim.target)
        await clock.sleep(physics.PLATE_SOLVE_S)
        if code == 0 and device.faults.use(SolvingFails) is not None:
            code = SOLVING_FAILED
    _record_slew(device, aim, code)
    finished(code)
    if code:
        _tell_goto(device, Operation.IDLE, aim.target)
        return code
    pointing.ra_hours, pointing.dec_degrees = aim.ra_hours, aim.dec_degrees
    pointing.target, pointing.solar_index, pointing.tracking = aim.target, aim.solar_index, True
    device.state.motion.goto = Operation.IDLE
    device.notify(notices.goto_state(Operation.STOPPED, aim.target))
    device.notify(notices.tracking_state(Operation.RUNNING, aim.target))
    if aim.solar_index in (physics.MOON, physics.SUN):
        device.state.motion.sun_moon_index = 0 if aim.solar_index == physics.SUN else 1
    return 0


def below_horizon(device: Device, ra_hours: float, dec_degrees: float) -> bool:
    """Tell whether the telescope, knowing its site and time, finds the target below the horizon."""
    site = device.state.site
    if not device.options.horizon or site is None:
        return False
    return physics.altitude(ra_hours, dec_degrees, site, device.now()) < 0


def _verdict(device: Device, aim: Aim) -> tuple[int, bool]:
    """Return the code a goto will end with (0 fine), and whether that shows only after the slew."""
    if below_horizon(device, aim.ra_hours, aim.dec_degrees):
        return GOTO_FAILED, False
    near = physics.sun_distance(aim.ra_hours, aim.dec_degrees, device.now()) < device.options.near_sun_degrees
    if near and device.options.refuse_near_sun:
        return GOTO_FAILED, False
    failure = device.faults.use(GotoFails)
    return (0, False) if failure is None else (failure.code, failure.late)


def _record_slew(device: Device, aim: Aim, code: int) -> None:
    site, now = device.state.site, device.now()
    distance = physics.sun_distance(aim.ra_hours, aim.dec_degrees, now)
    device.record(
        Slew(
            device.clock.now(),
            target=aim.target,
            ra_hours=aim.ra_hours,
            dec_degrees=aim.dec_degrees,
            altitude=None if site is None else physics.altitude(aim.ra_hours, aim.dec_degrees, site, now),
            sun_distance=distance,
            hazardous=distance < device.options.near_sun_degrees,
            code=code,
        )
    )


async def _one_click(device: Device, aim: Aim, note: Code) -> tuple[int, int]:
    code = 0

    def keep(value: int) -> None:
        nonlocal code
        code = value

    one_click = notify.OneClickGotoState
    running = notify.OperationState(state=Operation.RUNNING)
    device.notify(notices.one_click(1, one_click(focus=running)))
    code = await focusing.search(device, "fast", physics.FOCUS_MOVE_S)
    if code:
        return 20, code
    if not device.state.calibrated and aim.solar_index not in (physics.MOON, physics.SUN):
        device.notify(
            notices.one_click(1, one_click(calibration=notify.CalibrationState(state=Operation.RUNNING)))
        )
        await calibrate(device, keep, note)
        if code:
            return _STEP_CALIBRATION, code
    slewing = notify.GotoState(state=Operation.RUNNING, target_name=aim.target)
    device.notify(notices.one_click(1, one_click(goto=slewing)))
    await goto(device, aim, keep)
    if code == 0:
        tracking = notify.TrackingState(state=Operation.RUNNING, target_name=aim.target)
        device.notify(notices.one_click(3, one_click(tracking=tracking)))
    return 40, code


async def _solve_eq(device: Device, finished: Callable[[float, float, int], None]) -> None:
    clock = device.clock
    blurred = device.options.is_v3 and not _in_focus(device)
    _tell_eq(device, 1, Operation.RUNNING)
    await clock.sleep(physics.EQ_FOCUS_S)
    _tell_eq(device, 2, Operation.RUNNING)
    await clock.sleep(physics.EQ_SOLVE_S)
    code = EQ_FAILED if blurred or device.faults.use(SolvingFails) else 0
    azimuth, altitude = (0.0, 0.0) if code else (device.rng.uniform(-3, 3), device.rng.uniform(-2, 2))
    device.record(PolarAlignment(clock.now(), azimuth, altitude, code))
    if code == 0:
        device.state.body.equatorial = True
    _tell_eq(device, 2, Operation.STOPPED)
    device.state.motion.eq = Operation.IDLE
    finished(azimuth, altitude, code)
    device.notify(notices.body_status(device.state.body.equatorial))


def _ends_idle(device: Device) -> bool:
    return not device.options.is_v3 or device.options.habits.calibration_end == "idle"


def _in_focus(device: Device) -> bool:
    since = device.state.focus.infinity_at
    return since is not None and device.clock.monotonic() - since <= device.options.in_focus_s


def _begin(device: Device, activity: str) -> None:
    device.state.motion.activity = activity


def _tell_calibration(device: Device, state: Operation, solves: int) -> None:
    device.state.motion.calibration, device.state.motion.solves = state, solves
    device.notify(notices.calibration_state(state, solves))


def _tell_goto(device: Device, state: Operation, target: str) -> None:
    device.state.motion.goto, device.state.motion.goto_target = state, target
    device.notify(notices.goto_state(state, target))


def _tell_eq(device: Device, step: int, state: Operation) -> None:
    device.state.motion.eq, device.state.motion.eq_step = state, step
    device.notify(notices.eq_state(step, state))
