"""A session that the telescope went on with is judged by its own word on the weather after a death."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.telescope.simulator.history import FrameTaken
from tests.safety.mortal_rig import MortalRig
from tests.safety.rig import Rig, long_session, on_the_wire
from tests.soak.mortal import run_mortal
from tests.support.tables import every

PARK = {"do_action": True, "park": True}
SILENT_S = 180 + 15  # so long an unknown sky may last, and the stop
RAIN_S = 15


def weather(policy: str) -> dict[str, Any]:
    return {"policy": policy, "inputs": ["roof"], "ttl_s": 180, "clear_for_min": 5}


async def images(rig: Rig, **sections: Any) -> MortalRig:
    """Begin, and have a session of hours take its first frames."""
    assert isinstance(rig, MortalRig)
    await rig.begin()
    rig.drop("a.json", long_session(**sections))
    await rig.captures(4)
    return rig


def was_counted_and_closed(rig: MortalRig, since: datetime) -> str:
    """See that the session ended for the weather with all its frames, and parked; return what it says."""
    (result,) = rig.results().values()
    assert (result["result"], result["reason"]) == ("partial", "weather")
    assert result["frames"]["taken"] == len(rig.sim.history.of(FrameTaken)) > 8
    assert rig.parked(since)
    return str(result["message"])


@pytest.mark.parametrize(
    ("station", "own", "rains", "within_s"),
    every(
        2,
        [
            ("ignore", "abort", False, SILENT_S),
            ("ignore", "abort", True, RAIN_S),
            ("ignore", "wait", True, RAIN_S),
            ("ignore", "wait", False, SILENT_S),
            ("abort", None, False, SILENT_S),
            ("wait", None, False, SILENT_S),
        ],
    ),
)
def test_what_it_left_open_is_stopped_in_time(
    tmp_path: Path, station: str, own: str | None, rains: bool, within_s: float
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, rig=MortalRig, weather=weather(station)) as started:
            conditions = {"do_action": True, "weather_policy": own} if own else None
            rig = await images(started, conditions=conditions)
            await rig.kill()
            if rains:
                rig.rain()
            else:
                rig.silence()
            await rig.begin()
            rig.killed = True  # only the shutter is judged here
            await rig.until(lambda: not rig.exposes, within_s)
            rig.killed = False
            await rig.clock.sleep(600)
            assert not rig.exposes
            assert rig.results() == {} or rains

    run_mortal(night())


def test_one_that_asks_nothing_of_the_weather_goes_on_whatever_the_others_ask(
    tmp_path: Path,
) -> None:
    """The night ends for the others; the telescope is not folded under the one that goes on."""

    async def night() -> None:
        async with on_the_wire(
            tmp_path, rig=MortalRig, weather=weather("wait"), conditions={"unsafe_action": "stop_and_park"}
        ) as started:
            rig = await images(started, conditions={"do_action": True, "weather_policy": "ignore"})
            rig.drop("b.json", long_session(shutdown=PARK))
            await rig.clock.sleep(30)
            await rig.kill()
            rig.rain("alert")
            died = rig.clock.now()
            away = rig.sim.faults.add("refuse-connection")
            await rig.begin()
            rig.killed = True  # it may expose
            await rig.clock.sleep(60)
            rig.sim.faults.remove(away)
            await rig.clock.sleep(300)
            assert rig.exposes
            assert (rig.stops(died), rig.parked(died)) == ([], [])
            rig.command("abort")
            await rig.until(lambda: not rig.exposes, 60)

    run_mortal(night())


def test_one_that_waited_for_as_long_as_it_may_is_taken_up_to_be_counted_and_closed(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(
            tmp_path, rig=MortalRig, weather=weather("wait"), conditions={"max_wait_min": 5}
        ) as started:
            rig = await images(started, shutdown=PARK)
            await rig.kill()
            rig.silence()
            died = rig.clock.now()
            await rig.begin()
            await rig.until(rig.results, 600)
            assert "5 minutes" in was_counted_and_closed(rig, died)

    run_mortal(night())


def test_one_that_may_not_go_on_waits_for_its_telescope_to_be_stopped_counted_and_closed(
    tmp_path: Path,
) -> None:
    """The link is up again seconds after a start at the earliest, and what is against it is known before."""

    async def night() -> None:
        async with on_the_wire(tmp_path, rig=MortalRig, weather=weather("abort")) as started:
            rig = await images(started, shutdown=PARK)
            await rig.kill()
            rig.rain()
            died = rig.clock.now()
            away = rig.sim.faults.add("refuse-connection")
            await rig.begin()
            await rig.clock.sleep(90)
            assert rig.results() == {}
            rig.sim.faults.remove(away)
            await rig.until(rig.results, 120)
            was_counted_and_closed(rig, died)

    run_mortal(night())


def test_for_a_telescope_that_stays_away_it_waits_no_longer_than_minutes(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, rig=MortalRig, weather=weather("abort")) as started:
            rig = await images(started)
            await rig.kill()
            rig.rain()
            away = rig.sim.faults.add("refuse-connection")
            await rig.begin()
            await rig.until(rig.results, 400)
            (result,) = rig.results().values()
            assert (result["result"], result["frames"]["taken"]) == ("partial", 4)
            rig.sim.faults.remove(away)
            await rig.until(lambda: not rig.exposes, 180)

    run_mortal(night())
