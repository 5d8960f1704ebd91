"""The switches of a station, and the small file they are kept in."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.clock import LoopClock
from agent.session.fields import WeatherPolicy
from agent.station.state_file import StateFile
from agent.station.switches import SwitchBoard, Switches
from agent.store import disk
from tests.app.hands_stand import Memory
from tests.support.virtual_loop import run_virtual

AT = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)
DEFAULTS = Switches(weather_policy=WeatherPolicy.WAIT, max_wait_min=45, session_file="x.json")


def board(saved: object) -> SwitchBoard:
    return SwitchBoard(Memory(switches=saved), DEFAULTS, LoopClock(AT))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("saved", "changed"),
    [
        (None, {}),
        ([], {}),
        ({}, {}),
        ({"scheduler": False}, {"scheduler": False}),
        ({"scheduler": 0}, {}),
        ({"armed": True}, {}),
        ({"weather_policy": "abort"}, {"weather_policy": WeatherPolicy.ABORT}),
        ({"weather_policy": "pray"}, {}),
        ({"weather_policy": "ignore"}, {}),
        ({"weather_policy": "ignore", "configured": {"weather_policy": "abort"}}, {}),
        ({"weather_policy": "abort", "configured": {"weather_policy": "ignore"}}, {}),
        (
            {"weather_policy": "ignore", "configured": {"weather_policy": "wait"}},
            {"weather_policy": WeatherPolicy.IGNORE},
        ),
        ({"max_wait_min": 9, "configured": {"max_wait_min": 45}}, {"max_wait_min": 9}),
        ({"max_wait_min": 9, "configured": {"max_wait_min": 120}}, {}),
        ({"weather_policy": "ignore", "max_wait_min": 9, "configured": 5}, {}),
        ({"max_wait_min": 0}, {"max_wait_min": 0}),
        ({"max_wait_min": -1}, {}),
        ({"max_wait_min": True}, {}),
        ({"max_wait_min": 1440}, {"max_wait_min": 1440}),
        ({"max_wait_min": 1441}, {}),
        ({"max_wait_min": 10**40}, {}),
        ({"max_wait_min": "9"}, {}),
        ({"session_file": "m42.json"}, {"session_file": "m42.json"}),
        ({"session_file": 5}, {}),
        ({"filter": "Astro"}, {}),
        ({"not_before": AT.isoformat()}, {"not_before": AT}),
        ({"not_before": "soon"}, {}),
        ({"enclosure": "closed"}, {"enclosure": "closed"}),
        ({"enclosure": "ajar"}, {}),
        ({"not_before": 5}, {}),
    ],
)
def test_what_was_switched_is_known_again_and_nonsense_is_not(saved: object, changed: dict[str, Any]) -> None:
    expected = {
        "scheduler": True,
        "armed": False,
        "weather_policy": WeatherPolicy.WAIT,
        "max_wait_min": 45,
        "filter": "",
        "session_file": "x.json",
        "not_before": None,
        "enclosure": "auto",
        **changed,
    }
    assert board(saved).values == Switches(**expected)


def switched(story: Callable[[SwitchBoard, Memory, LoopClock], Awaitable[None]]) -> None:
    async def main() -> None:
        memory, clock = Memory(), LoopClock(AT)
        await story(SwitchBoard(memory, DEFAULTS, clock), memory, clock)  # type: ignore[arg-type]

    run_virtual(main())


def test_a_change_is_kept_and_told_to_everybody() -> None:
    async def story(made: SwitchBoard, memory: Memory, _clock: LoopClock) -> None:
        told: list[Switches] = []
        made.listen(told.append)
        made.listen(told.append)
        made.change(not_before=AT, scheduler=False)
        assert told == [made.values] * 2
        assert memory.facts["switches"] == {
            "scheduler": False,
            "weather_policy": "wait",
            "max_wait_min": 45,
            "filter": "",
            "session_file": "x.json",
            "not_before": AT.isoformat(),
            "enclosure": "auto",
            "configured": {"weather_policy": "wait", "max_wait_min": 45},
        }
        made.change(not_before=None)
        assert memory.facts["switches"]["not_before"] is None
        assert made.values.scheduler is False

    switched(story)


def test_who_arms_the_controls_fixes_no_weather_policy() -> None:
    async def main() -> None:
        memory, clock = Memory(), LoopClock(AT)
        before = SwitchBoard(memory, Switches(), clock)  # type: ignore[arg-type]
        before.change(armed=True)
        before.close()
        after = SwitchBoard(memory, Switches(weather_policy=WeatherPolicy.ABORT, max_wait_min=45), clock)  # type: ignore[arg-type]
        assert after.values == Switches(weather_policy=WeatherPolicy.ABORT, max_wait_min=45)
        after.change(weather_policy=WeatherPolicy.IGNORE)
        again = SwitchBoard(memory, Switches(weather_policy=WeatherPolicy.ABORT, max_wait_min=45), clock)  # type: ignore[arg-type]
        assert again.values.weather_policy is WeatherPolicy.IGNORE

    run_virtual(main())


@pytest.mark.parametrize("noted", [{}, {"configured": {"weather_policy": "wait", "max_wait_min": 45}}])
def test_a_configuration_that_was_the_later_word_stays_so_when_it_goes_back(noted: dict[str, Any]) -> None:
    memory, clock = Memory(switches={"weather_policy": "ignore", "max_wait_min": 9, **noted}), LoopClock(AT)
    for policy in (WeatherPolicy.ABORT, WeatherPolicy.WAIT):
        made = SwitchBoard(memory, Switches(weather_policy=policy, max_wait_min=50), clock)  # type: ignore[arg-type]
        assert made.values.weather_policy is policy


def test_arming_undoes_itself_after_ten_minutes() -> None:
    async def story(made: SwitchBoard, memory: Memory, clock: LoopClock) -> None:
        made.change(armed=True)
        assert "armed" not in memory.facts["switches"]
        await clock.sleep(500)
        made.change(armed=True)
        made.change(scheduler=False)
        await clock.sleep(599)
        assert made.values.armed
        await clock.sleep(2)
        assert made.values.armed is False
        made.change(armed=True)
        made.change(armed=False)
        made.change(armed=True)
        made.close()
        made.close()
        await clock.sleep(1000)
        assert made.values.armed, "nobody looks after it any more"

    switched(story)


# -- the file -----------------------------------------------------------------------------------------------


def test_facts_are_kept_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "state.json"
    first = StateFile(path)
    assert first.load() == {}
    first.set(host="h", name="Größe")
    assert path.read_text(encoding="utf-8") == '{\n "host": "h",\n "name": "Größe",\n "version": 1\n}'
    first.set(host=None)
    again = StateFile(path)
    assert again.load() == {"host": None, "name": "Größe"}
    assert again.get("name") == "Größe"
    assert again.get("x") is None
    before = path.stat().st_mtime_ns
    again.set(name="Größe")
    assert path.stat().st_mtime_ns == before, "nothing changed"


@pytest.mark.parametrize("text", ["{", "[1]", "[" * 100_000, "\udcff", " " * 70_000 + "{}"])
def test_a_file_that_cannot_be_read_counts_as_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    file = StateFile(path)
    assert file.load() == {}
    file.set(host="h")
    assert json.loads(path.read_text(encoding="utf-8")) == {"host": "h", "version": 1}


def test_half_a_character_in_the_file_keeps_nothing_from_being_remembered(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"name": "\\ud83d"}', encoding="utf-8")
    file = StateFile(path)
    file.load()
    file.set(host="h")
    assert StateFile(path).load() == {"name": "\ud83d", "host": "h"}


def test_a_tree_that_went_away_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "share" / "tree" / "state.json"
    file = StateFile(path)
    file.set(host="h")
    path.unlink()
    path.parent.rmdir()
    path.parent.parent.rmdir()
    file.set(host="i")
    assert not path.exists()
    path.parent.parent.mkdir()
    file.set(host="i")  # what could not be written is owed
    assert json.loads(path.read_text(encoding="utf-8")) == {"host": "i", "version": 1}


def test_what_the_disk_refused_is_written_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state.json"
    file = StateFile(path)

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(disk, "write", full)
        file.set(host="h")
        file.set(host="i")
    assert [record.levelname for record in caplog.records if "cannot be written" in record.message] == [
        "WARNING"
    ]
    assert not path.exists()
    file.set(host="i")
    assert json.loads(path.read_text(encoding="utf-8")) == {"host": "i", "version": 1}
