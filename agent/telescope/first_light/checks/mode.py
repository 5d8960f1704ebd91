"""The shooting mode: entering it twice, and losing it."""

from __future__ import annotations

from agent.telescope.dwarf.shooting_mode import DEEP_SKY
from agent.telescope.first_light import modes
from agent.telescope.first_light.check import Bench, Feature, check
from agent.telescope.first_light.finding import Finding, agrees, differs, unclear, variant

_SWITCHED = 15267


@check(
    "Is entering the mode the telescope is in already (16402) answered?",
    Feature.DEEP_SKY,
    belief="it is answered; silence is lived with",
)
async def same_mode(bench: Bench) -> Finding:
    await modes.switch(bench, DEEP_SKY)
    if await modes.mode_of(bench) != DEEP_SKY:
        return unclear("The deep-sky mode could not be entered.")
    again = await modes.switch(bench, DEEP_SKY)
    if again is None:
        return variant("No answer, although it answered when it was elsewhere.", {"same_mode": "silent"})
    return agrees("It is answered.", {"same_mode": "answered"}, code=again.code)


@check(
    "Does going live (11010) leave the deep-sky mode when there is nothing to finish?",
    Feature.DEEP_SKY,
    Feature.GOTO,
    belief="the mode is left",
)
async def going_live(bench: Bench) -> Finding:
    await modes.go_live(bench)
    await modes.switch(bench, DEEP_SKY)
    before = await modes.mode_of(bench)
    if before != DEEP_SKY:
        return unclear("The deep-sky mode could not be entered.", mode=before)
    asked = bench.line.since()
    code = await modes.go_live(bench)
    await asked.listen(2.0)
    after = await modes.mode_of(bench)
    facts: dict[str, object] = {"code": code, "after": after, "told": len(asked.notices(_SWITCHED))}
    if code not in (0, None):
        return unclear("Going live was refused.", **facts)
    if after is None:
        return unclear("It did not say which mode it is in.", **facts)
    if after == DEEP_SKY:
        return variant("The mode is kept.", {"go_live": "leaves_mode_after_capture"}, **facts)
    return agrees("The mode is left.", {"go_live": "leaves_mode"}, **facts)


@check(
    "Does the telescope tell which modes it has, as this program knows them?",
    Feature.SOLAR_SYSTEM,
    belief="1, 2, 8, 9 and 10 are there; 8, 9 and 10 belong to 3",
)
async def known_modes(bench: Bench) -> Finding:
    state = await modes.state_of(bench)
    if state is None or not state.modes:
        return unclear("It does not tell its modes.")
    told = {str(one.mode): {"parent": one.parent, "techniques": list(one.techniques)} for one in state.modes}
    missing = {"1", "2", "8", "9", "10"} - set(told)
    if missing:
        return differs(f"Missing: {', '.join(sorted(missing))}.", modes=told)
    return agrees("All of them are there.", modes=told)
