"""Setting parameters: which ids count when, and how a value is confirmed."""

from __future__ import annotations

from agent.capabilities import Camera
from agent.telescope.dwarf.proto import notify_pb2
from agent.telescope.dwarf.shooting_mode import DEEP_SKY, MOON
from agent.telescope.first_light import modes, params
from agent.telescope.first_light.check import Bench, Feature, check
from agent.telescope.first_light.finding import Finding, agrees, differs, unclear, variant
from agent.telescope.first_light.line import Asked

_TOLD_S = 4.0
_LATE_S = 15  # how long the list over HTTP is watched for a value


@check(
    "Is a parameter id of another mode refused, or taken without effect?",
    Feature.SETTINGS,
    belief="it is taken without effect",
)
async def foreign_ids(bench: Bench) -> Finding:
    await modes.go_live(bench)
    await modes.switch(bench, params.NORMAL)
    if await modes.mode_of(bench) != params.NORMAL:
        return unclear("The normal mode could not be entered.")
    index = params.exposure_index(bench.model, Camera.TELE, 13)
    foreign = params.number("exposure")
    asked = await params.set_exposure(bench, foreign, index)
    answer = await asked.answer()
    await asked.listen(_TOLD_S)
    facts: dict[str, object] = {
        "code": None if answer is None else answer.code,
        "told": params.told(asked, foreign, index),
    }
    if facts["told"]:
        return differs("It was taken, and had an effect.", **facts)
    if answer is None:
        return unclear("No answer.", **facts)
    if answer.code == 0:
        return agrees("Taken without effect.", {"foreign_ids": "swallowed"}, **facts)
    return variant(f"Refused ({answer.code}).", {"foreign_ids": "refused"}, **facts)


@check(
    "Whose parameter ids count in the mode of the Moon: its own, or those of the deep sky?",
    Feature.SOLAR_SYSTEM,
    belief="its own",
)
async def solar_ids(bench: Bench) -> Finding:
    if not await modes.enter(bench, MOON):
        return unclear("The mode of the Moon could not be entered.")
    seconds = (1 / 60, 1 / 100)
    counted: dict[str, bool] = {}
    facts: dict[str, object] = {}
    for mode, exposure in zip((MOON, DEEP_SKY), seconds, strict=True):
        index = params.exposure_index(bench.model, Camera.TELE, exposure)
        number = params.number("exposure", mode)
        asked = await params.set_exposure(bench, number, index)
        answer = await asked.answer()
        await asked.listen(_TOLD_S)
        name = "own_mode" if mode == MOON else "deep_sky"
        counted[name] = params.told(asked, number, index)
        facts[f"{name}_code"] = None if answer is None else answer.code
        facts[f"{name}_told"] = _ids_told(asked)
    match counted["own_mode"], counted["deep_sky"]:
        case True, False:
            return agrees("Its own ids count.", {"solar_ids": "own_mode"}, **facts)
        case False, True:
            return variant("The ids of the deep sky count.", {"solar_ids": "deep_sky"}, **facts)
        case True, True:
            return differs("Both count.", **facts)
    return unclear("Neither was seen to have an effect.", **facts)


def _ids_told(asked: Asked) -> list[str]:
    found = {one.read(notify_pb2.IntParam).param_id for one in asked.notices(params.PARAM_TOLD)}
    return [f"{number:#018x}" for number in sorted(found)]


@check(
    "Is a whole number (16703) answered, told by a notification, or both?",
    Feature.SETTINGS,
    Feature.DEEP_SKY,
    belief="told; answered too, except by a Dwarf II",
)
async def whole_numbers(bench: Bench) -> Finding:
    if not await modes.enter(bench):
        return unclear("The deep-sky mode could not be entered.")
    number = params.number("count")
    facts: dict[str, object] = {}
    answered = told = 0
    for value in (5, 6):
        asked = await params.set_whole(bench, number, value)
        await asked.listen(_TOLD_S)
        answers, notices = asked.answers(), asked.notices(params.PARAM_TOLD)
        answered += bool(answers)
        told += params.told(asked, number, value)
        facts[f"answered_after_{value}"] = asked.after(answers[0]) if answers else None
        facts[f"told_after_{value}"] = asked.after(notices[0]) if notices else None
        facts[f"code_{value}"] = answers[0].code if answers else None
    silent_expected = bench.model == "D2"
    if not told:
        return differs("It is not told.", **facts)
    if bool(answered) == silent_expected:
        return differs("Answered." if answered else "Told, but not answered.", **facts)
    return agrees("Told, not answered." if silent_expected else "Answered and told.", **facts)


@check(
    "Is the frame size (4k or 2k) set over the network, and when does the list over HTTP show it?",
    Feature.BINNING,
    belief="by a Dwarf 3 alone, which shows it some seconds late; others do not answer",
)
async def frame_size(bench: Bench) -> Finding:
    if not await modes.enter(bench):
        return unclear("The deep-sky mode could not be entered.")
    number = params.number("binning")
    asked = await params.set_whole(bench, number, 1)
    answer = await asked.answer()
    told = await asked.any_of(lambda _: params.told(asked, number, 1), _TOLD_S)
    facts: dict[str, object] = {
        "code": None if answer is None else answer.code,
        "told": told is not None,
    }
    if answer is None and told is None:
        if not bench.described:
            return differs("Nobody knew of this model: it neither answers nor tells it.", **facts)
        if bench.model == "D3":
            return differs("A Dwarf 3 that neither answers nor tells it.", **facts)
        return agrees("It neither answers nor tells it, as expected of this model.", **facts)
    facts["shown_after_s"] = await _shown_after(bench, number, 1)
    await (await params.set_whole(bench, number, 0)).answer()
    if not bench.described:
        return differs("Nobody knew of this model: it takes it, as a Dwarf 3 does.", **facts)
    if bench.model != "D3":
        return differs("This model takes it, which was not known.", **facts)
    if answer is not None and answer.code != 0:
        return differs(f"Refused ({answer.code}).", **facts)
    return agrees("Taken; the list shows it late or at once, as the facts say.", **facts)


async def _shown_after(bench: Bench, number: int, value: int) -> int | None:
    for second in range(_LATE_S + 1):
        found = await params.listed(bench.http, DEEP_SKY)
        if any(one.number == number and one.current == value for one in found):
            return second
        await bench.clock.sleep(1.0)
    return None
