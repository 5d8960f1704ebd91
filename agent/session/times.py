"""When a session may start, and when its window closes: local words turned into instants.

`date` and `time` are the wall clock of the session's `timezone`, else of the zone given. A time that the
clocks skip in spring is moved forward by the gap; of a time that comes twice in autumn the first one counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from agent.errors import Problem, warning
from agent.session.document import SessionDocument, body_of
from agent.session.problems import BadValueError

_DAY = timedelta(days=1)
_NOON = timedelta(hours=12)
_NOON_HOUR, _MORNING_HOUR = 12, 6  # from six in the morning on the coming night is the next one
_LATE = timedelta(minutes=5)  # a start this long ago is over, not merely due
_ZONE_HOURS = 3.5  # no land keeps a time further from its Sun's, summer time included
_JUST_OVER = timedelta(hours=3)  # what begins at once: in the morning one may prepare the next night
_LONG = timedelta(hours=20)  # from a start to an end time: longer than any night, so an end before the start
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


def session_zone(document: SessionDocument, zone: ZoneInfo) -> ZoneInfo:
    """Return the zone of the session's local times: its own `timezone`, else the one given."""
    return ZoneInfo(document.id_command.timezone) if document.id_command.timezone else zone


def start_instant(document: SessionDocument, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return the instant (UTC) before which the session does not start; None when it may start at once.

    A date alone means from its midnight on; a time alone means that time of the coming night, from `now` on,
    which is the moment the session was accepted (ask with the same `now` again for the same answer). In the
    night that lasts (noon to noon, until six in the morning) a time that has passed is over.
    """
    command = document.id_command
    return _instant(command.date, command.time, session_zone(document, zone), now, time.min)


def window_end(
    document: SessionDocument, zone: ZoneInfo, now: datetime, *, start: datetime | None = None
) -> datetime | None:
    """Return the instant (UTC) at which the session's window closes; None when it never does.

    A time alone means the next such time after the start; a date alone means the end of that day.
    `start` replaces the start of the document (a rescheduled or late session).
    """
    command = document.id_command
    if command.end_date is None and command.end_time is None:
        return None
    local = session_zone(document, zone)
    if command.end_date is not None:
        return _instant(command.end_date, command.end_time, local, now, None)
    begin = start or start_instant(document, zone, now) or now
    return None if command.end_time is None else _next(command.end_time, local, begin)


def capture_ends(document: SessionDocument, zone: ZoneInfo, begin: datetime) -> dict[str, datetime]:
    """Return when captures end by their own `end_time` (UTC), by section: the next one after `begin`."""
    local = session_zone(document, zone)
    sections = {"setup_camera": document.setup_camera, "setup_wide_camera": document.setup_wide_camera}
    return {
        key: _next(setup.end_time, local, begin)
        for key, setup in sections.items()
        if setup is not None and setup.end_time is not None
    }


def time_problems(document: SessionDocument, zone: ZoneInfo, now: datetime) -> list[Problem]:
    """Return what is wrong, or worth knowing, about the session's times."""
    command = document.id_command
    problems: list[Problem] = []
    for date_key, time_key in (("date", "time"), ("end_date", "end_time")):
        if isinstance(getattr(command, date_key), datetime) and getattr(command, time_key) is not None:
            path = f"/id_command/{time_key}"
            message = f"{date_key} already has a time of day; {time_key} is not used."
            problems.append(warning("time_twice", message, f"Delete {time_key}.", path=path))
    problems += _clock_changes(document, zone, now)
    problems += _almost_a_day(document, zone, now)
    local = session_zone(document, zone)
    start = start_instant(document, zone, now)
    end = window_end(document, zone, now)
    if start is not None and end is not None and end <= start:
        message = f"The window closes ({to_local(end, local)}) before it opens ({to_local(start, local)})."
        key = "end_date" if command.end_date else "end_time"
        problems.append(Problem("empty_window", message, "Move one of them.", path=f"/id_command/{key}"))
    elif end is not None and end <= now:
        message = f"Its window ({to_local(end, local)}) is over."
        key = "end_date" if command.end_date else "end_time"
        problems.append(warning("window_over", message, "Move date and time.", path=f"/id_command/{key}"))
    elif over := _captures_over(document, zone, start or now, now):
        problems.append(over)
    else:
        problems += _start_over(document, zone, start, now)
    return problems


def zone_problems(
    document: SessionDocument, zone: ZoneInfo, longitude: float, now: datetime
) -> list[Problem]:
    """Warn of local times in a zone that is hours away from where the telescope stands."""
    command, local = document.id_command, session_zone(document, zone)
    start = start_instant(document, zone, now) or now
    ends = (command.end_time, command.end_date, *capture_ends(document, zone, start))
    offset = start.astimezone(local).utcoffset()
    if offset is None or not any((command.date, command.time, *ends)):
        return []
    hours = (offset / timedelta(hours=1) - longitude / 15 + 12) % 24 - 12
    if abs(hours) <= _ZONE_HOURS:
        return []
    away = f"{abs(hours):.0f} hours from the time of longitude {longitude:g}"
    message = f"Its times are those of {local.key}, {away}."
    path = "/id_command/timezone" if command.timezone else ""
    return [warning("zone_far", message, "Check the time zone, and the site's longitude.", path)]


def read_instant(text: str, zone: tzinfo) -> datetime:
    """Return an instant (aware UTC) as a person writes it, local to the zone or with an offset.

    BadValueError for anything else, and for years that no session is meant for.
    """
    hint = "Write it as 2026-11-22T22:30:00, local time, or with an offset."
    try:
        read = datetime.fromisoformat(text.strip())
        instant = (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadValueError(f"{text[:40]!r} is not an instant.", hint=hint) from None
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise BadValueError(f"{text[:40]!r} lies too far away.", code="out_of_range", hint=hint)
    return instant


def moved_on(
    start: datetime, end: datetime | None, zone: ZoneInfo, now: datetime
) -> tuple[datetime, datetime | None]:
    """Return a window moved by the local days that bring its start past `now`; wall clocks stay."""
    days = 1
    while (moved := _days_later(start, days, zone)) <= now:
        days += 1
    return moved, None if end is None else _days_later(end, days, zone)


def local_words(instant: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """Return an instant as local date and time; one that comes twice as a date with its offset."""
    local = instant.astimezone(zone)
    if local.fold:
        return local.isoformat(timespec="seconds"), ""
    day, _, clock = to_local(instant, zone).partition(" ")
    return day, clock


def to_local(instant: datetime, zone: tzinfo) -> str:
    """Return an instant as session files write it: local `YYYY-MM-DD HH:MM:SS`."""
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _instant(
    day: date | None, clock: time | None, zone: ZoneInfo, now: datetime, default: time | None
) -> datetime | None:
    """Combine a date and a time of day; a default of None stands for the end of the day."""
    if isinstance(day, datetime):
        return (day if day.tzinfo else day.replace(tzinfo=zone)).astimezone(UTC)
    if day is None and clock is None:
        return None
    here = clock.tzinfo if clock is not None and clock.tzinfo else zone
    if day is None and clock is not None and default is not None:
        return _tonight(clock, here, now)
    day = day or now.astimezone(here).date()
    if clock is None and default is None:
        clock, day = time.min, day + _DAY
    return datetime.combine(day, clock or time.min, here).astimezone(UTC)


def _tonight(clock: time, zone: tzinfo, now: datetime) -> datetime:
    """Return that time of the coming night: the next one, or what has passed in a night that lasts."""
    local = now.astimezone(zone)
    evening = (local - _NOON).date()  # nights go from noon to noon
    day = evening + (_DAY if clock.hour < _NOON_HOUR else timedelta(0))
    over = datetime.combine(day, clock, zone) < now
    if over and _MORNING_HOUR <= local.hour < _NOON_HOUR:
        day += _DAY
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _next(clock: time, zone: ZoneInfo, begin: datetime) -> datetime:
    """Return the next instant at which clocks show that time."""
    here = clock.tzinfo or zone
    day = begin.astimezone(here).date()
    candidates = (datetime.combine(day + days * _DAY, clock, here).astimezone(UTC) for days in (0, 1, 2))
    return next(instant for instant in candidates if instant > begin)


def _days_later(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the same time of day, so many local days later."""
    local = instant.astimezone(zone)
    return (local.replace(tzinfo=None, fold=0) + days * _DAY).replace(tzinfo=zone).astimezone(UTC)


def _captures_over(
    document: SessionDocument, zone: ZoneInfo, begin: datetime, now: datetime
) -> Problem | None:
    """Warn of captures that all had to end before now: nothing of the session would be run."""
    ends = capture_ends(document, zone, begin)
    cameras = [one for one in (document.setup_camera, document.setup_wide_camera) if one is not None]
    if not ends or len(ends) < len(cameras) or max(ends.values()) > now or document.repeat is not None:
        return None
    key = max(ends, key=ends.__getitem__)
    message = (
        f"The end time of its last capture ({to_local(ends[key], session_zone(document, zone))}) is over."
    )
    return warning("window_over", message, "Move date and time.", path=f"/{key}/end_time")


def _start_over(
    document: SessionDocument, zone: ZoneInfo, start: datetime | None, now: datetime
) -> Iterator[Problem]:
    """Warn of a start that is over; one that began before, or comes back on other nights, had its start."""
    command = document.id_command
    if start is None or start >= now:
        return
    if command.date is None:
        message = f"{command.time} is over in this night, so the session starts as soon as it can."
        yield warning("time_over", message, "Add a date to start later.", path="/id_command/time")
        return
    ended = "result_details" in body_of(document.raw)
    begun = not ended and str(command.starting_date or "") > str(command.processed_date or "")
    if now - start < _LATE or document.repeat is not None or begun:
        return
    message = f"Its start ({to_local(start, session_zone(document, zone))}) is over."
    otherwise = "It starts as soon as it can, unless when_missed in the configuration differs."
    hint = "" if command.when_missed else otherwise
    yield warning("start_over", message, hint, path="/id_command/date")


def _almost_a_day(document: SessionDocument, zone: ZoneInfo, now: datetime) -> Iterator[Problem]:
    """Warn of end times that stand a little before the start, and so mean those of the next day."""
    command = document.id_command
    start = start_instant(document, zone, now)
    if start is not None and command.time is None and not isinstance(command.date, datetime):
        return
    begin, least = (start, _LONG) if start is not None else (now, _DAY - _JUST_OVER)
    ends = capture_ends(document, zone, begin)
    window = window_end(document, zone, now)
    if command.end_date is None and window is not None:
        ends["id_command"] = window
    for key, end in ends.items():
        if end - begin < least:
            continue
        hours, minutes = divmod(round((end - begin) / timedelta(minutes=1)), 60)
        message, hint = f"It comes {hours} h {minutes:02d} min after the start.", "Check both times."
        if start is None:
            ago = (_DAY - (end - now)) / timedelta(minutes=1)
            local = to_local(end, session_zone(document, zone))
            message = f"It was over {ago:.0f} min ago, so it is that of the next day: {local}."
            hint = "Move end_time, if that is not meant."
        yield warning("end_far", message, hint, path=f"/{key}/end_time")


def _clock_changes(document: SessionDocument, zone: ZoneInfo, now: datetime) -> Iterator[Problem]:
    """Warn of local times that the clocks skip, or that come twice, each on the day it is for."""
    command, local = document.id_command, session_zone(document, zone)
    start = start_instant(document, zone, now)
    end = window_end(document, zone, now)
    yield from _clock_change(
        command.date or now.astimezone(local).date(), command.time, local, "/id_command", "date", "time"
    )
    if end is not None:
        day = command.end_date or end.astimezone(local).date()
        yield from _clock_change(day, command.end_time, local, "/id_command", "end_date", "end_time")
    for key, until in capture_ends(document, zone, start or now).items():
        clock: time | None = getattr(document, key).end_time
        yield from _clock_change(until.astimezone(local).date(), clock, local, f"/{key}", "", "end_time")


def _clock_change(
    day: date, clock: time | None, zone: ZoneInfo, section: str, date_key: str, time_key: str
) -> Iterator[Problem]:
    local, key = _naive_local(day, clock), date_key if isinstance(day, datetime) else time_key
    if local is None:
        return
    here = local.replace(tzinfo=zone)
    shown, path = local.isoformat(" "), f"{section}/{key}"
    later = here.astimezone(UTC).astimezone(zone)
    if later.replace(tzinfo=None) != local:
        message = f"The clocks skip {shown}; {later.time().isoformat()} is used."
        yield warning("clock_gap", message, path=path)
    elif here.utcoffset() != here.replace(fold=1).utcoffset():
        yield warning("clock_fold", f"{shown} comes twice that night; the first one is used.", path=path)


def _naive_local(day: date, clock: time | None) -> datetime | None:
    if isinstance(day, datetime):
        return None if day.tzinfo else day
    return None if clock is None or clock.tzinfo else datetime.combine(day, clock)
