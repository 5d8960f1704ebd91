"""A night under a poor sky, on newer firmware: what only looks like a failure costs nothing."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import Calibration, FrameTaken, PolarAlignment
from tests.app.conftest import Observatory, session
from tests.app.test_night import PARIS
from tests.support.virtual_loop import run_virtual

ON = {"do_action": True}
SHOT = {"do_action": True, "exposure": "15", "gain": 80, "count": 4}


@pytest.mark.parametrize("model", ["D3", "mini"])
def test_missed_plate_solutions_and_a_polar_alignment_cost_no_attempt_and_no_frame(
    observatory: Callable[..., Observatory], model: str
) -> None:
    async def night() -> None:
        place = observatory()
        options = SimulatorOptions.from_mapping(
            {
                "model": model,
                "generation": "v3",
                "site": PARIS,
                "strict": True,
                "faults": ["near-limit:times=1"],
            }
        )
        async with SimulatedDwarf(options, place.clock) as sim:
            address = DwarfAddress("127.0.0.1", sim.port, sim.http_port)
            place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))
            place.drop("a.json", session(eq_solving=ON, calibration=ON, setup_camera=SHOT))
            async with place.open():
                while not sim.history.of(PolarAlignment):
                    await place.clock.sleep(1)
                sim.faults.add("solving-fails:times=3")
                await place.sessions_ended(1, hours=1)
            assert [result["result"] for result in place.results] == ["completed"]
            assert [one.code for one in sim.history.of(PolarAlignment)] == [0]
            assert [(one.code, one.solves > 3) for one in sim.history.of(Calibration)] == [(0, True)]
            assert len(sim.history.of(FrameTaken)) == 4

    run_virtual(night())
