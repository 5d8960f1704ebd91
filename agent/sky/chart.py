"""The chart of a night, made to be read on a phone: ways of the targets, blocks of the plan, and a legend."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from textwrap import wrap
from zoneinfo import ZoneInfo

from agent.sky.altitudes import ASTRONOMICAL, CIVIL, NAUTICAL, SUNSET_ALTITUDE
from agent.sky.chart_shapes import Area, Badge, Box, Drawing, Line, Point, Shape, Words
from agent.sky.ephemeris import MOON, CurvePoint, altaz, altitude_curve, moon, separation, sun
from agent.sky.horizon import HorizonMask
from agent.sky.nights import Interval, culmination, dark_window, night_bounds, sun_events, windows_where
from agent.targets import Site, Target

MOST_ROWS = 100  # of the legend; that there are more is said

_WIDTH = 760  # on a phone half of that: the smallest letters are then as large as those of a caption
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 736, 172, 872  # of the plot
_STRIP, _STRIP_HEIGHT = 936, 64
_LEGEND = 1046
_NOTE_WIDTH, _NOTE_LINES = 50, 4  # characters of a note in the legend, and its lines
_STEPS = 160  # along the plot: shorter ones would be drawn less smoothly, as pixels are whole
_MARGIN = timedelta(minutes=40)  # of daylight on both sides
_DAY = "#6478b4"
_SKY = ((SUNSET_ALTITUDE, "#455596"), (CIVIL, "#2b3b78"), (NAUTICAL, "#16204a"), (ASTRONOMICAL, "#0b1026"))
_COLOURS = (
    *("#ffb000", "#4cc9f0", "#f72585", "#80ed99", "#c77dff"),
    *("#ff7b54", "#ffe66d", "#2ec4b6", "#f4a6c0", "#b0c4de"),
)
_PAPER, _INK, _FAINT, _GRID, _MOON = "#10131f", "#e8ecf6", "#aab3c8", "#ffffff28", "#d8d8d8"
_LIMIT, _HIDES, _NOW = "#ff6b6b", "#1d3322", "#ffffff"


@dataclass(frozen=True, slots=True)
class ChartTarget:
    """A target with the blocks its session has (none: `note` says why), and what its height must keep to."""

    label: str
    target: Target
    runs: tuple[Interval, ...] = ()
    note: str = ""
    low: float | None = None
    high: float | None = None
    horizon: HorizonMask | None = None

    def is_free(self, point: CurvePoint) -> bool:
        """Whether the target may be imaged there, as far as its height is concerned."""
        low = 0.0 if self.low is None else self.low
        hidden = self.horizon is not None and point.altitude < self.horizon.altitude_at(point.azimuth)
        return low <= point.altitude <= (90.0 if self.high is None else self.high) and not hidden


def draw_chart(
    site: Site,
    night: date,
    targets: Sequence[ChartTarget],
    *,
    now: datetime | None = None,
    without: str = "does not run",
) -> Drawing:
    """Return the chart, what runs first first; sessions of one target with the same limits share a line.

    `without` is told of a target that has no block.
    """
    chart = _Chart(site, night)
    lines = _merged(targets)
    shapes = [
        *chart.sky(),
        *(chart.horizon(lines[0]) if len(lines) == 1 else ()),
        *chart.grid(_shared(lines)),
        *chart.moon(),
        *(shape for index, one in enumerate(lines) for shape in chart.way(one, index)),
        *chart.badges(lines),
        *chart.strip(lines),
        *(chart.now(now) if now is not None else ()),
    ]
    legend, bottom = chart.legend(lines, without)
    title = f"Night of {night:%d %B %Y}".replace(" 0", " ")
    named = ", ".join(one.label for one in lines[:MOST_ROWS])
    paper = Box(0, 0, _WIDTH, bottom, _PAPER)
    return Drawing(_WIDTH, bottom, f"{title}: {named}", (paper, *chart.heading(title), *shapes, *legend))


def _merged(targets: Sequence[ChartTarget]) -> list[ChartTarget]:
    found: dict[object, ChartTarget] = {}
    for one in targets:
        key = (replace(one.target, name=""), one.low, one.high, one.horizon)
        known = found.get(key)
        if known is None:
            found[key] = one
        else:
            note = known.note or one.note
            found[key] = replace(known, runs=tuple(sorted((*known.runs, *one.runs), key=_start)), note=note)
    return sorted(found.values(), key=lambda one: (not one.runs, *(run.start for run in one.runs[:1])))


def _shared(lines: Sequence[ChartTarget]) -> Iterator[float]:
    """Give the limits of height that are the same for all."""
    for limits in ({one.low for one in lines}, {one.high for one in lines}):
        limit = limits.pop() if len(limits) == 1 else None
        if limit is not None and 0 < limit < 90:
            yield limit


class _Chart:
    def __init__(self, site: Site, night: date) -> None:
        self._site = site
        self._night = night
        self._zone = ZoneInfo(site.timezone)
        self._span = _shown_span(site, night)
        self._dark = dark_window(site, night, ASTRONOMICAL)
        self._lit = moon(site, self._span.start + (self._span.end - self._span.start) / 2).illumination

    def heading(self, title: str) -> Iterator[Shape]:
        events = sun_events(self._site, self._night)
        told = [f"Moon {self._lit * 100:.0f} % lit"]
        if events.sunset is not None and events.sunrise is not None:
            told.insert(0, f"night {self._clock(events.sunset)} to {self._clock(events.sunrise)}")
        dark = "no astronomical darkness"
        if self._dark is not None:
            dark = f"dark {self._clock(self._dark.start)} to {self._clock(self._dark.end)}"
        yield Words(28, 46, title, 42, _INK)
        yield Words(28, 96, "  ·  ".join(told), 27, _FAINT)
        yield Words(28, 134, dark, 27, _FAINT)

    def sky(self) -> Iterator[Shape]:
        yield Box(_LEFT, _TOP, _RIGHT - _LEFT, _BOTTOM - _TOP, _DAY)
        for limit, colour in _SKY:
            for part in windows_where(
                lambda when, limit=limit: sun(self._site, when).altitude < limit,  # type: ignore[misc]
                self._span.start,
                self._span.end,
            ):
                left, right = self._x(part.start), self._x(part.end)
                yield Box(left, _TOP, right - left, _BOTTOM - _TOP, colour)

    def grid(self, limits: Iterator[float]) -> Iterator[Shape]:
        for degrees in range(0, 91, 15):
            y = self._y(degrees)
            yield Line(((_LEFT, y), (_RIGHT, y)), _GRID, 1.5)
            yield Words(_LEFT - 12, y, f"{degrees}°", 25, _FAINT, "end")
        hour = self._span.start.astimezone(self._zone).replace(minute=0, second=0, microsecond=0)
        every = 1 if self._span.seconds < 11 * 3600 else 2 if self._span.seconds < 20 * 3600 else 3
        while hour < self._span.end:
            if hour >= self._span.start and hour.hour % every == 0:
                x = self._x(hour)
                yield Line(((x, _TOP), (x, _BOTTOM)), _GRID, 1.5)
                yield Words(x, _BOTTOM + 28, f"{hour:%H}", 27, _FAINT, "middle")
            hour = (hour.astimezone(ZoneInfo("UTC")) + timedelta(hours=1)).astimezone(self._zone)
        for limit in limits:
            y = self._y(limit)
            yield Line(((_LEFT, y), (_RIGHT, y)), _LIMIT, 2, (10, 8))

    def horizon(self, one: ChartTarget) -> Iterator[Shape]:
        """How high trees and houses reach where the target stands: below it, it is hidden."""
        if one.horizon is None:
            return
        edge = [
            (self._x(point.instant), self._y(max(0.0, one.horizon.altitude_at(point.azimuth))))
            for point in self._points(one.target)
        ]
        yield Area(((edge[0][0], _BOTTOM), *edge, (edge[-1][0], _BOTTOM)), _HIDES)

    def moon(self) -> Iterator[Shape]:
        points = self._points(MOON)
        for is_up, part in groupby(points, lambda point: point.altitude >= 0):
            way = tuple(self._place(point) for point in part)
            if is_up and len(way) > 1:
                yield Line(way, _MOON, 2.5, (9, 9))
        highest = max(points, key=lambda point: point.altitude)
        if highest.altitude > 0:
            x, y = self._place(highest)
            yield Words(
                min(max(x, _LEFT + 50), _RIGHT - 50), max(y - 20, _TOP + 16), "Moon", 24, _MOON, "middle"
            )

    def way(self, one: ChartTarget, index: int) -> Iterator[Shape]:
        """The target's way: thick in its blocks, thin where it might run, faint where it may not."""
        colour = _colour(index)
        points = self._points(one.target, one.runs)
        kinds = [
            (3 if any(point.instant in run for run in one.runs) else 2 if one.is_free(point) else 1)
            if point.altitude >= 0
            else 0
            for point in points
        ]
        start = 0
        for kind, part in groupby(kinds):
            end = start + len(list(part))
            way = tuple(map(self._place, points[start : end + 1]))  # to where the next part begins
            start = end
            if kind and len(way) > 1:
                way = tuple((x, min(y, _BOTTOM)) for x, y in way)
                dash = (3.0, 7.0) if kind == 1 else None
                yield Line(way, _mixed(colour) if kind == 1 else colour, (2.5, 3.5, 10)[kind - 1], dash)

    def badges(self, lines: Sequence[ChartTarget]) -> Iterator[Shape]:
        """A number where each target passes the meridian, or stands highest; beside those that are there."""
        taken: list[Point] = []
        for index, one in enumerate(lines):
            way = culmination(one.target, self._site, self._span.start, self._span.end)
            if way.highest <= 0:
                continue
            x, y = self._x(way.at), self._y(way.highest)
            x = min(max(x, _LEFT + 20), _RIGHT - 20)
            y = max(y, _TOP + 20)
            while any(abs(x - other) < 38 and abs(y - above) < 38 for other, above in taken):
                y += 40
                if y > _BOTTOM - 20:
                    break
            else:
                taken.append((x, y))
                yield Badge(x, y, 18, _colour(index), str(index + 1), _PAPER)

    def strip(self, lines: Sequence[ChartTarget]) -> Iterator[Shape]:
        yield Box(_LEFT, _STRIP, _RIGHT - _LEFT, _STRIP_HEIGHT, "#1b2034", 8)
        for index, one in enumerate(lines):
            for run in one.runs:
                left = self._x(max(run.start, self._span.start))
                right = self._x(min(run.end, self._span.end))
                if right <= left:
                    continue
                yield Box(left, _STRIP, max(right - left - 2, 2), _STRIP_HEIGHT, _colour(index), 6)
                if right - left > 30:
                    middle = _STRIP + _STRIP_HEIGHT / 2
                    yield Words((left + right) / 2, middle, str(index + 1), 27, _PAPER, "middle")

    def now(self, now: datetime) -> Iterator[Shape]:
        if now not in self._span:
            return
        x = self._x(now)
        yield Line(((x, _TOP), (x, _STRIP + _STRIP_HEIGHT)), _NOW, 2.5)
        left = x > _RIGHT - 80
        yield Words(x - 8 if left else x + 8, _BOTTOM - 18, "now", 24, _NOW, "end" if left else "start")

    def legend(self, lines: Sequence[ChartTarget], without: str) -> tuple[list[Shape], int]:
        """A row for each line; returns the shapes and where they end."""
        y, shapes = float(_LEGEND), list[Shape]()
        for index, one in enumerate(lines[:MOST_ROWS]):
            shapes.append(Badge(48, y, 20, _colour(index), str(index + 1), _PAPER))
            shapes.append(Words(84, y, _cut(one.label, 34), 32, _INK))
            runs = [f"{self._clock(run.start)} to {self._clock(run.end)}" for run in one.runs]
            told = ", ".join(runs[:3]) + (f" +{len(runs) - 3}" if len(runs) > 3 else "")
            y += 40
            shapes.append(Words(84, y, told or without, 29, _INK if runs else _FAINT))
            for line in filter(None, (self._facts(one), *_noted(one.note))):
                y += 38
                shapes.append(Words(84, y, line, 25, _FAINT))
            y += 62
        if len(lines) > MOST_ROWS:
            shapes.append(Words(84, y, f"and {len(lines) - MOST_ROWS} more", 29, _FAINT))
            y += 62
        return shapes, round(y)

    def _facts(self, one: ChartTarget) -> str:
        way = culmination(one.target, self._site, self._span.start, self._span.end)
        if way.highest < 0:
            return "" if one.note else "below the horizon all night"
        at = one.runs[0].start + (one.runs[0].end - one.runs[0].start) / 2 if one.runs else way.at
        told = f"highest {way.highest:.0f}° at {self._clock(way.at)}"
        if one.target != MOON and replace(one.target, name="Moon") != MOON:
            told += f"  ·  {separation(one.target, MOON, self._site, at):.0f}° from the Moon"
        return told

    def _points(self, target: Target, runs: Sequence[Interval] = ()) -> list[CurvePoint]:
        """The target's way, with its highest point, which steps would cut off, and the ends of blocks."""
        start, end = self._span.start, self._span.end
        points = list(altitude_curve(target, self._site, start, end, (end - start) / _STEPS))
        edges = [edge for run in runs for edge in (run.start, run.end) if edge in self._span]
        for instant in (culmination(target, self._site, start, end).at, *edges):
            place = altaz(target, self._site, instant)
            points.append(CurvePoint(instant, place.altitude, place.azimuth))
        return sorted(points, key=lambda point: point.instant)

    def _place(self, point: CurvePoint) -> Point:
        return self._x(point.instant), self._y(point.altitude)

    def _x(self, instant: datetime) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (instant - self._span.start).total_seconds() / self._span.seconds

    def _y(self, degrees: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * degrees / 90

    def _clock(self, instant: datetime) -> str:
        return f"{instant.astimezone(self._zone):%H:%M}"


def _shown_span(site: Site, night: date) -> Interval:
    """From before sunset to after sunrise; noon to noon where the Sun does neither."""
    events, bounds = sun_events(site, night), night_bounds(site, night)
    if events.sunset is None or events.sunrise is None:
        return bounds
    return Interval(events.sunset - _MARGIN, events.sunrise + _MARGIN)


def _colour(index: int) -> str:
    if index < len(_COLOURS):
        return _COLOURS[index]
    red, green, blue = colorsys.hls_to_rgb(index * 0.618 % 1, (0.6, 0.72)[index % 2], 0.75)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _mixed(colour: str) -> str:
    """Return a colour half as strong, before the night sky."""
    pairs = ((int(colour[at : at + 2], 16), int("16204a"[at - 1 : at + 1], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(own * 0.6 + sky * 0.4):02x}" for own, sky in pairs)


def _noted(note: str) -> list[str]:
    return wrap(note, _NOTE_WIDTH, max_lines=_NOTE_LINES, placeholder=" …") if note else []


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _start(run: Interval) -> datetime:
    return run.start
