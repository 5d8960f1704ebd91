"""Under a clear sky: everything that moves the mount."""

from __future__ import annotations

from agent.sky.ephemeris import moon
from agent.targets import SkyTarget
from agent.telescope.dwarf.generation import SOLAR_INDEX
from agent.telescope.dwarf.proto import astro_pb2, common_pb2, focus_pb2, notify_pb2
from agent.telescope.dwarf.shooting_mode import DEEP_SKY, MOON
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.first_light.check import Bench, Feature, Need, check
from agent.telescope.first_light.checks.focus import FAST, SLOW, ended
from agent.telescope.first_light.finding import Agreement, Finding, agrees, differs, skipped, unclear, variant
from agent.telescope.first_light.finishing import to_the_end
from agent.telescope.first_light.line import Heard
from agent.telescope.first_light.mount import (
    GOTO_S,
    STILL_S,
    TRACKING,
    get_ready,
    go,
    halt,
    highest,
    request,
    runs,
    stand_still,
)

_CALIBRATION, _CALIBRATED, _GOTO, _EQ = 15210, 15256, 15211, 15239
_CALIBRATION_FAILED, _GOTO_FAILED, _EQ_FAILED, _BUSY_GOING = -11504, -11505, -11516, -11508
_CALIBRATION_S, _EQ_S, _FOCUS_S = 600.0, 300.0, 180.0
_REFUSED_S = 10.0  # a goto in the wrong mode is refused at once
_STOPPED = 3
_LEAST_MOON = 15.0
_OPEN = Need.CLEAR_SKY | Need.MOVES


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
    await get_ready(bench, site)
    await stand_still(bench)
    asked = await bench.line.send(Cmd.CALIBRATE, astro_pb2.Calibrate(lon=site.longitude, lat=site.latitude))
    try:
        end = await asked.any_of(_calibration_ends, _CALIBRATION_S)
        await asked.listen(STILL_S)
    finally:
        if not asked.notices(_CALIBRATED):
            await to_the_end(halt(bench, Cmd.STOP_CALIBRATION))
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
    await get_ready(bench, site)
    wanted = astro_pb2.SolveEq(lon=site.longitude, lat=site.latitude)
    facts: dict[str, object] = {}
    try:
        await stand_still(bench)
        unfocused = await bench.line.ask(Cmd.SOLVE_EQ, wanted, _EQ_S)
        facts["without_focus"] = _eq_code(unfocused)
        await _focus(bench)
        await stand_still(bench)
        focused = await bench.line.ask(Cmd.SOLVE_EQ, wanted, _EQ_S)
        facts["with_focus"] = _eq_code(focused)
        await _focus(bench)
        await stand_still(bench)
        running = await bench.line.send(Cmd.SOLVE_EQ, wanted)
        began = await running.notice(_EQ, within=_REFUSED_S, where=runs)
        await running.listen(2.0)
    finally:
        answered = await to_the_end(halt(bench, Cmd.STOP_EQ))
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
    target = highest(bench)
    if bench.site is None or target is None:
        return skipped("No target of the list stands high enough.")
    await get_ready(bench, bench.site, MOON)
    try:
        asked = await go(bench, target)
        moved = await asked.notice(_GOTO, TRACKING, within=_REFUSED_S, where=runs)
    finally:
        await to_the_end(halt(bench))
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
    target = highest(bench)
    if bench.site is None or target is None:
        return skipped("No target of the list stands high enough.")
    await get_ready(bench, bench.site)
    beside = SkyTarget(f"{target.name} beside", target.ra_hours, target.dec_degrees - 3.0)
    try:
        first = await go(bench, target)
        await first.notice(_GOTO, within=_REFUSED_S, where=runs)
        during = await bench.line.ask(Cmd.GOTO_DEEP_SKY, request(beside))
        tracking = await first.notice(TRACKING, within=GOTO_S, where=runs)
        if tracking is None:
            codes_ = [one.code for one in first.answers()]
            return unclear("The first goto did not end in tracking.", codes=codes_)
        second = await go(bench, beside)
        again = await second.notice(TRACKING, within=GOTO_S, where=runs)
    finally:
        await to_the_end(halt(bench))
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
    wanted = astro_pb2.GotoSolarSystem(
        index=SOLAR_INDEX["moon"], lon=site.longitude, lat=site.latitude, target_name="Moon"
    )
    facts: dict[str, object] = {}
    reached: dict[str, bool] = {}
    try:
        for name, mode in (("deep_sky", DEEP_SKY), ("moon", MOON)):
            await get_ready(bench, site, mode)
            asked = await bench.line.send(Cmd.GOTO_SOLAR_SYSTEM, wanted)
            end = await asked.any_of(_goto_ends, GOTO_S)
            reached[name] = end is not None and end.is_notice
            facts[f"{name}_codes"] = [one.code for one in asked.answers()]
            await stand_still(bench)
    finally:
        await to_the_end(halt(bench))
    facts |= {f"{name}_reached": value for name, value in reached.items()}
    if not reached["moon"]:
        return unclear("It was not reached.", **facts)
    if reached["deep_sky"]:
        return differs("It is reached in either mode.", **facts)
    return agrees("In its own mode alone.", **facts)


async def _focus(bench: Bench) -> None:
    asked = await bench.line.send(Cmd.ASTRO_AUTO_FOCUS, focus_pb2.AstroAutoFocus(mode=1))
    await asked.notice(SLOW, FAST, within=_FOCUS_S, where=ended)


def _calibration_ends(one: Heard) -> bool:
    if one.cmd == _CALIBRATED and one.is_notice:
        return True
    return one.cmd == Cmd.CALIBRATE and not one.is_notice and one.code == _CALIBRATION_FAILED


def _goto_ends(one: Heard) -> bool:
    if one.is_notice:
        return one.cmd == TRACKING and runs(one)
    return one.cmd == Cmd.GOTO_SOLAR_SYSTEM and one.read(common_pb2.ComResponse).code != 0


def _eq_code(heard: Heard | None) -> int | None:
    return None if heard is None else heard.read(astro_pb2.SolveEqAnswer).code
