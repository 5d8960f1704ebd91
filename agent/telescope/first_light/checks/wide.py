"""A capture with the wide camera."""

from __future__ import annotations

from agent.capabilities import Camera
from agent.telescope.dwarf.proto import notify_pb2
from agent.telescope.first_light import shots
from agent.telescope.first_light.check import Bench, Feature, Need, check
from agent.telescope.first_light.finding import Finding, agrees, differs, unclear

_WIDE = 1


@check(
    "Under which numbers is a wide capture told?",
    Feature.WIDE,
    belief="15208 and 15209 with camera 1, never 15236 and 15237",
    needs=Need.COVERED,
)
async def wide_capture(bench: Bench) -> Finding:
    exposure = await shots.set_up(bench, Camera.WIDE, seconds=2.0, gain=60, frames=2)
    async with shots.stopped_after(bench, Camera.WIDE):
        shot = await shots.start_anyhow(bench, Camera.WIDE, exposure)
        if shot.exposes:
            await shot.asked.listen(2 * exposure + 10.0)
        facts = shot.facts
        states = [
            (one.cmd, message.state, message.camera)
            for one in shot.asked.notices(shots.STATE, shots.OLD_WIDE_STATE)
            for message in (one.read(notify_pb2.CameraOperation),)
        ]
        counted = [
            (one.cmd, one.read(notify_pb2.StackingProgress).camera)
            for one in shot.asked.notices(shots.PROGRESS, shots.OLD_WIDE_PROGRESS)
        ]
    facts |= {"states": [list(one) for one in states], "counted": sorted(map(list, set(counted)))}
    if not counted:
        return unclear("No frame of it was told.", **facts)
    newer = all(one == (shots.PROGRESS, _WIDE) for one in counted)
    if newer and not any(cmd == shots.OLD_WIDE_STATE for cmd, _, _ in states):
        return agrees("15208 and 15209 with camera 1.", **facts)
    return differs("Under other numbers; the facts have them.", **facts)
