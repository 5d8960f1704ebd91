"""Results on their way out: written down before a session's file is moved, forgotten once they were told.

Whatever kills the agent in between, the next one finds here what it still has to tell. Only a kill between
telling and forgetting makes it tell the same result twice, word for word.
"""

from __future__ import annotations

import json
import logging

from pydantic import TypeAdapter

from agent.events import SessionResult
from agent.session.writing import encoded
from agent.store import disk
from agent.store.errors import store_error
from agent.store.folders import Tree
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

_RESULT = TypeAdapter(SessionResult)
_VERSION = 1  # a note without one is of the time before there were versions, and reads the same
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_LIMIT = 1 << 20  # bytes; a result has a few thousand


def sayable(result: SessionResult) -> SessionResult:
    """Return the result with halves of characters (lone surrogates) escaped, so that it can be told."""
    return _RESULT.validate_json(_encoded(result))


def _encoded(result: SessionResult) -> bytes:
    told = {"version": _VERSION, **_RESULT.dump_python(result, mode="json")}
    return encoded(json.dumps(told, ensure_ascii=False))


def _checked(result: SessionResult, name: str) -> SessionResult:
    """Return a result as read from the note of that name, or raise ValueError: nothing else is told of it."""
    if result.session.session_id != name:
        raise ValueError(f"it is of session {result.session.session_id!r}")
    for instant in (result.started_at, result.ended_at):
        if instant is not None and (instant.tzinfo is None or not _FIRST_YEAR <= instant.year <= _LAST_YEAR):
            raise ValueError(f"{instant} is no instant of a session")
    return result


class Unreported:
    """The unreported results of one telescope, one small file each."""

    def __init__(self, tree: Tree) -> None:
        self._folder = tree.unreported

    def note(self, result: SessionResult) -> None:
        """Remember a result that is about to be written and told; StoreError when the disk refuses."""
        path = self._folder / f"{result.session.session_id}.json"
        try:
            disk.make_folder(self._folder)
            disk.write(path, _encoded(result))
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
                found.append(_checked(_RESULT.validate_json(read[0] if read else b""), path.stem))
            except (OSError, ValueError) as error:
                _LOGGER.warning("The unreported result %s cannot be read: %s", printable(path.name), error)
        return sorted(found, key=lambda result: result.ended_at)
