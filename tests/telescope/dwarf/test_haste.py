"""What needs no time takes none: a session's seconds belong to the telescope."""

from __future__ import annotations

import pytest

from agent.capabilities import Camera
from agent.telescope.simulator.history import ShutterClosed
from tests.telescope.dwarf.support import Bench, on_bench


@pytest.mark.parametrize("generation", ["v2", "v3"])
def test_control_that_is_ours_already_is_not_waited_for(generation: str) -> None:
    async def run(b: Bench) -> float:
        await b.telescope.take_control()
        began = b.clock.monotonic()
        await b.telescope.take_control()
        return b.clock.monotonic() - began

    assert on_bench(run, generation=generation) < 0.1


@pytest.mark.parametrize("generation", ["v2", "v3"])
def test_a_capture_with_all_its_frames_counted_is_over_when_the_telescope_says_so(generation: str) -> None:
    async def run(b: Bench) -> float:
        await b.aimed(3)
        await b.telescope.start_capture(Camera.TELE)
        report = await b.telescope.follow_capture(Camera.TELE)
        assert (report.taken, report.stacked) == (3, 3)
        (closed,) = b.sim.history.of(ShutterClosed)
        return (b.clock.now() - closed.at).total_seconds()

    # the simulated telescope closes the shutter, and tells of the end a moment later
    assert on_bench(run, generation=generation) < 2.0
