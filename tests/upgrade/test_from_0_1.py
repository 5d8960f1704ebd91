"""A night of version 0.1, cut off by a kill, goes on with this one: nothing is lost, nothing is done twice.

`from_0_1` was left by 0.1 itself: its folders, its hidden files (`state` here), its configuration, and what
it had retained on the broker. It held three of nine frames of `running.json` when it was killed.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.capabilities import Camera
from agent.settings.loader import load_settings
from agent.targets import SkyTarget
from tests.app.conftest import Observatory
from tests.support.virtual_loop import run_virtual

LEFT = Path(__file__).parent / "from_0_1"
KILLED = datetime(2026, 1, 15, 18, 20, 22, tzinfo=UTC)
DEVICE = "homeassistant/device/dwarf_agent_F00D/config"
SUBMITTED = {
    "id_command": {"max_retries": 2},
    "goto_manual": {"do_action": True, "target": "s2", "ra_coord": 5.59, "dec_coord": -5.39},
    "setup_camera": {"do_action": True, "exposure": "15", "gain": 80, "count": 2},
}


@dataclass(frozen=True)
class Night:
    """What the first night with the new version made of it, and what was there before."""

    place: Observatory
    finished: dict[Path, bytes]
    columns: int


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Ten seconds after the kill the new version starts; what waited is done, and something comes again."""
    base = tmp_path_factory.mktemp("upgrade")
    root = base / "Astro_Sessions"
    shutil.copytree(LEFT / "sessions", root)
    (root / "state").rename(root / ".dwarf-agent")
    place = Observatory(base, KILLED + timedelta(seconds=10))
    finished = {
        path: path.read_bytes() for name in ("Done", "Error") for path in place.folder(name).iterdir()
    }
    table = next(place.folder("Results").glob("*.csv")).read_text().splitlines()
    run_virtual(_first_night(place))
    return Night(place, finished, len(table[0].split(",")))


@pytest.fixture
def place(night: Night) -> Observatory:
    return night.place


async def _first_night(place: Observatory) -> None:
    place.telescope.gotos.append(SkyTarget("s5", 5.59, -5.39))
    capture = place.telescope.expose(Camera.TELE, 9, 15, "s5")
    capture.began, capture.taken, capture.stacked = KILLED - timedelta(seconds=56), 3, 3
    for topic, payload in json.loads((LEFT / "retained.json").read_text()).items():
        place.broker.publish(topic, payload, retain=True)
    place.broker.forget()
    async with place.open():
        await place.until(lambda: not place.files("ToDo") and not place.files("Current"), 40, every_s=30)
        await place.clock.sleep(5)
        place.say(
            "scope/session/submit", {"command": SUBMITTED, "session_id": "by-mqtt", "request_id": "again"}
        )
        await place.clock.sleep(5)


def details_of(place: Observatory, folder: str, name: str) -> dict[str, Any]:
    body = json.loads((place.folder(folder) / name).read_text())["command"]
    found = body["result_details"]
    assert isinstance(found, dict)
    return found


def test_the_capture_that_ran_is_followed_and_what_waited_runs_once(place: Observatory) -> None:
    assert place.files("Done") == [
        "by-mqtt.json", "finished.json", "running.json", "tomorrow.json", "untold.json", "waiting.json",
    ]  # fmt: skip
    assert [capture.taken for capture in place.telescope.captures] == [9, 2, 2]
    running = details_of(place, "Done", "running.json")
    assert (running["outcome"], running["frames"]["taken"]) == ("completed", 9)
    assert running["started_at"] == "2026-01-15T19:19:00+01:00"
    assert details_of(place, "Done", "tomorrow.json")["started_at"] >= "2026-01-16T20:00:00"


def test_what_0_1_had_finished_stays_as_it_was(night: Night) -> None:
    assert {path: path.read_bytes() for path in night.finished} == night.finished
    rows = next(night.place.folder("Results").glob("*2026-01-15.csv")).read_text().splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == ["s1", "s2", "s3", "s4", "s5", "s6"]
    assert len(rows[0].split(",")) >= night.columns


def test_what_was_submitted_to_0_1_is_a_duplicate_and_runs_nothing(place: Observatory) -> None:
    [answer] = [one for one in place.said("session/response") if one["request_id"] == "again"]
    assert (answer["status"], answer["duplicate"]) == ("error", True)
    assert len(place.telescope.captures) == 3


def test_entities_that_are_no_more_leave_home_assistant(place: Observatory) -> None:
    old = json.loads(json.loads((LEFT / "retained.json").read_text())[DEVICE])["cmps"]
    first = json.loads(place.broker.all(DEVICE)[0].payload)["cmps"]
    assert "firmware" not in first or first["firmware"].keys() == {"p"}
    for name in old:
        assert name in first, f"{name} would stay in Home Assistant, dead"
    now = json.loads(place.broker.retained[DEVICE].payload)["cmps"]
    kept = [name for name in old.keys() & now.keys() if len(now[name]) > 1]
    assert kept
    for name in kept:
        assert now[name].get("uniq_id") == old[name].get("uniq_id"), name


def test_its_configuration_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    shutil.copy(LEFT / "settings.txt", path)
    settings = load_settings(path)
    assert settings.telescopes
