from __future__ import annotations

import io
from datetime import date, timedelta

from PIL import Image

from agent.sky.catalogue import resolve
from agent.sky.chart import ChartTarget, draw_chart
from agent.sky.nights import Interval, night_bounds
from agent.targets import Site

PARIS = Site(48.8566, 2.3522, 35.0, "Europe/Paris")
TROMSO = Site(69.65, 18.96, 10.0, "Europe/Oslo")
NIGHT = date(2026, 10, 12)
ORANGE = (255, 176, 0)  # of the first target


def _picture(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def _count(picture: Image.Image, colour: tuple[int, int, int]) -> int:
    plot = picture.crop((66, 58, 1005, 655))
    return sum(count for count, found in plot.getcolors(2**20) or [] if _near(found, colour))


def _near(found: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(found, tuple)
    return all(abs(a - b) < 30 for a, b in zip(found, colour, strict=True))


def test_the_chart_is_a_picture_with_the_targets_way_and_its_run_drawn_thick() -> None:
    start = night_bounds(PARIS, NIGHT).start + timedelta(hours=10)
    run = Interval(start, start + timedelta(hours=3))
    thin = _picture(draw_chart(PARIS, NIGHT, [ChartTarget("M31", resolve("M31"))]))
    thick = _picture(draw_chart(PARIS, NIGHT, [ChartTarget("M31", resolve("M31"), run)]))
    assert thin.size == (1280, 720)
    assert _count(thin, ORANGE) > 500
    assert _count(thick, ORANGE) > _count(thin, ORANGE) + 500


def test_a_target_below_the_horizon_draws_no_line() -> None:
    assert _count(_picture(draw_chart(PARIS, NIGHT, [ChartTarget("LMC", resolve("LMC"))])), ORANGE) == 0


def test_more_than_ten_targets_draw_as_ten() -> None:
    targets = [ChartTarget(name, resolve(name)) for name in ("M31", "M42", "Vega", "NGC 7000", "M13")] * 3
    assert draw_chart(PARIS, NIGHT, targets) == draw_chart(PARIS, NIGHT, targets[:10])


def test_nights_without_sunset_or_sunrise_are_drawn_from_noon_to_noon() -> None:
    midsummer = _picture(draw_chart(TROMSO, date(2026, 6, 21), [ChartTarget("M13", resolve("M13"))]))
    assert _count(midsummer, (100, 120, 180)) > 100_000  # daylight everywhere
    midwinter = _picture(draw_chart(TROMSO, date(2026, 12, 21), []))
    assert _count(midwinter, (100, 120, 180)) < 5000  # where lines of the grid cross, no more
