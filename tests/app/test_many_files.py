"""A folder of thousands: nobody's turn is lost, every broken file is explained."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from agent.planner import PlannedNight, Request, make_plan
from tests.app.conftest import Observatory, session
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
LATER = {"date": "2026-03-20", "time": "22:00:00"}


@pytest.mark.parametrize("count", every(2, [1000, 5000]))
def test_a_folder_of_thousands_with_a_hundred_bad_ones_starts_and_keeps_its_turns(
    observatory: Make, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    planned: list[int] = []

    def counted(requests: Sequence[Request], **more: Any) -> PlannedNight:
        planned.append(len(requests))
        return make_plan(requests, **more)

    monkeypatch.setattr("agent.station.planning.make_plan", counted)

    async def night() -> Observatory:
        place = observatory()
        text = json.dumps(session(id_command=LATER))
        for number in range(count):
            place.drop(f"plan_{number:04}.json", text)
        for number in range(50):
            place.drop(f"broken_{number:02}.json", '{"command": {"id_command": 5}}')
            place.drop(f"half_{number:02}.json", text[: len(text) // 2])
        place.drop("zz_due_now.json", session())
        async with place.open():
            await place.clock.sleep(2)
            place.drop("half_00.json", text)  # its writer was only slow
            await place.sessions_ended(1)
            await place.until(lambda: len(place.files("Error")) == 2 * 99)
            await place.until(lambda: place.said("queue")[-1]["count"] == count + 1)
        return place

    place = run_virtual(night())
    assert sum(planned) < 10 * count  # however many there are, a few plans of all of them
    assert place.results[0]["session_id"] == "zz_due_now"
    assert place.results[0]["result"] == "completed"
    assert "half_00.json" in place.files("ToDo")
    reasons = [place.folder("Error") / name for name in place.files("Error") if name.endswith(".reason.txt")]
    assert len(reasons) == 99
    assert all(reason.read_text(encoding="utf-8").strip() for reason in reasons)
