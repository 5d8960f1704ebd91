"""The agent's own word about its health, and the command that asks for it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.app.health import SILENT_FOLDER_S, HealthDoor, station_report
from agent.cli.main import main
from agent.health import ask_health, health_path


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a short name: the path of a local socket has 108 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="health-") as name:
        monkeypatch.setenv("XDG_RUNTIME_DIR", name)
        yield Path(name)


def station(silent_s: float = 0.0) -> Any:
    word = SimpleNamespace
    return word(
        id="scope",
        intake=word(silent_s=silent_s),
        status=word(status=word(value="idle")),
        telescope=word(connection=word(value="connected")),
        dispatcher=word(queue=[1, 2]),
    )


async def test_whoever_knocks_is_told(short: Path) -> None:
    path = short / "door.sock"
    path.write_bytes(b"left by an agent that was killed")
    async with HealthDoor(path, lambda: station_report({"scope": station()})):
        found = await asyncio.to_thread(ask_health, path)
        assert found is not None
        assert found["healthy"] is True
        assert found["state"] == "running"
        assert found["telescopes"] == {"scope": {"status": "idle", "connection": "connected", "queue": 2}}
        await asyncio.to_thread(_knock_and_run, path)
        assert await asyncio.to_thread(ask_health, path) == found
    assert not path.exists()
    assert await asyncio.to_thread(ask_health, path) is None


async def test_a_second_agent_leaves_the_door_to_the_first(short: Path) -> None:
    path = short / "door.sock"
    async with HealthDoor(path, lambda: {"state": "the first"}):
        async with HealthDoor(path, lambda: {"state": "the second"}):
            pass
        found = await asyncio.to_thread(ask_health, path)
        assert found is not None
        assert found["state"] == "the first"


def _knock_and_run(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as knock:
        knock.connect(str(path))


def test_a_folder_that_hangs_is_ill_health() -> None:
    assert station_report({})["state"] == "starting"
    assert station_report({"scope": station(SILENT_FOLDER_S - 1)})["healthy"] is True
    ill = station_report({"scope": station(SILENT_FOLDER_S + 1)})
    assert ill["healthy"] is False
    assert "scope" in ill["problem"]


def test_an_agent_that_hangs_is_no_answer(short: Path) -> None:
    path = short / "deaf.sock"
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(path))
        deaf.listen()
        assert ask_health(path, limit_s=0.05) is None


async def test_a_door_that_cannot_be_keeps_nobody_from_working(short: Path) -> None:
    async with HealthDoor(short / "no" / "such" / "folder.sock", dict):
        assert ask_health(short / "no" / "such" / "folder.sock") is None


def test_agents_with_other_sessions_answer_at_other_doors(tmp_path: Path) -> None:
    ways = {health_path(folder, {}) for folder in (None, tmp_path, tmp_path / "other")}
    assert len(ways) == 3
    assert health_path(tmp_path, {}) == health_path(Path(os.path.relpath(tmp_path)), {})
    assert health_path(None, {"XDG_RUNTIME_DIR": "/run/user/7"}) == Path("/run/user/7/dwarf-agent.sock")


@pytest.mark.parametrize("healthy", [True, False])
async def test_the_command_exits_by_what_it_hears(
    short: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], healthy: bool
) -> None:
    monkeypatch.setenv("SUPERVISOR_TOKEN", "any")
    problem = "" if healthy else "The session folder hangs."
    report = {
        "healthy": healthy,
        "state": "running",
        "problem": problem,
        "telescopes": {"scope": {"status": "imaging", "connection": "connected", "queue": 1}},
    }
    async with HealthDoor(health_path(None, os.environ), lambda: report):
        assert await asyncio.to_thread(main, ["status", "--health"]) == (0 if healthy else 1)
        told = capsys.readouterr().out
        assert problem in told
        assert "scope: imaging, connected, 1 waiting" in told
        await asyncio.to_thread(main, ["status", "--health", "--json"])
        assert json.loads(capsys.readouterr().out)["state"] == "running"
    assert await asyncio.to_thread(main, ["status", "--health"]) == 1
    assert "no agent answers" in capsys.readouterr().err
