from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store.store import SessionStore

from .support import HandClock, open_store


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "Astro_Sessions"


@pytest.fixture
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without fsync where a test writes thousands of files and pulls no real plug."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


@pytest.fixture
def store(root: Path, clock: HandClock) -> Iterator[SessionStore]:
    store = open_store(root, clock)
    yield store
    store.close()
