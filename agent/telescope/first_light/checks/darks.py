"""Starting a capture without a goto, and without darks that fit."""

from __future__ import annotations

from typing import Any

from agent.capabilities import Camera
from agent.telescope.dwarf.proto import astro_pb2, notify_pb2
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.dwarf.wire.notifications import State
from agent.telescope.first_light import modes, params, shots
from agent.telescope.first_light.check import Bench, Feature, Need, check
from agent.telescope.first_light.finding import Finding, agrees, differs, unclear, variant
from agent.telescope.first_light.finishing import to_the_end
from agent.telescope.first_light.line import Heard

_STRANGE_S, _STRANGE_GAIN = 13.0, 70  # nobody takes darks of these
_USUAL_S, _USUAL_GAIN = 2.0, 60
_FRAMES = 2
_DARKS, _DARKS_TOLD = 10, 15206
_DARKS_S = 120.0  # ten short ones, and their stack; a telescope that tells nothing of them has them by then


@check(
    "Without a goto, is the start of a capture refused (-11513), or warned of?",
    Feature.DEEP_SKY,
    belief="it is refused",
    needs=Need.COVERED,
)
async def without_goto(bench: Bench) -> Finding:
    asks_for_darks, facts = await _started_as_usual(bench)
    if asks_for_darks:
        bench.owner.tell("It asks for darks first; they are taken now, which lasts up to two minutes.")
        await _take_darks(bench)
        asks_for_darks, facts = await _started_as_usual(bench)
    if asks_for_darks:
        return unclear("It asks for darks first, and for nothing else.", **facts)
    if codes.NEEDS_GOTO not in facts["codes"]:
        return unclear("It did not ask for a goto; it may still know one.", **facts)
    if facts["runs"] or facts["exposes"]:
        return variant("Warned of, and it runs.", {"goto_needed": "warned"}, **facts)
    return agrees("Refused.", {"goto_needed": "refused"}, **facts)


async def _started_as_usual(bench: Bench) -> tuple[bool, dict[str, Any]]:
    """Start with settings that darks are usual for; whether it asks for darks, in words or by waiting."""
    exposure = await shots.set_up(bench, Camera.TELE, seconds=_USUAL_S, gain=_USUAL_GAIN, frames=_FRAMES)
    async with shots.stopped_after(bench):
        shot = await shots.start(bench, Camera.TELE, exposure)
        if shot.runs:
            await shot.begun()
        asks = codes.NO_FITTING_DARKS & set(shot.codes) or (shot.runs and not shot.exposes)
        return bool(asks), shot.facts


async def _take_darks(bench: Bench) -> None:
    """Take the darks that the usual settings want."""
    await modes.enter(bench)
    wanted = astro_pb2.StartDarksWithParams(
        exp_index=params.exposure_index(bench.model, Camera.TELE, _USUAL_S),
        gain_index=_USUAL_GAIN,
        cap_size=_DARKS,
    )
    asked = await bench.line.send(Cmd.TAKE_DARKS, wanted)
    try:
        await asked.notice(_DARKS_TOLD, within=_DARKS_S, where=_over)
    finally:
        await to_the_end(bench.line.ask(Cmd.STOP_DARKS))


def _over(one: Heard) -> bool:
    return one.read(notify_pb2.CameraOperation).state in (State.IDLE, State.STOPPED)


@check(
    "Without darks that fit, how does the telescope say that it waits, and does 11050 let it go on?",
    Feature.DEEP_SKY,
    belief="the start is answered with -11503, and 11050 lets it go on",
    needs=Need.COVERED,
)
async def without_darks(bench: Bench) -> Finding:
    exposure = await shots.set_up(bench, Camera.TELE, seconds=_STRANGE_S, gain=_STRANGE_GAIN, frames=_FRAMES)
    async with shots.stopped_after(bench):
        shot = await shots.start(bench, Camera.TELE, exposure)
        begun = await shot.begun()
        facts: dict[str, object] = {"first": shot.facts}
        missing = bool(codes.NO_FITTING_DARKS & set(shot.codes))
        held = not begun and (missing or shot.runs)
        if held:
            second = await shots.start(bench, Camera.TELE, exposure)
            facts["second_start"] = second.facts
            go_on = await bench.line.ask(Cmd.GO_ON_WITHOUT_DARKS)
            facts["go_on_code"] = None if go_on is None else go_on.code
            facts["went_on"] = await shot.begun()
    if not held:
        if begun and not missing:
            return unclear("It ran at once: darks fit, or nobody asks for them.", **facts)
        if begun:
            return differs("It says that darks are missing, and runs all the same.", **facts)
        return unclear("It asked for something else first.", **facts)
    if not facts["went_on"] and bench.model != "D2":
        return differs("It waits, and 11050 does not let it go on.", **facts)
    first = shot.codes[0] if shot.codes else None
    if first in codes.NO_FITTING_DARKS:
        return agrees("It says so at once.", {"missing_darks": "refused"}, **facts)
    if missing:
        return variant("It says so after it said yes.", {"missing_darks": "late"}, **facts)
    return variant("It says nothing, and waits.", {"missing_darks": "silent"}, **facts)


@check(
    "Without darks that fit, does a forced start run?",
    Feature.DEEP_SKY,
    belief="on a Dwarf II; elsewhere 11050 is needed",
    needs=Need.COVERED,
)
async def forced_start(bench: Bench) -> Finding:
    exposure = await shots.set_up(bench, Camera.TELE, seconds=_STRANGE_S, gain=_STRANGE_GAIN, frames=_FRAMES)
    async with shots.stopped_after(bench):
        shot = await shots.start(bench, Camera.TELE, exposure, force=True)
        begun = await shot.begun()
        facts = shot.facts
    if begun:
        return agrees("It runs, or darks fitted: 'without-darks' tells which.", **facts)
    if bench.model == "D2":
        return differs("It does not run.", **facts)
    return agrees("It does not run; 11050 is needed.", **facts)
