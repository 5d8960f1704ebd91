"""Silence of a weather source, measured where it counts: when the stop arrives at the telescope."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import ShutterOpened
from tests.app.conftest import Observatory, session
from tests.app.test_night import PARIS
from tests.support.invariant import at_rest_or_told
from tests.support.virtual_loop import run_virtual

SHOT = {"do_action": True, "exposure": "15", "gain": 80, "count": 200}


def test_a_source_that_falls_silent_stops_the_capture_on_the_wire_within_a_second(
    observatory: Callable[..., Observatory],
) -> None:
    async def night() -> float:
        place = observatory(weather={"policy": "wait", "inputs": ["roof"], "ttl_s": 120, "clear_for_min": 5})
        async with (
            SimulatedDwarf(SimulatorOptions(model="D3", site=PARIS, strict=True), place.clock) as sim,
            at_rest_or_told(sim, place.broker, place.clock),
        ):
            address = DwarfAddress("127.0.0.1", sim.port, sim.http_port)
            place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))
            place.drop("a.json", session(setup_camera=SHOT))
            async with place.open():
                while not sim.history.of(ShutterOpened):
                    place.say("safety/input/roof", {"safe": True})
                    await place.clock.sleep(30)
                place.say("safety/input/roof", {"safe": True})
                deadline = place.clock.now() + timedelta(seconds=120)
                await place.until(lambda: place.said("status")[-1]["state"] == "paused", hours=0.1)
                (stop,) = [one.at for one in sim.received if one.cmd == Cmd.STOP_CAPTURE]
                assert place.said("status")[-1]["reason"] == "weather"
        return (stop - deadline).total_seconds()

    late_s = run_virtual(night())
    assert 0 <= late_s <= 1
