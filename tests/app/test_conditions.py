"""Conditions, missed starts and dawns, through the whole agent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agent.events import Telemetry
from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
PARK = {"do_action": True, "park": True}
LONG = {"do_action": True, "exposure": "15", "gain": 80, "count": 999}
HIGH = {"do_action": True, "target": "High galaxy", "ra_coord": 12.0, "dec_coord": 60.0}


def begun(place: Observatory, frames: int = 3) -> Callable[[], bool]:
    return lambda: bool(place.telescope.captures) and place.telescope.captures[-1].taken >= frames


# -- dawn ----------------------------------------------------------------------------------------------


def test_a_session_cut_off_at_night_and_taken_up_by_day_is_stopped_and_waits(
    observatory: Make,
) -> None:
    async def night() -> Observatory:
        place = observatory(poll_seconds=60)
        async with place.open():
            await place.clock.sleep(2 * 3600)
            place.drop("a.json", session(setup_camera=LONG, goto_manual=HIGH, shutdown=PARK))
            await place.until(begun(place, 20))
            place.telescope.captures[-1].frame_s = 120  # far from its end in the morning
            journal = place.stations["scope"].store.journal("a")
        facts = journal.load()  # as after a power cut: the capture is open, and goes on by itself
        assert facts is not None
        frames = facts.pop("frames")["tele"]
        journal.save({**facts, "capture": {"camera": "tele", "started_at": facts["started_at"], **frames}})
        place.telescope.captures[-1].running = True
        place.telescope.online = True
        await place.clock.sleep(10 * 3600)  # past dawn, and within twelve hours
        async with place.open():
            await place.until(lambda: not any(one.running for one in place.telescope.captures), hours=1)
            await place.until(lambda: "park" in place.telescope.calls, hours=1)
            await place.until(lambda: place.files("ToDo") == ["a.json"], hours=1)
            assert (len(place.telescope.gotos), place.results) == (1, [])
            (waits,) = place.said("queue")[-1]["sessions"]
            assert waits["waits_for"] == "twilight"
            await place.sessions_ended(1, hours=30)
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert (result["result"], result["frames"]["taken"]) == ("completed", result["frames"]["requested"])
    assert len(place.telescope.gotos) == len(place.telescope.captures) == 2
    assert place.telescope.captures[-1].count < result["frames"]["requested"]


def test_what_the_night_was_too_short_for_waits_for_the_next_one(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        due = {"date": "2026-03-13", "time": "03:00:00"}
        place.drop("a.json", session(id_command=due, goto_manual=NEVER_SETS))
        place.telescope.cut()
        async with place.open():
            await place.clock.sleep(14 * 3600)  # nine in the morning
            place.telescope.restore()
            await place.clock.sleep(3600)
            assert place.telescope.gotos == []
            status = place.said("status")[-1]
            assert (status["state"], status["reason"]) == ("waiting", "twilight")
            assert "Its night was over at 06:" in status["message"]
            assert "Its next night is that of 2026-03-13, from 19:" in status["message"]
            await place.sessions_ended(1)
        return place

    (result,) = run_virtual(nights()).results
    assert result["result"] == "completed"
    assert result["started_at"].startswith("2026-03-13T19:")


# -- missed starts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "result", "started"),
    [
        ("run", "completed", "2026-03-12T19:"),
        ("skip", "skipped", ""),
        ("wait", "completed", "2026-03-13T18:30"),
    ],
)
def test_a_start_that_passed_while_the_agent_was_off(
    observatory: Make, policy: str, result: str, started: str
) -> None:
    async def night() -> Observatory:
        place = observatory(conditions={"when_missed": policy}, poll_seconds=300)
        place.drop("a.json", session(id_command={"date": "2026-03-12", "time": "18:30:00"}))
        async with place.open():
            await place.sessions_ended(1, hours=30)
            await place.clock.sleep(3600)
        return place

    place = run_virtual(night())
    (told,) = place.results  # once
    assert told["result"] == result
    assert (told["started_at"] or "").startswith(started)
    if policy == "skip":
        assert told["reason"] == "missed"


# -- the telescope's own state -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ({"min_battery": 40}, {"battery": 35}, "battery"),
        ({"min_free_gb": 2}, {"storage_free_gb": 1.5}, "storage"),
    ],
)
def test_what_does_not_recover_ends_the_session_with_its_frames(
    observatory: Make, limit: dict[str, Any], value: dict[str, Any], reason: str
) -> None:
    async def night() -> Observatory:
        place = observatory(conditions=limit)
        place.telescope.set_telemetry(
            Telemetry(battery=90, charging=False, storage_free_gb=20, temperature=20)
        )
        place.drop("a.json", session())
        async with place.open():
            await place.until(begun(place))
            place.telescope.set_telemetry(replace(place.telescope.telemetry, **value))
            await place.sessions_ended(1, hours=1)
        return place

    (result,) = run_virtual(night()).results
    assert (result["result"], result["reason"]) == ("partial", reason)
    assert 3 <= result["frames"]["taken"] < 12


def test_a_hot_telescope_cools_down_in_a_pause_but_not_for_ever(observatory: Make) -> None:
    async def night(cools_after_s: float) -> Observatory:
        place = observatory(conditions={"max_temperature": 50, "max_wait_min": 60})
        place.telescope.set_telemetry(Telemetry(battery=90, temperature=30))
        place.drop("a.json", session())
        async with place.open():
            await place.until(begun(place))
            place.telescope.set_telemetry(replace(place.telescope.telemetry, temperature=55))
            await place.until(lambda: place.said("status")[-1]["state"] == "paused", hours=0.1)
            assert place.said("status")[-1]["reason"] == "temperature"
            await place.clock.sleep(cools_after_s)
            place.telescope.set_telemetry(replace(place.telescope.telemetry, temperature=40))
            await place.sessions_ended(1, hours=1)
        return place

    (result,) = run_virtual(night(1200)).results
    assert (result["result"], result["frames"]["taken"]) == ("completed", 12)
    (result,) = run_virtual(night(7200)).results
    assert (result["result"], result["reason"]) == ("partial", "temperature")


# -- without a place -----------------------------------------------------------------------------------

NOWHERE = {"timezone": "America/New_York"}
UNASKED = {"sun_below": None, "min_altitude": None}


@pytest.mark.parametrize(
    "asked",
    [{"min_altitude": 20}, {"max_altitude": 80}, {"sun_below": -12}, {"moon_separation": 30}],
    ids=lambda asked: next(iter(asked)),
)
def test_what_needs_a_place_is_not_asked_where_none_is_set_and_the_session_says_so(
    observatory: Make, asked: dict[str, Any]
) -> None:
    async def night() -> Observatory:
        place = observatory(site=NOWHERE, conditions=UNASKED)
        document = session(id_command={"time": "14:30"}, conditions={"do_action": True, **asked})
        place.drop("a.json", document)
        async with place.open():
            await place.sessions_ended(1, hours=2)
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert (result["result"], result["frames"]["taken"], len(place.telescope.gotos)) == ("completed", 12, 1)
    (key,) = asked
    (queued,) = next(one["sessions"] for one in place.said("queue") if one["count"])
    assert queued["warnings"] == [
        f"/conditions/{key}: Nobody said where the telescope stands, so nothing can be known of {key}. "
        "Set latitude and longitude in the configuration; until then it runs without."
    ]


def test_a_window_is_told_by_the_clocks_of_the_people_where_no_place_is_set(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(site=NOWHERE, conditions=UNASKED)
        times = {"date": "2026-03-12", "time": "13:00", "end_date": "2026-03-12", "end_time": "15:30"}
        place.telescope.online = False
        place.drop("a.json", session(id_command=times))
        async with place.open():
            await place.sessions_ended(1, hours=5)
        return place

    (result,) = run_virtual(night()).results
    assert (result["result"], result["reason"]) == ("skipped", "window")
    assert result["message"].startswith("The session's window closed at 15:30.")
