"""An agent whose disk is full is killed: no frame is taken twice, and none is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.telescope.simulator.history import FrameTaken
from tests.safety.mortal_rig import MortalRig, full_disk
from tests.safety.rig import long_session, on_the_wire
from tests.soak.mortal import run_mortal

FRAMES = 8
BOTH = {"setup_wide_camera": {"do_action": True, "exposure": "10", "gain": 60, "count": FRAMES}}


@pytest.mark.parametrize("before", ["slewing", "the second capture"])
def test_no_capture_begins_that_the_next_life_would_not_know_of(tmp_path: Path, before: str) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, rig=MortalRig) as rig:
            assert isinstance(rig, MortalRig)
            rig.drop("a.json", long_session(frames=FRAMES, **BOTH))
            await rig.begin()
            if before == "slewing":
                await rig.until(lambda: rig.status["state"] == before, 300)
            else:
                await rig.captures(FRAMES - 1)
            with full_disk():
                await rig.until(lambda: (rig.status["problem"] or {}).get("code") == "disk_full", 300)
                await rig.clock.sleep(120)
                await rig.kill()
                await rig.clock.sleep(600)
                await rig.begin()
                await rig.clock.sleep(120)
            await rig.until(lambda: "a" in rig.results(), 1800, every_s=1)
            result = rig.results()["a"]
            assert result["result"] == "completed"
            assert result["frames"]["taken"] == len(rig.sim.history.of(FrameTaken)) == 2 * FRAMES

    run_mortal(night())
