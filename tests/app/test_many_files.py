"""A folder of thousands: nobody's turn is lost, every broken file is explained."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
LATER = {"date": "2026-03-20", "time": "22:00:00"}


@pytest.mark.parametrize("count", [1500, pytest.param(5000, marks=pytest.mark.soak)])
def test_thousands_of_files_with_a_hundred_bad_ones_start_and_keep_their_turns(
    observatory: Make, count: int
) -> None:
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
    assert place.results[0]["session_id"] == "zz_due_now"
    assert place.results[0]["result"] == "completed"
    assert "half_00.json" in place.files("ToDo")
    reasons = [place.folder("Error") / name for name in place.files("Error") if name.endswith(".reason.txt")]
    assert len(reasons) == 99
    assert all(reason.read_text(encoding="utf-8").strip() for reason in reasons)
