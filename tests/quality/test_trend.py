"""What frames tell of sky, optics and tracking: told apart, only when it lasts, and over by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.quality.trend import Cause, Measure, QualityTrend
from tests.support.chance import often

GOOD = Measure(120, 1600, tuple(1000.0 / (1 + rank) for rank in range(40)), 2.0, 0.1, 1.05, 0.2)
CLOUD = replace(GOOD, stars=15, light=tuple(0.3 * flux for flux in GOOD.light[:10]))
DARK = Measure(0, 1600)
DEW = replace(GOOD, light=tuple(0.6 * flux for flux in GOOD.light), wings=0.3, hfd=2.5)
SOFT = replace(GOOD, hfd=3.0)
LONG = replace(GOOD, hfd=3.0, elongation=1.5, aligned=0.9)
MOON = replace(GOOD, stars=60, background=6000)


def said(*measures: Measure, trend: QualityTrend | None = None) -> list[tuple[Cause, ...]]:
    trend = trend or QualityTrend()
    changes = [trend.add(measure) for measure in measures]
    return [change.causes for change in changes if change is not None]


def fading(measure: Measure, steps: int = 8) -> list[Measure]:
    """From good to that, in so many frames."""

    def between(step: int) -> Measure:
        part = step / steps
        light = tuple(a + (b - a) * part for a, b in zip(GOOD.light, measure.light, strict=True))
        return replace(measure, light=light, wings=0.1 + ((measure.wings or 0) - 0.1) * part)

    return [between(step) for step in range(1, steps + 1)]


@pytest.mark.parametrize(
    ("frames", "cause"),
    [
        ([CLOUD] * 4, Cause.CLOUD),
        ([DARK] * 4, Cause.CLOUD),
        ([*fading(DEW), DEW, DEW], Cause.DEW),
        ([SOFT] * 4, Cause.FOCUS),
        ([LONG] * 4, Cause.TRAILING),
    ],
)
def test_each_trouble_has_its_name_and_its_end(frames: list[Measure], cause: Cause) -> None:
    assert said(*[GOOD] * 10, *frames, *[GOOD] * 6) == [(cause,), ()]


def test_one_bad_frame_or_a_moon_that_rises_is_none() -> None:
    assert said(*[GOOD] * 8, LONG, *[GOOD] * 3, DARK, *[GOOD] * 3, *[MOON] * 9) == []


def test_five_frames_say_what_is_usual_and_three_that_it_got_worse() -> None:
    assert said(*[GOOD] * 4, *[SOFT] * 3) == []
    assert said(*[GOOD] * 5, *[SOFT] * 2) == []
    assert said(*[GOOD] * 5, *[SOFT] * 3) == [(Cause.FOCUS,)]


def test_a_field_of_few_stars_is_not_judged() -> None:
    poor = replace(GOOD, stars=9, light=GOOD.light[:9])
    assert said(*[poor] * 8, *[DARK] * 8) == []
    assert said(*[replace(GOOD, stars=19)] * 8, *[DARK] * 8) == []
    assert said(*[replace(GOOD, stars=20)] * 8, *[DARK] * 8) == [(Cause.CLOUD,)]


def test_a_beginning_under_clouds_is_no_measure_of_anything() -> None:
    assert said(*[DARK] * 20, *[GOOD] * 8, *[SOFT] * 4) == [(Cause.FOCUS,)]


def test_after_a_pause_it_says_again_what_is_still_so_and_what_is_over() -> None:
    trend = QualityTrend()
    assert said(*[GOOD] * 8, *[SOFT] * 4, trend=trend) == [(Cause.FOCUS,)]
    trend.look_again()
    assert said(*[SOFT] * 4, trend=trend) == [(Cause.FOCUS,)]
    trend.look_again()
    assert said(*[GOOD] * 4, trend=trend) == [()]


@settings(max_examples=often(100))
@given(st.lists(st.sampled_from([GOOD, CLOUD, DARK, DEW, SOFT, LONG, MOON, Measure(3, 0.0, (1.0,))])))
def test_whatever_comes_it_ends_by_itself(frames: list[Measure]) -> None:
    trend = QualityTrend()
    said(*[GOOD] * 5, *frames, trend=trend)
    said(*[GOOD] * 8, trend=trend)
    assert trend.causes == ()
