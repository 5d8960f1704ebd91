"""Sessions that wait for another night or another turn, whatever happens to their files meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.telescope.errors import RefusedError
from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
RETRY = {"on_error": "retry", "max_retries": 3}


# -- the next night ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "written"),
    [
        ({"end_time": "23:30:00"}, {"end_time": "23:30:00"}),
        (
            {"end_date": "2026-03-28", "end_time": "23:30:00"},
            {"end_date": "2026-03-29", "end_time": "23:30:00"},
        ),
    ],
)
def test_a_missed_session_waits_for_the_same_times_of_the_next_night_when_the_clocks_change(
    observatory: Make, end: dict[str, str], written: dict[str, str]
) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=60)
        place.clock._start = datetime(2026, 3, 28, 21, 0, tzinfo=UTC)  # 22:00; they change at two
        times = {"date": "2026-03-28", "time": "21:30:00", "when_missed": "wait", **end}
        place.drop("m42.json", session(id_command=times))
        async with place.open():
            await place.clock.sleep(600)
            body = json.loads((place.folder("ToDo") / "m42.json").read_text())["command"]["id_command"]
            assert body == {**body, "date": "2026-03-29", "time": "21:30:00", **written}
            await place.sessions_ended(1, hours=30)
        return place

    (result,) = run_virtual(nights()).results
    assert result["result"] == "completed"
    assert result["started_at"].startswith("2026-03-29T21:30:00+02:00")


def test_the_child_of_a_night_that_was_missed_leaves_the_next_night_to_its_own(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        parent = session(
            id_command={"time": "21:00:00", "when_missed": "wait"}, repeat={"do_action": True, "times": 2}
        )
        place.drop("m42.json", parent)
        async with place.open():
            await place.until(lambda: place.said("queue")[-1]["count"] == 1)
        place.telescope.online = True
        await place.clock.sleep(5 * 3600)
        async with place.open():
            await place.sessions_ended(2, hours=30)
            await place.clock.sleep(24 * 3600)
        return place

    told = run_virtual(nights()).results
    assert [(one["session_id"], one["result"]) for one in told] == [
        ("m42--2026-03-12", "skipped"),
        ("m42--2026-03-13", "completed"),
    ]


async def answer(place: Observatory, body: dict[str, Any]) -> dict[str, Any]:
    before = len(place.said("command/response"))
    place.say("scope/command", body)
    await place.until(lambda: len(place.said("command/response")) > before, hours=0.1)
    told: dict[str, Any] = place.said("command/response")[-1]
    return told


def test_a_start_past_the_end_of_the_window_is_refused_with_words(observatory: Make) -> None:
    async def evening() -> Observatory:
        place = observatory()
        times = {"date": "2026-03-12", "time": "22:00:00", "end_date": "2026-03-13", "end_time": "03:00:00"}
        place.drop("m42.json", session(id_command=times))
        before = (place.folder("ToDo") / "m42.json").read_bytes()
        async with place.open():
            await place.until(lambda: place.said("queue")[-1]["count"] == 1)
            told = await answer(
                place, {"command": "reschedule", "session_id": "m42", "at": "2026-03-14T22:00:00"}
            )
            assert told["status"] == "error"
            assert "closes" in told["message"]
            assert (place.folder("ToDo") / "m42.json").read_bytes() == before
            assert place.said("queue")[-1]["next_at"] == "2026-03-12T22:00:00+01:00"
        return place

    assert run_virtual(evening()).results == []


def test_an_end_that_is_a_time_of_day_moves_along_with_a_new_start(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=60)
        place.drop("m42.json", session(id_command={"time": "22:00:00", "end_time": "23:30:00"}))
        async with place.open():
            await place.until(lambda: place.said("queue")[-1]["count"] == 1)
            told = await answer(
                place, {"command": "reschedule", "session_id": "m42", "at": "2026-03-14T22:00:00"}
            )
            assert told["status"] == "done"
            await place.sessions_ended(1, hours=60)
        return place

    (result,) = run_virtual(nights()).results
    assert (result["result"], result["started_at"][:16]) == ("completed", "2026-03-14T22:00")


# -- another turn --------------------------------------------------------------------------------------


def failing(place: Observatory, times: int) -> None:
    place.telescope.fail["goto"].extend([RefusedError("The goto failed.")] * times)


def starts(place: Observatory) -> list[dict[str, Any]]:
    return [body for body in place.said("event") if body["event_type"] == "session_started"]


@pytest.mark.parametrize("how", ["touched", "changed", "restarted"])
def test_a_session_that_rests_still_rests_whatever_happens_to_its_file(observatory: Make, how: str) -> None:
    async def evening() -> Observatory:
        place = observatory()
        failing(place, 1)
        place.drop("m42.json", session(id_command=RETRY))
        async with place.open():
            await place.until(lambda: any(b["event_type"] == "session_waiting" for b in place.said("event")))
            failed_at = place.clock.monotonic()
            await place.clock.sleep(30)
            path = place.folder("ToDo") / "m42.json"
            if how == "touched":
                path.write_text(path.read_text() + "\n")
            elif how == "changed":
                place.drop("m42.json", session(id_command={**RETRY, "description": "with a better name"}))
            if how != "restarted":
                await place.until(lambda: len(starts(place)) == 2, hours=1)
                assert place.clock.monotonic() - failed_at >= 570
                await place.sessions_ended(1, hours=1)
        if how == "restarted":
            place.telescope.online = True
            async with place.open():
                await place.until(lambda: len(starts(place)) == 2, hours=1)
                assert place.clock.monotonic() - failed_at >= 570
                await place.sessions_ended(1, hours=1)
        return place

    assert run_virtual(evening()).results[0]["result"] == "completed"


@pytest.mark.parametrize("restart", [False, True])
def test_a_session_that_rests_obeys_the_scheduler_switch(observatory: Make, restart: bool) -> None:
    async def evening() -> Observatory:
        place = observatory()
        failing(place, 1)
        place.drop("m42.json", session(id_command=RETRY))
        async with place.open():
            await place.until(lambda: any(b["event_type"] == "session_waiting" for b in place.said("event")))
            place.say("scope/set/scheduler", "OFF")
            await place.clock.sleep(60)
            path = place.folder("ToDo") / "m42.json"
            path.write_text(path.read_text() + "\n")
            if not restart:
                await place.clock.sleep(3600)
        if restart:
            place.telescope.online = True
            async with place.open():
                await place.clock.sleep(3600)
        return place

    place = run_virtual(evening())
    assert len(starts(place)) == 1
    assert place.results == []


def test_restarts_use_up_no_turn_of_a_session_that_may_fail_twice_more(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("m42.json", session(id_command=RETRY))
        for taken in (2, 4, 6):
            async with place.open():
                await place.until(
                    lambda taken=taken: (
                        sum(capture.taken for capture in place.telescope.captures) >= taken
                        and place.telescope.captures[-1].running
                    ),
                    hours=1,
                )
            place.telescope.online = True
        failing(place, 2)
        async with place.open():
            await place.sessions_ended(1, hours=3)
        return place

    place = run_virtual(night())
    (result,) = place.results
    assert (result["result"], result["frames"]["taken"]) == ("completed", 12)
    assert [b["reason"] for b in place.said("event") if b["event_type"] == "session_waiting"] == ["retry"] * 2


def test_a_session_wanted_at_once_is_still_when_its_file_is_touched(observatory: Make) -> None:
    async def evening() -> Observatory:
        place = observatory()
        place.telescope.cut()
        place.drop("m42.json", session(id_command={"time": "23:30:00"}))
        async with place.open():
            await place.until(lambda: place.said("queue")[-1]["count"] == 1)
            assert (await answer(place, {"command": "run", "session_id": "m42"}))["status"] == "done"
            place.drop("m42.json", session(id_command={"time": "23:30:00", "description": "touched"}))
            await place.clock.sleep(60)
            place.telescope.restore()
            await place.sessions_ended(1, hours=1)
        return place

    (result,) = run_virtual(evening()).results
    assert (result["result"], result["started_at"][:13]) == ("completed", "2026-03-12T19")
