"""Goals and nights that repeat, on several telescopes at once: never twice, and no more than was wanted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.app.test_any_telescope import TWO
from tests.support.fake_telescope import FakeTelescope
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
NIGHT_S = 24 * 3600.0
BLOCK = 40  # frames of 15 s in ten minutes
TELE = {"do_action": True, "exposure": "15", "gain": 80, "IRCut": "Astro", "count": 100}


@pytest.fixture
def place(observatory: Make) -> Observatory:
    found = observatory(telescopes=TWO, poll_seconds=60)
    found.others["192.0.2.2"] = FakeTelescope(found.clock, serial="BEE2")
    return found


def wanted(frames: int | None, **id_command: Any) -> dict[str, Any]:
    goal = {"goal": {"do_action": True, "frames": frames}} if frames else {}
    command = {"telescope": "any", **id_command}
    return session(id_command=command, goto_manual=NEVER_SETS, setup_camera=TELE, **goal)


def told(place: Observatory) -> list[dict[str, Any]]:
    """Every result, on whichever telescope."""
    return [json.loads(one.payload) for one in place.broker.all("dwarf/+/result/+")]


def live(place: Observatory, days: float) -> list[dict[str, Any]]:
    async def nights() -> None:
        async with place.open():
            await place.clock.sleep(days * NIGHT_S)

    run_virtual(nights())
    return told(place)


@pytest.mark.parametrize("telescopes", [("any", "any"), ("scope", "garden")])
def test_sessions_for_one_goal_on_two_telescopes_at_once_take_what_is_left_once(
    place: Observatory, telescopes: tuple[str, str]
) -> None:
    """Placed one after the other, or beginning at the very same moment."""
    for name, telescope in zip(("one", "two"), telescopes, strict=True):
        place.drop(f"{name}.json", wanted(150, group="shared", telescope=telescope))
    results = live(place, 0.1)
    nights = [one for one in results if "--night-" in one["session_id"]]
    assert 150 <= sum(one["frames"]["stacked"] for one in nights) <= 150 + BLOCK
    wholes = {one["session_id"]: one["result"] for one in results if one not in nights}
    assert wholes == {"one": "completed", "two": "completed"}
    assert sorted((one["telescope"], one["frames"]["stacked"]) for one in nights) in (
        [("garden", 50), ("scope", 100)],
        [("garden", 100), ("scope", 50)],
    )


@pytest.mark.soak
def test_a_goal_for_any_telescope_has_one_result_a_night(place: Observatory) -> None:
    place.drop("m81.json", wanted(250))
    results = live(place, 5)
    nights = [one for one in results if "--night-" in one["session_id"]]
    assert [one["frames"]["stacked"] for one in nights] == [100, 100, 50]
    assert len({one["started_at"][:10] for one in nights}) == 3
    assert results[-1]["session_id"] == "m81"


@pytest.mark.soak
def test_a_session_that_repeats_runs_once_a_night_on_one_of_them(place: Observatory) -> None:
    body = wanted(None)
    body["command"]["repeat"] = {"do_action": True}
    body["command"]["setup_camera"]["count"] = 10
    place.drop("each.json", body)
    results = live(place, 3)
    assert len(results) in (3, 4)
    assert len({one["started_at"][:10] for one in results}) == len(results)
    assert {one["result"] for one in results} == {"completed"}
