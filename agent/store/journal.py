"""What a running session must remember to survive the agent's death: one small file per session.

A journal belongs to what a session asks for, not to its name: frames taken for one target are never credited
to another that took over the file.
"""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from agent.session.document import SessionDocument, body_of
from agent.session.writing import encoded
from agent.store import disk
from agent.store.errors import printable, store_error

_LOGGER = logging.getLogger(__name__)

_NOT_ASKED = frozenset({"id_command", "result_details"})
_LIMIT = 1 << 20  # bytes; a journal has a few hundred


class JournalFile:
    """The facts of one session that began, whatever the executor makes them.

    `mark` stands for what the session asks for (`mark_of`); "" when that is not known.
    """

    def __init__(self, path: Path, mark: str = "") -> None:
        self.path = path
        self._mark = mark

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last; None when nothing was, or (said in the log) nothing usable."""
        try:
            content = disk.read(self.path, _LIMIT)
            stored = json.loads(content[0]) if content else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            _LOGGER.warning(
                "The journal %s cannot be read and counts as none: %s", printable(self.path.name), error
            )
            return None
        facts = stored.get("facts") if isinstance(stored, dict) else None
        if not isinstance(stored, dict) or not isinstance(facts, dict):
            _LOGGER.warning("The journal %s holds no facts and counts as none", printable(self.path.name))
            return None
        if self._mark and stored.get("mark") not in ("", self._mark):
            _LOGGER.warning(
                "The journal %s is of a session that asked for something else and counts as none",
                printable(self.path.name),
            )
            return None
        return facts

    def save(self, facts: dict[str, Any]) -> None:
        """Replace the facts atomically and durably; StoreError when the disk refuses."""
        data = encoded(json.dumps({"mark": self._mark, "facts": facts}, ensure_ascii=False))
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

    def of(self, session_id: str, document: SessionDocument | None = None) -> JournalFile:
        """Return the journal of a session, whether it has facts yet or not."""
        return JournalFile(self._folder / f"{session_id}.json", mark_of(document) if document else "")

    def keep_only(self, session_ids: set[str]) -> None:
        """Forget the journals of all other sessions; call it once those that may go on are known."""
        try:
            stale = [path for path in self._folder.glob("*.json") if path.stem not in session_ids]
            for path in stale:
                path.unlink(missing_ok=True)
        except OSError as error:
            _LOGGER.warning("Old journals in %s cannot be removed: %s", printable(self._folder), error)


def mark_of(document: SessionDocument) -> str:
    """Return a hash of what a session asks for: its steps, not its schedule, its state or its results."""
    body = body_of(document.raw)
    asked = {key: value for key, value in body.items() if key not in _NOT_ASKED}
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
