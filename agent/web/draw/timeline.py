"""The night as a drawing: twilight, Moon, curves, ground, blocks and labels, in percent of its two boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.sky.ephemeris import MOON, CurvePoint
from agent.sky.nights import Interval
from agent.web.draw.axis import (
    Axis,
    altitude_at,
    curve,
    ground,
    night_axis,
    path,
    stretch,
    sun_altitudes,
    usable_way,
    way,
    y,
)
from agent.web.draw.labels import Label, Placer
from agent.web.night import NightView, Row
from agent.web.words import Words

MOST_CURVES = 8
_FREE = timedelta(minutes=30)  # a shorter gap between blocks is no room for a session
_NARROWEST = 3.0  # percent of the strip: less is no room for a sign
_NARROW = 25 / 356  # of the strip, which is what a finger can hit


@dataclass(frozen=True, slots=True)
class Curve:
    """One target's way: where it is up, where it is usable, where its block is, and what is left of that."""

    state: str
    off: str
    usable: str
    block: str
    todo: str


@dataclass(frozen=True, slots=True)
class Box:
    """One block of the strip, in percent. `done` is how much of it is filled."""

    id: str
    state: str
    number: str
    name: str
    small: str
    label: str
    x: float
    width: float
    done: float = 0.0
    current: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """An hour of the axis; every other one has a number on a phone."""

    x: float
    hour: str
    odd: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table that says the same."""

    number: str
    name: str
    start: str
    end: str
    altitudes: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Everything the template draws."""

    title: str
    description: str
    stops: tuple[tuple[float, str], ...]
    limits: tuple[float, ...]
    past: float
    moon: str
    curves: tuple[Curve, ...]
    ground: str
    now: float | None
    minutes: float  # how long the axis is
    now_text: str
    labels: tuple[Label, ...]
    dark_from: str
    dark_to: str
    ground_of: str
    boxes: tuple[Box, ...]
    free: tuple[Box, ...]
    ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]


def timeline(view: NightView, t: Words, selected: str = "") -> Timeline:
    """Draw a night. `selected` is the session along whose path the ground is drawn. Slow: use a thread."""
    blocks = [block for row in view.rows if row.block is not None for block in (row.block, *row.more)]
    axis = night_axis(view.sun, view.bounds, blocks)
    drawn = [row for row in view.rows if row.target is not None and row.block is not None][:MOST_CURVES]
    chosen = _chosen(view, drawn, selected)
    moon = curve(MOON, view.site, axis)
    now = axis.x(view.now) if axis.start <= view.now <= axis.end else None
    boxes = _boxes(view, axis, t, chosen)
    free = _free(view, axis, t, boxes)
    return Timeline(
        title=t("night.title", day=t.day(view.night)),
        description=_description(view, axis, t),
        stops=_stops(view, axis),
        limits=tuple(axis.x(at) for at in _dark_ends(view) if axis.start < at < axis.end),
        past=max(0.0, min(100.0, axis.x(view.now))),
        moon=way(MOON, view.site, axis),
        curves=tuple(_curve(view, row, axis) for row in drawn),
        ground=_ground(view, chosen, axis),
        now=now,
        minutes=(axis.end - axis.start).total_seconds() / 60,
        now_text=t.clock(view.now),
        labels=tuple(_labels(view, drawn, axis, moon, t, now)),
        dark_from=t("night.dark_from", time=t.clock(view.dark.start)) if view.dark else "",
        dark_to=t("night.dark_to", time=t.clock(view.dark.end)) if view.dark else "",
        ground_of=chosen.name if chosen is not None else "",
        boxes=boxes,
        free=free,
        ticks=tuple(_ticks(axis, t)),
        lines=tuple(_lines(view, axis, t)),
    )


def numbers(view: NightView) -> dict[str, str]:
    """The number of each session that has a block, by its id, in the order of time."""
    return {row.session_id: str(at) for at, row in enumerate(_timed(view), 1)}


def gaps(view: NightView) -> list[Interval]:
    """The stretches of darkness still to come in which nothing runs, long enough for a session."""
    dark = view.dark
    if dark is None:
        return []
    free, at = [], max(view.now, dark.start)
    blocks = [block for row in _timed(view) if row.block is not None for block in (row.block, *row.more)]
    for block in sorted(blocks, key=lambda one: one.start):
        if block.start - at >= _FREE and block.start > at:
            free.append(Interval(at, min(block.start, dark.end)))
        at = max(at, block.end)
    if dark.end - at >= _FREE:
        free.append(Interval(at, dark.end))
    return [one for one in free if one.seconds >= _FREE.total_seconds()]


