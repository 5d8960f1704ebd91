"""The night as numbers: where things are, what is thick, and that no label meets another."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sky.horizon import HorizonMask
from agent.sky.nights import Interval, dark_window, night_bounds, sun_events
from agent.targets import Site
from agent.web.draw.axis import Axis, altitude_at, curve, night_axis, stretch, y
from agent.web.draw.field import covered, mosaic_for, sketch, turn_for
from agent.web.draw.labels import HIGH, WIDE, Placer
from agent.web.draw.timeline import gaps, timeline
from agent.web.night import NightView, Row
from agent.web.targets import named, search
from agent.web.views.new_told import month_hours
from agent.web.words import Words
from tests.web.conftest import NIGHT, NOW, PARIS, FakeAgent

T = Words("en", ZoneInfo("Europe/Paris"))
D3 = (2.95, 1.66)


def night(*rows: Row, site: Site = PARIS, when: date = NIGHT, now: datetime = NOW) -> NightView:
    bounds = night_bounds(site, when)
    return NightView(
        site=site,
        night=when,
        coming=when,
        now=now,
        sun=sun_events(site, when),
        dark=dark_window(site, when, -18),
        moon_up=(),
        moon_illumination=0.5,
        bounds=bounds,
        rows=rows,
        sun_below=-12.0,
        min_altitude=20.0,
        horizon=HorizonMask.parse("0:10, 90:25, 180:5"),
    )


ROWS = (
    FakeAgent.row("a", "M 31", "done", 18.2, 20),
    FakeAgent.row("b", "M 42", "imaging", 20.5, 22.5),
    FakeAgent.row("c", "NGC 2237", "planned", 22.6, 24.5),
    FakeAgent.row("d", "M 3", "planned", 26.2, 27.5),
    FakeAgent.row("e", "M 81", "not_tonight", 0, 0, block=None),
)


def test_blocks_lie_in_order_where_their_times_are_and_the_running_one_is_filled_to_its_frames() -> None:
    drawn = timeline(night(*ROWS), T)
    assert [box.number for box in drawn.boxes] == ["1", "2", "3", "4"]
    for before, after in itertools.pairwise(drawn.boxes):
        assert before.x + before.width <= after.x + 0.01
    running = drawn.boxes[1]
    assert running.current
    assert running.done == pytest.approx(60.0)
    assert drawn.now == pytest.approx(drawn.past)
    assert running.x < drawn.now < running.x + running.width
    assert [curve.state for curve in drawn.curves] == ["done", "imaging", "plan", "plan"]
    assert drawn.curves[1].todo
    assert not drawn.curves[2].todo


def test_the_table_says_what_the_drawing_shows() -> None:
    drawn = timeline(night(*ROWS), T)
    assert [line.name for line in drawn.lines] == [row.name for row in ROWS]
    assert drawn.lines[1].start == "21:30"
    assert drawn.lines[4].start == "–"
    for row in ROWS[:4]:
        assert row.name in drawn.description


def test_what_is_free_is_the_darkness_that_nobody_has() -> None:
    view = night(*ROWS)
    free = gaps(view)
    assert [T.span(gap.start, gap.end) for gap in free] == ["01:30 – 03:12", "04:30 – 06:47"]
    assert gaps(dataclasses.replace(view, dark=None)) == []
    assert gaps(dataclasses.replace(view, now=view.bounds.end)) == []


def test_the_ground_is_that_of_the_chosen_target() -> None:
    view = night(*ROWS)
    assert timeline(view, T).ground_of == "M 42"
    assert timeline(view, T, "d").ground_of == "M 3"
    assert timeline(view, T).ground != timeline(view, T, "d").ground
    bare = dataclasses.replace(view, horizon=None, min_altitude=0.0)
    assert timeline(bare, T).ground == ""


@pytest.mark.parametrize(
    ("site", "when"),
    [
        (Site(69.65, 18.96, 0, "Europe/Oslo"), date(2026, 6, 21)),  # the Sun does not set
        (Site(69.65, 18.96, 0, "Europe/Oslo"), date(2026, 12, 21)),  # nor rise
        (Site(55.7, 12.6, 0, "Europe/Copenhagen"), date(2026, 6, 21)),  # never dark
        (Site(-33.9, 18.4, 0, "Africa/Johannesburg"), date(2026, 6, 21)),
        (Site(48.85, 2.35, 0, "Europe/Paris"), date(2026, 3, 28)),  # the clocks skip an hour
    ],
)
def test_every_night_of_the_world_can_be_drawn(site: Site, when: date) -> None:
    now = datetime(when.year, when.month, when.day, 22, tzinfo=UTC)
    rows = [
        dataclasses.replace(row, block=Interval(now + timedelta(hours=at), now + timedelta(hours=at + 1)))
        for at, row in enumerate(ROWS[:3])
    ]
    drawn = timeline(night(*rows, site=site, when=when, now=now), T)
    assert drawn.stops
    assert all(box.x >= 0 and box.x + box.width <= 100.1 for box in drawn.boxes)
    assert 4 <= len(drawn.ticks) <= 25
    timeline(night(site=site, when=when, now=now), T)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), max_size=9))
def test_no_label_meets_another_or_leaves_the_drawing(spots: list[tuple[float, float]]) -> None:
    placer = Placer()
    boxes = []
    for at, spot in enumerate(spots):
        label = placer.place(f"NGC {at}237", " 45°", [spot])
        if label is None:
            continue
        width = 6.3 * len(label.text)
        x = label.x * WIDE / 100
        left = {"start": x, "end": x - width, "middle": x - width / 2}[label.anchor]
        base = label.y * HIGH / 100 + label.dy
        boxes.append((left, base - 9, left + width, base))
    for box in boxes:
        assert box[0] >= 0
        assert box[2] <= WIDE
        assert box[3] <= HIGH
    for one, other in itertools.combinations(boxes, 2):
        near = 1e-6  # they may touch
        beside = one[2] <= other[0] + near or other[2] <= one[0] + near
        apart = beside or one[3] <= other[1] + near or other[3] <= one[1] + near
        assert apart, (one, other)


def test_a_stretch_of_a_curve_has_exact_ends() -> None:
    axis = night_axis(sun_events(PARIS, NIGHT), night_bounds(PARIS, NIGHT), [])
    target = ROWS[1].target
    assert target is not None
    points = curve(target, PARIS, axis)
    span = Interval(NOW, NOW + timedelta(minutes=7))
    way = stretch(points, axis, span)
    assert way[0] == (pytest.approx(axis.x(NOW)), pytest.approx(y(altitude_at(points, NOW))))
    assert way[-1][0] == pytest.approx(axis.x(span.end))
    assert stretch(points, axis, Interval(axis.end, axis.end + timedelta(hours=1))) == []


def test_the_axis_knows_both_hours_when_the_clocks_go_back() -> None:
    zone = ZoneInfo("Europe/Paris")
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    hours = [f"{at:%H}" for at in Axis(start, start + timedelta(hours=5)).hours(zone)]
    assert hours == ["00", "01", "02", "02", "03", "04"]


# -- the field of view --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "angle", "fields", "turn"),
    [
        (None, 0, (1, 1), 0),
        ((1.4, 1.0), 0, (1, 1), 0),
        ((5.0, 1.0), 35, (2, 1), 125),
        ((5.0, 1.0), 90, (2, 1), 0),
        ((5.0, 5.0), 40, (2, 4), 0),
    ],
)
def test_a_mosaic_covers_the_object_and_lies_along_it(
    size: tuple[float, float] | None, angle: float, fields: tuple[int, int], turn: float
) -> None:
    assert mosaic_for(size, D3) == fields
    assert turn_for(size, angle, fields) == turn


@given(st.floats(0.01, 30), st.floats(0.01, 30), st.floats(0, 180), st.integers(1, 4), st.integers(1, 4))
def test_everything_of_a_sketch_lies_inside_it(
    long: float, short: float, angle: float, columns: int, rows: int
) -> None:
    drawn = sketch((long, short), angle, D3, box=(540, 320), fields=(columns, rows))
    whole = covered((columns, rows), D3)
    left, right = min(f.x for f in drawn.fields), max(f.x + f.width for f in drawn.fields)
    assert right - left == pytest.approx(whole[0] * drawn.degree)
    assert left >= -270
    assert right <= 270
    assert all(f.y >= -160 and f.y + f.height <= 160 for f in drawn.fields)
    assert drawn.obj is not None
    assert drawn.obj.rx <= 0.5 * long * drawn.degree + 1e-6


# -- targets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("m31", "M 31"),
        ("M 31", "M 31"),
        ("andro", "M 31"),
        ("rosette", "NGC 2244"),
        ("orion", "M 42"),
        ("jup", "Jupiter"),
        ("ngc 7000", "NGC 7000"),
        ("Pferdekopfnebel", "B 33"),
    ],
)
def test_what_is_typed_finds_what_is_meant(typed: str, first: str) -> None:
    assert search(typed)[0].name == first


@settings(deadline=None)  # the catalogue is read at the first
@given(st.text(max_size=300))
def test_nothing_that_is_typed_breaks_the_search(typed: str) -> None:
    assert len(search(typed)) <= 8


def test_months_say_when_a_target_is_high_in_the_dark() -> None:
    orion = named("M 42")
    assert orion is not None
    hours = month_hours(orion.target, PARIS, 2026)
    assert hours[11] > 3
    assert hours[5] == 0
