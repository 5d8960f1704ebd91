from __future__ import annotations

import io
from datetime import date, timedelta
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from agent.sky.catalogue import resolve
from agent.sky.chart import MOST_ROWS, ChartTarget, draw_chart
from agent.sky.chart_png import as_png
from agent.sky.chart_shapes import Badge, Box, Drawing, Line, Words
from agent.sky.chart_svg import as_svg
from agent.sky.ephemeris import MOON
from agent.sky.horizon import HorizonMask
from agent.sky.nights import Interval, night_bounds, windows_above
from agent.targets import Site, SkyTarget

PARIS = Site(48.8566, 2.3522, 35.0, "Europe/Paris")
TROMSO = Site(69.65, 18.96, 10.0, "Europe/Oslo")
NIGHT = date(2026, 10, 12)
START = night_bounds(PARIS, NIGHT).start + timedelta(hours=10)
ORANGE = "#ffb000"  # of the first target
LIMIT = "#ff6b6b"
STRIP = 936


def of(name: str, **more: object) -> ChartTarget:
    return ChartTarget(name, resolve(name), **more)  # type: ignore[arg-type]


def run(hours: float, begin: float = 0.0) -> tuple[Interval, ...]:
    start = START + timedelta(hours=begin)
    return (Interval(start, start + timedelta(hours=hours)),)


def words(drawing: Drawing) -> list[str]:
    return [shape.text for shape in drawing.shapes if isinstance(shape, Words)]


def ways(drawing: Drawing, colour: str = ORANGE) -> list[Line]:
    return [shape for shape in drawing.shapes if isinstance(shape, Line) and shape.colour == colour]


def blocks(drawing: Drawing, colour: str) -> list[Box]:
    return [
        shape
        for shape in drawing.shapes
        if isinstance(shape, Box) and (shape.y, shape.colour) == (STRIP, colour)
    ]


def test_a_run_is_drawn_thick_and_as_a_block_below_itself() -> None:
    drawing = draw_chart(PARIS, NIGHT, [of("M 31", runs=run(3))])
    thin, thick = sorted({line.width for line in ways(drawing)})
    assert thick > 2 * thin
    (way,) = [line for line in ways(drawing) if line.width == thick]
    (block,) = blocks(drawing, ORANGE)
    assert abs(way.points[0][0] - block.x) < 0.01
    assert abs(way.points[-1][0] - block.x - block.width) < 3
    assert "23:50 to 02:50" in words(drawing)


def test_the_picture_has_the_colours_of_the_drawing() -> None:
    drawing = draw_chart(PARIS, NIGHT, [of("M 31", runs=run(3))])
    picture = Image.open(io.BytesIO(as_png(drawing))).convert("RGB")
    assert picture.size == (2 * drawing.width, 2 * drawing.height)
    (block,) = blocks(drawing, ORANGE)
    assert picture.getpixel((round(2 * block.x + 20), 2 * STRIP + 20)) == (255, 176, 0)
    assert picture.getpixel((2, 2)) == (16, 19, 31)


def test_steps_do_not_cut_off_the_top_of_a_way_near_the_zenith() -> None:
    drawing = draw_chart(PARIS, NIGHT, [of("Capella")])  # it passes at 87 degrees
    top = min(y for line in ways(drawing) for _, y in line.points)
    assert abs(top - (872 - 700 * 87.13 / 90)) < 1


def test_what_may_not_be_imaged_is_faint_whatever_forbids_it() -> None:
    def free(target: ChartTarget) -> float:
        lines = ways(draw_chart(PARIS, NIGHT, [target]))
        return sum(line.points[-1][0] - line.points[0][0] for line in lines)

    everything = free(of("M 31"))
    mask = HorizonMask.parse("0:5, 90:50, 180:5")
    assert free(of("M 31", low=40.0)) < everything
    assert free(of("M 31", high=60.0)) < everything
    assert free(of("M 31", horizon=mask)) < everything


def test_limits_that_all_share_are_drawn_once_and_others_not() -> None:
    same = [of("M 31", low=20.0, high=80.0), of("M 33", low=20.0, high=80.0)]
    assert len(ways(draw_chart(PARIS, NIGHT, same), LIMIT)) == 2
    mixed = [of("M 31", low=20.0), of("M 33", low=30.0)]
    assert ways(draw_chart(PARIS, NIGHT, mixed), LIMIT) == []


