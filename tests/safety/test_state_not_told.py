"""A telescope that cannot be understood is not taken for one that captures nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.telescope.simulator.history import FrameTaken, ShutterOpened
from tests.safety.mortal_rig import MortalRig
from tests.safety.rig import long_session, on_the_wire
from tests.soak.mortal import run_mortal
from tests.support.tables import every

FRAMES = 24
RESULT_S = 2400.0


@pytest.mark.parametrize(
    ("generation", "fault"),
    every(2, [("v3", "garbled-frames"), ("v3", "truncated-frames"), ("v2", "truncated-frames")]),
)
def test_a_capture_that_runs_on_is_followed_once_that_is_understood(
    tmp_path: Path, generation: str, fault: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, rig=MortalRig, generation=generation) as rig:
            assert isinstance(rig, MortalRig)
            rig.drop("a.json", long_session(frames=FRAMES))
            await rig.begin()
            await rig.captures(8)
            number = rig.sim.faults.add(f"{fault}:times=0")
            await rig.clock.sleep(20)
            await rig.kill()
            await rig.clock.sleep(20)
            await rig.begin()
            await rig.clock.sleep(60)
            rig.sim.faults.remove(number)
            await rig.until(lambda: "a" in rig.results(), RESULT_S)
            result = rig.results()["a"]
            assert (result["result"], result["frames"]["taken"]) == ("completed", FRAMES), result["message"]
            assert len(rig.sim.history.of(FrameTaken)) == FRAMES
            assert len(rig.sim.history.of(ShutterOpened)) == 1

    run_mortal(night())
