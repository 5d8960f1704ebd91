"""Starting a capture without a goto, and without darks that fit."""

from __future__ import annotations

from agent.capabilities import Camera
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.first_light import shots
from agent.telescope.first_light.check import Bench, Feature, Need, check
from agent.telescope.first_light.finding import Finding, agrees, differs, unclear, variant

_STRANGE_S, _STRANGE_GAIN = 13.0, 70  # nobody takes darks of these
_USUAL_S, _USUAL_GAIN = 2.0, 60
_FRAMES = 2


@check(
    "Without a goto, is the start of a capture refused (-11513), or warned of?",
    Feature.DEEP_SKY,
    belief="it is refused",
    needs=Need.COVERED,
)
async def without_goto(bench: Bench) -> Finding:
    exposure = await shots.set_up(bench, Camera.TELE, seconds=_USUAL_S, gain=_USUAL_GAIN, frames=_FRAMES)
    async with shots.stopped_after(bench):
        shot = await shots.start(bench, Camera.TELE, exposure)
        if codes.NO_FITTING_DARKS & set(shot.codes):
            await bench.line.ask(Cmd.GO_ON_WITHOUT_DARKS)
            await shot.begun()
        facts = shot.facts
    if codes.NEEDS_GOTO not in shot.codes:
        return unclear("It did not ask for a goto; it may still know one.", **facts)
    if shot.runs or shot.exposes:
        return variant("Warned of, and it runs.", {"goto_needed": "warned"}, **facts)
    return agrees("Refused.", {"goto_needed": "refused"}, **facts)


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