def test_a_target_below_the_horizon_has_no_line_but_a_row_that_says_why() -> None:
    drawing = draw_chart(PARIS, NIGHT, [of("LMC", note="LMC never rises here.")])
    assert ways(drawing) == []
    assert "does not run" in words(drawing)
    assert "LMC never rises here." in words(drawing)


def test_sessions_of_one_target_share_a_line_and_keep_their_blocks() -> None:
    drawing = draw_chart(PARIS, NIGHT, [of("M 31", runs=run(1)), of("M 33"), of("M31", runs=run(1, 2))])
    assert len(blocks(drawing, ORANGE)) == 2
    badges = [shape.text for shape in drawing.shapes if isinstance(shape, Badge) and shape.x == 48]
    assert badges == ["1", "2"]


def test_rows_follow_the_plan() -> None:
    drawing = draw_chart(PARIS, NIGHT, [of("M 45"), of("M 42", runs=run(1, 3)), of("M 31", runs=run(1))])
    names = [text for text in words(drawing) if text in ("M 31", "M 42", "M 45")]
    assert names == ["M 31", "M 42", "M 45"]


def test_any_number_of_sessions_is_drawn_and_told() -> None:
    many = [
        ChartTarget(f"Field {number}", SkyTarget("", number / 10, 30.0), run(0.05, number / 20))
        for number in range(MOST_ROWS + 30)
    ]
    drawing = draw_chart(PARIS, NIGHT, many)
    assert "and 30 more" in words(drawing)
    assert len([one for one in drawing.shapes if isinstance(one, Box) and one.y == STRIP]) > MOST_ROWS
    few = draw_chart(PARIS, NIGHT, many[:30])
    assert {f"Field {number}" for number in range(30)} <= set(words(few))
    assert Image.open(io.BytesIO(as_png(few))).size[1] in (few.height, 2 * few.height)


def test_now_and_the_moon_are_there_only_when_they_are() -> None:
    assert "now" in words(draw_chart(PARIS, NIGHT, [of("M 31")], now=START))
    assert "now" not in words(draw_chart(PARIS, NIGHT, [of("M 31")], now=START + timedelta(days=1)))
    assert "Moon" in words(draw_chart(PARIS, date(2026, 10, 26), []))
    nights = (NIGHT + timedelta(days=number) for number in range(30))
    moonless = next(
        night
        for night in nights
        for whole in [night_bounds(TROMSO, night)]
        if not windows_above(MOON, TROMSO, whole.start, whole.end, 0.0)
    )
    assert "Moon" not in words(draw_chart(TROMSO, moonless, []))


def test_each_row_tells_transit_and_distance_from_the_moon() -> None:
    drawing = draw_chart(PARIS, date(2026, 10, 26), [of("M 45", runs=run(1)), of("Moon")])
    (pleiades,) = [text for text in words(drawing) if "from the Moon" in text]
    assert pleiades.startswith("highest 65° at 0")


def test_nights_without_sunset_or_sunrise_are_drawn_from_noon_to_noon() -> None:
    midsummer = draw_chart(TROMSO, date(2026, 6, 21), [of("M 13")])
    assert {"no astronomical darkness", "Moon 51 % lit"} <= set(words(midsummer))
    midwinter = draw_chart(TROMSO, date(2026, 12, 21), [])
    for drawing in (midsummer, midwinter):
        hours = [text for text in words(drawing) if text.isdigit()]
        assert len(hours) == 8


@given(st.text(), st.text())
def test_any_text_makes_a_sound_document(title: str, text: str) -> None:
    told = (Words(0, 0, text, 20, ORANGE, "end"), Badge(0, 0, 20, ORANGE, text, ORANGE))
    root = ElementTree.fromstring(as_svg(Drawing(10, 10, title, told)))
    assert [element.tag.rpartition("}")[2] for element in root] == ["title", "text", "circle", "text"]


def test_a_label_cannot_bring_markup_into_a_page() -> None:
    told = as_svg(draw_chart(PARIS, NIGHT, [ChartTarget('<script>"&', resolve("M 31"), note="</text><a>")]))
    assert "<script>" not in told
    assert "<a>" not in told
    assert "&lt;script&gt;" in told
