"""Submissions that this agent took and that have no place yet, on disk, so that its death loses none."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from agent.requests import Submission
from agent.store import disk
from agent.text import printable

_LOGGER = logging.getLogger(__name__)
_VERSION = 1  # a file without one is of the time before there were versions, and reads the same
_LIMIT = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Held:
    """A submission without a place. `to` and `telescope` are whom it was given to, "" for nobody."""

    id: str
    command: dict[str, Any]
    session_id: str
    request_id: str
    wish: str
    to: str = ""
    telescope: str = ""

    @property
    def submission(self) -> Submission:
        """It as it came."""
        return Submission({"command": self.command}, self.request_id, self.session_id, self.wish)

    def given(self, agent: str, telescope: str) -> Held:
        """The same once it is another agent's; "" takes it back."""
        return replace(self, to=agent, telescope=telescope)


class HeldSubmissions:
    """Owner of one folder with a file for each. Methods block; they raise OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[Held]:
        """Return what an earlier life left."""
        return list(self._read())

    def keep(self, held: Held) -> None:
        """Write one down, or what became of it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        disk.write(
            self._path(held), json.dumps({"version": _VERSION, **asdict(held)}, ensure_ascii=False).encode()
        )

    def forget(self, held: Held) -> None:
        """It has its place, and whoever has it wrote it down."""
        self._path(held).unlink(missing_ok=True)
        disk.sync_folder(self._folder)

    def _path(self, held: Held) -> Path:
        return self._folder / f"{held.id}.json"

    def _read(self) -> Iterator[Held]:
        for path in sorted(self._folder.glob("*.json")) if self._folder.is_dir() else ():
            try:
                content = disk.read(path, _LIMIT)
                held = _held(json.loads(content[0])) if content else None
            except (OSError, ValueError, TypeError) as error:
                _LOGGER.warning(
                    "%s is no submission that waits for its place: %s", printable(path.name), error
                )
                continue
            if held is not None and held.id == path.stem:
                yield held


def _held(stored: dict[str, Any]) -> Held:
    """Return what was kept; TypeError for anything else."""
    return Held(**{name: value for name, value in dict(stored).items() if name != "version"})
