"""When things happen in the sky: nights, dark windows, rise, set and transit.

A night is named by the civil date of its evening and lasts from one mean solar noon to the next, so a
site whose time zone is set wrongly still has whole nights.
Nothing here raises because a body never rises or never sets: that is an ordinary answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache, partial
from zoneinfo import ZoneInfo

from agent.sky.altitudes import ASTRONOMICAL, CIVIL, NAUTICAL, SUNSET_ALTITUDE
from agent.sky.ephemeris import altitude, instants, sun
from agent.targets import Site, Target

_SCAN = timedelta(minutes=10)  # a crossing and its return inside ten minutes is of no use to anybody
_EXACT = timedelta(seconds=1)
_DAY = timedelta(days=1)
_DEGREES_PER_HOUR = 15.0  # of longitude


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time, both ends aware UTC."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return (self.end - self.start).total_seconds()

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class SunEvents:
    """The Sun during one night. None: it does not cross that altitude then."""

    sunset: datetime | None
    sunrise: datetime | None
    civil_dusk: datetime | None
    civil_dawn: datetime | None
    nautical_dusk: datetime | None
    nautical_dawn: datetime | None
    astronomical_dusk: datetime | None
    astronomical_dawn: datetime | None


@dataclass(frozen=True, slots=True)
class Culmination:
    """When a target stands highest in an interval (aware UTC), and how high, in degrees."""

    at: datetime
    highest: float


def night_bounds(site: Site, night: date) -> Interval:
    """Return the night of that evening: mean solar noon to mean solar noon."""
    civil_noon = datetime.combine(night, time(12), ZoneInfo(site.timezone)).astimezone(UTC)
    start = _mean_noon_near(site, civil_noon)
    return Interval(start, start + _DAY)


def night_of(instant: datetime, site: Site | None, zone: ZoneInfo) -> date:
    """Return the evening date of the night (noon to noon) that an aware instant belongs to.

    Noon is the site's mean solar noon; with no site it is noon on the clocks of `zone`.
    """
    first = instant.astimezone(zone if site is None else ZoneInfo(site.timezone)).date() - _DAY
    ends = (_end_of(night, site, zone) for night in (first, first + _DAY))
    return first + sum(instant >= end for end in ends) * _DAY


def next_solar_noon(now: datetime, site: Site | None, zone: ZoneInfo) -> datetime:
    """Return the instant (aware UTC) after `now` at which one night ends and the next begins."""
    return _end_of(night_of(now, site, zone), site, zone)


@lru_cache(maxsize=64)
def dark_window(site: Site, night: date, sun_below: float) -> Interval | None:
    """Return when the Sun is below that altitude in the night: None if never, noon to noon if always."""
    bounds = night_bounds(site, night)
    windows = windows_where(lambda instant: sun(site, instant).altitude < sun_below, bounds.start, bounds.end)
    return max(windows, key=lambda window: window.seconds, default=None)


@lru_cache(maxsize=64)
def sun_events(site: Site, night: date) -> SunEvents:
    """Return the Sun's crossings of the horizon and of the three twilights in the night."""
    bounds = night_bounds(site, night)
    found: list[datetime | None] = []
    for limit in (SUNSET_ALTITUDE, CIVIL, NAUTICAL, ASTRONOMICAL):
        window = dark_window(site, night, limit)
        found.append(window.start if window and window.start > bounds.start else None)
        found.append(window.end if window and window.end < bounds.end else None)
    return SunEvents(*found)


def coming_night(site: Site, now: datetime) -> date:
    """Return the night that lasts, or the one to come once its dawn is over."""
    night = night_of(now, site, ZoneInfo(site.timezone))
    dawn = sun_events(site, night).civil_dawn
    return night + _DAY if dawn is not None and now >= dawn else night


def next_sun_above(site: Site, instant: datetime, limit: float) -> datetime | None:
    """Return when the Sun next stands that high (`instant` if it does now), None if not within a day."""
    return first_time(lambda when: sun(site, when).altitude >= limit, instant, instant + _DAY)


@lru_cache(maxsize=64)
def windows_above(
    target: Target, site: Site, start: datetime, end: datetime, minimum: float
) -> tuple[Interval, ...]:
    """Return when the target stands at least at that altitude."""
    return windows_where(lambda instant: altitude(target, site, instant) >= minimum, start, end)


@lru_cache(maxsize=256)
def culmination(target: Target, site: Site, start: datetime, end: datetime) -> Culmination:
    """Return the target's highest point between two instants, exact to a second."""
    height = cache(partial(altitude, target, site))
    best = max(instants(start, end, _SCAN), key=height)
    low, high = max(start, best - _SCAN), min(end, best + _SCAN)
    while high - low > _EXACT:
        third = (high - low) / 3
        if height(low + third) < height(high - third):
            low += third
        else:
            high -= third
    middle = low + (high - low) / 2
    return Culmination(middle, height(middle))


def windows_where(holds: Callable[[datetime], bool], start: datetime, end: datetime) -> tuple[Interval, ...]:
    """Return when a condition holds between two instants, edges exact to a second."""
    windows = []
    opened: datetime | None = None
    previous = start
    for instant in instants(start, end, _SCAN):
        now = holds(instant)
        if now and opened is None:
            opened = start if instant == start else _edge(holds, previous, instant)
        elif not now and opened is not None:
            windows.append(Interval(opened, _edge(holds, previous, instant)))
            opened = None
        previous = instant
    if opened is not None and opened < end:
        windows.append(Interval(opened, end))
    return tuple(windows)


def first_time(holds: Callable[[datetime], bool], start: datetime, end: datetime) -> datetime | None:
    """Return the first instant from `start` to `end` at which the condition holds, exact to a second."""
    previous = start
    for instant in instants(start, end, _SCAN):
        if holds(instant):
            return start if instant == start else _edge(holds, previous, instant)
        previous = instant
    return None


def _edge(holds: Callable[[datetime], bool], before: datetime, after: datetime) -> datetime:
    """Return the instant between two at which the condition changes: the first one of the later kind."""
    changed = holds(after)
    while after - before > _EXACT:
        middle = before + (after - before) / 2
        if holds(middle) == changed:
            after = middle
        else:
            before = middle
    return after


def _end_of(night: date, site: Site | None, zone: ZoneInfo) -> datetime:
    if site is not None:
        return night_bounds(site, night).end
    return datetime.combine(night + _DAY, time(12), zone).astimezone(UTC)


def _mean_noon_near(site: Site, instant: datetime) -> datetime:
    """Return the mean solar noon (12 h by the site's longitude) nearest to the instant."""
    noon = datetime.combine(instant.date(), time(12), UTC) - timedelta(
        hours=site.longitude / _DEGREES_PER_HOUR
    )
    return noon + round((instant - noon) / _DAY) * _DAY
