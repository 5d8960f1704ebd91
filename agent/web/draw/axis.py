"""The axes of a night: time to the right, altitude up, both as fractions of the drawing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

from agent.sky.ephemeris import CurvePoint, altitude_curve, sun
from agent.sky.horizon import HorizonMask
from agent.sky.nights import Interval, SunEvents
from agent.targets import Site, Target

TOP = 96.0  # degrees at the upper edge: a target in the zenith keeps its label
STEP = timedelta(minutes=5)
_HOUR = timedelta(hours=1)
_VISIBLE = -4.0  # degrees


@dataclass(frozen=True, slots=True)
class Axis:
    """From when to when is drawn."""

    start: datetime
    end: datetime

    def x(self, at: datetime) -> float:
        """How far to the right an instant is, in percent."""
        return 100.0 * (at - self.start) / (self.end - self.start)

    def clipped(self, span: Interval) -> Interval | None:
        """What of a stretch of time is drawn."""
        start, end = max(span.start, self.start), min(span.end, self.end)
        return Interval(start, end) if start < end else None

    def hours(self, zone: ZoneInfo) -> Iterator[datetime]:
        """The full hours of the local clock."""
        first = self.start.astimezone(zone).replace(minute=0, second=0, microsecond=0)
        at = first.astimezone(UTC)  # steps on the local clock would miss the hour that comes twice
        while at <= self.end:
            if at >= self.start:
                yield at.astimezone(zone)
            at += _HOUR


def y(altitude: float) -> float:
    """How far down an altitude is, in percent."""
    return 100.0 * (1 - altitude / TOP)


def night_axis(sun_events: SunEvents, bounds: Interval, blocks: Sequence[Interval]) -> Axis:
    """From civil dusk to civil dawn, else from sunset to sunrise, else all of it; widened to every block."""
    start = sun_events.civil_dusk or sun_events.sunset or bounds.start
    end = sun_events.civil_dawn or sun_events.sunrise or bounds.end
    margin = timedelta(minutes=10)
    for block in blocks:
        start = min(start, max(block.start, bounds.start) - margin)
        end = max(end, min(block.end, bounds.end) + margin)
    return Axis(start, end)


@lru_cache(maxsize=24)
def curve(target: Target, site: Site, axis: Axis) -> tuple[CurvePoint, ...]:
    """A target's way over the whole axis."""
    return altitude_curve(target, site, axis.start, axis.end, STEP)


@lru_cache(maxsize=24)
def way(target: Target, site: Site, axis: Axis) -> str:
    """The same as a path, drawn a little below the edge, so that it leaves it at its own angle."""
    points = curve(target, site, axis)
    return path([(axis.x(one.instant), y(one.altitude)) for one in points if one.altitude > _VISIBLE])


@lru_cache(maxsize=24)
def usable_way(
    target: Target, site: Site, axis: Axis, lowest: float, mask: HorizonMask | None, sun_below: float
) -> str:
    """The parts of it above an altitude and the horizon while the Sun is low enough."""
    points = zip(curve(target, site, axis), sun_altitudes(site, axis), strict=True)
    parts = groupby(points, key=lambda pair: pair[1] < sun_below and _above(pair[0], lowest, mask))
    return "".join(
        path([(axis.x(one.instant), y(one.altitude)) for one, _ in group])
        for usable, group in parts
        if usable
    )


def _above(point: CurvePoint, lowest: float, mask: HorizonMask | None) -> bool:
    edge = mask.altitude_at(point.azimuth) if mask is not None else 0.0
    return point.altitude >= max(lowest, edge, 0.0)


@lru_cache(maxsize=24)
def ground(target: Target, site: Site, axis: Axis, level: float, mask: HorizonMask | None) -> str:
    """What stands below its way: the horizon there, or a level one, as a path that is closed."""
    edge = [
        (axis.x(one.instant), y(max(0.0, mask.altitude_at(one.azimuth) if mask is not None else level)))
        for one in curve(target, site, axis)
    ]
    return path([(-1.0, 102.0), (-1.0, edge[0][1]), *edge, (101.0, edge[-1][1]), (101.0, 102.0)]) + "Z"


@lru_cache(maxsize=8)
def sun_altitudes(site: Site, axis: Axis) -> tuple[float, ...]:
    """The Sun's altitude at the points of every curve."""
    return tuple(point.altitude for point in curve_of_sun(site, axis))


def curve_of_sun(site: Site, axis: Axis) -> Iterator[CurvePoint]:
    """The Sun's way over the axis, with the same points as a target's."""
    at = axis.start
    while at < axis.end:
        place = sun(site, at)
        yield CurvePoint(at, place.altitude, place.azimuth)
        at += STEP
    place = sun(site, axis.end)
    yield CurvePoint(axis.end, place.altitude, place.azimuth)


def altitude_at(points: Sequence[CurvePoint], at: datetime) -> float:
    """The altitude of a curve at an instant, between its points."""
    later = bisect_right(points, at, key=lambda one: one.instant)
    if not 0 < later < len(points):
        return points[0].altitude if at < points[0].instant else points[-1].altitude
    before, after = points[later - 1], points[later]
    part = (at - before.instant) / (after.instant - before.instant)
    return before.altitude + part * (after.altitude - before.altitude)


def path(points: Sequence[tuple[float, float]]) -> str:
    """An SVG path through points in percent, on a drawing of 1000 × 1000."""
    return "M" + "L".join(f"{10 * left:.1f} {10 * down:.1f}" for left, down in points) if points else ""


def stretch(points: Sequence[CurvePoint], axis: Axis, span: Interval) -> list[tuple[float, float]]:
    """The part of a curve within a stretch of time, its ends exact."""
    inside = axis.clipped(span)
    if inside is None:
        return []
    way = [(inside.start, altitude_at(points, inside.start))]
    way += [(one.instant, one.altitude) for one in points if inside.start < one.instant < inside.end]
    way.append((inside.end, altitude_at(points, inside.end)))
    return [(axis.x(at), y(degrees)) for at, degrees in way]
