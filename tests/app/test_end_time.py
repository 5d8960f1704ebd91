"""A capture with an end time of its own: it stops then, and what it took is what was asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.app.conftest import DUSK, Observatory, session
from tests.app.test_verbs import imaging, tell
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
TELE = {"do_action": True, "exposure": "15", "gain": 80, "count": 999}
HALF_PAST = DUSK + timedelta(minutes=30)  # 19:30 in Paris


def run(observatory: Make, document: Any, **arguments: Any) -> Observatory:
    async def night() -> Observatory:
        place = observatory(**arguments)
        place.drop("a.json", document)
        async with place.open():
            await place.sessions_ended(1)
        return place

    return run_virtual(night())


def ended_at(place: Observatory) -> datetime:
    return datetime.fromisoformat(place.results[0]["ended_at"])


@pytest.mark.parametrize("count", [999, 0, "0", None])
@pytest.mark.parametrize("end_time", ["19:30", "19:30:00"])
def test_a_capture_ends_at_its_end_time_completed_with_true_numbers(
    observatory: Make, count: object, end_time: str
) -> None:
    place = run(observatory, session(setup_camera={**TELE, "count": count, "end_time": end_time}))
    result = place.results[0]
    frames = result["frames"]
    assert result["result"] == "completed"
    assert 30 < frames["taken"] < 121
    assert frames["requested"] == frames["taken"] == place.telescope.captures[0].taken
    assert not place.telescope.captures[0].running
    assert HALF_PAST <= ended_at(place) < HALF_PAST + timedelta(minutes=1)
    assert place.files("Done") == ["a.json"]


def test_a_capture_that_has_its_frames_before_ends_with_them(observatory: Make) -> None:
    place = run(observatory, session(setup_camera={**TELE, "count": 5, "end_time": "23:00"}))
    assert place.results[0]["result"] == "completed"
    assert place.results[0]["frames"]["requested"] == place.results[0]["frames"]["taken"] == 5
    assert ended_at(place) < HALF_PAST


def test_more_frames_than_one_capture_may_have_are_taken_in_several(observatory: Make) -> None:
    setup = {**TELE, "exposure": "1", "count": 0, "end_time": "20:30"}
    place = run(observatory, session(setup_camera=setup))
    frames = place.results[0]["frames"]
    assert place.results[0]["result"] == "completed"
    assert frames["requested"] == frames["taken"] > 999
    assert len(place.telescope.captures) > 1
    assert ended_at(place) >= DUSK + timedelta(minutes=90)


def test_each_camera_has_its_own_end_time(observatory: Make) -> None:
    wide = {**TELE, "exposure": "10", "count": 0, "end_time": "19:40"}
    place = run(observatory, session(setup_camera={**TELE, "end_time": "19:20"}, setup_wide_camera=wide))
    tele, other = place.telescope.captures
    assert place.results[0]["result"] == "completed"
    assert place.results[0]["frames"]["requested"] == tele.taken + other.taken
    assert ended_at(place) >= DUSK + timedelta(minutes=40)


def test_a_session_that_is_paused_over_its_end_time_has_what_it_took(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session(setup_camera={**TELE, "end_time": "19:30"}))
        async with place.open():
            await place.until(imaging(place))
            await tell(place, "pause")
            await place.clock.sleep(3600)
            await tell(place, "resume")
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    assert place.results[0]["result"] == "completed"
    assert place.results[0]["frames"]["requested"] == place.results[0]["frames"]["taken"] > 0
    assert len(place.telescope.captures) == 1


@pytest.mark.parametrize(
    "sections",
    [
        {"setup_camera": {**TELE, "end_time": "19:30"}},
        {"setup_camera": TELE, "id_command": {"end_time": "19:30"}},
    ],
    ids=["of the capture", "of the session"],
)
def test_after_a_restart_past_the_end_time_nothing_more_is_taken(
    observatory: Make, sections: dict[str, Any]
) -> None:
    """Its next day is no end time of what began before."""

    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session(**sections))
        async with place.open():
            await place.until(imaging(place))
        await place.clock.sleep(3600)
        place.telescope.online = True
        async with place.open():
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    assert place.results[0]["frames"]["taken"] == place.telescope.captures[0].taken > 0
    assert (place.results[0]["result"], place.results[0]["reason"]) == ("partial", "window")  # it was away
    assert len(place.telescope.captures) == 1
    assert len(place.telescope.gotos) == 1


def test_a_session_whose_end_time_is_over_before_it_may_begin_is_skipped(observatory: Make) -> None:
    late = {"date": "2026-03-12", "time": "18:30:00"}  # half an hour before the agent starts
    place = run(observatory, session(id_command=late, setup_camera={**TELE, "end_time": "18:55"}))
    assert (place.results[0]["result"], place.results[0]["reason"]) == ("skipped", "window")
    assert not place.telescope.gotos


def test_an_end_time_that_comes_before_the_first_frame_is_told(observatory: Make) -> None:
    setup = {**TELE, "end_time": "19:01", "wait_after": 300}
    place = run(observatory, session(setup_camera=setup))
    assert (place.results[0]["result"], place.results[0]["reason"]) == ("skipped", "window")
    assert "before it had a single frame" in place.results[0]["message"]
    assert not place.telescope.captures


def test_the_wait_of_a_camera_comes_before_its_shutter(observatory: Make) -> None:
    place = run(observatory, session(setup_camera={**TELE, "count": 3, "wait_after": 600}))
    opened = place.telescope.captures[0].began
    pointed = next(step for step in place.results[0]["steps"] if step["name"] == "Go to M 42")
    assert opened - datetime.fromisoformat(pointed["ended_at"]) >= timedelta(seconds=600)
    assert ended_at(place) - opened < timedelta(seconds=600)


def test_a_restart_in_the_first_of_several_captures_loses_none_of_the_time(observatory: Make) -> None:
    setup = {**TELE, "exposure": "1", "count": 0, "end_time": "20:30"}

    async def night() -> Observatory:
        place = observatory()
        place.drop("a.json", session(setup_camera=setup))
        async with place.open():
            await place.until(imaging(place, 100))
        place.telescope.online = True
        async with place.open():
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    frames = place.results[0]["frames"]
    assert place.results[0]["result"] == "completed"
    assert frames["requested"] == frames["taken"] == sum(one.taken for one in place.telescope.captures) > 999
    assert ended_at(place) >= DUSK + timedelta(minutes=90)
