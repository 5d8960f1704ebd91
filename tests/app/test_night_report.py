"""The page of a night: written as it goes on, told once when it is over, found where people look."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.report.history import history
from agent.store.ended import ended_sessions
from agent.store.folders import Tree
from agent.telescope.simulator import SimulatedDwarf
from tests.app.conftest import Observatory, session
from tests.app.test_archive_on_the_wire import SHORT, Archive
from tests.report.test_page import PARIS, Reader
from tests.support.small_sensors import small_sensors
from tests.support.virtual_loop import run_virtual

small_pictures = small_sensors  # in the place of the fixture of that name
GOTO = {"do_action": True}
MOSAIC = {**SHORT, "doMosaic": True, "framingX": 150, "framingY": 140, "mosaic_count": 2}
WIDE = {"do_action": True, "exposure": "10", "gain": 60, "count": 2}


@pytest.fixture
def archive(observatory: Callable[..., Observatory]) -> Archive:
    weather = {"policy": "abort", "inputs": ["roof"], "ttl_s": 86_400, "clear_for_min": 1}
    place = observatory(weather=weather)
    place.settings = type(place.settings).model_validate(
        place.settings.model_dump() | {"media_dir": str(place.root / "media")}
    )
    return Archive(place)


def frames_of(place: Observatory, name: str) -> int:
    taken = [one["frames"]["taken"] for one in place.said("progress") if one["session_id"] == name]
    return max(taken, default=0)


def at_sunrise(place: Observatory) -> bool:
    return place.clock.now().hour == 7


def test_a_night_of_three_sessions_over_a_lossy_line(archive: Archive) -> None:
    place = archive.place
    long = {**SHORT, "count": 400}

    async def work(sim: SimulatedDwarf) -> None:
        place.say("safety/input/roof", {"safe": True})
        await place.until(lambda: bool(place.said("safety")) and place.said("safety")[-1]["state"] == "safe")
        place.drop("a.json", session(setup_camera=SHORT, setup_wide_camera=WIDE))
        place.drop("b.json", session(setup_camera=long, goto_manual={**GOTO, "target": "M 31"}))
        place.drop("c.json", session(setup_camera=MOSAIC, goto_manual={**GOTO, "target": "NGC 2244"}))
        await place.until(lambda: frames_of(place, "b") > 25, every_s=5)
        number = sim.faults.add("stacks-fewer:every=1")  # a cloud: first the frames show it
        await place.until(lambda: any(one["event_type"] == "sky_degraded" for one in place.said("event")))
        place.say("safety/input/roof", {"safe": False, "reason": "A cloud."})
        await place.until(lambda: "b" in {one["session_id"] for one in place.results})
        sim.faults.remove(number)
        place.say("safety/input/roof", {"safe": True})
        await place.sessions_ended(3)
        await archive.until_archived(3)
        archive.check(sim, 4)
        await place.until(lambda: at_sunrise(place), every_s=60)

    archive.night(work, "card-cut:after=20000,times=9", "card-cut:after=3,times=2")
    (night,) = [one for one in place.said("event") if one["event_type"] == "night_report"]
    assert night["title"].startswith("Night of 12 March: 2 of 3 sessions completed")
    assert "M 31" in night["message"]
    body = place.said("night")[-1]
    assert body["sessions"] == 3
    page_path = Path(body["path"])
    assert page_path == place.folder("Results") / "report_night_2026-03-12.html"
    text = page_path.read_text()
    page = Reader(text)
    assert len(page.addresses) == 3  # a picture of each session
    for words in (
        "M 42",
        "M 31",
        "NGC 2244",
        "files (",
        "in the archive",
        "weather",
        "A cloud.",
        "keeps fewer frames",
        "Battery",
        "In all",
    ):
        assert words in page.text, words
    assert (place.root / "media" / "2026-03-12" / "report_scope.html").read_text() == text
    pictures = [one for one in place.broker.published if one.topic == "dwarf/scope/night_picture"]
    assert len(pictures) == 1
    assert pictures[0].payload.startswith(b"\xff\xd8\xff")
    told = history(ended_sessions(Tree(place.root / "Astro_Sessions"), ZoneInfo("Europe/Paris"), PARIS))
    results = place.results
    assert told.total.stacked == sum(one["frames"]["stacked"] for one in results) == body["frames"]["stacked"]
    assert told.total.light_s == pytest.approx(sum(one["integration_s"] for one in results))
    assert place.said("totals")[-1]["light_hours"] == pytest.approx(told.total.light_s / 3600, abs=0.001)
    (copy,) = {one.topic for one in place.broker.published if one.topic.endswith("/night")}
    assert copy == "dwarf/scope/night"


def test_a_night_that_ended_while_the_agent_was_off_is_told_once(
    observatory: Callable[..., Observatory],
) -> None:
    place = observatory()
    place.drop("a.json", session())

    async def main() -> list[Any]:
        async with place.open():
            await place.sessions_ended(1)
        told = []
        for _ in range(2):
            await place.clock.sleep(8 * 3600)
            before = len([one for one in place.said("event") if one["event_type"] == "night_report"])
            async with place.open():
                await place.clock.sleep(1800)
            after = len([one for one in place.said("event") if one["event_type"] == "night_report"])
            told.append(after - before)
        return told

    assert run_virtual(main()) in ([0, 1], [1, 0])
    assert (place.folder("Results") / "report_night_2026-03-12.html").exists()


def test_a_night_in_which_nothing_ended_is_not_told(observatory: Callable[..., Observatory]) -> None:
    place = observatory()

    async def main() -> None:
        async with place.open():
            await place.clock.sleep(16 * 3600)

    run_virtual(main())
    assert not place.said("night")
    assert not list(place.folder("Results").glob("*.html"))


def test_the_course_of_a_night_is_noted(observatory: Callable[..., Observatory]) -> None:
    place = observatory()
    place.drop("a.json", session())

    async def main() -> None:
        async with place.open():
            await place.sessions_ended(1)
            await place.clock.sleep(5)

    run_virtual(main())
    (book,) = (place.root / "Astro_Sessions" / ".dwarf-agent" / "nights").glob("*.jsonl")
    lines = [json.loads(line) for line in book.read_text().splitlines()]
    assert {"began", "progress"} <= {line["kind"] for line in lines}


def test_a_driver_that_has_a_defect_costs_the_picture_and_not_the_page(
    observatory: Callable[..., Observatory],
) -> None:
    place = observatory()
    place.drop("a.json", session())

    async def broken(*_: Any) -> None:
        raise RuntimeError("no picture")

    place.telescope.latest_picture = broken  # type: ignore[method-assign]
    page = place.folder("Results") / "report_night_2026-03-12.html"

    async def main() -> None:
        async with place.open():
            await place.until(page.exists, hours=1)
            await place.until(lambda: not place.stations["scope"].followers.busy, hours=1)

    run_virtual(main())
    assert "M 42" in page.read_text()
