"""What V3 firmware leaves unsaid, as it is published: whether it charges, and which model it is."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.simulator import Habits, SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import ShutterOpened
from tests.app.conftest import Observatory, session
from tests.app.test_night import PARIS
from tests.support.virtual_loop import run_virtual


def on_v3(place: Observatory, sim: SimulatedDwarf) -> None:
    address = DwarfAddress("127.0.0.1", sim.port, sim.http_port)
    place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))


@pytest.mark.parametrize("told", ["one_is_battery", "one_is_slow"])
def test_a_low_battery_ends_a_session_whichever_way_charging_is_told(
    observatory: Callable[..., Observatory], told: str
) -> None:
    async def night() -> dict[str, Any]:
        place = observatory(conditions={"min_battery": 25})
        options = SimulatorOptions(
            site=PARIS,
            calibrated=True,
            charging=False,
            battery=60.0,
            habits=Habits.from_texts({"charging": told}),
            strict=True,
        )
        async with SimulatedDwarf(options, place.clock) as sim:
            on_v3(place, sim)
            place.drop("a.json", session(setup_camera={**SHOT}))
            async with place.open():
                await place.until(lambda: bool(sim.history.of(ShutterOpened)))
                sim.faults.add("low-battery:percent=20")
                await place.sessions_ended(1)
            assert not sim.state.capturing()
        assert place.said("telemetry")[-1]["charging"] is not True
        return place.results[0]

    result = run_virtual(night())
    assert result["result"] != "completed"
    assert "20 %" in result["message"]


SHOT = {"do_action": True, "exposure": "15", "gain": 80, "count": 400}


def test_a_telescope_nobody_knows_is_told_as_a_problem_that_hides_no_other(
    observatory: Callable[..., Observatory],
) -> None:
    async def night() -> None:
        place = observatory()
        options = SimulatorOptions(model="D3 Plus", site=PARIS, calibrated=True, strict=True)
        async with SimulatedDwarf(options, place.clock) as sim:
            on_v3(place, sim)
            place.drop("a.json", session())
            async with place.open():
                await place.until(lambda: bool(sim.history.of(ShutterOpened)))
                problem = place.said("status")[-1]["problem"]
                assert problem["code"] == "unknown_model"
                assert "number 3 ('DWARF 3 PLUS'); it is driven as a Dwarf 3." in problem["message"]
                await place.sessions_ended(1)
                assert place.results[0]["result"] == "completed"
                sim.faults.add("goto-fails")
                place.drop("b.json", session())
                await place.sessions_ended(2)
                assert place.results[1]["result"] == "failed"
                await place.until(lambda: place.said("status")[-1]["problem"]["code"] != "unknown_model")

    run_virtual(night())
