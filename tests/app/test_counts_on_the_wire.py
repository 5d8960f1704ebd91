"""Frames as the telescope truly took them, whatever its counters say and whatever it would go on to take."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import ShutterClosed
from tests.app.conftest import Observatory, session
from tests.app.test_night import PARIS
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual


def night(
    place: Observatory, document: dict[str, Any], *faults: str, generation: str = "v3", model: str = "D3"
) -> tuple[dict[str, Any], list[ShutterClosed]]:
    """Run one session on the simulator; return its result, and how its captures truly ended."""

    async def main() -> tuple[dict[str, Any], list[ShutterClosed]]:
        options = SimulatorOptions.from_mapping(
            {
                "model": model,
                "generation": generation,
                "site": PARIS,
                "calibrated": True,
                "faults": faults,
                "strict": True,
            }
        )
        async with SimulatedDwarf(options, place.clock) as sim:
            address = DwarfAddress("127.0.0.1", sim.port, sim.http_port)
            place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))
            place.drop("a.json", document)
            async with place.open():
                await place.sessions_ended(1)
            return place.results[0], sim.history.of(ShutterClosed)

    return run_virtual(main())


@pytest.mark.parametrize(
    ("generation", "frames", "times"), every(2, list(product(["v3", "v2"], [2**31 - 1, 5000, 0], [4, 0])))
)
def test_counters_that_cannot_be_are_not_believed(
    observatory: Callable[..., Observatory], generation: str, frames: int, times: int
) -> None:
    fault = f"wrong-counts:frames={frames},times={times}"
    result, closed = night(observatory(), session(), fault, generation=generation)
    assert {one.taken for one in closed} == {12}
    if times or not frames:  # of a capture that counts nothing the album knows
        assert (result["result"], result["frames"]["taken"]) == ("completed", 12)
    else:
        assert (result["result"], result["frames"]["taken"]) == ("failed", 0)
    assert ("cannot have taken" in result["message"]) is (frames > 0)


@pytest.mark.parametrize("generation", ["v2", "v3"])
def test_the_result_tells_the_folder_and_the_settings_of_either_camera(
    observatory: Callable[..., Observatory], generation: str
) -> None:
    wide = {"do_action": True, "exposure": "10", "gain": 60, "count": 3}
    result, closed = night(observatory(), session(setup_wide_camera=wide), generation=generation)
    assert len(closed) == len(result["files"]) == 2
    assert (result["settings"]["tele"]["exposure"], result["settings"]["tele"]["gain"]) == ("15", 80)
    assert (result["settings"]["wide"]["exposure"], result["settings"]["wide"]["gain"]) == ("10", 60)
    assert result["settings"]["wide"]["filter"] is None
