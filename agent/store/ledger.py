"""Which submissions were taken, so that the same one arriving twice runs once, even days later.

The order that loses nothing: `record` the submission with the session id it will have, then write the session
file. A key found open (`Entry.outcome` empty) whose session is in no folder was interrupted between the two:
it is to be written now, not answered as a duplicate.

What makes two submissions the same is their `session_id`; without one, their `request_id` and content; with
neither, their content within `REDELIVERY`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent.clock import Clock
from agent.store import disk
from agent.store.errors import store_error
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

REDELIVERY = timedelta(seconds=10)  # a broker repeats what was not confirmed as soon as it is back

_VERSION = 2  # 1 had the telescope's id before each key
_READ_LIMIT = 16 << 20  # bytes
_UNNAMED = "body/"


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission that was taken. `outcome` is "" until the session ended.

    `ended_at` is None until then, and of sessions that ended before it was noted.
    """

    key: str
    session_id: str
    request_id: str
    body_hash: str
    at: datetime
    outcome: str = ""
    ended_at: datetime | None = None


class Ledger:
    """The submissions of one telescope: the newest `limit` of the last `keep`, plus every one still open."""

    def __init__(
        self, path: Path, clock: Clock, *, limit: int = 500, keep: timedelta = timedelta(days=7)
    ) -> None:
        self._path = path
        self._clock = clock
        self._limit = limit
        self._keep = keep
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] | None = None

    def find(self, key: str) -> Entry | None:
        """Return the entry of a submission, however it ended; None when it is new (or long forgotten)."""
        with self._lock:
            return self._loaded().get(key)

    def redelivered(self, body_hash: str) -> Entry | None:
        """Return the entry of the same content, named by nothing, that came a moment ago."""
        now = self._clock.now()
        with self._lock:
            same = (
                entry
                for entry in reversed(self._loaded().values())
                if entry.body_hash == body_hash and entry.key.startswith(_UNNAMED)
            )
            entry = next(same, None)
        return entry if entry is not None and abs(now - entry.at) <= REDELIVERY else None

    def by_session(self, session_id: str) -> Entry | None:
        """Return the newest entry that became this session."""
        with self._lock:
            return _newest(self._loaded(), session_id)

    def record(self, key: str, *, session_id: str, request_id: str = "", body_hash: str = "") -> Entry:
        """Remember a submission before its file is written; StoreError (nothing remembered) on a bad disk."""
        with self._lock:
            entry = Entry(key, session_id, request_id, body_hash, self._clock.now())
            entries = dict(self._loaded())
            entries.pop(key, None)
            self._save({**entries, key: entry})
            return entry

    def settle(self, session_id: str, outcome: str, *, ended_at: datetime) -> Entry | None:
        """Remember how and when the session of a submission ended; None when no open submission made it."""
        with self._lock:
            entry = _newest(self._loaded(), session_id)
            if entry is None or entry.outcome:
                return None
            settled = replace(entry, outcome=outcome, ended_at=ended_at)
            self._save({**self._loaded(), entry.key: settled})
            return settled

    def forget(self, key: str) -> None:
        """Drop a submission that was recorded but could not be stored."""
        with self._lock:
            entries = dict(self._loaded())
            if entries.pop(key, None) is not None:
                self._save(entries)

    def _loaded(self) -> dict[str, Entry]:
        if self._entries is None:
            self._entries = self._load()
        return self._entries

    def _load(self) -> dict[str, Entry]:
        try:
            content = disk.read(self._path, _READ_LIMIT)
            stored = json.loads(content[0]) if content else {}
            entries = [_entry(each) for each in stored["entries"]]
            if stored.get("version") == 1:
                entries = [replace(entry, key=entry.key.partition("/")[2]) for entry in entries]
            return {entry.key: entry for entry in entries}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise store_error(error, "read the ledger of submissions", self._path) from error
        except (ValueError, KeyError, TypeError, RecursionError):
            self._set_aside()
            return {}

    def _set_aside(self) -> None:
        try:
            kept = disk.move(self._path, self._path.parent, f"{self._path.stem}.broken{self._path.suffix}")
        except OSError as error:
            raise store_error(error, "set the broken ledger aside", self._path) from error
        _LOGGER.warning(
            "The ledger of submissions was not readable and is kept as %s; a new one begins, so a submission"
            " repeated from before now would run again",
            printable(kept.name),
        )

    def _save(self, entries: dict[str, Entry]) -> None:
        kept = self._bounded(entries)
        document = {"version": _VERSION, "entries": [_plain(entry) for entry in kept.values()]}
        try:
            self._path.parent.mkdir(exist_ok=True)
            disk.write(self._path, json.dumps(document, ensure_ascii=False, indent=1).encode())
        except OSError as error:
            raise store_error(error, "write the ledger of submissions", self._path) from error
        self._entries = kept

    def _bounded(self, entries: dict[str, Entry]) -> dict[str, Entry]:
        oldest = self._clock.now() - self._keep
        surplus = len(entries) - self._limit
        kept: dict[str, Entry] = {}
        for key, entry in entries.items():
            if entry.outcome and (entry.at < oldest or surplus > 0):
                surplus -= 1
                continue
            kept[key] = entry
        return kept


def body_hash(body: object) -> str:
    """Return a short hash of decoded JSON that does not depend on the order of keys."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def submission_key(session_id: str, request_id: str, digest: str, at: datetime) -> str:
    """Return what makes two submissions the same (see above); `digest` is the content's hash."""
    if session_id:
        return f"id/{session_id}"
    if request_id:
        return f"request/{request_id}/{digest}"
    return f"{_UNNAMED}{digest}/{at.isoformat()}"


def _newest(entries: dict[str, Entry], session_id: str) -> Entry | None:
    return next((entry for entry in reversed(entries.values()) if entry.session_id == session_id), None)


def _entry(stored: Mapping[str, Any]) -> Entry:
    at = datetime.fromisoformat(stored["at"])
    ended_at = datetime.fromisoformat(stored["ended_at"]) if stored.get("ended_at") else None
    if any(instant is not None and instant.tzinfo is None for instant in (at, ended_at)):
        raise ValueError("not an entry")
    return Entry(
        key=str(stored["key"]),
        session_id=str(stored["session_id"]),
        request_id=str(stored["request_id"]),
        body_hash=str(stored["body_hash"]),
        at=at,
        outcome=str(stored.get("outcome", "")),
        ended_at=ended_at,
    )


def _plain(entry: Entry) -> dict[str, Any]:
    ended_at = entry.ended_at.isoformat() if entry.ended_at else None
    return {**asdict(entry), "at": entry.at.isoformat(), "ended_at": ended_at}
