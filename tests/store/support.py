"""A clock set by hand, session documents, and stores for the tests of this room."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.clock import SystemClock
from agent.events import Frames, Outcome, SessionBrief, SessionResult
from agent.store.folders import Folder
from agent.store.store import SessionStore

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
FOLDERS = (Folder.TO_DO, Folder.CURRENT, Folder.DONE, Folder.ERROR)


class HandClock(SystemClock):
    """Time that moves when the test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


def session(description: str = "M 31", **id_command: Any) -> dict[str, Any]:
    """Return a session as a user writes it."""
    return {
        "command": {
            "id_command": {
                "uuid": "00001",
                "description": description,
                "date": "2026-11-22",
                "time": "21:00:00",
                "process": "wait",
                "max_retries": 2,
                **id_command,
            },
            "calibration": {"do_action": True, "wait_before": 10, "wait_after": 10},
            "goto_manual": {
                "do_action": True,
                "target": description,
                "ra_coord": "00:42:44",
                "dec_coord": "-12:30:00",
                "wait_after": 30,
            },
            "setup_camera": {
                "do_action": True,
                "exposure": "15",
                "gain": "60",
                "binning": "0",
                "IRCut": "1",
                "count": "20",
                "wait_after": 20,
            },
        }
    }


def text(raw: object) -> bytes:
    return json.dumps(raw, ensure_ascii=False, indent=4).encode()


def drop(root: Path, name: str, raw: object | None = None, folder: Folder = Folder.TO_DO) -> Path:
    """Put a file into a folder as a user would."""
    path = root / folder.value / name
    path.write_bytes(raw if isinstance(raw, bytes) else text(session() if raw is None else raw))
    return path


def open_store(root: Path, clock: HandClock, **options: Any) -> SessionStore:
    store = SessionStore(root, clock, zone=PARIS, **options)
    store.prepare()
    return store


def result(session_id: str, outcome: Outcome = Outcome.COMPLETED, **values: Any) -> SessionResult:
    """Return the result of a session that took 20 frames in ten minutes."""
    fields: dict[str, Any] = {
        "started_at": START,
        "ended_at": START + timedelta(minutes=10),
        "frames": Frames(20, 20, 19),
        "integration_s": 285.0,
        "attempts": 1,
        "device": "D3",
    }
    return SessionResult("balcony", SessionBrief(session_id, "M 31"), outcome, **(fields | values))


def process_in(path: Path) -> str:
    return str(json.loads(path.read_bytes())["command"]["id_command"]["process"])


def names(root: Path, folder: Folder) -> list[str]:
    """Return the session files of a folder."""
    return sorted(p.name for p in (root / folder.value).glob("*.json") if not p.name.startswith("."))
