"""What is planned at noon is what runs: without weather and faults each block begins when it was to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.sky.nights import night_bounds
from agent.targets import Site, SkyTarget, SolarTarget
from tests.app.conftest import Observatory
from tests.support.fake_telescope import FakeTelescope
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual

Make = Callable[..., Observatory]
PLACES = [
    Site(48.85, 2.35, 35.0, "Europe/Paris"),
    Site(-33.9, 151.2, 20.0, "Australia/Sydney"),
    Site(-0.18, -78.5, 2800.0, "America/Guayaquil"),
    Site(55.95, -3.19, 80.0, "Europe/London"),
]
TARGETS = [
    "M 31",
    "M 42",
    "M 45",
    "M 13",
    "M 57",
    "M 8",
    "M 83",
    "M 104",
    "NGC 7000",
    "NGC 253",
    "M 81",
    "M 51",
]
SLACK_S = 60.0


class AsEstimated(FakeTelescope):
    """A telescope whose sessions take as long as they are estimated."""

    async def goto(self, target: SkyTarget | SolarTarget, site: Site | None) -> None:
        await super().goto(target, site)
        await self.clock.sleep(24)

    async def park(self) -> None:
        await super().park()
        await self.clock.sleep(18)


@dataclass(frozen=True)
class Story:
    """A night that chance made up."""

    site: Site
    noon: datetime
    conditions: dict[str, Any]
    files: dict[str, dict[str, Any]]


def made_up(seed: int) -> Story:
    chance = Random(seed)
    site = chance.choice(PLACES)
    night = date(2026, 1, 1) + timedelta(days=chance.randrange(365))
    files = {}
    for number in range(chance.randrange(3, 10)):
        id_command: dict[str, Any] = {}
        if chance.random() < 0.4:
            hour = chance.choice([18, 19, 20, 21, 22, 23, 0, 1, 2, 3])
            id_command["time"] = f"{hour:02}:{chance.choice([0, 15, 30])}:00"
        if chance.random() < 0.3:
            id_command["priority"] = chance.randrange(1, 6)
        files[f"s{number:02}"] = {
            "command": {
                "id_command": id_command,
                "goto_manual": {"do_action": True, "target": chance.choice(TARGETS)},
                "setup_camera": {
                    "do_action": True,
                    "exposure": "15",
                    "gain": 80,
                    "count": chance.choice([20, 60, 120, 240, 400]),
                },
            }
        }
    conditions: dict[str, Any] = {"sun_below": None, "min_altitude": chance.choice([None, 20, 30])}
    if chance.random() < 0.4:
        conditions["max_altitude"] = chance.choice([65, 75])
    if chance.random() < 0.3:
        conditions["moon_separation"] = 60
    return Story(site, night_bounds(site, night).start + timedelta(minutes=1), conditions, files)


def told(root: Path, story: Story) -> tuple[list[tuple[str, datetime]], list[tuple[str, datetime]]]:
    """Let a whole agent live through the night; return the blocks planned at noon, and what began."""

    async def night() -> Observatory:
        site = story.site
        where = {"latitude": site.latitude, "longitude": site.longitude, "timezone": site.timezone}
        place = Observatory(
            root,
            story.noon,
            site=where,
            conditions=story.conditions,
            poll_seconds=600,
        )
        place.telescope = AsEstimated(place.clock)
        for name, document in story.files.items():
            place.drop(f"{name}.json", document)
        async with place.open():
            await place.clock.sleep(5)
            place.say("bridge/request/plan", {})
            await place.clock.sleep(23.9 * 3600)
        return place

    place = run_virtual(night())
    answer = json.loads(place.broker.all("dwarf/bridge/response/plan")[0].payload)
    planned = [
        (session["session_id"], datetime.fromisoformat(block["start"]).astimezone(UTC))
        for session in answer["data"]["sessions"]
        for block in session["blocks"]
    ]
    began = [
        (event["session_id"], datetime.fromisoformat(event["ts"]).astimezone(UTC))
        for event in place.said("event")
        if event["event_type"] == "session_started"
    ]
    return sorted(planned, key=lambda one: one[1]), began


@pytest.mark.parametrize(
    "seed", every(8, [11, 5, 6, 37, 7, 8, 40, 14])
)  # with splits, priorities and full nights
def test_each_block_begins_when_the_plan_made_at_noon_says(tmp_path: Path, seed: int) -> None:
    planned, began = told(tmp_path, made_up(seed))
    assert [name for name, _ in began] == [name for name, _ in planned]
    late = [(name, (at - when).total_seconds()) for (name, at), (_, when) in zip(began, planned, strict=True)]
    assert all(abs(seconds) <= SLACK_S for _, seconds in late), late


@pytest.mark.parametrize(("seed", "parking"), every(4, [(37, 2), (37, 0), (11, 2), (5, 0)]))
def test_what_is_valid_and_what_a_park_undoes_is_planned_as_such(
    tmp_path: Path, seed: int, parking: int
) -> None:
    """Calibration and focus are done once, and after each session that folds the telescope."""
    story = made_up(seed)
    for place, document in enumerate(story.files.values()):
        document["command"] |= {"calibration": {"do_action": True}, "auto_focus": {"do_action": True}}
        if parking and place % parking:
            document["command"]["shutdown"] = {"do_action": True, "park": True}
    planned, began = told(tmp_path, story)
    assert len(planned) >= 3
    assert [name for name, _ in began] == [name for name, _ in planned]
    late = [(name, (at - when).total_seconds()) for (name, at), (_, when) in zip(began, planned, strict=True)]
    assert all(abs(seconds) <= SLACK_S for _, seconds in late), late
