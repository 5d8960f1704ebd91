"""Fetching by hand, as people type it, from a telescope that nobody else speaks to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.cli.main import main
from agent.telescope.simulator import SimulatedDwarf, SimulatorOptions
from tests.archive.support import take
from tests.support.small_sensors import small_sensors as small_sensors

Download = Callable[..., int]


def write_done(root: Path, name: str, folder: str, day: str = "2026-03-12") -> None:
    """A session as an agent leaves it in Done/."""
    done = root / "Astro_Sessions" / "Done"
    done.mkdir(parents=True, exist_ok=True)
    at = f"{day}T21:00:00+01:00"
    document: dict[str, Any] = {
        "id_command": {"process": "ended", "result": True, "dwarf": "D3"},
        "goto_manual": {"do_action": True, "target": "M 42", "ra_coord": 5.59, "dec_coord": -5.39},
        "setup_camera": {"do_action": True, "exposure": "10", "gain": 80, "count": 3},
        "result_details": {
            "outcome": "completed",
            "session_id": name,
            "telescope": "scope",
            "target": {"name": "M 42"},
            "started_at": at,
            "ended_at": at,
            "frames": {"requested": 3, "taken": 3, "stacked": 3},
            "integration_s": 30,
            "files": [folder],
        },
    }
    (done / f"{name}.json").write_text(json.dumps({"command": document}))


@pytest.fixture
def by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Run the command with each of these arguments, with two sessions of two nights on the card."""

    def run(*commands: tuple[str, ...], faults: tuple[str, ...] = ()) -> list[int]:
        async def work() -> list[int]:
            wanted = {"model": "D3", "card_port": 0, "faults": faults}
            async with SimulatedDwarf(SimulatorOptions.from_mapping(wanted)) as sim:
                write_done(tmp_path, "old", take(sim), "2026-03-11")
                write_done(tmp_path, "new", take(sim, second=30))
                place = {"host": "127.0.0.1", "http_port": sim.http_port, "card_port": sim.card_port}
                settings = {
                    "telescopes": [{"id": "scope", **place}],
                    "sessions_dir": str(tmp_path / "Astro_Sessions"),
                    "site": {"timezone": "Europe/Paris"},
                }
                (tmp_path / "config.yaml").write_text(json.dumps(settings))
                return [
                    await asyncio.to_thread(
                        main, ["download", *words, "--config", str(tmp_path / "config.yaml")]
                    )
                    for words in commands
                ]

        return asyncio.run(work())

    monkeypatch.chdir(tmp_path)
    return run


def test_a_person_who_looks_sees_how_far_it_is(
    by_hand: Callable[..., list[int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "archive").mkdir()
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert by_hand(("--to", str(tmp_path / "archive"), "--session", "old", "--what", "all")) == [0]
    shown = capsys.readouterr().err.split("\r\x1b[K")
    assert any(line.startswith("M 42 [") and line.endswith("/s") for line in shown)
    assert any("[" + "#" * 30 + "] 100%" in line for line in shown)
    assert shown[-1] == ""  # nothing of it stays


def test_what_is_missing_is_fetched_once(
    by_hand: Callable[..., list[int]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    to = ("--to", str(archive))
    assert by_hand((*to, "--list"), (*to, "--what", "all"), (*to, "--what", "stacked")) == [0, 0, 0]
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["2026-03-11", "old"], ["2026-03-12", "new"]]
    assert lines[2].startswith("old: 11 files")
    assert "2 stacked instead of 3" in lines[2]
    assert lines[4] == "Nothing is to be fetched."
    assert sorted(path.name for path in (archive / "M 42").iterdir()) == ["2026-03-11_old", "2026-03-12_new"]


def test_one_night_and_one_session_can_be_asked_for(
    by_hand: Callable[..., list[int]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    to = ("--to", str(archive))
    assert by_hand((*to, "--night", "2026-03-12"), (*to, "--session", "nobody")) == [0, 2]
    assert "No session 'nobody' has ended here." in capsys.readouterr().err
    assert [path.name for path in (archive / "M 42").iterdir()] == ["2026-03-12_new"]


def test_what_cannot_be_had_is_an_exit_code(
    by_hand: Callable[..., list[int]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "archive").mkdir()
    words = ("--to", str(tmp_path / "archive"), "--session", "new")
    assert by_hand(words, faults=("card-missing:path=stacked.jpg",)) == [1]
    assert "Not to be had: stacked.jpg" in capsys.readouterr().out


def test_without_a_folder_it_says_what_to_do(
    by_hand: Callable[..., list[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert by_hand(()) == [2]
    assert "--to FOLDER" in capsys.readouterr().err
