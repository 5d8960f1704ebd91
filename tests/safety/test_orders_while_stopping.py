"""An order that comes while an earlier one is still being carried out takes nothing of it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.telescope.simulator.history import FrameTaken
from tests.safety.rig import GENERATIONS, STOP_LIMIT_S, Rig, long_session, on_the_wire
from tests.support.tables import sliced
from tests.support.virtual_loop import run_virtual

TROUBLES = {"deaf:command=11006,times=3": 60.0, "drop-link:refuse_s=40": 170.0}
FIRST = ("pause", "rain")
THEN = ("abort", "end_night", "downpour", "SIGTERM")


def _give(rig: Rig, order: str) -> None:
    if order in ("rain", "downpour"):
        rig.rain("alert" if order == "downpour" else "warning")
    else:
        rig.command(order)


@pytest.mark.parametrize(
    ("generation", "trouble", "first", "then"), sliced(GENERATIONS, tuple(TROUBLES), FIRST, THEN)
)
def test_a_session_that_ends_while_it_is_paused_is_stopped_and_counted_all_the_same(
    tmp_path: Path, generation: str, trouble: str, first: str, then: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation) as rig:
            rig.drop("a.json", long_session(frames=60))
            await rig.begin()
            await rig.captures(5)
            rig.sim.faults.add(trouble)
            _give(rig, first)
            await rig.clock.sleep(4)
            if then == "SIGTERM":
                assert await rig.end() <= STOP_LIMIT_S
                assert not rig.exposes or rig.status["problem"] is not None
                await rig.begin()
            else:
                _give(rig, then)
            await rig.until(lambda: not rig.exposes, TROUBLES[trouble])
            if then == "SIGTERM":
                return
            await rig.until(lambda: "a" in rig.results(), 30)
            result = rig.results()["a"]
            assert result["frames"]["taken"] == len(rig.sim.history.of(FrameTaken))
            assert len(result["files"]) == 1

    run_virtual(night())
