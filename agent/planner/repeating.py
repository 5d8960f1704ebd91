"""The nights of a session that repeats: which is next, and the session that it is then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agent.conditions.sun_guard import first_dawn
from agent.reasons import Source
from agent.session.document import SessionDocument, body_of
from agent.session.fields import Weekday
from agent.session.sections import Repeat
from agent.session.times import session_zone, to_local
from agent.session.writing import OUTCOME_KEYS, Process
from agent.sky.altitudes import CIVIL
from agent.sky.ephemeris import sun
from agent.sky.nights import first_time
from agent.targets import Site

EVENING = time(18)  # local start of a child without a time, where dusk is not known
NIGHT_LIMIT = timedelta(hours=12)  # a child is made no later than this after its start, or its dawn
CHILD_LIFE = timedelta(hours=18)  # a child belongs to its night: without an end of its own it gets this one
_NOON = timedelta(hours=12)  # what starts before noon belongs to the evening before
_DAY = timedelta(days=1)
_NOT_INHERITED = OUTCOME_KEYS | {"request_id", "session_id", "expires_at"}


@dataclass(frozen=True, slots=True)
class Night:
    """One night of a repeated session: the date of its evening, and its start (aware UTC)."""

    evening: date
    start: datetime


def next_night(
    document: SessionDocument, zone: ZoneInfo, site: Site | None, now: datetime, last: date | None
) -> Night | None:
    """Return the first night after `last` that is not over; None when the repetition has ended."""
    repeat = document.repeat or Repeat()
    local = session_zone(document, zone)
    first = evening_of(now, local)
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


def evening_of(instant: datetime, zone: ZoneInfo) -> date:
    """Return the date of the evening whose night an instant belongs to, by the clocks of the zone."""
    return (instant.astimezone(zone) - _NOON).date()


def _is_over(start: datetime, now: datetime, site: Site | None) -> bool:
    if start > now:
        return False
    dawn = first_dawn(site, start, CIVIL) if site is not None else None
    return now >= (dawn or start + NIGHT_LIMIT)
