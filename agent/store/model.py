"""What the store tells: sessions on disk, and what changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agent.errors import Problem
from agent.session.document import SessionDocument
from agent.store.folders import Folder


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session file that can run. `problems` are warnings; `first_seen` is aware UTC.

    `session_id` is the file name without `.json`, made safe for topics and unique among the sessions that
    wait or run; it stays when the file has to take another name. `lost` is one that was running and of which
    nothing but its journal could be read: it has to be ended, its document asks for nothing.
    """

    session_id: str
    name: str
    folder: Folder
    document: SessionDocument
    problems: tuple[Problem, ...]
    first_seen: datetime
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that cannot be used. `path` is where it lies now, with the reason beside it when in Error/."""

    session_id: str
    name: str
    failure: Problem
    problems: tuple[Problem, ...]
    path: Path


@dataclass(frozen=True, slots=True)
class Changes:
    """What one scan of ToDo/ found. `removed` are session ids, `waiting` names of files not whole yet.

    A session whose file became unusable is in `removed` and its file in `broken`. `more` means files
    were left for the next scan, which should follow at once.
    """

    added: tuple[StoredSession, ...] = ()
    changed: tuple[StoredSession, ...] = ()
    removed: tuple[str, ...] = ()
    broken: tuple[Rejected, ...] = ()
    waiting: tuple[str, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A session file outside ToDo/ that a person may select. `problems` says why not, when it cannot run."""

    name: str
    document: SessionDocument | None
    problems: tuple[Problem, ...]
