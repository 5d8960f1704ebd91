"""Many places at once stand where each stands by itself."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.sky.ephemeris import MOON, altaz, moon, separation
from agent.sky.sweep import Sweep
from agent.targets import Site, SkyTarget

INSTANT = datetime(2026, 1, 1, tzinfo=UTC)


@given(
    st.floats(-85, 85), st.floats(-180, 180), st.floats(0, 23.999), st.floats(-89, 89), st.floats(0, 35000)
)
def test_a_sweep_agrees_with_the_ephemeris(
    latitude: float, longitude: float, ra: float, dec: float, hours: float
) -> None:
    site, target = Site(latitude, longitude, 0.0, "UTC"), SkyTarget("x", ra, dec)
    instant = INSTANT + timedelta(hours=hours)
    (place,) = Sweep(site, [instant]).places(ra, dec)
    exact = altaz(target, site, instant)
    assert abs(place.altitude - exact.altitude) < 0.02
    turned = (place.azimuth - exact.azimuth + 180) % 360 - 180
    assert abs(turned) * math.cos(math.radians(exact.altitude)) < 0.02
    assert abs(place.from_moon - separation(target, MOON, site, instant)) < 0.03
    assert abs(place.moon - moon(site, instant).altitude) < 0.02


def test_only_what_is_high_enough_is_given_and_nothing_culminates_higher_than_told() -> None:
    site = Site(48.85, 2.35, 35.0, "Europe/Paris")
    sweep = Sweep(site, [INSTANT + timedelta(minutes=10 * index) for index in range(144)])
    for dec in (-60.0, -20.0, 41.3, 89.0):
        places = sweep.places(0.71, dec, 30.0)
        assert all(place.altitude >= 30 for place in places)
        assert all(place.altitude <= sweep.highest(dec) + 0.3 for place in sweep.places(0.71, dec))
    assert not sweep.places(0.71, -60.0, 0.0)
