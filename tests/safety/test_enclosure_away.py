"""What shows and moves the box is away for minutes, as a Home Assistant is that restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.conditions.safety.entities import call_service
from agent.errors import AgentError
from agent.station.enclosure_moves import OPENINGS
from tests.app.conftest import Observatory, session
from tests.app.test_verbs import imaging
from tests.conditions.test_safety_entities import TOKEN, FakeHomeAssistant
from tests.safety.roof import Roof
from tests.safety.test_enclosure import LONG, POWER, night, problem


def test_a_home_assistant_that_is_away_for_minutes_uses_up_none_of_the_tries_to_open(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        box = place.stations["scope"].enclosure
        back = place.clock.monotonic() + 300

        async def tell_when_it_is_back(_part: str, on: bool) -> None:
            if place.clock.monotonic() < back:
                raise AgentError("Home Assistant does not answer.")
            place.broker.publish("shed/roof/set", "OPEN" if on else "CLOSE")

        box.use(tell_when_it_is_back)
        place.drop("a.json", session())
        await place.until(lambda: problem(place) == "lid_stuck", hours=0.1)
        assert "cannot be told" in place.said("status")[-1]["problem"]["message"]
        await place.sessions_ended(1)
        assert roof.told("OPEN") == 1

    assert night(tmp_path, story).results[0]["result"] == "completed"


@pytest.mark.parametrize(
    ("code", "least", "most"), [("home_assistant_error", OPENINGS, OPENINGS), ("not_found", 20, 50)]
)
def test_a_lid_that_home_assistant_moves_in_vain_is_not_driven_for_ever(
    code: str, least: int, most: int, tmp_path: Path
) -> None:
    async def story(place: Observatory, _roof: Roof) -> None:
        home = FakeHomeAssistant(place.clock)
        home.refusal = {"code": code, "message": "The motor stopped halfway."}
        await home.start()

        async def tell(_part: str, on: bool) -> None:
            service = "open_cover" if on else "stop_cover"
            await call_service(home.url, TOKEN, place.clock, "cover.roof", service)

        place.stations["scope"].enclosure.use(tell)
        place.drop("a.json", session())
        await place.clock.sleep(600)
        assert "stopped halfway" in place.said("status")[-1]["problem"]["message"]
        assert least <= home.called.count(("cover", "open_cover", "cover.roof")) <= most
        await home.stop()

    night(tmp_path, story)


def test_a_plug_that_falls_silent_while_it_is_on_stays_its_owners(tmp_path: Path) -> None:
    async def story(place: Observatory, roof: Roof) -> None:
        place.broker.publish("shed/plug", "ON", retain=True)
        await place.clock.sleep(30)
        place.drop("a.json", session(setup_camera=LONG))
        await place.until(imaging(place))
        for word in ("unavailable", "ON"):
            place.broker.publish("shed/plug", word, retain=True)
            await place.clock.sleep(60)
        await place.sessions_ended(1)
        await place.until(lambda: roof.position == 0.0, hours=2)
        await place.clock.sleep(3600)
        assert b"OFF" not in [one.payload for one in place.broker.all("shed/plug/set")]

    assert night(tmp_path, story, box=POWER).results[0]["result"] == "completed"
