"""What in a session may surprise reaches those who do not read the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.app.conftest import Observatory, session
from tests.app.test_submissions import submit
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
LATER = {"date": "2026-03-12", "time": "23:30:00"}
TYPO = {"do_action": True, "exposure": "15", "gain": 80, "count": 12, "wait_afte": 5}


def test_warnings_are_in_the_queue_the_event_and_the_answer(observatory: Make) -> None:
    async def night() -> tuple[Observatory, dict[str, Any]]:
        place = observatory()
        async with place.open():
            place.drop("file.json", session(id_command=LATER, setup_camera=TYPO))
            place.drop("plain.json", session(id_command=LATER))
            await place.until(lambda: bool(place.said("queue")) and place.said("queue")[-1]["count"] == 2)
            answer = await submit(
                place, {**session(id_command=LATER, setup_camera=TYPO), "session_id": "sent"}
            )
            await place.until(lambda: place.said("queue")[-1]["count"] == 3)
        return place, answer

    place, answer = run_virtual(night())
    told = ["/setup_camera/wait_afte: wait_afte is read as wait_after. Write wait_after."]
    assert {one["session_id"]: one["warnings"] for one in place.said("queue")[-1]["sessions"]} == {
        "file": told,
        "sent": told,
        "plain": [],
    }
    queued = [one for one in place.said("event") if one["event_type"] == "session_queued"]
    assert {one["session_id"]: one["warnings"] for one in queued} == {"file": told, "sent": told, "plain": []}
    assert [one["code"] for one in answer["warnings"]] == ["misspelt"]


def test_what_the_model_makes_of_a_session_is_told_once_it_is_known(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(telescopes=[{"id": "scope", "host": "192.0.2.1"}])
        place.drop("a.json", session(id_command=LATER, setup_camera={"do_action": True, "count": 3}))
        async with place.open():
            await place.until(
                lambda: any(one["warnings"] for one in place.said("queue")[-1]["sessions"]), hours=1
            )
        return place

    place = run_virtual(night())
    (told,) = [one["warnings"] for one in place.said("queue")[-1]["sessions"]]
    assert any("exposure is not given" in one for one in told)
