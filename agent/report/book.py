"""What happened in each night, noted as it happens: one line of JSON each, in a hidden file a night.

Nothing depends on it but the night's report: what is lost here is missing there.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.store import disk
from agent.store.folders import Tree
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

KEPT = timedelta(days=90)
_LIMIT = 8 << 20  # bytes of one night; an ordinary one has a hundred thousand
_PICTURE_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that happened: its kind, and what is told of it as plain JSON values. `at` is aware."""

    at: datetime
    kind: str
    facts: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Return a fact as text, "" when it is none."""
        value = self.facts.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> float | None:
        """Return a fact as a number, None when it is none."""
        value = self.facts.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


class NightBook:
    """The notes of one telescope's nights; one task writes."""

    def __init__(self, tree: Tree) -> None:
        self._folder = tree.ledger.with_name("nights")

    def add(self, night: date, notes: Iterable[Note]) -> None:
        """Write notes down; a disk that refuses costs them."""
        path = self._path(night)
        lines = [
            json.dumps({"at": note.at.isoformat(), "kind": note.kind, **note.facts}, default=str)
            for note in notes
        ]
        try:
            self._folder.mkdir(exist_ok=True)
            with path.open("a", encoding="utf-8") as stream:
                if stream.tell() < _LIMIT:
                    stream.write("".join(f"{line}\n" for line in lines))
        except OSError as error:
            _LOGGER.warning("The notes of the night cannot be written: %s", error.strerror or error)

    def notes(self, night: date) -> list[Note]:
        """Return a night's notes, oldest first; lines that cannot be read are left out."""
        try:
            read = disk.read(self._path(night), _LIMIT * 2)
        except OSError:
            return []
        lines = (read[0] if read else b"").decode("utf-8", "replace").splitlines()
        return sorted(_read(lines), key=lambda note: note.at)

    def keep_picture(self, night: date, session_id: str, jpeg: bytes) -> None:
        """Keep a session's small picture for the report; a disk that refuses costs it."""
        try:
            self._folder.mkdir(exist_ok=True)
            disk.write(self._picture(night, session_id), jpeg)
        except OSError as error:
            _LOGGER.warning(
                "The picture of session %s is not kept: %s", printable(session_id), error.strerror or error
            )

    def picture(self, night: date, session_id: str) -> bytes | None:
        """Return a session's small picture, None when there is none."""
        try:
            read = disk.read(self._picture(night, session_id), _PICTURE_LIMIT)
        except OSError:
            return None
        return read[0] if read else None

    def prune(self, today: date) -> None:
        """Forget nights that are long over; their reports stay."""
        oldest = (today - KEPT).isoformat()
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                if path.name[:10] < oldest:
                    path.unlink()

    def _path(self, night: date) -> Path:
        return self._folder / f"{night.isoformat()}.jsonl"

    def _picture(self, night: date, session_id: str) -> Path:
        return self._folder / f"{night.isoformat()}_{session_id}.jpg"


def _read(lines: Iterable[str]) -> Iterator[Note]:
    for line in lines:
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
            facts = json.loads(line)
            at, kind = datetime.fromisoformat(facts.pop("at")), facts.pop("kind")
            if at.tzinfo is not None and isinstance(kind, str):
                yield Note(at, kind, facts)
