"""The altitude chart of a night: targets and Moon over the twilight bands, as a PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw, ImageFont

from agent.sky.ephemeris import MOON, CurvePoint, altitude_curve, moon, sun
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

MAX_TARGETS = 10  # more lines than this cannot be told apart

_SIZE = (1280, 720)
_DRAWN = (2560, 1440)  # drawn at twice the size and reduced, so that lines come out smooth
_LEFT, _TOP, _RIGHT, _BOTTOM = 128, 112, 2020, 1320  # the plot's frame; the legend is to its right
_STEP = timedelta(minutes=5)
_ROUND = 4  # pixels of width above which the joints of a line show and are rounded
_MARGIN = timedelta(hours=1)  # of daylight on both sides
_SKY = (  # Sun altitude up to which a band reaches, and its colour
    (ASTRONOMICAL, "#0b1026"),
    (NAUTICAL, "#16204a"),
    (CIVIL, "#2b3b78"),
    (SUNSET_ALTITUDE, "#455596"),
    (91.0, "#6478b4"),
)
_COLOURS = (
    *("#ffb000", "#4cc9f0", "#f72585", "#80ed99", "#c77dff"),
    *("#ff7b54", "#ffe66d", "#2ec4b6", "#f4a6c0", "#b0c4de"),
)
_PAPER, _INK, _GRID, _MOON = "#10131f", "#e8ecf6", "#ffffff30", "#d8d8d8"


@dataclass(frozen=True, slots=True)
class ChartTarget:
    """A line of the chart; `run` is drawn thick: when a session is expected to be at the target."""

    label: str
    target: Target
    run: Interval | None = None


def draw_chart(
    site: Site, night: date, targets: Sequence[ChartTarget], *, min_altitude: float | None = None
) -> bytes:
    """Return the chart as PNG, 1280 by 720. Of more than ten targets the first ten are drawn."""
    return _Chart(site, night, min_altitude).draw(targets[:MAX_TARGETS])


class _Chart:
    def __init__(self, site: Site, night: date, min_altitude: float | None) -> None:
        self._site = site
        self._zone = ZoneInfo(site.timezone)
        self._night = night
        self._min_altitude = min_altitude
        self._span = _shown_span(site, night)
        self._image = Image.new("RGB", _DRAWN, _PAPER)
        self._pen = ImageDraw.Draw(self._image, "RGBA")
        self._small = ImageFont.load_default(30)
        self._large = ImageFont.load_default(44)

    def draw(self, targets: Sequence[ChartTarget]) -> bytes:
        self._sky()
        self._grid()
        self._moon()
        for index, target in enumerate(targets):
            self._target(target, _COLOURS[index], index)
        self._pen.text((_LEFT, 32), f"Night of {self._night:%d %B %Y}", _INK, self._large)
        self._pen.text((_RIGHT, 48), f"local time, {self._site.timezone}", _INK, self._small, anchor="ra")
        out = io.BytesIO()
        self._image.resize(_SIZE, Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
        return out.getvalue()

    def _sky(self) -> None:
        for left in range(_LEFT, _RIGHT, 4):
            height = sun(self._site, self._instant(left)).altitude
            colour = next(colour for limit, colour in _SKY if height < limit)
            self._pen.rectangle((left, _TOP, min(left + 3, _RIGHT), _BOTTOM), colour)

    def _grid(self) -> None:
        for degrees in range(0, 91, 15):
            y = self._y(degrees)
            self._pen.line((_LEFT, y, _RIGHT, y), _GRID, 2)
            self._pen.text((_LEFT - 16, y), f"{degrees}°", _INK, self._small, anchor="rm")
        hour = self._span.start.astimezone(self._zone).replace(minute=0, second=0, microsecond=0)
        every = 1 if self._span.seconds < 16 * 3600 else 2
        while hour < self._span.end:
            if hour >= self._span.start and hour.hour % every == 0:
                x = self._x(hour)
                self._pen.line((x, _TOP, x, _BOTTOM), _GRID, 2)
                self._pen.text((x, _BOTTOM + 16), f"{hour:%H}", _INK, self._small, anchor="ma")
            hour += timedelta(hours=1)
        if self._min_altitude is not None:
            y = self._y(self._min_altitude)
            for left in range(_LEFT, _RIGHT, 28):
                self._pen.line((left, y, min(left + 14, _RIGHT), y), "#ff6b6bc0", 4)
        self._pen.rectangle((_LEFT, _TOP, _RIGHT, _BOTTOM), outline=_INK, width=2)

    def _moon(self) -> None:
        points = altitude_curve(MOON, self._site, self._span.start, self._span.end, _STEP)
        for first, second in list(pairwise(points))[::2]:
            self._segment(first, second, _MOON, 4)
        middle = self._span.start + (self._span.end - self._span.start) / 2
        lit = moon(self._site, middle).illumination
        y = _BOTTOM - 60
        self._pen.line((_RIGHT + 40, y, _RIGHT + 60, y), _MOON, 4)
        self._pen.line((_RIGHT + 72, y, _RIGHT + 92, y), _MOON, 4)
        self._pen.text((_RIGHT + 112, y), f"Moon, {lit * 100:.0f} % lit", _INK, self._small, anchor="lm")

    def _target(self, target: ChartTarget, colour: str, index: int) -> None:
        points = altitude_curve(target.target, self._site, self._span.start, self._span.end, _STEP)
        for first, second in pairwise(points):
            running = target.run is not None and first.instant in target.run
            self._segment(first, second, colour, 12 if running else 4)
        y = _TOP + 40 + index * 92
        self._pen.line((_RIGHT + 40, y, _RIGHT + 92, y), colour, 12 if target.run else 4)
        self._pen.text((_RIGHT + 112, y), _short(target.label), _INK, self._small, anchor="lm")
        when = "does not run"
        if target.run is not None:
            start, end = (edge.astimezone(self._zone) for edge in (target.run.start, target.run.end))
            when = f"{start:%H:%M} to {end:%H:%M}"
        self._pen.text((_RIGHT + 112, y + 36), when, "#aab3c8", self._small, anchor="lm")

    def _segment(self, first: CurvePoint, second: CurvePoint, colour: str, width: int) -> None:
        if first.altitude < 0 or second.altitude < 0:
            return
        ends = (
            self._x(first.instant),
            self._y(first.altitude),
            self._x(second.instant),
            self._y(second.altitude),
        )
        self._pen.line(ends, colour, width)
        if width > 2:  # round the joints of a thick line
            radius = width / 2
            self._pen.ellipse(
                (ends[2] - radius, ends[3] - radius, ends[2] + radius, ends[3] + radius), colour
            )

    def _x(self, instant: datetime) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (instant - self._span.start).total_seconds() / self._span.seconds

    def _y(self, degrees: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * degrees / 90

    def _instant(self, x: float) -> datetime:
        return self._span.start + timedelta(seconds=self._span.seconds * (x - _LEFT) / (_RIGHT - _LEFT))


def _shown_span(site: Site, night: date) -> Interval:
    """From an hour before sunset to an hour after sunrise; noon to noon where the Sun does neither."""
    events, bounds = sun_events(site, night), night_bounds(site, night)
    if events.sunset is None or events.sunrise is None:
        return bounds
    return Interval(events.sunset - _MARGIN, events.sunrise + _MARGIN)


def _short(label: str) -> str:
    return label if len(label) <= 24 else f"{label[:23]}…"
