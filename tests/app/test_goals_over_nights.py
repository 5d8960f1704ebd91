"""A goal over several nights: one result a night, what is stacked counts, and Done/ when it is reached."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
NIGHT_S = 24 * 3600.0
TELE = {"do_action": True, "exposure": "15", "gain": 80, "IRCut": "Astro", "count": 100}


def with_goal(
    goal: dict[str, Any], id_command: dict[str, Any] | None = None, **camera: Any
) -> dict[str, Any]:
    """A session of M 81, 15 s a frame, at most 100 frames a night."""
    return session(
        id_command=id_command or {},
        goto_manual=NEVER_SETS,
        setup_camera={**TELE, **camera},
        goal={"do_action": True, **goal},
    )


def details(place: Observatory, folder: str, name: str) -> dict[str, Any]:
    body = json.loads((place.folder(folder) / f"{name}.json").read_text())["command"]
    return dict(body["result_details"])


def told(place: Observatory, word: str) -> dict[str, Any]:
    """The last that was said of a group."""
    return dict(place.said(f"group/{word}")[-1])


def test_each_night_gives_a_result_until_the_goal_is_reached(observatory: Make) -> None:
    async def nights() -> Observatory:
        place = observatory(poll_seconds=300)
        place.drop("m81.json", with_goal({"frames": 250}))
        async with place.open():
            await place.sessions_ended(1)
            assert place.files("ToDo") == ["m81.json"]  # one result a night
            await place.clock.sleep(3600)
            assert (told(place, "m81")["parts"][0]["frames"], told(place, "m81")["percent"]) == (100, 40.0)
            await place.sessions_ended(4, hours=24 * 5)
            await place.clock.sleep(2 * NIGHT_S)
        return place

    place = run_virtual(nights())
    ran = [(one["session_id"], one["result"], one["frames"]["stacked"]) for one in place.results]
    assert ran == [
        ("m81--night-1", "completed", 100),
        ("m81--night-2", "completed", 100),
        ("m81--night-3", "completed", 50),
        ("m81", "completed", 250),
    ]
    assert len({one["started_at"][:10] for one in place.results[:3]}) == 3
    assert place.files("ToDo") == []
    assert place.files("Error") == []
    assert place.files("Done") == [f"m81--night-{n}.json" for n in (1, 2, 3)] + ["m81.json"]
    whole = details(place, "Done", "m81")
    assert (whole["integration_s"], whole["frames"]["taken"]) == (3750, 250)
    assert "dwarf/scope/group/m81" not in place.broker.retained
