"""Focusing on infinity: the lens moves, the mount does not."""

from __future__ import annotations

from agent.telescope.dwarf.proto import focus_pb2, notify_pb2
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.first_light import modes
from agent.telescope.first_light.check import Bench, Feature, Need, check
from agent.telescope.first_light.finding import Finding, agrees, differs, unclear, variant
from agent.telescope.first_light.line import Heard

SLOW, FAST = 15278, 15280
_LIMIT_S = 90.0
_TO_INFINITY = 1
_ENDED = 3


def ended(one: Heard) -> bool:
    """Whether a notification says that a focus search is over."""
    return one.read(notify_pb2.OperationState).state == _ENDED


@check(
    "Under which number is focusing on infinity (15004) told?",
    Feature.FOCUS,
    Feature.POLAR_ALIGNMENT,
    belief="15278; 15280 is lived with",
    needs=Need.COVERED,
)
async def infinity_focus(bench: Bench) -> Finding:
    await modes.enter(bench)
    asked = await bench.line.send(Cmd.ASTRO_AUTO_FOCUS, focus_pb2.AstroAutoFocus(mode=_TO_INFINITY))
    end = await asked.notice(SLOW, FAST, within=_LIMIT_S, where=ended)
    await asked.listen(2.0)
    answers = asked.answers()
    facts: dict[str, object] = {
        "codes": [one.code for one in answers],
        "told": sorted({one.cmd for one in asked.notices(SLOW, FAST)}),
        "seconds": asked.after(end) if end is not None else None,
    }
    if end is None:
        if any(one.code != 0 for one in answers):
            return unclear("Refused or failed.", **facts)
        await bench.line.ask(Cmd.STOP_ASTRO_AUTO_FOCUS)
        return differs("No end of it was told.", **facts)
    if end.cmd == SLOW:
        return agrees("15278.", {"infinity_focus": "slow"}, **facts)
    return variant("15280.", {"infinity_focus": "fast"}, **facts)
