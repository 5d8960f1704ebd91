"""What people are told of when a waiting session really begins: in answers, in the queue, at the start."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent import __version__
from agent.app.opening import Opening
from agent.clock import SystemClock
from agent.settings import Settings
from agent.station.state_file import StateFile
from agent.telescope.interface import ConnectionState
from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual

DARK_SKY = {"sun_below": -12, "min_altitude": 10}
ANOTHER_DAY = {"date": "2026-03-20", "time": "21:30:00"}
TOO_EARLY = {"date": "2026-03-20", "time": "04:00:00"}
LATER = {"max_retries": 2, "date": "2026-03-12", "time": "23:30:00"}
OVER = {"max_retries": 2, "date": "2026-03-11", "time": "20:00:00"}


async def answered(place: Observatory, name: str, **sections: Any) -> str:
    """Submit a session and return what is said of it."""
    place.say("scope/session/submit", {**session(**sections), "session_id": name})
    await place.until(lambda: any(one["session_id"] == name for one in place.said("session/response")))
    return next(one["message"] for one in place.said("session/response") if one["session_id"] == name)


def test_an_answer_says_when_the_session_will_really_run(tmp_path: Path) -> None:
    async def story() -> None:
        place = Observatory(tmp_path, datetime(2026, 3, 12, 17, tzinfo=UTC), conditions=DARK_SKY)
        async with place.open():
            told = await answered(place, "one")
            assert told.startswith("M 42 is queued at place 1. It starts at 19:59. It is not dark: "), told
            assert (await answered(place, "two", id_command=LATER)).endswith("It starts at 23:30.")
            await place.clock.sleep(60)
            place.say("scope/command", {"command": "end_night", "request_id": "n"})
            await place.until(lambda: any(one["request_id"] == "n" for one in place.said("command/response")))
            told = await answered(place, "three", id_command=LATER)
            assert "The night is over" in told
            assert "It is over until 12:" in told
            assert "`dwarf-agent resume` undoes it." in told
            place.say("bridge/request/health", {"request_id": "h"})
            await place.until(lambda: bool(place.broker.all("dwarf/bridge/response/health")))
            (answer,) = place.broker.all("dwarf/bridge/response/health")
            over = json.loads(answer.payload)["data"]["telescopes"]["scope"]["night_over"]
            assert over["until"].startswith("2026-03-13T12:")
            assert over["message"].startswith("The night is over")

    run_virtual(story())


def test_answer_and_queue_name_the_same_start_where_the_morning_is_too_short(tmp_path: Path) -> None:
    """The Ring Nebula is high enough three minutes before the dawn: not worth a goto."""

    async def story() -> None:
        high = {"sun_below": 90, "min_altitude": 10}
        place = Observatory(tmp_path, datetime(2026, 11, 27, 3, tzinfo=UTC), conditions=high)
        ring = {"do_action": True, "target": "M 57", "ra_coord": "18:53:35.1", "dec_coord": "+33:01:45"}
        async with place.open():
            assert "It starts at 17:34." in await answered(place, "ring", goto_manual=ring)
            await place.clock.sleep(60)
            (waits,) = place.said("queue")[-1]["sessions"]
            assert "from 17:34 on" in waits["note"]
            assert "Better from" not in waits["note"]

    run_virtual(story())


def test_a_night_that_was_ended_is_told_before_its_next_session_is_due(tmp_path: Path) -> None:
    async def story() -> None:
        place = Observatory(tmp_path, datetime(2026, 3, 12, 20, tzinfo=UTC))

        def status() -> tuple[str, str | None, str]:
            told = place.said("status")[-1]
            return told["state"], told["reason"], told["message"]

        over = ("waiting", "weather", "The night is over: It rains.")
        async with place.open():
            await answered(place, "later", id_command=LATER)
            assert status() == ("idle", None, "")
            place.say("scope/command", {"command": "end_night", "cause": "weather", "reason": "It rains."})
            await place.until(lambda: status() == over)
            place.say("scope/command", {"command": "resume"})
            await place.until(lambda: status() == ("idle", None, ""))
            place.say("scope/command", {"command": "end_night", "cause": "weather", "reason": "It rains."})
            await place.until(lambda: status() == over)
            place.say("scope/command", {"command": "remove", "session_id": "later"})
            await place.until(lambda: status() == ("idle", None, ""))
            await answered(place, "another", id_command=ANOTHER_DAY)
            assert status() == ("idle", None, ""), "which this night keeps from nothing"
            await answered(place, "late", id_command=LATER)
            await place.until(lambda: status() == over)
            await place.until(lambda: status()[1] != "weather", every_s=60)
            noon = datetime(2026, 3, 13, 11, tzinfo=UTC)
            assert abs((place.clock.now() - noon).total_seconds()) < 3600

    run_virtual(story())


def test_an_answer_says_what_the_weather_has_against_it(tmp_path: Path) -> None:
    async def story() -> None:
        place = Observatory(tmp_path, weather={"policy": "wait", "inputs": ["roof"]})
        async with place.open():
            told = await answered(place, "one")
            assert told == (
                "M 42 is queued at place 1. "
                "The weather is unknown, so unsafe: roof: nothing has been heard yet."
            )

    run_virtual(story())


def test_an_answer_says_that_nothing_begins_while_the_scheduler_is_off(tmp_path: Path) -> None:
    async def story() -> None:
        place = Observatory(tmp_path)
        async with place.open():
            place.say("scope/set/scheduler", "false")
            await place.until(lambda: not place.stations["scope"].switches.values.scheduler)
            told = await answered(place, "one")
            assert told == "M 42 is queued at place 1. The scheduler is switched off."
            told = await answered(place, "two")
            assert told == "M 42 is queued at place 2. The scheduler is switched off."

    run_virtual(story())


def test_a_telescope_that_was_left_alone_for_others_keeps_no_session_from_beginning(tmp_path: Path) -> None:
    async def story() -> None:
        place = Observatory(tmp_path)
        place.telescope.single_client = True
        async with place.open():
            await place.until(lambda: place.telescope.connection is ConnectionState.RESTING)
            assert await answered(place, "one") == "M 42 is queued at place 1. It starts at once."
            await place.until(lambda: place.said("status")[-1]["running"])

    run_virtual(story())


async def listed(place: Observatory) -> dict[str, dict[str, Any]]:
    """What the queue says of each session."""
    place.say("bridge/request/sessions/list", {"request_id": "q"})
    topic = "dwarf/bridge/response/sessions/list"
    await place.until(lambda: bool(place.broker.all(topic)))
    (answer,) = place.broker.all(topic)
    return {row["session_id"]: row for row in json.loads(answer.payload)["data"]["scope"]}


def test_the_queue_says_when_each_session_begins_and_why(tmp_path: Path) -> None:
    async def story() -> None:
        place = Observatory(tmp_path)
        place.telescope.online = False
        place.drop("over.json", session(id_command=OVER))
        place.drop("later.json", session(id_command=LATER))
        async with place.open():
            await place.clock.sleep(30)
            rows = await listed(place)
            assert rows["later"]["starts_at"] == "2026-03-12T23:30:00+01:00"
            assert rows["later"]["why"] == ""
            assert [rows[name]["place"] for name in ("over", "later")] == [1, 2]
            assert rows["over"]["starts_at"] is None
            assert rows["over"]["why"] == (
                "It starts as soon as the telescope answers. Its start, 2026-03-11 20:00, is over."
            )

    run_virtual(story())


def test_the_start_of_another_night_is_told_once_and_a_later_one_with_its_reason(tmp_path: Path) -> None:
    async def story() -> None:
        place = Observatory(tmp_path, conditions=DARK_SKY)
        place.drop("dated.json", session(id_command=ANOTHER_DAY))
        place.drop("early.json", session(id_command=TOO_EARLY))
        async with place.open():
            await place.clock.sleep(30)
            rows = await listed(place)
            assert rows["dated"]["starts_at"] == "2026-03-20T21:30:00+01:00"
            assert rows["dated"]["why"] == ""
            assert rows["early"]["starts_at"] > "2026-03-20T19:"
            assert rows["early"]["why"] == "M 42 is at -35 degrees, below the minimum of 10."

    run_virtual(story())


def test_the_agent_says_first_what_it_is_about_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        place = Observatory(tmp_path)
        place.telescope.online = False
        place.drop("over.json", session(id_command={**OVER, "date": "2026-03-12", "time": "18:55:00"}))
        place.drop("later.json", session(id_command=LATER))
        async with place.open():
            await place.clock.sleep(10)

    caplog.set_level(logging.INFO, "agent.app.run")
    run_virtual(story())
    said = [record.getMessage() for record in caplog.records if record.name == "agent.app.run"]
    first = said.index(f"dwarf-agent {__version__} is running")
    assert said[first + 1 : first + 9] == [
        "  place      48.85° N, 2.35° E",
        "  times      those of Europe/Paris",
        "  broker     none: sessions come from files alone",
        "  telescope  scope (D3) at 192.0.2.1: connecting",
        f"  folder     {tmp_path}/Astro_Sessions/ToDo",
        "  waits      2 sessions",
        "    over (M 42): It starts as soon as the telescope answers. Its start, 2026-03-12 18:55, is over.",
        "    later (M 42): It starts at 23:30.",
    ]


def test_it_says_whether_the_broker_lets_it_in() -> None:
    opening = Opening(Settings.model_validate({"mqtt": {"host": "broker"}}), {}, SystemClock(), print)
    assert "  broker     broker:1883: not connected yet" in opening.lines()
    opening.broker(lambda: True)
    assert "  broker     broker:1883: connected" in opening.lines()


def test_what_cannot_be_told_at_the_start_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("a defect")

    async def story() -> None:
        place = Observatory(tmp_path)
        place.drop("now.json", session())
        place.drop("later.json", session(id_command=LATER))
        async with place.open():
            await place.sessions_ended(1)
            assert place.results[0]["result"] == "completed"

    monkeypatch.setattr("agent.app.opening.expected", broken)
    run_virtual(story())
    assert "could not be told" in caplog.text


def test_what_a_station_remembered_before_there_were_versions_is_read(tmp_path: Path) -> None:
    path = tmp_path / "telescope.json"
    path.write_text('{"id": "scope", "serial": "F00D"}')
    state = StateFile(path)
    assert state.load()["serial"] == "F00D"
    state.set(model="D3")
    assert json.loads(path.read_text()) == {"id": "scope", "serial": "F00D", "model": "D3", "version": 1}


def test_without_a_place_the_agent_says_what_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        place = Observatory(tmp_path, site={"timezone": "Europe/Paris"})
        async with place.open():
            await place.clock.sleep(5)

    caplog.set_level(logging.INFO, "agent.app.run")
    run_virtual(story())
    assert "place      not set: sessions go by the clock alone, without dark, height" in caplog.text
    assert "waits      nothing: put session files into the folder" in caplog.text
