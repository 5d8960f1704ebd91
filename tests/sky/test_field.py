"""What a field holds, and how it turns, against figures found another way."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.sky.ephemeris import altaz, altitude, equatorial
from agent.sky.field import corner_trail, rotation_rate, size_of
from agent.targets import Site, SkyTarget, SolarBody, SolarTarget
from tests.sky.formulas import days_since_2000

UHD = (3840, 2160)
NIGHT = datetime(2026, 12, 12, 18, tzinfo=UTC)


def parallactic(target: SkyTarget, site: Site, instant: datetime) -> float:
    """The angle between the zenith and the pole as seen from the target, degrees, by the textbook formula."""
    place = equatorial(target, site, instant, of_date=True)
    sidereal = 280.46062 + 360.98564737 * days_since_2000(instant) + site.longitude
    turn = math.radians(sidereal - 15 * place.ra_hours)
    lat, dec = math.radians(site.latitude), math.radians(place.dec_degrees)
    across = math.tan(lat) * math.cos(dec) - math.sin(dec) * math.cos(turn)
    return math.degrees(math.atan2(math.sin(turn), across))


@given(
    latitude=st.floats(-66, 66),
    ra=st.floats(0, 24, exclude_max=True),
    dec=st.floats(-85, 85),
    minutes=st.integers(0, 24 * 60),
)
def test_the_field_turns_as_the_parallactic_angle_does(
    latitude: float, ra: float, dec: float, minutes: int
) -> None:
    site, target = Site(latitude, 2.35), SkyTarget("x", ra, dec)
    instant = NIGHT + timedelta(minutes=minutes)
    assume(abs(latitude) > 1e-3)
    assume(0 < altitude(target, site, instant) < 88)
    before, after = (parallactic(target, site, instant + timedelta(seconds=s)) for s in (-10, 10))
    turned = abs((after - before + 180) % 360 - 180) / 20
    assert rotation_rate(target, site, instant) == pytest.approx(turned, rel=0.01, abs=2e-5)


@pytest.mark.parametrize(
    ("height", "seconds", "pixels"),
    [(60, 15, 3), (80, 15, 9), (85, 15, 18), (60, 60, 13), (80, 60, 37), (85, 60, 73)],
)
def test_the_corners_of_a_dwarf_3_trail_as_measured_on_the_meridian_at_49_degrees(
    height: int, seconds: int, pixels: int
) -> None:
    site = Site(49.0, 0.0)
    target = SkyTarget("x", 3.0, 49.0 - (90 - height))
    noon = max(
        (NIGHT + timedelta(minutes=m) for m in range(24 * 60)), key=lambda t: altitude(target, site, t)
    )
    assert altaz(target, site, noon).altitude == pytest.approx(height, abs=0.3)
    trail = corner_trail(seconds * rotation_rate(target, site, noon), UHD)
    assert trail == pytest.approx(pixels, rel=0.06, abs=0.6)


def test_in_the_zenith_the_rate_is_a_number() -> None:
    pole = SkyTarget("pole", 0.0, 90.0)
    assert math.isfinite(rotation_rate(pole, Site(89.99, 0.0), NIGHT))


def test_the_sizes_that_are_known() -> None:
    assert size_of(SolarTarget("Luna", SolarBody.MOON)) == (31.0, 31.0)
    assert size_of(SolarTarget("Jupiter", SolarBody.JUPITER)) is None
    assert size_of(SkyTarget("my own place", 1.0, 2.0)) is None
