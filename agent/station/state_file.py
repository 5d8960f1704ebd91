"""The little a station remembers between its lives: its id, model and the switches people set."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from agent.store import disk

_LOGGER = logging.getLogger(__name__)

_VERSION = 1  # a file without one is of the time before there were versions, and reads the same
_LIMIT = 64 * 1024  # bytes; it has a few hundred


class StateFile:
    """A small JSON object on disk. One that cannot be read counts as empty, with a warning.

    A tree that goes away while the agent runs (an unmounted share) is none to be made again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._facts: dict[str, Any] = {}
        self._has_folder = False
        self._owes = False  # what it holds could not be written

    def load(self) -> dict[str, Any]:
        """Read it; return what it holds."""
        try:
            content = disk.read(self._path, _LIMIT)
            self._has_folder = True
            facts = json.loads(content[0]) if content else {}
            self._facts = facts if isinstance(facts, dict) else {}
            self._facts.pop("version", None)
        except FileNotFoundError:
            self._facts = {}
        except (OSError, ValueError, RecursionError) as error:
            _LOGGER.warning("%s cannot be read and counts as empty: %s", self._path.name, error)
            self._facts = {}
        return dict(self._facts)

    def get(self, key: str) -> Any:
        """Return one fact; None when it is not known."""
        return self._facts.get(key)

    def set(self, **facts: Any) -> None:
        """Change facts and write them if that changed anything, or could not be written the last time."""
        changed = {**self._facts, **facts}
        if changed == self._facts and not self._owes:
            return
        self._facts = changed
        try:
            self._path.parent.mkdir(parents=not self._has_folder, exist_ok=True)
            written = {**changed, "version": _VERSION}
            text = json.dumps(written, ensure_ascii=False, indent=1)
            disk.write(self._path, text.encode(errors="backslashreplace"))  # half a character, as it was read
        except OSError as error:
            level = logging.DEBUG if self._owes else logging.WARNING
            _LOGGER.log(level, "%s cannot be written: %s", self._path.name, error)
            self._owes = True
        else:
            self._has_folder, self._owes = True, False
