"""`unsafe_action: stop_and_park` really parks: at once, after a lost link, after a motor that failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.safety.rig import GENERATIONS, Rig, long_session, on_the_wire, seconds
from tests.support.tables import sliced
from tests.support.virtual_loop import run_virtual

PARKS: dict[str, Any] = {"conditions": {"unsafe_action": "stop_and_park"}}
FOLDING_S = 45.0  # a stop, a stack that is closed, and fifteen seconds of the motor
RETRY_S = 120.0
RETURN_S = 130.0

both = pytest.mark.parametrize("generation", GENERATIONS)


async def captures(rig: Rig) -> None:
    rig.drop("a.json", long_session())
    await rig.begin()
    await rig.captures()


@pytest.mark.parametrize(("generation", "level"), sliced(GENERATIONS, ("warning", "alert")))
def test_rain_parks_the_telescope_that_captures(tmp_path: Path, generation: str, level: str) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation, **PARKS) as rig:
            await captures(rig)
            told = rig.rain(level)
            await rig.until(lambda: rig.parked(told), FOLDING_S)
            assert rig.closed(told)
            await rig.clock.sleep(1800)
            assert len(rig.parked()) == 1
            assert rig.begun(told) == []

    run_virtual(night())


@pytest.mark.parametrize(
    ("generation", "level", "away_s"), sliced(GENERATIONS, ("warning", "alert"), (25.0, 600.0))
)
def test_rain_while_the_link_is_away_parks_the_telescope_when_it_is_back(
    tmp_path: Path, generation: str, level: str, away_s: float
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation, **PARKS) as rig:
            await captures(rig)
            lost = await rig.loses_the_link(away_s)
            rig.rain(level)
            await rig.until(lambda: rig.connected(lost), away_s + RETURN_S)
            up = rig.connected(lost)
            assert up is not None
            await rig.until(lambda: rig.parked(up), FOLDING_S)
            assert seconds(rig.stops(up)[0], up) <= 1

    run_virtual(night())


@both
@pytest.mark.parametrize(
    "fault",
    [
        "answer-code:command=14001,code=-14501,times=1",
        "answer-code:command=14001,code=-14501,times=3",
        "deaf:command=14001,times=1",
    ],
)
def test_a_motor_that_failed_is_asked_again_until_the_telescope_is_parked(
    tmp_path: Path, generation: str, fault: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation, **PARKS) as rig:
            await captures(rig)
            rig.sim.faults.add(fault)
            told = rig.rain()
            await rig.until(lambda: rig.parked(told), 3 * RETRY_S + FOLDING_S)

    run_virtual(night())


def test_a_motor_that_never_moves_is_published_as_a_problem(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, **PARKS) as rig:
            await captures(rig)
            rig.sim.faults.add("answer-code:command=14001,code=-14501")
            told = rig.rain()
            await rig.clock.sleep(600)
            assert rig.closed(told)
            assert rig.status["problem"] is not None
            assert not rig.parked()

    run_virtual(night())


def test_rain_parks_a_telescope_whose_first_stop_was_lost(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, **PARKS) as rig:
            await captures(rig)
            rig.sim.faults.add("deaf:command=11006,times=2")
            told = rig.rain()
            await rig.until(lambda: rig.parked(told), FOLDING_S + 30)
            closed = rig.closed(told)
            assert closed is not None
            assert closed < rig.parked(told)[0]

    run_virtual(night())


def test_rain_before_a_restart_parks_the_telescope_that_comes_back_after_it(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, **PARKS) as rig:
            await captures(rig)
            lost = await rig.loses_the_link(600)
            rig.rain()
            await rig.clock.sleep(30)
            await rig.end()
            await rig.begin()
            await rig.until(lambda: rig.connected(lost), 600 + RETURN_S)
            await rig.until(lambda: rig.parked(lost), FOLDING_S)

    run_virtual(night())


def test_a_second_rain_parks_again_what_was_used_in_between(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, **PARKS) as rig:
            await captures(rig)
            first = rig.rain()
            await rig.until(lambda: rig.parked(first), FOLDING_S)
            rig.clear()
            await rig.until(lambda: rig.exposes, 1200)
            second = rig.rain()
            await rig.until(lambda: rig.parked(second), FOLDING_S)

    run_virtual(night())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_rain_that_stops_and_parks_as_it_should_is_told_as_that_and_as_no_problem(
    tmp_path: Path, generation: str
) -> None:
    """A motor takes longer than a shutter; and what stands still is stopped once, whatever it is asked."""

    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation, **PARKS) as rig:
            rig.drop("a.json", long_session())
            await rig.begin()
            await rig.captures()
            rain = rig.rain()
            await rig.until(lambda: rig.parked(rain), 60)
            await rig.clock.sleep(600)
            told = [one.body for one in rig.said("status", rain)]
            assert [one["problem"] for one in told if one["problem"]] == []
            states = [one["state"] for one in told]
            assert states == sorted(states, key=["stopping", "finishing", "paused"].index), states
            assert len(rig.stops(rain)) == 1

    run_virtual(night())