def _timed(view: NightView) -> list[Row]:
    return [row for row in view.rows if row.block is not None]


def _chosen(view: NightView, drawn: Sequence[Row], selected: str) -> Row | None:
    for wanted in (
        lambda row: row.session_id == selected,
        lambda row: row.fresh,
        lambda row: row.state in ("imaging", "paused"),
        lambda row: row.block is not None and row.block.end > view.now,
    ):
        found = next((row for row in drawn if wanted(row)), None)
        if found is not None:
            return found
    return drawn[-1] if drawn else None


def _dark_ends(view: NightView) -> Iterator[datetime]:
    if view.dark is not None:
        yield view.dark.start
        yield view.dark.end


def _stops(view: NightView, axis: Axis) -> tuple[tuple[float, str], ...]:
    """Where the sky has the colour of each twilight."""
    sun = view.sun
    marks = [
        (sun.sunset, "0"),
        (sun.civil_dusk, "6"),
        (sun.nautical_dusk, "12"),
        (sun.astronomical_dusk, "18"),
        (sun.astronomical_dawn, "18"),
        (sun.nautical_dawn, "12"),
        (sun.civil_dawn, "6"),
        (sun.sunrise, "0"),
    ]
    found = tuple((axis.x(at), depth) for at, depth in marks if at is not None)
    if found:
        return found
    lowest = min(sun_altitudes(view.site, axis))
    depth = next((str(-limit) for limit in (-18, -12, -6) if lowest < limit), "0")
    return ((0.0, depth), (100.0, depth))


def _state(row: Row) -> str:
    return "new" if row.fresh else {"planned": "plan", "not_tonight": "no"}.get(row.state, row.state)


def _curve(view: NightView, row: Row, axis: Axis) -> Curve:
    assert row.target is not None
    assert row.block is not None
    points = curve(row.target, view.site, axis)
    lowest = row.min_altitude or view.min_altitude
    running = row.state in ("imaging", "paused") and row.block.start < view.now < row.block.end
    done = Interval(row.block.start, view.now) if running else row.block
    todo = Interval(view.now, row.block.end) if running else None
    later = [path(stretch(points, axis, block)) for block in row.more]
    return Curve(
        _state(row),
        way(row.target, view.site, axis),
        usable_way(row.target, view.site, axis, lowest, view.horizon, view.sun_below),
        path(stretch(points, axis, done)) + ("" if running else "".join(later)),
        (path(stretch(points, axis, todo)) if todo is not None else "") + ("".join(later) if running else ""),
    )


def _ground(view: NightView, chosen: Row | None, axis: Axis) -> str:
    """The horizon along the path of one target: a mask is azimuth and the axis time, so no other is true."""
    if chosen is None or chosen.target is None:
        return ""
    if view.horizon is None and not view.min_altitude:
        return ""
    return ground(chosen.target, view.site, axis, view.min_altitude, view.horizon)


