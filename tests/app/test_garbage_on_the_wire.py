"""A link that carries garbage for a while: nothing is lost with it, as little as with one that breaks."""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.simulator import Generation, SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.faults import parse_fault
from agent.telescope.simulator.history import ShutterClosed, ShutterOpened
from tests.app.conftest import Observatory, session
from tests.app.test_night import PARIS
from tests.support.invariant import at_rest_or_told
from tests.support.tables import sliced
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
GENERATIONS = (Generation.V2, Generation.V3)
FAULTS = ("garbled-frames", "truncated-frames")


@asynccontextmanager
async def scope(place: Observatory, generation: Generation, *faults: str) -> AsyncIterator[SimulatedDwarf]:
    options = SimulatorOptions(
        generation=generation,
        model="D3",
        site=PARIS,
        horizon=False,
        strict=True,
        faults=tuple(parse_fault(one) for one in faults),
    )
    async with (
        SimulatedDwarf(options, place.clock) as sim,
        at_rest_or_told(sim, place.broker, place.clock),
    ):
        address = DwarfAddress("127.0.0.1", sim.port, sim.http_port)
        place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))
        yield sim


@pytest.mark.parametrize(("generation", "fault", "count"), sliced(GENERATIONS, FAULTS, (12, 25)))
def test_a_session_survives_the_garbage_at_its_start(
    observatory: Make, caplog: pytest.LogCaptureFixture, generation: Generation, fault: str, count: int
) -> None:
    async def night() -> None:
        place = observatory()
        place.drop("a.json", session())
        async with scope(place, generation) as sim, place.open():
            await place.until(lambda: place.said("status")[-1]["running"], every_s=0.1)
            sim.faults.add(parse_fault(f"{fault}:times={count}"))
            await place.sessions_ended(1)
            (result,) = place.results
            assert (result["result"], result["frames"]["taken"]) == ("completed", 12)
            assert [one.taken for one in sim.history.of(ShutterClosed)] == [12]

    run_virtual(night())
    link = [one for one in caplog.records if one.name.endswith("link.connection")]
    told = [one.getMessage() for one in link if one.levelno >= logging.WARNING]
    assert len(told) == 2, "once when it begins, and once how much it was"
    assert "unreadable" in told[0]
    assert "frames were unreadable" in told[1]


@pytest.mark.parametrize(("generation", "fault"), sliced(GENERATIONS, FAULTS))
def test_a_session_survives_garbage_from_the_first_word_on(
    observatory: Make, generation: Generation, fault: str
) -> None:
    async def night() -> None:
        place = observatory()
        place.drop("a.json", session())
        async with scope(place, generation, f"{fault}:times=15"), place.open():
            await place.sessions_ended(1)
            (result,) = place.results
            assert (result["result"], result["frames"]["taken"]) == ("completed", 12)

    run_virtual(night())


@pytest.mark.parametrize("abort", [False, True])
def test_frames_whose_counts_were_garbage_are_credited(observatory: Make, abort: bool) -> None:
    """Its beginning and its end are heard and not every count between: the album has the frames."""

    async def night() -> None:
        place = observatory()
        place.drop("a.json", session())
        async with scope(place, Generation.V3) as sim, place.open():
            await place.until(lambda: bool(sim.history.of(ShutterOpened)), every_s=0.1)
            sim.faults.add(parse_fault("truncated-frames:command=15209,times=0"))
            if abort:
                await place.clock.sleep(100)
                place.say("scope/command", {"command": "abort"})
            await place.sessions_ended(1)
            (closed,) = sim.history.of(ShutterClosed)
            assert closed.taken == 12 or (abort and closed.taken > 3)
            counted = place.results[0]["frames"]
            assert (counted["taken"], counted["stacked"]) == (closed.taken, closed.stacked)

    run_virtual(night())
