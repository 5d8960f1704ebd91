"""Stopping a capture, and losing the link to one."""

from __future__ import annotations

from agent.capabilities import Camera
from agent.telescope.dwarf.shooting_mode import DEEP_SKY
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.first_light import modes, shots
from agent.telescope.first_light.check import Bench, Feature, Need, check
from agent.telescope.first_light.finding import Finding, agrees, differs, unclear

_EXPOSURE_S, _GAIN, _FRAMES = 5.0, 60, 20
_EARLY_S = 1.0
_WATCHED_S = 20.0
_AWAY_S = 45.0


@check(
    "Does a stop one second after the start do anything?",
    Feature.STOPPING,
    belief="it may do nothing; said again some seconds later, it works",
    needs=Need.COVERED,
)
async def early_stop(bench: Bench) -> Finding:
    exposure = await shots.set_up(bench, Camera.TELE, seconds=_EXPOSURE_S, gain=_GAIN, frames=_FRAMES)
    async with shots.stopped_after(bench):
        first = await shots.start_anyhow(bench, Camera.TELE, exposure)
        if not first.exposes:
            return unclear("No capture runs here; try again after a goto.", **first.facts)
    await shots.set_up(bench, Camera.TELE, seconds=_EXPOSURE_S, gain=_GAIN, frames=_FRAMES)
    async with shots.stopped_after(bench):
        shot = await shots.start_like(bench, Camera.TELE, first)
        if not shot.runs:
            return unclear("The second capture did not run.", **shot.facts)
        await shot.asked.listen(_EARLY_S)
        stop = await bench.line.send(Cmd.STOP_CAPTURE)
        await stop.listen(_WATCHED_S)
        state = await modes.state_of(bench)
        ran_on = state is not None and modes.stacking(state)
        facts: dict[str, object] = {"runs_20_s_later": ran_on, "codes": [one.code for one in stop.answers()]}
    # seen stopped by now, and live again
    facts["deep_sky_after_live"] = await modes.mode_of(bench) == DEEP_SKY
    return agrees("It did nothing; said again, it worked." if ran_on else "It worked at once.", **facts)


@check(
    "When the link was gone for a while, is the capture still there, and told?",
    Feature.RETURNING,
    belief="it goes on, and the state (16405) tells it",
    needs=Need.COVERED,
)
async def link_gone(bench: Bench) -> Finding:
    exposure = await shots.set_up(bench, Camera.TELE, seconds=_EXPOSURE_S, gain=_GAIN, frames=_FRAMES)
    async with shots.stopped_after(bench):
        shot = await shots.start_anyhow(bench, Camera.TELE, exposure)
        if not shot.exposes:
            return unclear("No capture runs here; try again after a goto.", **shot.facts)
        await bench.line.close()
        await bench.clock.sleep(_AWAY_S)
        await bench.line.ensure()
        back = bench.line.since()
        state = await modes.state_of(bench)
        await back.listen(2 * exposure)
        facts: dict[str, object] = {
            "state_told": state is not None,
            "stacking": state is not None and modes.stacking(state),
            "frames_told": len(back.notices(shots.PROGRESS)),
        }
    if facts["stacking"] and facts["frames_told"]:
        return agrees("It went on, and is told.", **facts)
    return differs("It is not told as running, or its frames are not.", **facts)
