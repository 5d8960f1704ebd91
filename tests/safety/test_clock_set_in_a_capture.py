"""The agent is killed in a capture and its clock is set back: it is followed, and every frame counts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from agent.clock import LoopClock
from agent.telescope.simulator.history import FrameTaken
from tests.safety.mortal_rig import MortalRig
from tests.safety.rig import DUSK, long_session, on_the_wire
from tests.soak.mortal import run_mortal
from tests.support.stepped_clock import SteppedClock

FRAMES = 8


@pytest.mark.parametrize("lives", [False, True], ids=["before the next life", "in the next life"])
def test_a_clock_set_back_loses_no_frame_of_a_capture_that_outlived_its_agent(
    tmp_path: Path, *, lives: bool
) -> None:
    async def night() -> None:
        clock = SteppedClock(DUSK)
        async with on_the_wire(tmp_path, rig=MortalRig, clock=clock, hardware=LoopClock(DUSK)) as rig:
            assert isinstance(rig, MortalRig)
            rig.drop("a.json", long_session(frames=FRAMES))
            await rig.begin()
            await rig.until(lambda: rig.exposes, 300)
            await clock.sleep(5)
            await rig.kill()
            if not lives:
                clock.set(clock.now() - timedelta(hours=1))
            await rig.begin()
            if lives:
                await clock.sleep(5)
                clock.set(clock.now() - timedelta(hours=1))
            await rig.until(lambda: "a" in rig.results(), 1800, every_s=1)
            result = rig.results()["a"]
            assert result["result"] == "completed"
            assert result["frames"]["taken"] == len(rig.sim.history.of(FrameTaken)) == FRAMES

    run_mortal(night())
