"""What is not up is not imaged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.app.conftest import DUSK, Observatory, session
from tests.app.test_verbs import tell
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
OMEGA = {"do_action": True, "target": "Omega Centauri"}
LATE = {"date": "2026-03-12", "time": "22:30:00"}
VEGA = {"do_action": True, "target": "Vega"}  # rises from Paris before ten this evening


@pytest.mark.parametrize("goto", [OMEGA, {**OMEGA, "ra_coord": 13.446, "dec_coord": -47.477}])
def test_what_never_rises_is_skipped_and_never_begun(observatory: Make, goto: dict[str, Any]) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("omega.json", session(goto_manual=goto))
        async with place.open():
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    assert (place.results[0]["result"], place.results[0]["reason"]) == ("skipped", "altitude")
    assert "never rises here" in place.results[0]["message"]
    assert not place.telescope.gotos
    assert not place.telescope.captures


def test_a_person_who_wants_it_now_is_told_why_not(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        place.drop("omega.json", session(id_command={"date": "2026-03-13"}, goto_manual=OMEGA))
        async with place.open():
            await tell(place, "run", session_id="omega")
            await place.sessions_ended(1, hours=1)
        return place

    place = run_virtual(night())
    assert (place.results[0]["result"], place.results[0]["reason"]) == ("skipped", "altitude")
    assert not place.telescope.gotos


def test_what_is_down_is_waited_for_until_it_rises(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory(conditions={"max_wait_min": 600})
        place.drop("vega.json", session(goto_manual=VEGA))
        async with place.open():
            await place.sessions_ended(1)
        return place

    place = run_virtual(night())
    assert place.results[0]["result"] == "completed"
    assert place.telescope.captures[0].began > DUSK + timedelta(hours=2)


def test_a_target_that_sets_while_it_is_imaged_ends_nothing_by_itself(observatory: Make) -> None:
    async def night() -> Observatory:
        place = observatory()
        setup = {
            "do_action": True,
            "exposure": "15",
            "gain": 80,
            "count": 999,
        }  # until 03:00; M 42 sets at 00:50
        place.drop("m42.json", session(id_command=LATE, setup_camera=setup))
        async with place.open():
            await place.sessions_ended(1)
        return place

    assert run_virtual(night()).results[0]["result"] == "completed"
