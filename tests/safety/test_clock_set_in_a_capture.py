"""The agent is killed in a capture and its clock is set: the capture is found, and every frame counts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from agent.clock import LoopClock
from agent.telescope.simulator.history import FrameTaken, ShutterOpened
from tests.safety.mortal_rig import MortalRig
from tests.safety.rig import DUSK, GENERATIONS, long_session, on_the_wire
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
            await _completes(rig, FRAMES)

    run_mortal(night())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_capture_that_began_after_the_clock_was_set_is_found_in_the_album(
    tmp_path: Path, generation: str
) -> None:
    async def night() -> None:
        clock, hardware = SteppedClock(DUSK), LoopClock(DUSK)
        async with on_the_wire(
            tmp_path, rig=MortalRig, clock=clock, hardware=hardware, generation=generation
        ) as rig:
            assert isinstance(rig, MortalRig)
            rig.drop("a.json", long_session(frames=FRAMES))
            await rig.begin()
            await rig.until(lambda: rig.status["state"] == "slewing", 300)
            clock.set(clock.now() + timedelta(seconds=40))
            await _dies_while_it_captures(rig)
            await _completes(rig, FRAMES)

    run_mortal(night())


def test_so_is_the_second_one_although_the_clock_was_set_before_this_life(tmp_path: Path) -> None:
    async def night() -> None:
        clock, hardware = SteppedClock(DUSK), LoopClock(DUSK)
        both = {"setup_wide_camera": {"do_action": True, "exposure": "10", "gain": 60, "count": FRAMES}}
        async with on_the_wire(tmp_path, rig=MortalRig, clock=clock, hardware=hardware) as rig:
            assert isinstance(rig, MortalRig)
            rig.drop("a.json", long_session(frames=FRAMES, **both))
            await rig.begin()
            await rig.until(lambda: rig.exposes, 300)
            await rig.kill()
            clock.set(clock.now() - timedelta(hours=1))
            await rig.begin()
            await rig.until(lambda: len(rig.sim.history.of(ShutterOpened)) == 2, 600)
            await _dies_while_it_captures(rig)
            await _completes(rig, 2 * FRAMES)

    run_mortal(night())


async def _dies_while_it_captures(rig: MortalRig) -> None:
    """Kill the agent, and begin it again when its capture is over."""
    await rig.until(lambda: rig.exposes, 300)
    await rig.clock.sleep(20)
    await rig.kill()
    await rig.clock.sleep(FRAMES * 20)
    assert not rig.exposes
    await rig.begin()


async def _completes(rig: MortalRig, frames: int) -> None:
    await rig.until(lambda: "a" in rig.results(), 1800, every_s=1)
    result = rig.results()["a"]
    assert result["result"] == "completed"
    assert result["frames"]["taken"] == len(rig.sim.history.of(FrameTaken)) == frames
