"""The wall clock is set while the agent runs: a boot without a network, a wrong hardware clock, NTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.telescope.errors import RefusedError
from tests.app.conftest import Observatory, session
from tests.support.stepped_clock import SteppedClock
from tests.support.virtual_loop import run_virtual

AUGUST = datetime(2025, 8, 1, 18, 0, tzinfo=UTC)  # what a computer believes that has no clock of its own
EVENING = datetime(2026, 3, 12, 20, 0, tzinfo=UTC)
HIGH = {"do_action": True, "target": "Polar field", "ra_coord": 9.9, "dec_coord": 89.0}


def long_session(**more: Any) -> dict[str, Any]:
    camera = {"do_action": True, "exposure": "15", "gain": 80, "count": 999}
    return session(goto_manual=HIGH, setup_camera=camera, **more)


class Place(Observatory):
    """A whole agent whose clock somebody sets."""

    def __init__(self, root: Path, start: datetime, **settings: Any) -> None:
        self.set_clock = SteppedClock(start)
        super().__init__(root, clock=self.set_clock, **settings)

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.said("status")[-1]
        return found

    def frames(self) -> int:
        return sum(one.taken for one in self.telescope.captures)

    def exposes(self) -> bool:
        return any(one.running for one in self.telescope.captures)

    async def sleep(self, **span: float) -> None:
        await self.clock.sleep(timedelta(**span).total_seconds())

    def waits(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.said("queue")[-1]["sessions"]
        return found


def night(place: Place, story: Callable[[], Any]) -> None:
    async def through() -> None:
        async with place.open():
            await story()

    run_virtual(through())


def test_times_of_day_are_those_of_the_night_that_the_set_clock_tells(tmp_path: Path) -> None:
    place = Place(tmp_path, AUGUST)
    times = {"time": "21:10:00", "end_time": "21:40:00"}
    place.drop("evening.json", session(goto_manual=HIGH, id_command=times))

    async def story() -> None:
        await place.sleep(minutes=1)
        place.set_clock.set(EVENING)
        await place.sleep(minutes=1)
        assert [one["scheduled_for"] for one in place.waits()] == ["2026-03-12T21:10:00+01:00"]
        await place.sessions_ended(1)

    night(place, story)
    assert place.files("Done") == ["evening.json"]
    assert place.results[0]["started_at"] >= "2026-03-12T21:10"


def test_what_was_missed_by_the_set_clock_is_known_to_be(tmp_path: Path) -> None:
    place = Place(tmp_path, AUGUST, conditions={"when_missed": "skip"})
    place.drop(
        "winter.json", session(goto_manual=HIGH, id_command={"date": "2025-12-24", "time": "21:00:00"})
    )

    async def story() -> None:
        await place.sleep(minutes=1)
        place.set_clock.set(EVENING)
        await place.sessions_ended(1)

    night(place, story)
    assert [(one["result"], one["reason"]) for one in place.results] == [("skipped", "missed")]


def test_a_clock_set_back_over_the_dawn_ends_a_session_begun_by_day_at_that_dawn(tmp_path: Path) -> None:
    conditions = {"dawn_limit": -6, "on_lost": "ignore"}
    place = Place(tmp_path, datetime(2026, 3, 12, 11, 0, tzinfo=UTC), conditions=conditions)
    place.drop("long.json", long_session())

    async def story() -> None:
        await place.until(lambda: place.frames() > 3, every_s=10)
        place.set_clock.set(datetime(2026, 3, 12, 5, 15, tzinfo=UTC))
        await place.sleep(minutes=35)
        assert not place.exposes()

    night(place, story)


def test_a_session_that_runs_goes_on_with_its_frames_until_its_end_by_the_set_clock(tmp_path: Path) -> None:
    place = Place(tmp_path, AUGUST.replace(hour=23))
    place.drop("long.json", long_session(id_command={"end_time": "21:20:00"}))

    async def story() -> None:
        await place.until(lambda: place.frames() > 3, every_s=10)
        place.set_clock.set(EVENING)
        await place.sessions_ended(1)

    night(place, story)
    (result,) = place.results
    assert "2026-03-12T21:19" < result["ended_at"] < "2026-03-12T21:22", result
    assert result["started_at"] >= "2026-03-12T20:5"
    assert result["frames"]["taken"] == place.frames()


def test_waiting_for_the_weather_is_measured_whatever_the_clock_says(tmp_path: Path) -> None:
    weather = {"policy": "wait", "inputs": ["roof"], "ttl_s": 3600, "clear_for_min": 0}
    place = Place(tmp_path, AUGUST.replace(hour=22), weather=weather, conditions={"max_wait_min": 60})
    place.drop("a.json", session(goto_manual=HIGH))

    async def story() -> None:
        place.say("safety/input/roof", {"safe": False})
        await place.until(lambda: place.status["reason"] == "weather")
        await place.sleep(minutes=20)
        place.set_clock.set(EVENING)
        await place.sleep(minutes=20)
        place.say("safety/input/roof", {"safe": True})
        await place.sessions_ended(1)

    night(place, story)
    assert place.results[0]["result"] == "completed"


def test_a_pause_of_the_running_session_is_measured_whatever_the_clock_says(tmp_path: Path) -> None:
    weather = {"policy": "wait", "inputs": ["roof"], "ttl_s": 3600, "clear_for_min": 0}
    place = Place(tmp_path, EVENING, weather=weather, conditions={"max_wait_min": 60})
    place.drop("a.json", session(goto_manual=HIGH))

    async def story() -> None:
        place.say("safety/input/roof", {"safe": True})
        await place.until(lambda: place.frames() > 3, every_s=5)
        place.say("safety/input/roof", {"safe": False})
        await place.until(lambda: place.status["state"] == "paused")
        place.set_clock.set(EVENING + timedelta(hours=4))
        await place.sleep(minutes=20)
        place.say("safety/input/roof", {"safe": True})
        await place.sessions_ended(1)

    night(place, story)
    assert place.results[0]["result"] == "completed"


def test_a_night_that_is_over_is_the_one_of_the_set_clock(tmp_path: Path) -> None:
    place = Place(tmp_path, AUGUST)

    async def story() -> None:
        place.say("scope/command", {"command": "end_night"})
        await place.sleep(minutes=1)
        for hour in (EVENING, AUGUST, AUGUST - timedelta(days=100)):
            place.set_clock.set(hour)
            await place.sleep(minutes=1)
            over = place.stations["scope"].night.judgement()
            assert over is not None
            assert over.until is not None
            assert timedelta(0) < over.until - place.clock.now() < timedelta(hours=24)

    night(place, story)


def test_a_night_that_was_ended_by_a_later_clock_is_over_until_the_next_noon(tmp_path: Path) -> None:
    place = Place(tmp_path, EVENING)

    async def ended() -> None:
        place.say("scope/command", {"command": "end_night"})
        await asyncio.sleep(1)

    night(place, ended)
    place = Place(tmp_path, AUGUST.replace(hour=11))
    place.drop("a.json", session(goto_manual=HIGH))

    async def story() -> None:
        await place.sleep(minutes=10)
        assert not place.frames()
        await place.sessions_ended(1, hours=2)

    night(place, story)


def test_a_session_that_comes_back_each_night_does_so_after_a_clock_was_set_back(tmp_path: Path) -> None:
    place = Place(tmp_path, EVENING + timedelta(days=400))
    each = session(goto_manual=HIGH, id_command={"time": "22:00:00"}, repeat={"do_action": True})
    place.drop("each.json", each)

    async def story() -> None:
        await place.until(lambda: bool(place.waits()))
        place.set_clock.set(EVENING + timedelta(minutes=50))
        await place.sessions_ended(1, hours=1)

    night(place, story)
    assert place.results[0]["result"] == "completed"


def test_a_session_that_failed_rests_no_longer_after_a_clock_was_set_back(tmp_path: Path) -> None:
    place = Place(tmp_path, EVENING)
    place.drop("a.json", session(goto_manual=HIGH, id_command={"on_error": "retry", "max_attempts": 2}))
    place.telescope.fail["goto"].append(RefusedError("No."))

    async def story() -> None:
        await place.until(lambda: any(one["waits_for"] == "retry" for one in place.waits()))
        place.set_clock.set(EVENING - timedelta(hours=3))
        await place.sessions_ended(1, hours=1)

    night(place, story)
    assert place.results[0]["result"] == "completed"
