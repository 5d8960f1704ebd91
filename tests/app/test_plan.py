"""The plan of the night, asked for over MQTT."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.telescope.dwarf.models import capabilities_for
from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]


def asked(observatory: Make, verb: str, *bodies: Any, **settings: Any) -> list[dict[str, Any]]:
    """Ask an agent with two waiting sessions; return its answers."""

    async def evening() -> list[dict[str, Any]]:
        place = observatory(**settings)
        low = {"do_action": True, "min_altitude": 60}
        place.drop("a.json", session(id_command={"date": "2026-03-12", "time": "21:00:00"}))
        place.drop("b.json", session(id_command={"date": "2026-03-12", "time": "21:01:00"}, conditions=low))
        async with place.open():
            for number, body in enumerate(bodies, start=1):
                place.say(f"bridge/request/{verb}", body)
                await place.until(lambda n=number: len(answers(place, verb)) == n, hours=0.1)
            return answers(place, verb)

    return run_virtual(evening())


def answers(place: Observatory, verb: str) -> list[dict[str, Any]]:
    import json

    return [json.loads(message.payload) for message in place.broker.all(f"dwarf/bridge/response/{verb}")]


def test_the_plan_tells_the_night_and_each_session_that_waits(observatory: Make) -> None:
    plan, later, wrong, nobody = asked(
        observatory, "plan", {}, {"night": "2026-06-01"}, {"night": "soon"}, {"telescope": "x"}
    )
    data = plan["data"]
    assert (data["telescope"], data["night"]) == ("scope", "2026-03-12")
    a, b = data["sessions"]
    assert a["run"][0] == "2026-03-12T21:00:00+01:00"
    assert a["sky"]["altitude_start"] > 20
    assert (b["run"], b["reason"], b["conflicts"]) == (None, "altitude", [])
    assert "Night of 2026-03-12 (Europe/Paris)" in data["text"]
    assert later["data"]["night"] == "2026-06-01"
    assert (wrong["status"], wrong["code"]) == ("error", "invalid")
    assert (nobody["status"], nobody["code"]) == ("error", "unknown_telescope")


def test_without_a_site_the_plan_says_what_to_set(observatory: Make) -> None:
    (answer,) = asked(observatory, "plan", {}, site={"timezone": "Europe/Paris"})
    assert answer["status"] == "error"
    assert "latitude" in answer["hint"]


def test_a_session_can_be_checked_with_its_sky_without_running(observatory: Make) -> None:
    south = {"do_action": True, "target": "LMC", "ra_coord": 5.39, "dec_coord": -69.8}
    (answer,) = asked(observatory, "sessions/validate", {"session": session(goto_manual=south)})
    assert answer["data"]["valid"] is True
    problems = answer["data"]["problems"]
    assert [p["code"] for p in problems if p["path"] == "/goto_manual"] == ["below_horizon"]


def test_the_instrument_and_the_conditions_are_checked_over_mqtt_too(observatory: Make) -> None:
    def equipped(**settings: Any) -> Observatory:
        place = observatory(**settings)
        place.telescope.tables = capabilities_for("D3")
        return place

    later = {"date": "2026-03-12", "time": "21:00:00"}
    long = {"do_action": True, "exposure": "60", "gain": 60, "count": 60}
    wall = {"do_action": True, "horizon": True}
    turning, walled = asked(
        equipped,
        "sessions/validate",
        {"session": session(id_command=later, setup_camera=long)},
        {"session": session(id_command=later, conditions=wall)},
    )
    assert turning["data"]["valid"] is True
    assert [problem["code"] for problem in turning["data"]["problems"]] == ["field_rotation"]
    assert walled["data"]["valid"] is False
    assert [problem["code"] for problem in walled["data"]["problems"]] == ["invalid_conditions"]
