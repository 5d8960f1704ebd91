"""Frames of a known sky, measured: the numbers follow what was put into them."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numpy", reason="the extra `quality` is not installed")
pytest.importorskip("sep", reason="the extra `quality` is not installed")

from agent.quality.measure import measure
from agent.quality.trend import Cause, Measure, QualityTrend
from benchmarks.frame_quality import COMES, KINDS, WITHIN, night
from tests.support.chance import often
from tests.support.star_fields import Conditions, StarField, fits

CLEAR = Conditions()


def seen(**changed: Any) -> Measure:
    found = measure(fits(StarField(1).expose(replace(CLEAR, **changed))))
    assert found is not None
    return found


def test_the_numbers_follow_what_was_put_in() -> None:
    clear = seen()
    assert clear.hfd is not None
    assert clear.wings is not None
    assert clear.elongation is not None
    assert clear.stars > 80
    assert seen(sky=240).background == pytest.approx(clear.background + 4 * 180 * 3.5, rel=0.05)
    assert seen(clear=0.4).light[5] == pytest.approx(0.4 * clear.light[5], rel=0.1)
    assert (seen(fwhm=4.5).hfd or 0) > 1.15 * clear.hfd
    assert (seen(defocus=4).hfd or 0) > 1.5 * clear.hfd
    assert (seen(halo=0.4).wings or 0) > clear.wings + 0.1
    trailed = seen(trail=7)
    assert (trailed.elongation or 0) > clear.elongation + 0.15
    assert (trailed.aligned or 0) > 0.8
    assert seen(clear=0.0).stars <= 2


@pytest.mark.parametrize(
    "name",
    ["dew", *(pytest.param(name, marks=pytest.mark.soak) for name in ("cloud", "focus", "trailing"))],
)
def test_trouble_in_a_whole_night_is_named_in_time_and_its_end_is_seen(name: str) -> None:
    said, _ = night(KINDS[name], seed=7)
    first, last = said[0], said[-1]
    assert KINDS[name].cause in first[1].causes
    assert COMES <= first[0] < COMES + WITHIN
    assert not last[1].degraded


def test_a_good_night_says_nothing() -> None:
    assert night(KINDS["good"], seed=7)[0] == []


def test_a_tiff_is_measured_as_well() -> None:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(StarField(1).expose(CLEAR)).save(stream, "TIFF")
    found = measure(stream.getvalue())
    assert found is not None
    assert found.stars > 80


@settings(max_examples=often(60), deadline=None)
@given(st.binary(max_size=6000), st.booleans())
def test_what_is_no_frame_is_none(content: bytes, begins: bool) -> None:
    head = fits(StarField(1, stars=1, size=(64, 64)).expose(CLEAR))[:400] if begins else b""
    assert measure(head + content) is None


def test_causes_have_the_names_that_are_published() -> None:
    assert {cause.value for cause in Cause} == {"cloud", "dew", "focus", "trailing"}
    assert QualityTrend().causes == ()
