"""Dark frames that are ordered, and mosaics by the telescope itself."""

from __future__ import annotations

from agent.capabilities import Camera
from agent.mosaics import NO_ROTATION
from agent.telescope.dwarf.models import gain_index, model_facts
from agent.telescope.dwarf.parameters import MOSAIC_COUNT
from agent.telescope.dwarf.proto import astro_pb2, notify_pb2
from agent.telescope.dwarf.wire import codes
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.first_light import modes, params, shots
from agent.telescope.first_light.check import Bench, Feature, Need, check
from agent.telescope.first_light.finding import Agreement, Finding, differs, skipped, unclear
from agent.telescope.first_light.finishing import to_the_end
from agent.telescope.first_light.mount import reach

_DARK_S, _DARK_GAIN, _DARK_FRAMES = 1.0, 90, 3  # no index of a table is 90, and no gain is its index
_LISTED_S, _LOOK_S = 60.0, 10.0
_PANES_TOLD, _NEEDS_EQ = 15263, -11528
_ALT_AZ = 2
_PER_PANE, _PLAIN = 1, 2
_SCALES = (150, 100)
_PANES_S = 240.0


@check(
    "Are dark frames taken with the gain as displayed, and how is the order answered?",
    Feature.DEEP_SKY,
    belief="as displayed, answered with 0, and listed afterwards",
    needs=Need.COVERED,
)
async def dark_frames(bench: Bench) -> Finding:
    await modes.go_live(bench)
    await modes.enter(bench)
    by_index = gain_index(bench.model, Camera.TELE, _DARK_GAIN)
    facts: dict[str, object] = {}
    try:
        code = await _order_darks(bench, _DARK_GAIN)
        facts["displayed_code"] = code
        if by_its_index := code == codes.DARK_GAIN:
            code = await _order_darks(bench, by_index)
            facts["index_code"] = code
        listed = await _darks_listed(bench)
    finally:
        await to_the_end(bench.line.ask(Cmd.STOP_DARKS))
    facts["listed"] = listed
    if not listed:
        return unclear("They are not listed.", **facts)
    habits = {
        "darks_gain": "index" if by_its_index else "displayed",
        "darks_answer": "refused" if code == codes.NOT_ACTIVATED else "taken",
    }
    usual = habits == {"darks_gain": "displayed", "darks_answer": "taken"}
    saw = f"Taken with the gain {'by its index' if by_its_index else 'as displayed'}; answered with {code}."
    return Finding(Agreement.AGREES if usual else Agreement.VARIANT, saw, facts, habits)


async def _order_darks(bench: Bench, gain: int) -> int | None:
    wanted = astro_pb2.StartDarksWithParams(
        exp_index=params.exposure_index(bench.model, Camera.TELE, _DARK_S),
        gain_index=gain,
        cap_size=_DARK_FRAMES,
    )
    answer = await bench.line.ask(Cmd.TAKE_DARKS, wanted)
    return None if answer is None else answer.code


async def _darks_listed(bench: Bench) -> bool:
    index = params.exposure_index(bench.model, Camera.TELE, _DARK_S)
    for _ in range(int(_LISTED_S / _LOOK_S)):
        await bench.clock.sleep(_LOOK_S)
        answer = await bench.line.ask(Cmd.LIST_DARKS)
        darks = answer.read(astro_pb2.ListDarksAnswer).darks if answer is not None else []
        if any(one.exp_index == index and one.gain_name == str(_DARK_GAIN) for one in darks):
            return True
    return False


@check(
    "How does the telescope count the frames of a mosaic, and does it make one in alt-az mode?",
    Feature.DEEP_SKY,
    belief="those of each pane, by the mosaic's own count, in either mode",
    needs=Need.CLEAR_SKY | Need.MOVES,
    moves="It turns to a target high in the sky, and from pane to pane beside it.",
)
async def mosaic(bench: Bench) -> Finding:
    if "mosaic" in model_facts(bench.model).capabilities.lacks:
        return skipped("This model makes no mosaics.")
    async with reach(bench) as target:
        if target is None:
            return skipped("No target of the list was reached.")
        seconds = params.exposure_index(bench.model, Camera.TELE, 2.0)
        for asked in (
            await params.set_exposure(bench, params.number("exposure"), seconds),
            await params.set_whole(bench, params.number(MOSAIC_COUNT), _PER_PANE),
            await params.set_whole(bench, params.number("count"), _PLAIN),
        ):
            await asked.answer()
        return await _panes(bench)


async def _panes(bench: Bench) -> Finding:
    request = astro_pb2.StartMosaic(
        horizontal_scale=_SCALES[0],
        vertical_scale=_SCALES[1],
        rotation=NO_ROTATION,
        ir_index=model_facts(bench.model).capture_filter,
    )
    state = await modes.state_of(bench)
    alt_az = state is not None and state.device.body_status.status == _ALT_AZ
    async with shots.stopped_after(bench):
        asked = await bench.line.send(Cmd.START_MOSAIC, request)
        answer = await asked.answer()
        code = None if answer is None else answer.code
        if code == _NEEDS_EQ:
            return Finding(
                Agreement.VARIANT, "Refused in alt-az mode.", {"code": code}, {"mosaic_mount": "equatorial"}
            )
        if code in codes.NO_FITTING_DARKS:
            await bench.line.ask(Cmd.GO_ON_WITHOUT_DARKS)
        await asked.any_of(
            lambda one: one.cmd == _PANES_TOLD and one.read(notify_pb2.MosaicProgress).fov_id > 1, _PANES_S
        )
        told = [one.read(notify_pb2.MosaicProgress) for one in asked.notices(_PANES_TOLD)]
    facts: dict[str, object] = {
        "code": code,
        "alt_az": alt_az,
        "told": [(one.fov_id, one.fov_total, one.current_count, one.total_count) for one in told],
    }
    last = told[-1] if told else None
    if last is None or last.fov_id < 2:
        return unclear("It did not come to its second pane.", **facts)
    first = max(one.current_count for one in told if one.fov_id == 1)
    own = first == _PER_PANE
    if first not in (_PER_PANE, _PLAIN):
        return differs("Its first pane got another number of frames.", **facts)
    whole = last.total_count == first * last.fov_total and last.fov_total > 1
    habits = {
        **({"mosaic_mount": "any"} if alt_az else {}),
        "mosaic_count": "own" if own else "last_set",
        "mosaic_counts": "whole" if whole else "pane",
    }
    saw = f"{last.fov_total} panes; it counts {'all of them' if whole else 'each pane'}"
    saw += "." if own else ", and takes the plain count that was set last."
    return Finding(Agreement.AGREES if own and not whole else Agreement.VARIANT, saw, facts, habits)
