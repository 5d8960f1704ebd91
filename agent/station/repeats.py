"""Sessions that come back: for each night a dated child is made of the parent, which itself never runs.

One child is always made ahead, so that the queue shows it; the next one follows when that one's start has
passed. Which nights were made is remembered, so a night is made once, whatever happens to its child's file.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from agent.clock import Clock
from agent.conditions.sun_guard import first_dawn
from agent.events import Source
from agent.session.document import SessionDocument, body_of
from agent.session.fields import Weekday
from agent.session.problems import InvalidSessionError
from agent.session.sections import Repeat
from agent.session.times import session_zone, to_local
from agent.session.writing import OUTCOME_KEYS, Process
from agent.sky.ephemeris import sun
from agent.sky.nights import CIVIL, first_time
from agent.station.made import MadeOf
from agent.station.neighbours import Neighbours
from agent.station.state_file import StateFile
from agent.store.errors import StoreError
from agent.store.model import StoredSession
from agent.store.store import SessionStore
from agent.targets import Site

D = TypeVar("D", date, datetime)

_LOGGER = logging.getLogger(__name__)

EVENING = time(18)  # local start of a child without a time, where dusk is not known
NIGHT_LIMIT = timedelta(hours=12)  # a child is made no later than this after its start, or its dawn
CHILD_LIFE = timedelta(hours=18)  # a child belongs to its night: without an end of its own it gets this one
_NOON = timedelta(hours=12)  # what starts before noon belongs to the evening before
_DAY = timedelta(days=1)
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_KEY = "repeats"
_NOT_INHERITED = OUTCOME_KEYS | {"request_id", "session_id", "expires_at"}


@dataclass(frozen=True, slots=True)
class Night:
    """One night of a repeated session: the date of its evening, and its start (aware UTC)."""

    evening: date
    start: datetime


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
        last, tonight = made.last - _DAY, _evening(self._clock.now(), self._zone)
        if last > tonight:  # the clock was set back
            last = tonight - _DAY
        self._made.remember(parent_id, _Made(last, None, max(0, made.count - 1)))
        return (child_id,)


def next_night(
    document: SessionDocument, zone: ZoneInfo, site: Site | None, now: datetime, last: date | None
) -> Night | None:
    """Return the first night after `last` that is not over; None when the repetition has ended."""
    repeat = document.repeat or Repeat()
    local = session_zone(document, zone)
    first = _evening(now, local)
    if document.id_command.date is not None:
        first = max(first, _first_evening(document))
    if last is not None:
        first = max(first, last + _DAY)
    days = {list(Weekday).index(day) for day in repeat.days} or set(range(7))
    for evening in (first + n * _DAY for n in range(8)):  # the eighth: tonight may be the one day, and over
        if repeat.until_date is not None and evening > repeat.until_date:
            return None
        if evening.weekday() not in days:
            continue
        start = _start(document, evening, local, site)
        if not _is_over(start, now, site):
            return Night(evening, start)
    return None


def child_of(document: SessionDocument, night: Night, zone: ZoneInfo) -> dict[str, Any]:
    """Return the parent's session for that night, without its repetition and without what became of it."""
    body: dict[str, Any] = dict(body_of(document.raw))
    for key in ("repeat", "result_details"):
        body.pop(key, None)
    id_command = {k: v for k, v in body["id_command"].items() if k not in _NOT_INHERITED}
    if document.id_command.date is not None and document.id_command.end_date is not None:
        shift = night.evening - _first_evening(document)
        end = document.id_command.end_date + shift
        id_command["end_date"] = end.isoformat()
    if document.id_command.end_date is None and document.id_command.end_time is None:
        end_day, _, end_clock = to_local(night.start + CHILD_LIFE, zone).partition(" ")
        id_command |= {"end_date": end_day, "end_time": end_clock}
    here = night.start.astimezone(zone)
    day, _, clock = to_local(night.start, zone).partition(" ")
    if here.fold:
        day, clock = here.isoformat(timespec="seconds"), ""
    id_command |= {"date": day, "time": clock, "process": Process.WAIT.value, "source": Source.REPEAT.value}
    return {"command": {**body, "id_command": id_command}}


def _start(document: SessionDocument, evening: date, zone: ZoneInfo, site: Site | None) -> datetime:
    """The start of that night's child: the session's own time of day, else dusk, else early evening."""
    clock = _time_of_day(document)
    if clock is not None:
        day = evening if clock.hour >= 12 else evening + _DAY
        return datetime.combine(day, clock, clock.tzinfo or zone).astimezone(UTC)
    noon = datetime.combine(evening, time(12), zone).astimezone(UTC)
    dusk = None
    if site is not None:
        dusk = first_time(lambda when: sun(site, when).altitude < CIVIL, noon, noon + _NOON)
    return dusk or datetime.combine(evening, EVENING, zone).astimezone(UTC)


def _time_of_day(document: SessionDocument) -> time | None:
    day, clock = document.id_command.date, document.id_command.time
    return day.timetz() if isinstance(day, datetime) else clock


def _first_evening(document: SessionDocument) -> date:
    """The evening of the session's own date."""
    day, clock = document.id_command.date, _time_of_day(document)
    assert day is not None
    if isinstance(day, datetime):
        return (day - _NOON).date()
    return day - _DAY if clock is not None and clock.hour < 12 else day


def _evening(instant: datetime, zone: ZoneInfo) -> date:
    return (instant.astimezone(zone) - _NOON).date()


def _is_over(start: datetime, now: datetime, site: Site | None) -> bool:
    if start > now:
        return False
    dawn = first_dawn(site, start, CIVIL) if site is not None else None
    return now >= (dawn or start + NIGHT_LIMIT)


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
