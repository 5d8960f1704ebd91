"""When a session may image: the rules' own judgement of the sky, computed once a session and night."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

from agent.conditions.moment import Sky
from agent.conditions.rule import SkyRule
from agent.conditions.rules.dawn import DawnRule
from agent.conditions.rules.moon_altitude import MoonAltitudeRule
from agent.conditions.rules.moon_illumination import MoonIlluminationRule
from agent.conditions.rules.sun_distance import SunDistanceRule
from agent.conditions.rules.twilight import TwilightRule
from agent.planner.request import Request
from agent.session.fields import OnLost
from agent.sky.nights import Interval, night_bounds, night_of, windows_where
from agent.targets import Site

_DAY = timedelta(days=1)
_WEEK = 7
_FARTHEST = 371  # nights: what does not come back within a year never does
_FOR_ALL = (TwilightRule, MoonAltitudeRule, MoonIlluminationRule)  # the same whatever the target is
_ALWAYS = (DawnRule, TwilightRule, SunDistanceRule)  # these end what runs, whatever it does about the others


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in which a session may image, and must have begun `begin_by`.

    `whole`: what does not fit as a whole may not begin, as the Sun comes near at the end.
    """

    start: datetime
    end: datetime
    begin_by: datetime
    whole: bool = False

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return (self.end - self.start).total_seconds()


def night_span(site: Site | None, night: date, zone: ZoneInfo) -> Interval:
    """Return the night of that evening: noon to noon, of the site's Sun or else of the clocks."""
    if site is not None:
        return night_bounds(site, night)
    noons = (datetime.combine(day, time(12), zone) for day in (night, night + _DAY))
    return Interval(*noons)


def windows_of(
    request: Request, site: Site | None, span: Interval, now: datetime | None = None
) -> tuple[Window, ...]:
    """Return when the session may image in a span, from `now` on; within its own times."""
    opens = max(one for one in (span.start, request.start, now) if one is not None)
    closes = min(span.end, request.end) if request.end is not None else span.end
    if opens >= closes:
        return ()
    clipped = (
        Window(max(one.start, opens), min(one.end, closes), min(one.begin_by, closes), one.whole)
        for one in _in_the_sky(request, site, span)
    )
    return tuple(one for one in clipped if one.start < one.end and one.start <= one.begin_by)


def first_room(
    request: Request, site: Site | None, span: Interval, after: datetime, least_s: float
) -> Window | None:
    """Return the first window in a span, from an instant on, that lasts so long."""
    windows = windows_of(request, site, span, after)
    return next((one for one in windows if one.seconds >= least_s), None)


def blocking(request: Request, site: Site | None, when: datetime) -> SkyRule | None:
    """Return the first rule of the sky that does not hold at an instant; None when all do."""
    if site is None:
        return None
    sky = sky_of(request, site)
    return next((rule for rule in request.conditions.sky if not rule.holds(sky, when)), None)


def never_holds(request: Request, site: Site, span: Interval) -> tuple[SkyRule, tuple[Interval, ...]] | None:
    """Return the rule that leaves nothing of a span, and what those before it left; None if something is."""
    left: tuple[Interval, ...] = (span,)
    sky = sky_of(request, site)
    for rule in _in_order(request.conditions.sky):
        before, left = left, _narrowed(rule, sky, left)
        if not left:
            return rule, before
    return None


def next_window(
    request: Request, site: Site | None, zone: ZoneInfo, after: datetime, least_s: float
) -> tuple[date, Window] | None:
    """Return the first night that begins at or after an instant in which it may image for that long."""
    return _next_window(request.in_the_sky, site, zone, after, least_s)


@lru_cache(maxsize=1024)  # each plan asks it again of each session that it leaves
def _next_window(
    request: Request, site: Site | None, zone: ZoneInfo, after: datetime, least_s: float
) -> tuple[date, Window] | None:
    first = night_of(max(after, request.start or after), site, zone)
    if site is None:
        window = _room(request, site, zone, first, least_s, after)
        return None if window is None else (first, window)
    return _next_night(request, site, zone, first, least_s, after)


def sky_of(request: Request, site: Site) -> Sky:
    """Return what the rules look at for a session."""
    return Sky(site, request.target, request.start or request.seen, request.sun_filter)


def _next_night(
    request: Request, site: Site, zone: ZoneInfo, first: date, least_s: float, after: datetime
) -> tuple[date, Window] | None:
    """Look night by night for a week, then week by week, and back to the first night of that week."""
    before = -1
    for days in (*range(_WEEK), *range(_WEEK, _FARTHEST, _WEEK)):
        if request.end is not None and night_span(site, first + days * _DAY, zone).start >= request.end:
            return None
        if _room(request, site, zone, first + days * _DAY, least_s, after) is None:
            before = days
            continue
        for day in range(before + 1, days + 1):
            night = first + day * _DAY
            window = _room(request, site, zone, night, least_s, after)
            if window is not None:
                return night, window
    return None


def _room(
    request: Request, site: Site | None, zone: ZoneInfo, night: date, least_s: float, after: datetime
) -> Window | None:
    return first_room(request, site, night_span(site, night, zone), after, least_s)


def _in_the_sky(request: Request, site: Site | None, span: Interval) -> Iterator[Window]:
    if site is None:
        yield Window(span.start, span.end, span.end)
        return
    sky, rules = sky_of(request, site), _in_order(request.conditions.sky)
    ignoring = request.conditions.on_lost is OnLost.IGNORE
    lasting = [rule for rule in rules if not ignoring or isinstance(rule, _ALWAYS)]
    runs = _all_hold(lasting, sky, span)
    guard = next((rule for rule in rules if isinstance(rule, SunDistanceRule)), None)
    for run in runs:
        whole = guard is not None and run.end < span.end and not guard.holds(sky, run.end)
        if not ignoring:
            yield Window(run.start, run.end, run.end, whole)
            continue
        for begin in _all_hold(rules, sky, run):
            yield Window(begin.start, run.end, begin.end, whole)


def _in_order(rules: Iterable[SkyRule]) -> list[SkyRule]:
    """The same for every target first: it leaves less to look at, and is known already."""
    return sorted(rules, key=lambda rule: not isinstance(rule, TwilightRule))


def _all_hold(rules: Iterable[SkyRule], sky: Sky, span: Interval) -> tuple[Interval, ...]:
    left: tuple[Interval, ...] = (span,)
    for rule in rules:
        left = _narrowed(rule, sky, left)
    return left


def _narrowed(rule: SkyRule, sky: Sky, left: Iterable[Interval]) -> tuple[Interval, ...]:
    if isinstance(rule, _FOR_ALL) and not sky.bright:
        sky = Sky(sky.site)  # computed once a night
    elif not isinstance(rule, DawnRule):
        sky = replace(sky, due=None)  # the others ask nobody when it may begin
    return tuple(part for one in left for part in _holding(rule, sky, one.start, one.end))


@lru_cache(maxsize=2048)
def _holding(rule: SkyRule, sky: Sky, start: datetime, end: datetime) -> tuple[Interval, ...]:
    return windows_where(partial(rule.holds, sky), start, end)
