"""What was wanted while the link was away is done as soon as it is back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.safety.rig import GENERATIONS, Rig, long_session, on_the_wire, seconds
from tests.support.tables import sliced
from tests.support.virtual_loop import run_virtual

SOON_S = 1.0  # from the link's return to the stop on the wire
CLOSING_S = 5.0
AWAY_S = (25.0, 600.0)
RETURN_S = 130.0  # a telescope that is back is found within about a minute

Order = Callable[[Rig], object]
ORDERS: dict[str, Order] = {
    "pause": lambda rig: rig.command("pause"),
    "abort": lambda rig: rig.command("abort"),
    "skip": lambda rig: rig.command("skip"),
    "end_night": lambda rig: rig.command("end_night"),
    "rain": lambda rig: rig.rain(),
    "downpour": lambda rig: rig.rain("alert"),
    "battery": lambda rig: rig.sim.faults.add("low-battery:percent=5"),
}
SETTINGS = {"conditions": {"min_battery": 20}}


async def captures(rig: Rig) -> None:
    rig.drop("a.json", long_session())
    await rig.begin()
    await rig.captures()


async def back(rig: Rig, since: datetime, away_s: float) -> datetime:
    """Wait for the link; return when it came up."""
    await rig.until(lambda: rig.connected(since), away_s + RETURN_S)
    up = rig.connected(since)
    assert up is not None
    return up


async def stopped_at_once(rig: Rig, lost: datetime, away_s: float) -> None:
    up = await back(rig, lost, away_s)
    await rig.clock.sleep(SOON_S + CLOSING_S)
    asked = rig.stops(up)
    assert asked, f"nothing was stopped; status {rig.status}"
    assert seconds(asked[0], up) <= SOON_S
    assert rig.closed(up)
    await rig.clock.sleep(600)
    assert rig.begun(lost) == []


@pytest.mark.parametrize(("generation", "away_s", "order"), sliced(GENERATIONS, AWAY_S, tuple(ORDERS)))
def test_an_order_given_while_the_link_is_away_is_carried_out_when_it_is_back(
    tmp_path: Path, generation: str, away_s: float, order: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation, **SETTINGS) as rig:
            rig.drop("a.json", long_session())
            rig.sim.faults.add(f"drop-link:frame=4,refuse_s={away_s:g}")
            await rig.begin()
            await rig.captures()
            lost = rig.clock.now()
            await rig.clock.sleep(5)
            assert rig.exposes
            ORDERS[order](rig)
            await stopped_at_once(rig, lost, away_s)

    run_virtual(night())


@pytest.mark.parametrize(("generation", "verb"), sliced(GENERATIONS, ("abort", "end_night", "pause")))
def test_a_command_given_while_the_link_is_away_is_answered_when_it_is_done(
    tmp_path: Path, generation: str, verb: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation) as rig:
            await captures(rig)
            lost = await rig.loses_the_link(25)
            rig.command(verb)
            await rig.until(lambda: rig.closed(lost), 25 + RETURN_S)
            closed = rig.closed(lost)
            await rig.until(lambda: rig.final(verb), 30)
            final = rig.final(verb)
            assert closed is not None
            assert final is not None
            assert final.at >= closed
            assert final.body["status"] == "done"

    run_virtual(night())


@pytest.mark.parametrize(
    ("lives", "order"), sliced((1, 2), ("abort", "skip", "end_night", "rain", "downpour"))
)
def test_a_stop_that_was_wanted_survives_a_restart_of_the_agent(
    tmp_path: Path, order: str, lives: int
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            await captures(rig)
            lost = await rig.loses_the_link(600)
            ORDERS[order](rig)
            await rig.clock.sleep(20)
            for _ in range(lives):
                await rig.end()
                await rig.clock.sleep(15)
                await rig.begin()
                await rig.clock.sleep(15)
            assert rig.exposes
            await stopped_at_once(rig, lost, 600)

    run_virtual(night())


@pytest.mark.parametrize("order", ["abort", "end_night"])
def test_a_stop_that_was_wanted_survives_a_telescope_that_comes_back_in_the_next_life_only(
    tmp_path: Path, order: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            await captures(rig)
            lost = await rig.loses_the_link(60)
            ORDERS[order](rig)
            await rig.clock.sleep(10)
            await rig.end()
            await rig.clock.sleep(600)  # the telescope is back, the agent is not
            assert rig.exposes
            began = rig.clock.now()
            await rig.begin()
            await stopped_at_once(rig, began, 0)
            assert rig.begun(lost) == []
            result = rig.results()["a"]
            assert (result["result"], result["reason"]) == ("aborted", "user")

    run_virtual(night())
