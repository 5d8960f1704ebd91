"""A session that comes back: a dated child for each night, the parent untouched."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.planner.repeating import Night, child_of, next_night
from agent.session.document import SessionDocument, read_session
from agent.targets import Site
from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
PARIS = Site(48.85, 2.35, timezone="Europe/Paris")
ZONE = ZoneInfo("Europe/Paris")
THURSDAY = date(2026, 3, 12)
DAY_S = 24 * 3600.0


def repeated(id_command: dict[str, Any] | None = None, **repeat: Any) -> dict[str, Any]:
    return session(
        id_command={"time": "21:00:00", **(id_command or {})}, repeat={"do_action": True, **repeat}
    )


def document(id_command: dict[str, Any] | None = None, **repeat: Any) -> SessionDocument:
    reading = read_session(repeated(id_command, **repeat), name="m42")
    assert reading.document is not None, reading.problems
    return reading.document


def at(hour: float, day: int = 12) -> datetime:
    """An hour, local time, of a day of March 2026."""
    return datetime(2026, 3, day, tzinfo=ZONE).astimezone(UTC) + timedelta(hours=hour)


def nights(parent: SessionDocument, now: datetime, count: int, site: Site | None = PARIS) -> list[Night]:
    found: list[Night] = []
    while len(found) < count:
        night = next_night(parent, ZONE, site, now, found[-1].evening if found else None)
        if night is None:
            break
        found.append(night)
    return found


# -- which nights --------------------------------------------------------------------------------------


def test_every_night_from_tonight_on() -> None:
    found = nights(document(), at(15), 3)
    assert [night.evening.day for night in found] == [12, 13, 14]
    assert [night.start for night in found] == [at(21), at(21, 13), at(21, 14)]


def test_only_the_named_days_until_the_last_date() -> None:
    found = nights(document(days=["fri", "sat"], until_date="2026-03-21"), at(15), 9)
    assert [night.evening.day for night in found] == [13, 14, 20, 21]


def test_a_start_after_midnight_belongs_to_the_evening_before() -> None:
    (night,) = nights(document({"time": "02:00:00"}), at(15), 1)
    assert night == Night(THURSDAY, at(26))


def test_the_first_night_is_that_of_the_date() -> None:
    assert nights(document({"date": "2026-03-20"}), at(15), 1)[0].evening.day == 20
    assert nights(document({"date": "2026-03-20", "time": "01:00:00"}), at(15), 1)[0].evening.day == 19


def test_tonight_counts_until_its_dawn() -> None:
    assert nights(document(), at(27), 1)[0].evening.day == 12
    assert nights(document(), at(33), 1)[0].evening.day == 13
    assert nights(document(), at(32.9), 1, site=None)[0].evening.day == 12
    assert nights(document(), at(33.1), 1, site=None)[0].evening.day == 13


def test_without_a_time_it_starts_at_dusk_or_in_the_evening_where_dusk_is_unknown() -> None:
    parent = document({"time": None})
    assert at(19) < nights(parent, at(15), 1)[0].start < at(19.75)
    assert nights(parent, at(15), 1, site=None)[0].start == at(18)
    tromso = Site(69.65, 18.96, timezone="Europe/Oslo")
    midsummer = datetime(2026, 6, 21, 10, tzinfo=UTC)
    (night,) = nights(parent, midsummer, 1, site=tromso)
    assert night.start.astimezone(ZONE).hour == 18


def test_the_wall_clock_keeps_its_hour_when_the_clocks_change() -> None:
    found = nights(document(), at(15, 28), 2)
    assert [night.start.astimezone(ZONE).hour for night in found] == [21, 21]
    assert found[1].start - found[0].start == timedelta(hours=23)


def test_a_child_carries_the_session_and_nothing_of_what_became_of_the_parent() -> None:
    parent = document(
        {
            "date": "2026-03-12",
            "end_date": "2026-03-13",
            "end_time": "04:00:00",
            "priority": 7,
            "request_id": "r1",
            "result": True,
            "nb_try": 2,
        },
        times=3,
    )
    child = child_of(parent, Night(date(2026, 3, 15), at(21, 15)), ZONE)["command"]
    assert child["id_command"] == {
        "time": "21:00:00",
        "date": "2026-03-15",
        "end_date": "2026-03-16",
        "end_time": "04:00:00",
        "priority": 7,
        "process": "wait",
        "source": "repeat",
    }
    assert "repeat" not in child
    assert child["goto_manual"] == session()["command"]["goto_manual"]


def test_an_hour_that_comes_twice_is_told_with_its_offset() -> None:
    second = Night(date(2026, 10, 24), datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    child = child_of(document({"time": "02:30:00"}), second, ZONE)["command"]["id_command"]
    assert (child["date"], child["time"]) == ("2026-10-25T02:30:00+01:00", "")


# -- the whole agent over several nights ---------------------------------------------------------------


def test_three_nights_give_three_results_and_the_parent_stays(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        place.drop("m42.json", repeated(times=3))
        async with place.open():
            await place.until(lambda: place.said("queue")[-1]["count"] == 1)
            assert place.said("queue")[-1]["sessions"][0]["session_id"] == "m42--2026-03-12"
            assert place.said("queue")[-1]["sessions"][0]["source"] == "repeat"
            await place.sessions_ended(3, hours=24 * 4)
            await place.clock.sleep(2 * DAY_S)
        return place

    place = run_virtual(nights())
    children = [f"m42--2026-03-{day}.json" for day in (12, 13, 14)]
    assert place.files("Done") == children
    assert place.files("ToDo") == ["m42.json"]
    assert [result["started_at"][:16] for result in place.results] == [
        f"2026-03-{day}T21:00" for day in (12, 13, 14)
    ]
    assert json.loads((place.folder("ToDo") / "m42.json").read_text()) == repeated(times=3)


def test_a_night_is_made_once_whatever_restarts_and_deletions_happen(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        place.drop("m42.json", repeated())
        for _ in range(3):
            async with place.open():
                await place.clock.sleep(600)
            place.telescope.online = True
        assert place.files("ToDo") == ["m42--2026-03-12.json", "m42.json"]
        (place.folder("ToDo") / "m42--2026-03-12.json").unlink()  # a person does not want tonight
        async with place.open():
            await place.clock.sleep(12 * 3600)
        place.telescope.online = True
        async with place.open():
            await place.clock.sleep(600)
        return place

    place = run_virtual(nights())
    assert place.results == []
    assert place.files("ToDo") == ["m42--2026-03-13.json", "m42.json"]


def test_nights_while_the_agent_was_off_are_not_made_up_for(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        place.drop("m42.json", repeated())
        async with place.open():
            await place.sessions_ended(1)
        place.telescope.online = True
        await place.clock.sleep(3 * DAY_S)
        async with place.open():
            await place.clock.sleep(DAY_S / 2)
        return place

    place = run_virtual(nights())
    ran = [result["session_id"] for result in place.results]
    assert ran == ["m42--2026-03-12", "m42--2026-03-13", "m42--2026-03-15"]
    assert [result["result"] for result in place.results] == ["completed", "skipped", "completed"]
    assert place.results[1]["reason"] == "window"  # it was made ahead, and belongs to its own night


def test_a_changed_parent_changes_the_night_ahead_and_a_removed_one_takes_it_back(observatory: Make) -> None:
    async def evening() -> Observatory:
        place = observatory(poll_seconds=60)
        place.drop("m42.json", repeated())
        async with place.open():
            await place.until(lambda: place.said("queue")[-1]["count"] == 1)
            place.drop("m42.json", repeated({"time": "22:30:00"}))
            await place.until(lambda: place.said("queue")[-1]["next_at"] == "2026-03-12T22:30:00+01:00")
            assert place.said("queue")[-1]["count"] == 1
            (place.folder("ToDo") / "m42.json").unlink()
            await place.until(lambda: place.said("queue")[-1]["count"] == 0)
            await place.clock.sleep(6 * 3600)
        return place

    place = run_virtual(evening())
    assert place.results == []
    assert place.files("ToDo") == []


def test_a_repeated_session_can_be_submitted_run_now_and_removed_by_its_own_name(observatory: Make) -> None:
    async def evening() -> Observatory:
        place = observatory(poll_seconds=60)
        async with place.open():
            place.say("scope/session/submit", {**repeated(), "session_id": "m42", "request_id": "r1"})
            await place.until(lambda: bool(place.said("session/response")))
            place.say("scope/command", {"command": "run", "session_id": "m42"})
            await place.sessions_ended(1, hours=1)
            place.say("scope/command", {"command": "remove", "session_id": "m42"})
            await place.sessions_ended(2, hours=1)
            await place.clock.sleep(2 * DAY_S)
        return place

    place = run_virtual(evening())
    (answer,) = place.said("session/response")
    assert answer["status"] == "accepted"
    assert answer["scheduled_for"] == "2026-03-12T21:00:00+01:00"
    assert [(result["session_id"], result["result"]) for result in place.results] == [
        ("m42--2026-03-12", "completed"),
        ("m42", "skipped"),
    ]
    assert place.files("ToDo") == []


@pytest.mark.parametrize("policy", ["run", "skip"])
def test_a_night_that_was_missed_follows_when_missed(observatory: Make, policy: str) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        place.drop("m42.json", repeated({"when_missed": policy}))
        async with place.open():
            await place.until(lambda: place.said("queue")[-1]["count"] == 1)
        place.telescope.online = True
        await place.clock.sleep(5 * 3600)  # now it is midnight
        async with place.open():
            await place.sessions_ended(1)
        return place

    (result,) = run_virtual(nights()).results
    assert (result["result"], result["reason"]) == (
        ("completed", None) if policy == "run" else ("skipped", "missed")
    )
