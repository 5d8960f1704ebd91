"""Telescopes are added, removed and renamed between two starts; folders and broker outlive the agent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import Observatory, session
from tests.support.fake_telescope import FakeTelescope
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
SCOPE = {"id": "scope", "name": "Scope", "host": "192.0.2.1", "model": "D3"}
GARDEN = {"id": "garden", "name": "Garden", "host": "192.0.2.2", "model": "D3"}
LATER = {"date": "2026-03-13", "time": "23:30:00"}
TWO_STATES = {"availability", "status", "progress", "telemetry", "queue", "safety", "settings"}


class Years:
    """One folder and one broker through several starts with other settings."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._last: Observatory | None = None

    def __call__(self, *telescopes: dict[str, Any], **settings: Any) -> Observatory:
        place = self._make(telescopes=list(telescopes), **settings)
        if self._last is not None:
            place.broker, place.clock, place.telescope = (
                self._last.broker,
                self._last.clock,
                self._last.telescope,
            )
            place.telescope.online = True
        for own in telescopes:
            if own["host"] != SCOPE["host"]:
                place.others[own["host"]] = FakeTelescope(place.clock, serial=f"BEE{own['host'][-1]}")
        place.broker.forget()
        base, first = place.settings.mqtt.base_topic, telescopes[0]["id"]
        place.said = lambda topic: [  # type: ignore[method-assign]
            json.loads(one.payload or b"null") if topic != "availability" else one.payload.decode()
            for one in place.broker.all(f"{base}/{first}/{topic}")
        ]
        self._last = place
        return place


@pytest.fixture
def years(observatory: Make) -> Years:
    return Years(observatory)


def retained(place: Observatory) -> set[str]:
    return {topic for topic in place.broker.retained if topic != "dwarf/bridge/info"}


def stems(place: Observatory) -> set[str]:
    """`dwarf/scope` of every telescope that the broker still knows of."""
    return {
        topic.rpartition("/")[0] for topic in place.broker.retained if not topic.startswith("homeassistant/")
    }


def devices(place: Observatory) -> dict[str, str]:
    """Discovery topic -> the device's name."""
    return {
        topic: json.loads(one.payload)["dev"]["name"]
        for topic, one in place.broker.retained.items()
        if topic.startswith("homeassistant/device/")
    }


@pytest.mark.parametrize("order", ["first", "last"])
def test_a_second_telescope_leaves_the_first_ones_sessions_ledger_and_device_where_they_are(
    years: Years, tmp_path: Path, order: str
) -> None:
    async def story() -> tuple[dict[str, str], dict[str, str]]:
        place = years(SCOPE)
        place.drop("m42.json", session(id_command=LATER))
        async with place.open():
            place.say("scope/session/submit", {**session(), "session_id": "known"})
            await place.sessions_ended(1)
            await place.clock.sleep(10)
            before = devices(place)
        place = years(*([SCOPE, GARDEN] if order == "first" else [GARDEN, SCOPE]))
        async with place.open():
            assert [one.session_id for one in place.stations["scope"].dispatcher.queue] == ["m42"]
            assert len(place.stations["garden"].dispatcher.queue) == 0
            place.say("scope/session/submit", {**session(), "session_id": "known"})
            await place.until(lambda: bool(place.broker.all("dwarf/scope/session/response")))
            (answer,) = place.broker.all("dwarf/scope/session/response")
            assert json.loads(answer.payload)["code"] == "duplicate"
            await place.clock.sleep(10)
        return before, devices(place)

    before, after = run_virtual(story())
    assert before.items() <= after.items()
    assert len(after) == len(before) + 1
    assert (tmp_path / "Devices_Sessions/Garden/Astro_Sessions/ToDo").is_dir()
    assert not (tmp_path / "Devices_Sessions/Scope").exists()


@pytest.mark.parametrize("discovery", [True, False])
def test_a_removed_telescope_disappears_from_the_broker_and_its_sessions_are_told_of(
    years: Years, tmp_path: Path, caplog: pytest.LogCaptureFixture, discovery: bool
) -> None:
    more = {"discovery": {"enabled": discovery}}
    left = tmp_path / "Devices_Sessions/Garden/Astro_Sessions"

    async def story() -> Observatory:
        async with years(SCOPE, **more).open():
            pass
        place = years(SCOPE, GARDEN, **more)
        (left / "ToDo").mkdir(parents=True)
        (left / "ToDo" / "m31.json").write_text(json.dumps(session(id_command=LATER)))
        async with place.open():
            await place.clock.sleep(10)
            assert {f"dwarf/garden/{name}" for name in TWO_STATES} <= set(place.broker.retained)
        place = years(SCOPE, **more)
        async with place.open():
            await place.clock.sleep(10)
        return place

    place = run_virtual(story())
    assert stems(place) == {"dwarf/bridge", "dwarf/scope"}
    assert {f"dwarf/scope/{name}" for name in TWO_STATES} <= set(place.broker.retained)
    assert sorted(devices(place).values()) == (["DWARF agent", "Scope"] if discovery else [])
    (event,) = (json.loads(one.payload) for one in place.broker.all("dwarf/bridge/event"))
    assert event["event_type"] == "sessions_left_behind"
    assert f"1 session waits in {left}" in caplog.text
    assert "Garden" in caplog.text
    assert "sessions_dir" in caplog.text
    assert (left / "ToDo" / "m31.json").exists()


