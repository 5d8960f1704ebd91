from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sky.horizon import HorizonError, HorizonMask


def test_a_horizon_is_a_line_between_its_points_around_the_compass() -> None:
    mask = HorizonMask.parse("90:20, 0:10\n180:0; 270:30")
    assert mask.altitude_at(0) == 10
    assert mask.altitude_at(45) == 15
    assert mask.altitude_at(90) == 20
    assert mask.altitude_at(315) == 20  # halfway from 270:30 back to 360:10
    assert mask.altitude_at(360) == 10
    assert mask.altitude_at(-90) == 30


def test_one_point_is_a_level_horizon() -> None:
    mask = HorizonMask.of([(120, 15)])
    assert {mask.altitude_at(azimuth) for azimuth in (0, 119, 120, 359)} == {15}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no points"),
        ("90", "'90' is not a point"),
        ("90:x", "'90:x' is not a point"),
        ("400:10", "azimuth 400"),
        ("10:100", "altitude 100"),
        ("nan:10", "azimuth nan"),
        ("10:nan", "altitude nan"),
        ("0:10, 360:20", "two altitudes for azimuth 0"),
    ],
)
def test_a_wrong_horizon_names_the_place(text: str, complaint: str) -> None:
    with pytest.raises(HorizonError, match=complaint):
        HorizonMask.parse(text)


@given(
    st.lists(st.tuples(st.floats(0, 359.9), st.floats(-10, 90)), min_size=1, unique_by=lambda p: p[0]),
    st.floats(0, 360),
)
def test_the_horizon_stays_between_its_lowest_and_highest_point(
    points: list[tuple[float, float]], azimuth: float
) -> None:
    heights = [altitude for _, altitude in points]
    assert min(heights) - 1e-6 <= HorizonMask.of(points).altitude_at(azimuth) <= max(heights) + 1e-6
