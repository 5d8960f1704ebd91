"""Frames that were taken while nobody listened count: the telescope's own record has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.telescope.simulator.history import FrameTaken
from tests.safety.mortal_rig import MortalRig
from tests.safety.rig import GENERATIONS, long_session, on_the_wire
from tests.soak.mortal import run_mortal
from tests.support.tables import sliced

VERBS = ("abort", "skip", "end_night")
DEAF = ("deaf:command=11006,times=20", "deaf:command=11037,times=20")
FRAMES = 12


@pytest.mark.parametrize(("generation", "verb"), sliced(GENERATIONS, VERBS))
def test_a_session_that_was_ordered_to_end_before_a_kill_has_what_the_telescope_went_on_to_take(
    tmp_path: Path, generation: str, verb: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation, rig=MortalRig) as rig:
            assert isinstance(rig, MortalRig)
            rig.drop("a.json", long_session(frames=FRAMES))
            await rig.begin()
            await rig.captures()
            deaf = [rig.sim.faults.add(one) for one in DEAF]
            rig.command(verb)
            await rig.clock.sleep(3)
            await rig.kill()
            await rig.clock.sleep(FRAMES * 20)
            assert not rig.exposes
            for one in deaf:
                rig.sim.faults.remove(one)
            await rig.begin()
            await rig.until(rig.results, 300)
            (result,) = rig.results().values()
            assert result["frames"]["taken"] == len(rig.sim.history.of(FrameTaken)) == FRAMES
            assert len(result["files"]) == 1

    run_mortal(night())


def test_a_session_that_was_killed_with_all_its_frames_is_complete_although_its_night_is_over(
    tmp_path: Path,
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, rig=MortalRig) as rig:
            assert isinstance(rig, MortalRig)
            rig.drop("a.json", long_session(frames=4))
            await rig.begin()
            await rig.captures(frames=4)
            await rig.clock.sleep(1)  # the last is in the journal, and the capture is not closed yet
            await rig.kill()
            rig.sim.faults.add("refuse-connection")
            await rig.begin()
            rig.rain("alert")
            await rig.until(lambda: "a" in rig.results(), 600)
            told = rig.results()["a"]
            assert told["result"] == "completed"
            assert (told["frames"]["requested"], told["frames"]["taken"]) == (4, 4)
            assert rig.files("Done") == ["a.json"]

    run_mortal(night())