def test_when_the_first_is_removed_the_second_keeps_its_folder_and_device(
    years: Years, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> tuple[Observatory, dict[str, str]]:
        place = years(SCOPE)
        place.drop("m42.json", session(id_command=LATER))
        async with place.open():
            pass
        place = years(SCOPE, GARDEN)
        async with place.open():
            await place.clock.sleep(10)
            both = devices(place)
        place = years({**GARDEN, "host": "192.0.2.1"})  # and gets the address that the first one had
        async with place.open():
            assert len(place.stations["garden"].dispatcher.queue) == 0
            await place.clock.sleep(10)
        return place, both

    place, both = run_virtual(story())
    assert stems(place) == {"dwarf/bridge", "dwarf/garden"}
    assert {topic: name for topic, name in both.items() if name != "Scope"} == devices(place)
    assert f"1 session waits in {tmp_path / 'Astro_Sessions'}" in caplog.text
    assert (tmp_path / "Astro_Sessions/ToDo/m42.json").exists()


def test_a_telescope_with_a_new_id_leaves_nothing_of_the_old_one(years: Years) -> None:
    async def story() -> Observatory:
        place = years(SCOPE, GARDEN)
        async with place.open():
            await place.clock.sleep(10)
        place = years({**SCOPE, "id": "balcony"}, GARDEN)
        async with place.open():
            await place.clock.sleep(10)
        return place

    place = run_virtual(story())
    assert stems(place) == {"dwarf/bridge", "dwarf/balcony", "dwarf/garden"}
    assert sorted(devices(place).values()) == ["DWARF agent", "Garden", "Scope"]


def test_a_removed_telescope_and_a_new_base_topic_at_once_leave_nothing_below_the_old_one(
    years: Years,
) -> None:
    async def story() -> Observatory:
        place = years(SCOPE, GARDEN)
        async with place.open():
            await place.clock.sleep(10)
        place = years(SCOPE, mqtt={"base_topic": "sky"})
        async with place.open():
            await place.clock.sleep(10)
        return place

    place = run_virtual(story())
    assert stems(place) == {"sky/bridge", "sky/scope"}


def test_a_new_name_moves_no_folder(years: Years, tmp_path: Path) -> None:
    async def story() -> None:
        place = years(SCOPE, GARDEN)
        async with place.open():
            pass
        place = years(SCOPE, {**GARDEN, "name": "Backyard"})
        async with place.open():
            pass
        place = years(
            SCOPE, {**GARDEN, "name": "Backyard"}, {"id": "new", "name": "Garden", "host": "192.0.2.3"}
        )
        async with place.open():
            roots = {name: one.store.tree.root for name, one in place.stations.items()}
            assert roots["garden"] == tmp_path / "Devices_Sessions/Garden/Astro_Sessions"
            assert roots["new"] == tmp_path / "Devices_Sessions/Garden-2/Astro_Sessions"

    run_virtual(story())


def test_a_folder_that_two_telescopes_could_own_is_given_to_neither_and_said(
    years: Years, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> Observatory:
        place = years(SCOPE)
        place.drop("m42.json", session(id_command=LATER))
        async with place.open():
            pass
        named_alike = {**GARDEN, "id": "one", "name": "Scope"}
        same_address = {**SCOPE, "id": "two", "name": "Other"}
        place = years(named_alike, same_address)
        async with place.open():
            assert [len(station.dispatcher.queue) for station in place.stations.values()] == [0, 0]
        return place

    place = run_virtual(story())
    assert "both Scope and Other look like it" in caplog.text
    assert "1 session waits" in caplog.text
    assert place.files("ToDo") == ["m42.json"]


def test_a_start_that_could_not_read_whose_folder_it_is_does_not_part_the_telescope_from_it_for_good(
    years: Years, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with years(SCOPE).open():
            pass
        facts = tmp_path / "Astro_Sessions/.dwarf-agent/telescope.json"
        kept = facts.read_bytes()
        facts.write_bytes(b"")
        async with years(SCOPE, GARDEN).open():
            pass
        stray = tmp_path / "Devices_Sessions/Scope/Astro_Sessions"
        (stray / "ToDo" / "m31.json").write_text(json.dumps(session(id_command=LATER)))
        facts.write_bytes(kept)
        place = years(SCOPE, GARDEN)
        async with place.open():
            assert place.stations["scope"].store.tree.root == tmp_path / "Astro_Sessions"
        assert f"1 session waits in {stray}" in caplog.text

    run_virtual(story())


def test_the_plan_reads_the_folder_that_the_agent_uses(
    years: Years, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from agent.cli.main import main

    async def story() -> None:
        place = years(SCOPE)
        place.drop("m42.json", session(id_command=LATER))
        async with place.open():
            pass

    run_virtual(story())
    config = tmp_path / "config.yaml"
    config.write_text(
        json.dumps({"telescopes": [SCOPE, GARDEN], "sessions_dir": str(tmp_path / "Astro_Sessions")})
    )
    main(["plan", "--config", str(config)])
    assert "m42.json" in capsys.readouterr().out
