"""What a running session must remember to survive the agent's death: one small file per session."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from agent.store import disk
from agent.store.errors import printable, store_error

_LOGGER = logging.getLogger(__name__)

_LIMIT = 1 << 20  # bytes; a journal has a few hundred


class JournalFile:
    """The facts of one running session, whatever the executor makes them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last; None when nothing was, or (with a warning) nothing readable."""
        try:
            content = disk.read(self.path, _LIMIT)
            facts = json.loads(content[0]) if content else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            _LOGGER.warning(
                "The journal %s cannot be read and counts as none: %s", printable(self.path.name), error
            )
            return None
        if isinstance(facts, dict):
            return facts
        _LOGGER.warning("The journal %s holds no facts and counts as none", printable(self.path.name))
        return None

    def save(self, facts: dict[str, Any]) -> None:
        """Replace the facts atomically and durably; StoreError when the disk refuses."""
        data = json.dumps(facts, ensure_ascii=False).encode()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            disk.write(self.path, data)
        except OSError as error:
            raise store_error(error, "write the session's journal", self.path) from error

    def clear(self) -> None:
        """Forget the facts; StoreError when the disk refuses."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise store_error(error, "remove the session's journal", self.path) from error


class Journals:
    """The journals of one telescope's sessions, in one hidden folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, session_id: str) -> JournalFile:
        """Return the journal of a session, whether it has facts yet or not."""
        return JournalFile(self._folder / f"{session_id}.json")

    def keep_only(self, session_ids: set[str]) -> None:
        """Forget the journals of all other sessions; call it once the files in Current/ are known."""
        try:
            stale = [path for path in self._folder.glob("*.json") if path.stem not in session_ids]
            for path in stale:
                path.unlink(missing_ok=True)
        except OSError as error:
            _LOGGER.warning("Old journals in %s cannot be removed: %s", printable(self._folder), error)
