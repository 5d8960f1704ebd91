"""One night of ten sessions, with everything that can come between, and a story that explains it all."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from agent.events import Telemetry
from agent.sky.ephemeris import SUN, separation
from agent.targets import Site
from tests.app.conftest import Observatory, session
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
PARIS = Site(48.85, 2.35, timezone="Europe/Paris")
HIGH = ("High galaxy", 10.7, 40.0)  # well up all evening
SETTING = ("Setting cluster", 3.6, 10.0)  # sinks below 20 degrees at 21:50
HIDDEN = ("Southern cloud", 5.39, -69.8)  # never rises
BESIDE_THE_SUN = ("Pisces field", 23.5, -3.0)
SETTINGS = {
    "weather": {"policy": "wait", "inputs": ["clouds", "rain"], "ttl_s": 180, "clear_for_min": 10},
    "conditions": {"min_altitude": 20, "max_wait_min": 120},
    "poll_seconds": 60,
}


def at(clock: str, target: tuple[str, float, float], frames: int, **more: Any) -> dict[str, Any]:
    """A session of that local time of the 12th (or a full date and time)."""
    day, _, hour = clock.rpartition(" ")
    name, ra, dec = target
    id_command = {"date": day or "2026-03-12", "time": f"{hour}:00", **more.pop("id_command", {})}
    return session(
        id_command=id_command,
        goto_manual={"do_action": True, "target": name, "ra_coord": ra, "dec_coord": dec},
        setup_camera={"do_action": True, "exposure": "15", "gain": 80, "count": frames},
        **more,
    )


TEN = {
    "sun": at("19:02", BESIDE_THE_SUN, 12, conditions={"do_action": True, "min_altitude": -10}),
    "missed": at("2026-03-11 22:00", HIGH, 12, id_command={"when_missed": "skip"}),
    "hidden": at("19:30", HIDDEN, 12),
    "cloudy": at("20:00", ("M 42", 5.59, -5.39), 60),
    "sets": at("20:30", SETTING, 300, id_command={"on_error": "skip"}),
    "plain": at("21:20", HIGH, 12) | {},
    "prior": at("21:30", HIGH, 12, id_command={"priority": 10}),
    "battery": at("22:00", HIGH, 300, conditions={"do_action": True, "min_battery": 50}),
    "rain": at("22:30", HIGH, 999),
    "left": at("22:40", HIGH, 12, id_command={"priority": -1}),
}
TEN["plain"]["command"]["goto_manual"] = {"do_action": True, "target": "Jupiter"}


@contextlib.asynccontextmanager
async def weather_station(place: Observatory, bad: dict[str, dict[str, Any]]) -> AsyncIterator[None]:
    """Report clouds and rain every minute; what is in `bad` is unsafe."""

    def report() -> None:
        for source in ("clouds", "rain"):
            place.say(f"safety/input/{source}", bad.get(source, {"safe": True, "reason": f"no {source}"}))

    async def reports() -> None:
        while True:
            report()
            await place.clock.sleep(60)

    task = asyncio.create_task(reports())
    try:
        yield
    finally:
        task.cancel()


async def night(place: Observatory, battery_falls: Callable[[], None]) -> Observatory:
    for name, document in TEN.items():
        place.drop(f"{name}.json", document)
    bad: dict[str, dict[str, Any]] = {}

    def images(name: str, frames: int) -> Callable[[], bool]:
        def check() -> bool:
            last = place.broker.last("dwarf/scope/progress")
            told = json.loads(last) if last else {"session_id": ""}
            return bool(told["session_id"] == name and told["frames"]["taken"] >= frames)

        return check

    async with place.open(), weather_station(place, bad):
        await place.until(images("cloudy", 20), every_s=10)
        bad["clouds"] = {"safe": False, "reason": "cloud 90 %"}
        await place.clock.sleep(20 * 60)
        del bad["clouds"]
        await place.until(images("battery", 10), every_s=10)
        battery_falls()
        await place.until(images("rain", 30), every_s=10)
        bad["rain"] = {"safe": False, "reason": "wet", "level": "alert"}
        await place.clock.sleep(600)
        del bad["rain"]
        await place.clock.sleep(3600)
    return place


def night_of_values(place: Observatory) -> Observatory:
    """The night on a telescope of values."""
    full = Telemetry(battery=90, charging=False, storage_free_gb=20)
    place.telescope.set_telemetry(full)
    return run_virtual(night(place, lambda: place.telescope.set_telemetry(replace(full, battery=30))))


def test_a_night_of_ten_sessions_and_the_story_that_explains_it(observatory: Make) -> None:
    explains_itself(night_of_values(observatory(**SETTINGS)))


def explains_itself(place: Observatory) -> None:
    results = {result["session_id"]: result for result in place.results}
    ended = {name: (result["result"], result["reason"]) for name, result in results.items()}
    assert ended == {
        "missed": ("skipped", "missed"),
        "hidden": ("skipped", "altitude"),
        "cloudy": ("completed", None),
        "prior": ("completed", None),
        "plain": ("completed", None),
        "battery": ("partial", "battery"),
        "rain": ("aborted", "weather"),
    }
    assert len(place.results) == 7  # each exactly once
    order = [result["session_id"] for result in place.results]
    assert order.index("prior") < order.index("plain")

    # the cloud: paused, pointed again, every frame counted
    assert results["cloudy"]["frames"]["taken"] == 60
    (pause,) = [wait for wait in results["cloudy"]["waits"] if wait["reason"] == "weather"]
    assert 29 * 60 <= pause["seconds"] <= 33 * 60  # twenty minutes, and ten clear ones
    assert "cloud 90 %" in " ".join(body["message"] for body in place.said("status"))

    # the sentences
    assert results["hidden"]["message"].startswith("Southern cloud never rises here.")
    assert "battery is at 30 %" in results["battery"]["message"]
    assert "wet" in results["rain"]["message"]
    for result in place.results:
        assert result["message"], result
        assert result["result"] == "completed" or result["reason"], result

    # what was passed over, and why, stands in the queue
    queue = place.said("queue")
    notes = [entry for body in queue for entry in body["sessions"] if entry["session_id"] == "plain"]
    assert any(note["note"].startswith("Session prior comes first: its priority is 10") for note in notes)
    told = {name: entry for body in queue for entry in body["sessions"] if (name := entry["session_id"])}
    assert {entry["session_id"] for entry in queue[-1]["sessions"]} == {"left", "sets", "sun"}
    assert {entry["waits_for"] for entry in queue[-1]["sessions"]} == {"weather"}
    assert "The night is over" in told["left"]["note"]
    notes = [entry["note"] for body in queue for entry in body["sessions"] if entry["session_id"] == "sun"]
    assert any("Pisces field is below the horizon while it may run" in note for note in notes)
    notes = [entry["note"] for body in queue for entry in body["sessions"] if entry["session_id"] == "sets"]
    assert any("Setting cluster gets no higher than 20 degrees" in note for note in notes), set(notes)
    for body in place.said("status"):
        if body["state"] in ("waiting", "paused"):
            assert body["reason"], body
            assert body["message"], body

    # the files say the same
    assert place.files("Done") == ["cloudy.json", "plain.json", "prior.json"]
    assert place.files("ToDo") == ["left.json", "sets.json", "sun.json"]
    sets = json.loads((place.folder("ToDo") / "sets.json").read_text())["command"]["id_command"]
    assert "It goes on later, with the" in sets["message"]


def test_in_that_night_nothing_pointed_near_the_sun_and_nothing_imaged_in_the_rain(observatory: Make) -> None:
    place = night_of_values(observatory(**SETTINGS))
    assert (
        len(place.telescope.gotos) == 8
    )  # six sessions, again after the cloud, and again after a priority that had its start
    for target in place.telescope.gotos:
        assert separation(target, SUN, PARIS, datetime(2026, 3, 12, 20, tzinfo=UTC)) > 20
    assert not any(capture.running for capture in place.telescope.captures)
