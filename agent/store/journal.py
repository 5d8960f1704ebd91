"""What a running session must remember to survive the agent's death: one small file per session.

A journal belongs to what a session asks for, not to its name: frames taken for one target are never credited
to another that took over the file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.capabilities import Camera
from agent.clock import aware_instant
from agent.session.document import SessionDocument, body_of
from agent.session.jsontext import MAX_BYTES
from agent.session.writing import encoded, to_bytes
from agent.store import disk
from agent.store.documents import session_id_of
from agent.store.errors import store_error
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

_COPY = ".session"  # beside the journal: the session as it was when it was taken to Current/
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_NOT_ASKED = frozenset({"id_command", "result_details"})
_VERSION = 1  # a file without one is of the time before there were versions, and reads the same
_LIMIT = 1 << 20  # bytes; a journal has a few hundred


class JournalFile:
    """The facts of one session that began: what `agent.execute.journal` keeps, and whatever else is added.

    `mark` stands for what the session asks for (`mark_of`); "" when that is not known.
    """

    def __init__(self, path: Path, mark: str = "") -> None:
        self.path = path
        self._mark = mark

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last; None when nothing was, or (said in the log) nothing usable.

        What the journals of all versions share has the shape it was saved in, whatever the file went through.
        """
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
        return _sound(facts)

    def save(self, facts: dict[str, Any]) -> None:
        """Replace the facts atomically and durably; StoreError when the disk refuses."""
        data = encoded(
            json.dumps({"version": _VERSION, "mark": self._mark, "facts": facts}, ensure_ascii=False)
        )
        try:
            disk.make_folder(self.path.parent)
            disk.write(self.path, data)
        except OSError as error:
            raise store_error(error, "write the session's journal", self.path) from error

    def clear(self) -> None:
        """Forget the facts, and the copy of the session beside them; StoreError when the disk refuses."""
        try:
            self.path.unlink(missing_ok=True)
            _copy_of(self.path).unlink(missing_ok=True)
        except OSError as error:
            raise store_error(error, "remove the session's journal", self.path) from error


class Journals:
    """The journals of one telescope's sessions, in one hidden folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, session_id: str, document: SessionDocument | None = None) -> JournalFile:
        """Return the journal of a session, whether it has facts yet or not."""
        return JournalFile(self._folder / f"{session_id}.json", mark_of(document) if document else "")

    def keep_copy(self, session_id: str, document: SessionDocument) -> None:
        """Keep a session a second time before it begins; StoreError when the disk refuses.

        A power cut on a memory card can spoil the file itself.
        """
        path = _copy_of(self.of(session_id).path)
        try:
            disk.make_folder(path.parent)
            disk.write(path, to_bytes(document.raw))
        except OSError as error:
            raise store_error(error, "keep a copy of the session", path) from error

    def copy(self, session_id: str) -> bytes | None:
        """Return the copy of a session that began; None when there is none that can be read."""
        try:
            read = disk.read(_copy_of(self.of(session_id).path), MAX_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            _LOGGER.warning("The copy of session %s cannot be read: %s", session_id, error)
            return None
        return read[0] if read else None

    def drop_copy(self, session_id: str) -> None:
        """Forget the copy of a session that waits again; what cannot be removed is, at the next start."""
        with contextlib.suppress(OSError):
            _copy_of(self.of(session_id).path).unlink(missing_ok=True)

    def begun(self, name: str) -> str:
        """Return the id of the session that a file in Current/ is: it may have had to take another name."""
        session_id = session_id_of(name)
        base, _ = disk.split_number(session_id)
        copied = self.copied()
        if session_id in copied:
            return session_id
        if base in copied:
            return base
        numbered = [one for one in copied if disk.split_number(one)[0] == base]  # its own id was taken then
        return numbered[0] if len(numbered) == 1 else session_id

    def copied(self) -> set[str]:
        """Return the ids of the sessions that have a copy: they began, and neither ended nor wait again."""
        return {path.name.removesuffix(_COPY) for path in self._folder.glob(f"*{_COPY}")}

    def left_open(self) -> list[JournalFile]:
        """Return the journals that say that a capture is open."""
        files = [JournalFile(path) for path in sorted(self._folder.glob("*.json"))]
        return [file for file in files if "capture" in (file.load() or {})]

    def keep_only(self, session_ids: set[str]) -> None:
        """Forget the journals of all other sessions; call it once those that may go on are known."""
        try:
            stale = [path for path in self._folder.glob("*.json") if path.stem not in session_ids]
            stale += [_copy_of(self.of(name).path) for name in self.copied() - session_ids]
            for path in stale:
                path.unlink(missing_ok=True)
        except OSError as error:
            _LOGGER.warning("Old journals in %s cannot be removed: %s", printable(self._folder), error)


def instant_in(facts: Mapping[str, Any] | None, key: str) -> datetime | None:
    """Return the instant (aware) that a journal holds under a key; None when it holds none."""
    instant = aware_instant(facts.get(key) if facts else None)
    return instant if instant is not None and _FIRST_YEAR <= instant.year <= _LAST_YEAR else None


def _sound(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts without what nobody can have saved."""
    kept = dict(facts)
    if "started_at" in kept and instant_in(kept, "started_at") is None:
        del kept["started_at"]
    if "capture" in kept:
        capture = kept.pop("capture")
        if isinstance(capture, dict) and _camera(capture.get("camera")) and instant_in(capture, "started_at"):
            kept["capture"] = _counts(capture)
    if "frames" in kept:
        frames = kept.pop("frames")
        cameras = frames.items() if isinstance(frames, dict) else ()
        kept["frames"] = {
            camera: _counts(count) for camera, count in cameras if _camera(camera) and isinstance(count, dict)
        }
    return kept


def _camera(value: object) -> bool:
    return isinstance(value, str) and value in set(Camera)


def _counts(facts: dict[str, Any]) -> dict[str, Any]:
    wrong = {key for key in ("taken", "stacked") if key in facts and not _is_count(facts[key])}
    return {key: value for key, value in facts.items() if key not in wrong}


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _copy_of(journal: Path) -> Path:
    return journal.with_name(journal.name.removesuffix(".json") + _COPY)


def mark_of(document: SessionDocument) -> str:
    """Return a hash of what a session asks for: its steps, not its schedule, its state or its results."""
    body = body_of(document.raw)
    asked = {key: value for key, value in body.items() if key not in _NOT_ASKED}
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
