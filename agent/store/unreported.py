"""Results on their way out: written down before a session's file is moved, forgotten once they were told.

Whatever kills the agent in between, the next one finds here what it still has to tell. Only a kill between
telling and forgetting makes it tell the same result twice, word for word.
"""

from __future__ import annotations

import logging

from pydantic import TypeAdapter, ValidationError

from agent.events import SessionResult
from agent.store import disk
from agent.store.errors import printable, store_error
from agent.store.folders import Tree

_LOGGER = logging.getLogger(__name__)

_RESULT = TypeAdapter(SessionResult)
_LIMIT = 1 << 20  # bytes; a result has a few thousand


class Unreported:
    """The unreported results of one telescope, one small file each."""

    def __init__(self, tree: Tree) -> None:
        self._folder = tree.unreported

    def note(self, result: SessionResult) -> None:
        """Remember a result that is about to be written and told; StoreError when the disk refuses."""
        path = self._folder / f"{result.session.session_id}.json"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            disk.write(path, _RESULT.dump_json(result))
        except OSError as error:
            raise store_error(error, "note the result", path) from error

    def forget(self, session_id: str) -> None:
        """Forget a result: it was told; StoreError when the disk refuses."""
        path = self._folder / f"{session_id}.json"
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise store_error(error, "forget the result", path) from error

    def all(self) -> list[SessionResult]:
        """Return what an earlier life did not tell, oldest first; unreadable notes are said and dropped."""
        found = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                read = disk.read(path, _LIMIT)
                found.append(_RESULT.validate_json(read[0] if read else b""))
            except (OSError, ValidationError) as error:
                _LOGGER.warning("The unreported result %s cannot be read: %s", printable(path.name), error)
        return sorted(found, key=lambda result: result.ended_at)
