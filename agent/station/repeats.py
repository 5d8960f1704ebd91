"""Sessions that come back: for each night a dated child is made of the parent, which itself never runs.

One child is always made ahead, so that the queue shows it; the next one follows when that one's start has
passed. Which nights were made is remembered, so a night is made once, whatever happens to its child's file.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from agent.clock import Clock
from agent.planner.repeating import child_of, evening_of, next_night
from agent.session.problems import InvalidSessionError
from agent.session.times import session_zone
from agent.station.made import MadeOf
from agent.station.neighbours import Neighbours
from agent.station.state_file import StateFile
from agent.store.errors import StoreError
from agent.store.model import StoredSession
from agent.store.store import SessionStore
from agent.targets import Site

D = TypeVar("D", date, datetime)

_LOGGER = logging.getLogger(__name__)

_DAY = timedelta(days=1)
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_KEY = "repeats"


@dataclass(frozen=True, slots=True)
class _Made:
    """What is remembered of a session that repeats: its last night, that night's start, how many were made.

    `start` is None once the night may be made anew; what nobody can have written counts as not known.
    """

    last: date | None = None
    start: datetime | None = None
    count: int = 0

    @classmethod
    def read(cls, kept: object) -> _Made:
        """Return what a state file holds."""
        facts = kept if isinstance(kept, dict) else {}
        count = facts.get("made")
        return cls(
            _read(date, facts.get("last")),
            _read(datetime, facts.get("start")),
            max(0, count) if isinstance(count, int) else 0,
        )

    def kept(self) -> dict[str, Any]:
        """Return it as the state file holds it."""
        times = {"last": self.last, "start": self.start}
        return {"made": self.count, **{key: when.isoformat() for key, when in times.items() if when}}


class Repeats:
    """Owner of the repeated sessions of one station and of which of their nights were made."""

    def __init__(
        self,
        store: SessionStore,
        neighbours: Neighbours,
        state: StateFile,
        clock: Clock,
        zone: ZoneInfo,
        site: Site | None,
    ) -> None:
        self._store = store
        self._neighbours = neighbours
        self._made = MadeOf(state, _KEY, _Made.read)
        self._clock = clock
        self._zone = zone
        self._site = site
        self._parents: dict[str, StoredSession] = {}

    @property
    def parents(self) -> tuple[StoredSession, ...]:
        """The sessions that repeat."""
        return tuple(self._parents.values())

    def child_id(self, parent_id: str) -> str:
        """The child of a parent that was made last; "" when there is none."""
        last = self._made.of(parent_id).last
        return _child_id(parent_id, last) if last and parent_id in self._parents else ""

    async def take(self, stored: StoredSession) -> tuple[str, ...]:
        """Take a session that repeats, new or changed; return the ids of children that it replaces."""
        known = stored.session_id in self._parents
        self._parents[stored.session_id] = stored
        return await self._withdraw(stored.session_id) if known else ()

    async def drop(self, session_id: str) -> tuple[str, ...]:
        """Forget a session that repeats no more; return the ids of its children that were withdrawn."""
        if self._parents.pop(session_id, None) is None:
            return ()
        withdrawn = await self._withdraw(session_id)
        self._made.remember(session_id, None)
        return withdrawn

    def settle(self) -> None:
        """Every file was looked at: forget what is known of parents that are gone."""
        for session_id in self._made.parents() - set(self._parents):
            self._made.remember(session_id, None)

    async def make(self) -> list[StoredSession]:
        """Make the children whose turn it is."""
        made = []
        for parent in self.parents:
            try:
                child = await self._make(parent)
            except StoreError as error:
                _LOGGER.warning("The next night of %s cannot be stored yet: %s", parent.session_id, error)
                continue
            if child is not None:
                made.append(child)
        return made

    async def _make(self, parent: StoredSession) -> StoredSession | None:
        """Make the parent's next child, unless there is one ahead already or the nights are over."""
        made, now = self._made.of(parent.session_id), self._clock.now()
        repeat = parent.document.repeat
        if repeat is None or (made.start is not None and made.start > now):
            return None
        if repeat.times is not None and made.count >= repeat.times:
            return None
        night = next_night(parent.document, self._zone, self._site, now, made.last)
        if night is None:
            return None
        child_id = _child_id(parent.session_id, night.evening)
        child: StoredSession | None = None
        if not await asyncio.to_thread(self._exists, child_id):
            body = child_of(parent.document, night, session_zone(parent.document, self._zone))
            try:
                child = await asyncio.to_thread(self._store.add, child_id, body)
            except InvalidSessionError as error:
                _LOGGER.warning("Session %s cannot repeat on %s: %s", parent.session_id, night.evening, error)
        self._made.remember(parent.session_id, _Made(night.evening, night.start, made.count + 1))
        if child is not None:
            _LOGGER.info("Session %s was made for the night of %s", child.session_id, night.evening)
        return child

    def _exists(self, child_id: str) -> bool:
        there = self._neighbours
        return there.waits(child_id) or there.ended(child_id) is not None

    async def _withdraw(self, parent_id: str) -> tuple[str, ...]:
        """Take back the child that is still ahead; the night can then be made anew."""
        made = self._made.of(parent_id)
        if made.last is None or made.start is None or made.start <= self._clock.now():
            return ()
        child_id = _child_id(parent_id, made.last)
        try:
            await asyncio.to_thread(self._neighbours.withdraw, child_id)
        except StoreError as error:
            _LOGGER.info("Session %s is not taken back: %s", child_id, error)
            return ()
        last, tonight = made.last - _DAY, evening_of(self._clock.now(), self._zone)
        if last > tonight:  # the clock was set back
            last = tonight - _DAY
        self._made.remember(parent_id, _Made(last, None, max(0, made.count - 1)))
        return (child_id,)


def _child_id(parent_id: str, evening: date) -> str:
    return f"{parent_id}--{evening.isoformat()}"


def _read(kind: type[D], value: object) -> D | None:
    """Read a date, or an instant with its offset, that this agent can have written; else None."""
    try:
        read = kind.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if read is None or not _FIRST_YEAR <= read.year <= _LAST_YEAR:
        return None
    return None if isinstance(read, datetime) and read.tzinfo is None else read
