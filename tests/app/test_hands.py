"""A hand on the brake at every moment, and words that cannot hurt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]


@pytest.mark.parametrize("verb", ["abort", "skip", "end_night"])
def test_a_session_can_be_stopped_while_it_still_waits_for_control(observatory: Make, verb: str) -> None:
    async def night() -> Observatory:
        place = observatory()
        free = asyncio.Event()

        async def slow() -> None:
            place.telescope.calls.append("take_control")
            await free.wait()

        place.telescope.take_control = slow  # type: ignore[method-assign]
        place.drop("a.json", session())
        async with place.open():
            await place.until(lambda: "take_control" in place.telescope.calls)
            place.say("scope/command", verb)
            await place.sessions_ended(1, hours=0.2)
            await place.clock.sleep(600)
        return place

    place = run_virtual(night())
    assert place.results[0]["result"] in ("aborted", "skipped")
    assert place.telescope.gotos == []
    assert [answer["status"] for answer in place.said("command/response")][-1] == "done"


def test_a_pause_given_before_the_session_has_control_holds_it_from_its_first_step(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()

        async def slow() -> None:
            place.telescope.calls.append("take_control")
            await place.clock.sleep(20)

        place.telescope.take_control = slow  # type: ignore[method-assign]
        place.drop("a.json", session())
        async with place.open():
            await place.until(lambda: "take_control" in place.telescope.calls)
            place.say("scope/command", "pause")
            await place.clock.sleep(600)
            assert place.telescope.gotos == []
            place.say("scope/command", "resume")
            await place.sessions_ended(1)
        return place

    assert run_virtual(night()).results[0]["result"] == "completed"


@pytest.mark.parametrize(
    "word", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "soon", "9998-01-01"]
)
def test_an_impossible_instant_is_refused_in_words_and_ends_nothing(observatory: Make, word: str) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("later.json", session(id_command={"date": "2026-03-13", "time": "20:00:00"}))
        async with place.open():
            place.say("scope/set/not_before", word)
            place.say("scope/command", {"command": "reschedule", "session_id": "later", "at": word})
            await place.until(lambda: len(place.said("command/response")) >= 2)
            place.drop("now.json", session())
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    assert [answer["code"] for answer in place.said("command/response")] == ["invalid", "invalid"]
    assert place.results[0]["session_id"] == "now"


def test_what_a_person_wants_not_before_holds_after_a_restart(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        async with place.open():
            place.say("scope/set/not_before", "2026-03-12T23:00:00+00:00")
            await place.until(lambda: place.said("settings")[-1]["not_before"] is not None)
        place.telescope.online = True
        place.drop("a.json", session())
        async with place.open():
            await place.clock.sleep(3600)
            assert place.telescope.gotos == []
            await place.sessions_ended(1)
        return place

    assert run_virtual(night()).results[0]["result"] == "completed"
