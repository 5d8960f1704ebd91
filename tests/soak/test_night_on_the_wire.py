"""The night of ten sessions once more, with the real driver, sockets and a simulated telescope."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from agent.sky.ephemeris import SUN, separation
from agent.targets import SkyTarget
from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import ShutterClosed, ShutterOpened, Slew
from tests.app.conftest import Observatory
from tests.app.test_night import PARIS, SETTINGS, explains_itself, night
from tests.support.invariant import at_rest_or_told
from tests.support.virtual_loop import run_virtual


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_night_of_ten_sessions_on_the_wire_explains_itself(tmp_path: Path) -> None:
    async def play() -> tuple[Observatory, SimulatedDwarf]:
        place = Observatory(tmp_path, **SETTINGS)
        options = SimulatorOptions(model="D3", site=PARIS, charging=False, battery=90.0, strict=True)
        async with (
            SimulatedDwarf(options, place.clock) as sim,
            at_rest_or_told(sim, place.broker, place.clock),
        ):
            address = DwarfAddress("127.0.0.1", sim.port, sim.http_port)
            place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))
            await night(place, lambda: sim.faults.add("low-battery:percent=30"))
        return place, sim

    place, sim = run_virtual(play())
    explains_itself(place)
    slews = sim.history.of(Slew)
    assert len(slews) >= 7
    for slew in slews:
        spot = SkyTarget("slew", slew.ra_hours, slew.dec_degrees)
        assert separation(spot, SUN, PARIS, slew.at) > 20
    assert len(sim.history.of(ShutterOpened)) == len(sim.history.of(ShutterClosed)) == 7
