"""Dark frames that an agent left behind are stopped before anything is pointed at or captured."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.simulator.history import DarksTaken, FrameTaken, ShutterOpened
from tests.safety.mortal_rig import MortalRig
from tests.safety.rig import GENERATIONS, long_session, on_the_wire
from tests.soak.mortal import run_mortal
from tests.support.tables import sliced

FRAMES = 20
RESULT_S = 3600.0


@pytest.mark.parametrize(
    ("generation", "when", "trouble"),
    sliced(GENERATIONS, ("before", "clouds"), ("a kill", "a lost link", "a lost link and a kill")),
)
def test_no_frame_is_taken_in_the_dark(tmp_path: Path, generation: str, when: str, trouble: str) -> None:
    """The simulator is strict: what is asked of it while it takes darks breaks a rule of the hardware."""

    async def night() -> None:
        async with on_the_wire(tmp_path, rig=MortalRig, generation=generation) as rig:
            assert isinstance(rig, MortalRig)
            rig.sim.state.darks = False
            darks = {"do_action": True, "when": when, "count": 40}
            rig.drop("a.json", long_session(frames=FRAMES, dark_frames=darks))
            await rig.begin()
            if when == "clouds":
                await rig.captures(5)
                rig.rain()
            await rig.until(lambda: rig.asked(Cmd.TAKE_DARKS), 900)
            await rig.clock.sleep(20)
            if "link" in trouble:
                rig.sim.faults.add("drop-link:refuse_s=60")
                await rig.clock.sleep(3)
            if "kill" in trouble:
                await rig.kill()
                await rig.clock.sleep(30)
                rig.clear()
                await rig.begin()
            rig.clear()
            await rig.until(lambda: "a" in rig.results(), RESULT_S)
            result = rig.results()["a"]
            assert (result["result"], result["frames"]["taken"]) == ("completed", FRAMES)
            assert len(rig.sim.history.of(FrameTaken)) == FRAMES
            if when == "before":
                (taken,) = rig.sim.history.of(DarksTaken)
                assert taken.at < rig.sim.history.of(ShutterOpened)[0].at
                assert "without fitting darks" not in result["message"]

    run_mortal(night())
