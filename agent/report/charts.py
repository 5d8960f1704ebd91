"""Drawings of a report as SVG texts: the sky with what was really imaged, and small curves."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.sky.ephemeris import MOON, CurvePoint, altitude_curve, sun
from agent.sky.nights import (
    ASTRONOMICAL,
    CIVIL,
    NAUTICAL,
    SUNSET_ALTITUDE,
    Interval,
    night_bounds,
    sun_events,
)
from agent.targets import Site, Target

COLOURS = (
    *("#ffb000", "#4cc9f0", "#f72585", "#80ed99", "#c77dff"),
    *("#ff7b54", "#ffe66d", "#2ec4b6", "#f4a6c0", "#b0c4de"),
)
_WIDTH, _HEIGHT = 640, 340
_LEFT, _TOP, _RIGHT, _BOTTOM = 44, 14, 628, 300
_STEP = timedelta(minutes=10)
_MARGIN = timedelta(hours=1)
_SKY = (
    (ASTRONOMICAL, "#0b1026"),
    (NAUTICAL, "#16204a"),
    (CIVIL, "#2b3b78"),
    (SUNSET_ALTITUDE, "#455596"),
    (91.0, "#6478b4"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A target's line; the stretches in which it was really imaged are drawn thick."""

    label: str
    target: Target
    imaged: tuple[Interval, ...]


def altitude_chart(site: Site, night: date, blocks: Sequence[Block]) -> str:
    """Return the chart of the night; of more than ten targets the first ten are drawn."""
    return _Sky(site, night).draw(blocks[: len(COLOURS)])


class _Sky:
    def __init__(self, site: Site, night: date) -> None:
        self._site = site
        self._zone = ZoneInfo(site.timezone)
        events = sun_events(site, night)
        self._span = night_bounds(site, night)
        if events.sunset is not None and events.sunrise is not None:
            self._span = Interval(events.sunset - _MARGIN, events.sunrise + _MARGIN)

    def draw(self, blocks: Sequence[Block]) -> str:
        parts = [
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Altitudes during the night">',
            *self._bands(),
            *self._grid(),
            self._curve(altitude_curve(MOON, self._site, self._span.start, self._span.end, _STEP), "moon"),
        ]
        for colour, block in zip(COLOURS, blocks, strict=False):
            curve = altitude_curve(block.target, self._site, self._span.start, self._span.end, _STEP)
            parts.append(self._curve(curve, "way", colour))
            for imaged in block.imaged:
                begin, end = max(imaged.start, self._span.start), min(imaged.end, self._span.end)
                if begin < end:
                    way = altitude_curve(block.target, self._site, begin, end, timedelta(minutes=2))
                    parts.append(self._curve(way, "imaged", colour))
        return "".join([*parts, "</svg>"])

    def _bands(self) -> list[str]:
        bands: list[str] = []
        begin, colour = self._span.start, ""
        at = self._span.start
        while at < self._span.end:
            height = sun(self._site, at).altitude
            now = next(one for limit, one in _SKY if height < limit)
            if now != colour:
                bands += self._band(begin, at, colour)
                begin, colour = at, now
            at += _STEP
        return [*bands, *self._band(begin, self._span.end, colour)]

    def _band(self, begin: datetime, end: datetime, colour: str) -> list[str]:
        left, right = self._x(begin), self._x(end)
        if not colour or right <= left:
            return []
        box = f'x="{left:.1f}" y="{_TOP}" width="{right - left + 0.3:.1f}" height="{_BOTTOM - _TOP}"'
        return [f'<rect {box} fill="{colour}"/>']

    def _grid(self) -> list[str]:
        found: list[str] = []
        for degrees in range(0, 91, 30):
            y = self._y(degrees)
            found.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_RIGHT}"/>')
            found.append(f'<text x="{_LEFT - 6}" y="{y + 5:.1f}" text-anchor="end">{degrees}°</text>')
        hour = self._span.start.astimezone(self._zone).replace(minute=0, second=0, microsecond=0)
        every = 2 if self._span.seconds < 20 * 3600 else 4
        while hour < self._span.end:
            if hour >= self._span.start and hour.hour % every == 0:
                x = self._x(hour)
                found.append(f'<path class="grid" d="M{x:.1f} {_TOP}V{_BOTTOM}"/>')
                found.append(f'<text x="{x:.1f}" y="{_BOTTOM + 22}" text-anchor="middle">{hour:%H}</text>')
            hour += timedelta(hours=1)
        return found

    def _curve(self, points: Sequence[CurvePoint], kind: str, colour: str = "#d8d8d8") -> str:
        path, drawing = [], False
        for point in points:
            if point.altitude < 0:
                drawing = False
                continue
            word = "L" if drawing else "M"
            path.append(f"{word}{self._x(point.instant):.1f} {self._y(point.altitude):.1f}")
            drawing = True
        return f'<path class="{kind}" stroke="{colour}" d="{"".join(path)}"/>' if path else ""

    def _x(self, instant: datetime) -> float:
        share = (instant - self._span.start) / (self._span.end - self._span.start)
        return _LEFT + share * (_RIGHT - _LEFT)

    def _y(self, degrees: float) -> float:
        return _BOTTOM - max(0.0, min(90.0, degrees)) / 90 * (_BOTTOM - _TOP)


def curve(points: Sequence[tuple[datetime, float]], low: float, high: float, label: str, unit: str) -> str:
    """Return a small curve over time between these two values; "" for fewer than two points."""
    if len(points) < 2 or points[0][0] >= points[-1][0] or high <= low:
        return ""
    begin, end = points[0][0], points[-1][0]
    path = []
    for number, (at, value) in enumerate(points):
        x = 4 + (at - begin) / (end - begin) * 192
        y = 44 - (max(low, min(high, value)) - low) / (high - low) * 38
        path.append(f"{'L' if number else 'M'}{x:.1f} {y:.1f}")
    first, last = (f"{points[at][1]:.0f}{unit}" for at in (0, -1))
    words = html.escape(f"{label}: {first} to {last}")
    return (
        f'<figure class="curve"><svg viewBox="0 0 200 50" role="img" aria-label="{words}">'
        f'<path class="grid" d="M4 44H196"/><path class="line" d="{"".join(path)}"/></svg>'
        f"<figcaption>{words}</figcaption></figure>"
    )
