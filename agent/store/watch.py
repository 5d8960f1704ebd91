"""Looking at ToDo/: which files are new, changed, gone, not whole yet, or broken. Reads only what changed."""

from __future__ import annotations

import itertools
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from pathlib import Path

from agent.clock import Clock
from agent.store.disk import Stamp
from agent.store.documents import Content, ContentReader, kind_of
from agent.store.errors import store_error
from agent.store.folders import is_conflict_copy, is_list_name, is_session_name
from agent.text import printable

_LOGGER = logging.getLogger(__name__)

_TOLD_LIMIT = 1000  # names remembered as mentioned in the log
_LISTED_FOR_S = (
    2.0  # while there is more to read: listing a folder of thousands takes as long as reading some
)
_STATS_PER_LOOK = 1000  # known files whose times are asked for at each look, in turn; keeps a look near 10 ms


class _State(Enum):
    WAITING = auto()
    SETTLED = auto()


@dataclass(slots=True)
class _Look:
    """One file as last seen: since when (monotonic seconds) it has been like this, and what became of it."""

    stamp: Stamp
    since: float
    state: _State = _State.WAITING
    digest: bytes = b""
    patience: float | None = None
    turn: int = field(default_factory=itertools.count().__next__)


@dataclass(frozen=True, slots=True)
class Found:
    """A file with its content, as just read."""

    name: str
    stamp: Stamp
    content: Content


@dataclass(slots=True)
class Findings:
    """What one pass found. `usable` are new or changed sessions, `broken` files whose time is up."""

    usable: list[Found] = field(default_factory=list)
    broken: list[Found] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    more: bool = False


class Watch:
    """Remembers every file of one folder by its stamp."""

    def __init__(self, folder: Path, clock: Clock, reader: ContentReader) -> None:
        self._folder = folder
        self._clock = clock
        self._reader = reader
        self._looks: dict[str, _Look] = {}
        self._told: set[str] = set()
        self._round = 0
        self._listed_at = 0.0
        self._unread: deque[str] = deque()  # of the last listing
        self._waiting: list[str] = []  # of what was looked at since

    def look(self, limit: int | None) -> Findings:
        """Look at every file, read at most `limit` new ones; StoreError when the folder is not there."""
        findings, now = Findings(), self._clock.monotonic()
        if limit is None or not self._unread or now - self._listed_at >= _LISTED_FOR_S:
            stamps = self._list()
            findings.gone = [name for name in self._looks if name not in stamps]
            for name in findings.gone:
                del self._looks[name]
            self._unread = deque(sorted(self._unsettled(stamps)))
            self._waiting, self._listed_at = [], now
        budget = len(self._unread) if limit is None else limit
        while self._unread and budget > 0:
            name = self._unread.popleft()
            stamp = self._stat(name, (self._folder / name).lstat)
            budget -= 0 if stamp is None else self._look_at(name, stamp, now, findings)
        self._waiting += findings.waiting
        findings.waiting, findings.more = list(self._waiting), bool(self._unread)
        return findings

    def note(self, name: str, stamp: Stamp, digest: bytes) -> None:
        """Take a file that we wrote as known."""
        self._looks[name] = _Look(stamp, self._clock.monotonic(), _State.SETTLED, digest)

    def forget(self, name: str) -> None:
        """Take a file that we moved away as never seen."""
        self._looks.pop(name, None)

    def leave(self, found: Found) -> None:
        """Do not look at a file again until it changes."""
        self.note(found.name, found.stamp, b"")

    def postpone(self, found: Found, seconds: float) -> None:
        """Find a file again as it was just found, once this long has passed."""
        now = self._clock.monotonic()
        self._looks[found.name] = _Look(found.stamp, now, patience=max(seconds, found.content.patience))

    def _list(self) -> dict[str, Stamp]:
        """List the folder. New and replaced files show at once, files changed in place at their turn."""
        stamps: dict[str, Stamp] = {}
        looks = self._looks
        rounds = len(looks) // _STATS_PER_LOOK + 1
        self._round = (self._round + 1) % rounds
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    look = looks.get(entry.name)
                    if (
                        look is not None
                        and look.state is _State.SETTLED
                        and look.turn % rounds != self._round
                        and look.stamp.inode == entry.inode()
                    ):
                        stamps[entry.name] = look.stamp
                    elif is_session_name(entry.name) or is_list_name(entry.name):
                        stamp = self._stat(entry.name, partial(entry.stat, follow_symlinks=False))
                        if stamp is not None:
                            stamps[entry.name] = stamp
                    elif not entry.name.startswith(".") and entry.name not in self._told:
                        self._mention(entry.name)
        except OSError as error:
            raise store_error(error, "look for sessions", self._folder) from error
        return stamps

    def _stat(self, name: str, ask: Callable[[], os.stat_result]) -> Stamp | None:
        """Return a file's stamp, the last one where it cannot be seen now; None when it is gone."""
        try:
            return Stamp.of(ask())
        except FileNotFoundError:
            return None
        except OSError as error:
            look = self._looks.get(name)
            if look is None and name not in self._told:
                self._told.add(name)
                _LOGGER.warning("Cannot look at %s: %s", printable(name), error)
            return look.stamp if look is not None else None

    def _mention(self, name: str) -> None:
        if len(self._told) < _TOLD_LIMIT:
            self._told.add(name)
            if is_conflict_copy(name):
                message = "%s in %s is left alone: it is a sync tool's copy of a session that changed twice"
                _LOGGER.warning(message, printable(name), self._folder.name)
            elif known := kind_of(self._folder / name):
                message = "%s in %s is left alone: %s"
                _LOGGER.warning(message, printable(name), self._folder.name, known.problem())
            else:
                message = "%s in %s is left alone: sessions end in .json"
                _LOGGER.info(message, printable(name), self._folder.name)

    def _unsettled(self, stamps: dict[str, Stamp]) -> Iterable[str]:
        looks = self._looks
        for name, stamp in stamps.items():
            look = looks.get(name)
            if look is None or look.state is not _State.SETTLED or look.stamp != stamp:
                yield name

    def _look_at(self, name: str, stamp: Stamp, now: float, findings: Findings) -> int:
        """Look at one file; return 1 when it was read, 0 when a known wait merely goes on."""
        look = self._looks.get(name)
        if look is None:
            look = self._looks[name] = _Look(stamp, now)
        elif look.stamp != stamp:
            look.stamp, look.since, look.state, look.patience = stamp, now, _State.WAITING, None
        elif look.patience is not None and now - look.since < look.patience:
            findings.waiting.append(name)
            return 0
        try:
            content = self._reader.read(self._folder / name, stamp)
        except FileNotFoundError:
            return 1
        if content is None:
            look.since, look.patience = now, None
            findings.waiting.append(name)
        elif content.strange:
            look.state = _State.SETTLED
            if name not in self._told:
                self._mention(name)
        elif content.usable:
            look.state = _State.SETTLED
            if content.digest != look.digest:
                findings.usable.append(Found(name, stamp, content))
            look.digest = content.digest
        elif now - look.since >= content.patience:
            findings.broken.append(Found(name, stamp, content))
        else:
            look.patience = content.patience
            findings.waiting.append(name)
        return 1