def _labels(
    view: NightView, drawn: Sequence[Row], axis: Axis, moon: Sequence[CurvePoint], t: Words, now: float | None
) -> Iterator[Label]:
    placer = Placer()
    if now is not None:
        placer.take(now - 6, 0, now + 6, 11)
        placer.take(now - 0.5, 0, now + 0.5, 100)
    ways = {row.session_id: curve(row.target, view.site, axis) for row in drawn if row.target is not None}
    for row in drawn:
        if row.block is not None:
            placer.avoid(stretch(ways[row.session_id], axis, row.block))
    rank = {"imaging": 0, "paused": 0, "waiting": 1, "planned": 1, "done": 2}
    for row in sorted(drawn, key=lambda one: (not one.fresh, rank.get(one.state, 3))):
        inside = axis.clipped(row.block) if row.block is not None else None
        if inside is None:
            continue
        points = ways[row.session_id]
        spots = [inside.start + (inside.end - inside.start) * part for part in (0.5, 0.25, 0.75)]
        height = altitude_at(points, spots[0])
        label = placer.place(
            row.name[:24], f" {height:.0f}°", [(axis.x(at), y(altitude_at(points, at))) for at in spots]
        )
        if label is not None:
            yield label
    up = [one for one in moon if one.altitude > 6]
    if up:
        text = t("night.moon", percent=round(100 * view.moon_illumination))
        marks = [up[len(up) * part // 8] for part in (6, 5, 7, 4, 2)]
        label = placer.place(
            text, "", [(axis.x(one.instant), y(one.altitude)) for one in marks], kind="moon-t"
        )
        if label is not None:
            yield label


def _boxes(view: NightView, axis: Axis, t: Words, chosen: Row | None) -> tuple[Box, ...]:
    count = numbers(view)
    found = [
        _box(row, inside, axis, t, number=count[row.session_id], first=at == 0, chosen=row is chosen)
        for row in _timed(view)
        for at, block in enumerate((row.block, *row.more))
        if block is not None and (inside := axis.clipped(block)) is not None
    ]
    return tuple(_widened(sorted(found, key=lambda box: box.x)))


def _box(row: Row, inside: Interval, axis: Axis, t: Words, *, number: str, first: bool, chosen: bool) -> Box:
    left, right = axis.x(inside.start), axis.x(inside.end)
    current = first and (row.state in ("imaging", "paused") or (row.fresh and chosen))
    small = _small(row, t)
    label = t(
        "night.block",
        number=number,
        name=row.name,
        state=t(f"state.{row.state}"),
        start=t.clock(inside.start),
        end=t.clock(inside.end),
        small=small,
    )
    done = 100.0 * row.taken / row.total if row.total and current else 0.0
    width = right - left
    return Box(
        row.session_id, _state(row), number, row.name, small, label, left, width, min(100.0, done), current
    )


def _widened(boxes: list[Box]) -> Iterator[Box]:
    """Give narrow blocks the width of a fingertip where their neighbours leave room."""
    least = 100 * _NARROW
    for at, box in enumerate(boxes):
        room = (boxes[at + 1].x if at + 1 < len(boxes) else 100.0) - box.x - 0.3
        width = box.width if box.width >= least else max(box.width, min(least, room))
        yield _fitted(replace(box, width=width))


def _small(row: Row, t: Words) -> str:
    if row.state in ("imaging", "paused") and row.total:
        return t("frames.of", taken=min(row.taken + 1, row.total), total=row.total)
    if row.state == "done":
        return t("frames.stacked", count=row.stacked)
    return t("frames.recipe", count=row.total, exposure=row.recipe[0]) if row.recipe and row.total else ""


def _free(view: NightView, axis: Axis, t: Words, boxes: Sequence[Box]) -> tuple[Box, ...]:
    found = []
    for gap in gaps(view):
        inside = axis.clipped(gap)
        if inside is None:
            continue
        left, right = axis.x(inside.start), axis.x(inside.end)
        left = max([left, *(box.x + box.width for box in boxes if box.x <= left)]) + 0.2
        right = min([right, *(box.x for box in boxes if box.x > left)]) - 0.2
        if right - left < _NARROWEST:
            continue
        name, long = t("night.free"), t.duration(inside.seconds)
        label = t("night.add", start=t.clock(inside.start), end=t.clock(inside.end), duration=long)
        found.append(_fitted(Box("", "free", "+", name, long, label, left, right - left)))
    return tuple(found)


def _fitted(box: Box) -> Box:
    """Leave out words that would be cut: they are judged for the narrowest drawing that shows them."""
    room = box.width / 100
    name = box.name if len(box.name) * 7.6 < room * 640 else box.number
    return replace(box, name=name, small=box.small if len(box.small) * 6.4 < room * 980 else "")


def _ticks(axis: Axis, t: Words) -> Iterator[Tick]:
    for at in axis.hours(t.zone):
        left = axis.x(at)
        if 2.5 < left < 98.5:
            yield Tick(left, f"{at:%H}", at.hour % 2 == 1)


def _lines(view: NightView, axis: Axis, t: Words) -> Iterator[Line]:
    count = numbers(view)
    for row in view.rows:
        state = t(f"state.{row.state}")
        if row.block is None:
            yield Line("", row.name, "–", "–", "–", state)
            continue
        heights = "–"
        if row.target is not None:
            points = curve(row.target, view.site, axis)
            first, last = (altitude_at(points, at) for at in (row.block.start, row.block.end))
            heights = f"{first:.0f}° – {last:.0f}°"
        yield Line(
            count[row.session_id], row.name, t.clock(row.block.start), t.clock(row.block.end), heights, state
        )


def _description(view: NightView, axis: Axis, t: Words) -> str:
    parts = [t("night.from_to", start=t.clock(axis.start), end=t.clock(axis.end))]
    parts += [
        t("night.runs", name=row.name, start=t.clock(row.block.start), end=t.clock(row.block.end))
        for row in view.rows
        if row.block is not None
    ]
    return " ".join([*parts, t("night.table_says")])
