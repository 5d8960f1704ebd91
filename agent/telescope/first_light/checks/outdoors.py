"""Under a clear sky: everything that moves the mount."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from agent.capabilities import Camera
from agent.sky.ephemeris import altaz, moon
from agent.targets import Site, SkyTarget
from agent.telescope.dwarf.generation import SOLAR_INDEX
from agent.telescope.dwarf.link.connection import LinkLostError
from agent.telescope.dwarf.proto import astro_pb2, common_pb2, focus_pb2, notify_pb2, system_pb2
from agent.telescope.dwarf.shooting_mode import DEEP_SKY, MOON
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.first_light import modes, params
from agent.telescope.first_light.check import Bench, Feature, Need, check
from agent.telescope.first_light.checks.focus import FAST, SLOW, ended
from agent.telescope.first_light.errors import FirstLightError
from agent.telescope.first_light.finding import Agreement, Finding, agrees, differs, skipped, unclear, variant
from agent.telescope.first_light.finishing import to_the_end
from agent.telescope.first_light.line import Asked, Heard

_CALIBRATION, _CALIBRATED, _GOTO, _TRACKING, _EQ = 15210, 15256, 15211, 15212, 15239
_CALIBRATION_FAILED, _GOTO_FAILED, _EQ_FAILED, _BUSY_GOING = -11504, -11505, -11516, -11508
_CALIBRATION_S, _GOTO_S, _EQ_S, _FOCUS_S = 600.0, 300.0, 300.0, 180.0
_REFUSED_S = 10.0  # a goto in the wrong mode is refused at once
_STILL_S = 5.0  # before and after a stop of the mount
_RUNNING, _STOPPED = 1, 3
_STOP_TRIES = 4
_LEAST_ALTITUDE, _LEAST_MOON = 35.0, 15.0
_OPEN = Need.CLEAR_SKY | Need.MOVES
_TARGETS = (
    SkyTarget("M 31", 0.712, 41.27),
    SkyTarget("M 45", 3.79, 24.12),
    SkyTarget("M 42", 5.588, -5.39),
    SkyTarget("M 44", 8.67, 19.67),
    SkyTarget("M 3", 13.703, 28.38),
    SkyTarget("M 13", 16.695, 36.46),
    SkyTarget("M 57", 18.893, 33.03),
    SkyTarget("M 22", 18.607, -23.9),
    SkyTarget("NGC 104", 0.402, -72.08),
    SkyTarget("NGC 3372", 10.752, -59.87),
    SkyTarget("NGC 5139", 13.446, -47.48),
)


@check(
    "Does a calibration go on after a missed solution (-11500), and how is its end told?",
    Feature.CALIBRATION,
    belief="it goes on; the end is told as 3, without a 0 after it",
    needs=_OPEN,
    moves="It turns and tilts to several places of the sky to calibrate, for up to ten minutes.",
)
async def calibration(bench: Bench) -> Finding:
    site = bench.site
    if site is None:
        return skipped("It is not known where the telescope stands.")
    await _get_ready(bench, site)
    await _stand_still(bench)
    asked = await bench.line.send(Cmd.CALIBRATE, astro_pb2.Calibrate(lon=site.longitude, lat=site.latitude))
    try:
        end = await asked.any_of(_calibration_ends, _CALIBRATION_S)
        await asked.listen(_STILL_S)
    finally:
        if not asked.notices(_CALIBRATED):
            await to_the_end(_halt(bench, Cmd.STOP_CALIBRATION))
    answers = [one.code for one in asked.answers()]
    states = [one.read(notify_pb2.CalibrationState).state for one in asked.notices(_CALIBRATION)]
    facts: dict[str, object] = {"codes": answers, "states": states}
    if not asked.notices(_CALIBRATED):
        saw = "It failed: the sky was not clear enough, or the focus was off." if end else "It did not end."
        return unclear(saw, **facts)
    missed = codes.PLATE_SOLVING_FAILED in answers
    saw = "It succeeded" + (" after missed solutions" if missed else "") + "; "
    if states and states[-1] == 0:
        return variant(saw + "3 and then 0 at the end.", {"calibration_end": "idle"}, **facts)
    if states and states[-1] == _STOPPED:
        return agrees(saw + "3 at the end.", {"calibration_end": "stopped"}, **facts)
    return differs(saw + "another state at the end.", **facts)


@check(
    "Does the polar alignment need an infinity focus right before, and is its stop (11019) answered?",
    Feature.POLAR_ALIGNMENT,
    belief="without one it fails with -11516; its stop is not answered",
    needs=_OPEN,
    moves="It turns a little, three times, to measure how it stands to the pole.",
)
async def polar_alignment(bench: Bench) -> Finding:
    site = bench.site
    if site is None:
        return skipped("It is not known where the telescope stands.")
    await _get_ready(bench, site)
    request = astro_pb2.SolveEq(lon=site.longitude, lat=site.latitude)
    facts: dict[str, object] = {}
    try:
        await _stand_still(bench)
        unfocused = await bench.line.ask(Cmd.SOLVE_EQ, request, _EQ_S)
        facts["without_focus"] = _eq_code(unfocused)
        await _focus(bench)
        await _stand_still(bench)
        focused = await bench.line.ask(Cmd.SOLVE_EQ, request, _EQ_S)
        facts["with_focus"] = _eq_code(focused)
        await _focus(bench)
        await _stand_still(bench)
        running = await bench.line.send(Cmd.SOLVE_EQ, request)
        began = await running.notice(_EQ, within=_REFUSED_S, where=_runs)
        await running.listen(2.0)
    finally:
        answered = await to_the_end(_halt(bench, Cmd.STOP_EQ))
    facts |= {"began": began is not None, "stop_answered": answered is not None}
    habits = {"stop_eq": "answered" if answered is not None else "silent"} if began is not None else {}
    if facts["with_focus"] != 0:
        return Finding(Agreement.UNCLEAR, "It did not succeed with focus either.", facts, habits)
    if facts["without_focus"] == _EQ_FAILED:
        saw = "It needs the focus; its stop is " + ("answered." if answered is not None else "not answered.")
        return variant(saw, habits, **facts) if answered is not None else agrees(saw, habits, **facts)
    return Finding(Agreement.DIFFERS, "It succeeds without the focus too.", facts, habits)


@check(
    "Is a goto to the deep sky refused (-11505) in the mode of the Moon?",
    Feature.GOTO,
    belief="it is refused at once, whatever the sky",
    needs=_OPEN,
    moves="If it is not refused, it turns to a target high in the sky, and is stopped.",
)
async def goto_in_wrong_mode(bench: Bench) -> Finding:
    target = _high(bench)
    if bench.site is None or target is None:
        return skipped("No target of the list stands high enough.")
    await _get_ready(bench, bench.site, MOON)
    try:
        asked = await _go(bench, target)
        moved = await asked.notice(_GOTO, _TRACKING, within=_REFUSED_S, where=_runs)
    finally:
        await to_the_end(_halt(bench))
    answers = [one.code for one in asked.answers()]
    facts: dict[str, object] = {"codes": answers, "moved": moved is not None}
    if moved is not None:
        return differs("It goes, in the wrong mode.", **facts)
    if _GOTO_FAILED in answers:
        return agrees("Refused with -11505.", **facts)
    return unclear("Neither refused nor begun.", **facts)


@check(
    "What does a goto get while another target is tracked, or still gone to?",
    Feature.GOTO,
    belief="while tracking it is taken; while going it is refused as busy",
    needs=_OPEN,
    moves="It turns to one target high in the sky, and then to another.",
)
async def second_goto(bench: Bench) -> Finding:
    target = _high(bench)
    if bench.site is None or target is None:
        return skipped("No target of the list stands high enough.")
    await _get_ready(bench, bench.site)
    beside = SkyTarget(f"{target.name} beside", target.ra_hours, target.dec_degrees - 3.0)
    try:
        first = await _go(bench, target)
        await first.notice(_GOTO, within=_REFUSED_S, where=_runs)
        during = await bench.line.ask(Cmd.GOTO_DEEP_SKY, _request(beside))
        tracking = await first.notice(_TRACKING, within=_GOTO_S, where=_runs)
        if tracking is None:
            codes_ = [one.code for one in first.answers()]
            return unclear("The first goto did not end in tracking.", codes=codes_)
        second = await _go(bench, beside)
        again = await second.notice(_TRACKING, within=_GOTO_S, where=_runs)
    finally:
        await to_the_end(_halt(bench))
    facts: dict[str, object] = {
        "while_going": None if during is None else during.code,
        "while_tracking": [one.code for one in second.answers()],
        "tracked_again": again is not None,
    }
    if again is not None and facts["while_going"] in (codes.ASTRO_BUSY, _BUSY_GOING, None):
        return agrees("Taken while tracking, not while going.", **facts)
    if again is None:
        return differs("Not taken while tracking.", **facts)
    return differs("Taken while going, too.", **facts)


@check(
    "Is a goto to the Moon taken in the mode of the Moon alone?",
    Feature.SOLAR_SYSTEM,
    belief="in the deep-sky mode it is refused with -11505",
    needs=_OPEN,
    moves="It turns to the Moon.",
)
async def goto_moon(bench: Bench) -> Finding:
    site = bench.site
    if site is None or moon(site, bench.clock.now()).altitude < _LEAST_MOON:
        return skipped("The Moon is not up, or it is not known where the telescope stands.")
    request = astro_pb2.GotoSolarSystem(
        index=SOLAR_INDEX["moon"], lon=site.longitude, lat=site.latitude, target_name="Moon"
    )
    facts: dict[str, object] = {}
    reached: dict[str, bool] = {}
    try:
        for name, mode in (("deep_sky", DEEP_SKY), ("moon", MOON)):
            await _get_ready(bench, site, mode)
            asked = await bench.line.send(Cmd.GOTO_SOLAR_SYSTEM, request)
            end = await asked.any_of(_goto_ends, _GOTO_S)
            reached[name] = end is not None and end.is_notice
            facts[f"{name}_codes"] = [one.code for one in asked.answers()]
            await _stand_still(bench)
    finally:
        await to_the_end(_halt(bench))
    facts |= {f"{name}_reached": value for name, value in reached.items()}
    if not reached["moon"]:
        return unclear("It was not reached.", **facts)
    if reached["deep_sky"]:
        return differs("It is reached in either mode.", **facts)
    return agrees("In its own mode alone.", **facts)


@asynccontextmanager
async def reach(bench: Bench) -> AsyncIterator[SkyTarget | None]:
    """Track a target that stands high, and stop in the end; None when none was reached."""
    target = _high(bench)
    if bench.site is None or target is None:
        yield None
        return
    await _get_ready(bench, bench.site)
    try:
        asked = await _go(bench, target)
        tracking = await asked.notice(_TRACKING, within=_GOTO_S, where=_runs)
        yield target if tracking is not None else None
    finally:
        await to_the_end(_halt(bench))


async def _get_ready(bench: Bench, site: Site, mode: int = DEEP_SKY) -> None:
    """Tell time and place, enter the mode, and set what plate solving takes."""
    instant = system_pb2.SetTime(timestamp=int(bench.clock.now().timestamp()))
    await bench.line.ask(Cmd.SET_TIME, instant)
    place = system_pb2.SetLocation(latitude=site.latitude, longitude=site.longitude, enable=True)
    await bench.line.ask(Cmd.SET_LOCATION, place)
    await modes.go_live(bench)
    await modes.enter(bench, mode)
    index = params.exposure_index(bench.model, Camera.TELE, 1.0)
    for asked in (
        await params.set_exposure(bench, params.number("exposure", mode), index),
        await params.set_gain(bench, params.number("gain", mode), 80),
        await params.set_whole(bench, params.number("filter", mode), 1),
    ):
        await asked.answer()


async def _halt(bench: Bench, first: Cmd | None = None) -> Heard | None:
    """Stop the mount until it says that it goes nowhere; FirstLightError when it never does.

    `first` is the stop of what may run beside a goto; its answer is returned.
    """
    answer: Heard | None = None
    for _ in range(_STOP_TRIES):
        with suppress(LinkLostError):
            await bench.line.ensure()
            if first is not None:
                answer = await bench.line.ask(first) or answer
            await bench.line.ask(Cmd.STOP_GOTO)
            await bench.clock.sleep(_STILL_S)
            state = await modes.state_of(bench)
            if state is not None and state.motion.exclusive.WhichOneof("activity") is None:
                return answer
    raise FirstLightError(
        "The mount was told to stop and was not seen to.", hint="Stop it with the phone app."
    )


async def _stand_still(bench: Bench) -> None:
    await bench.clock.sleep(_STILL_S)
    await bench.line.ask(Cmd.STOP_GOTO)
    await bench.clock.sleep(_STILL_S)


async def _focus(bench: Bench) -> None:
    asked = await bench.line.send(Cmd.ASTRO_AUTO_FOCUS, focus_pb2.AstroAutoFocus(mode=1))
    await asked.notice(SLOW, FAST, within=_FOCUS_S, where=ended)


async def _go(bench: Bench, target: SkyTarget) -> Asked:
    return await bench.line.send(Cmd.GOTO_DEEP_SKY, _request(target))


def _request(target: SkyTarget) -> astro_pb2.GotoDeepSky:
    return astro_pb2.GotoDeepSky(ra=target.ra_hours, dec=target.dec_degrees, target_name=target.name)


def _high(bench: Bench) -> SkyTarget | None:
    """The highest target of the list, if it stands high enough."""
    if bench.site is None:
        return None
    site, now = bench.site, bench.clock.now()
    best = max(_TARGETS, key=lambda one: altaz(one, site, now).altitude)
    return best if altaz(best, site, now).altitude >= _LEAST_ALTITUDE else None


def _runs(one: Heard) -> bool:
    return one.read(notify_pb2.OperationState).state == _RUNNING


def _calibration_ends(one: Heard) -> bool:
    if one.cmd == _CALIBRATED and one.is_notice:
        return True
    return one.cmd == Cmd.CALIBRATE and not one.is_notice and one.code == _CALIBRATION_FAILED


def _goto_ends(one: Heard) -> bool:
    if one.is_notice:
        return one.cmd == _TRACKING and _runs(one)
    return one.cmd == Cmd.GOTO_SOLAR_SYSTEM and one.read(common_pb2.ComResponse).code != 0


def _eq_code(heard: Heard | None) -> int | None:
    return None if heard is None else heard.read(astro_pb2.SolveEqAnswer).code
