"""What the tests of several commands share."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

from agent.cli.main import main

Asked = Callable[..., str]
SITE = ("--set", "latitude=48.85", "--set", "longitude=2.35", "--set", "timezone=Europe/Paris")


class Evening(datetime):
    """A clock that stands: what a command says of a night is the same at every hour of every year."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime(2026, 11, 26, 18, 0, tzinfo=UTC).astimezone(tz)


@pytest.fixture(autouse=True)
def evening(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that are given here, in this process, are given that evening."""
    monkeypatch.setattr("agent.cli.documents.datetime", Evening)


@pytest.fixture
def asked(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Write a session (JSON, or the file's bytes), ask a command about it, and return what it prints."""
    monkeypatch.chdir(tmp_path)

    def ask(verb: str, session: Any, *flags: str, model: str = "D3", site: tuple[str, ...] = SITE) -> str:
        data = session if isinstance(session, bytes) else json.dumps(session).encode()
        (tmp_path / "session.json").write_bytes(data)
        main([verb, "session.json", "--model", model, *flags, *site])
        return capsys.readouterr().out

    return ask
