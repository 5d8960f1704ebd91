from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sky import ephemeris
from agent.sky.ephemeris import (
    MOON,
    SUN,
    altaz,
    altitude_curve,
    equatorial,
    instants,
    moon,
    separation,
    sun,
)
from agent.targets import Site, SkyTarget, SolarBody, SolarTarget, Target
from tests.sky.formulas import sun_altitude
from tests.support.chance import often

ORACLE = json.loads(Path(__file__).with_name("oracle.json").read_text())
TOLERANCE = 0.1  # degrees
PARIS = Site(48.8566, 2.3522, 35.0, "Europe/Paris")
M31 = SkyTarget("M31", *ORACLE["stars"]["M31"])

anywhere = st.builds(
    Site, latitude=st.floats(-89.9, 89.9), longitude=st.floats(-180, 180), altitude_m=st.floats(0, 4000)
)
any_time = st.integers(0, 25 * 365 * 24 * 60).map(
    lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def _target(name: str) -> Target:
    if name in ORACLE["stars"]:
        return SkyTarget(name, *ORACLE["stars"][name])
    return SolarTarget(name, SolarBody(name))


def _between(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The angle between two directions of altitude and azimuth, degrees."""
    (alt1, az1), (alt2, az2) = (tuple(map(math.radians, place)) for place in (a, b))
    cosine = math.sin(alt1) * math.sin(alt2) + math.cos(alt1) * math.cos(alt2) * math.cos(az1 - az2)
    return math.degrees(math.acos(min(1.0, cosine)))


@pytest.mark.parametrize("row", ORACLE["rows"], ids=lambda row: row["at"])
def test_everything_stands_where_an_independent_program_says(row: dict) -> None:
    site, at = Site(*row["site"]), datetime.fromisoformat(row["at"])
    for name, place in row["altaz"].items():
        ours = altaz(_target(name), site, at)
        assert _between((ours.altitude, ours.azimuth), tuple(place)) < TOLERANCE, name
    assert separation(MOON, M31, site, at) == pytest.approx(row["moon_to_m31"], abs=TOLERANCE)
    assert separation(MOON, SUN, site, at) == pytest.approx(row["moon_to_sun"], abs=TOLERANCE)
    assert separation(_target("venus"), SUN, site, at) == pytest.approx(row["venus_to_sun"], abs=TOLERANCE)
    assert moon(site, at).illumination == pytest.approx(row["moon_illumination"], abs=0.01)


@settings(deadline=None, max_examples=often(60))
@given(anywhere, any_time)
def test_the_sun_stands_where_the_textbook_formula_says(site: Site, at: datetime) -> None:
    assert sun(site, at).altitude == pytest.approx(sun_altitude(site, at), abs=TOLERANCE)


def test_an_hour_of_the_clock_is_an_hour_whatever_zone_it_is_written_in() -> None:
    utc = datetime(2026, 3, 1, 20, tzinfo=UTC)
    paris = datetime.fromisoformat("2026-03-01T21:00:00+01:00")
    assert altaz(M31, PARIS, utc) == altaz(M31, PARIS, paris)


def test_a_naive_instant_is_refused() -> None:
    naive = datetime(2026, 3, 1, 20, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="aware"):
        altaz(M31, PARIS, naive)
    with pytest.raises(ValueError, match="aware"):
        separation(M31, SUN, None, naive)


@settings(deadline=None, max_examples=often(40))
@given(any_time, st.sampled_from([SolarBody.MERCURY, SolarBody.VENUS, SolarBody.MARS, SolarBody.MOON]))
def test_without_a_site_separations_from_the_sun_differ_by_parallax_alone(
    at: datetime, body: SolarBody
) -> None:
    target = SolarTarget(body.value, body)
    allowed = 1.1 if body is SolarBody.MOON else 0.02
    assert separation(target, SUN, None, at) == pytest.approx(separation(target, SUN, PARIS, at), abs=allowed)


@settings(deadline=None, max_examples=often(40))
@given(any_time, st.sampled_from(list(SolarBody)))
def test_pointing_at_the_j2000_place_of_a_body_points_at_the_body(at: datetime, body: SolarBody) -> None:
    target = SolarTarget(body.value, body)
    place = equatorial(target, PARIS, at)
    there = altaz(SkyTarget("there", place.ra_hours, place.dec_degrees), PARIS, at)
    here = altaz(target, PARIS, at)
    assert _between((there.altitude, there.azimuth), (here.altitude, here.azimuth)) < 0.02


def test_a_fixed_target_keeps_its_catalogue_place_and_moves_by_precession_of_date() -> None:
    at = datetime(2026, 3, 1, 20, tzinfo=UTC)
    kept = equatorial(M31, PARIS, at)
    assert (kept.ra_hours, kept.dec_degrees) == (M31.ra_hours, M31.dec_degrees)
    moved = equatorial(M31, PARIS, at, of_date=True)
    assert moved.dec_degrees - kept.dec_degrees == pytest.approx(26.2 * 20.04 / 3600 * 0.98, abs=0.02)


def test_a_curve_has_both_its_ends_and_even_steps_between() -> None:
    start = datetime(2026, 3, 1, 20, tzinfo=UTC)
    curve = altitude_curve(M31, PARIS, start, start + timedelta(minutes=25), timedelta(minutes=10))
    assert [(point.instant - start).total_seconds() / 60 for point in curve] == [0, 10, 20, 25]
    assert curve[1].altitude == altaz(M31, PARIS, curve[1].instant).altitude
    with pytest.raises(ValueError, match="step"):
        list(instants(start, start, timedelta(0)))


@settings(max_examples=often(200))
@given(
    st.builds(SkyTarget, st.just("x"), st.floats(0, 24, exclude_max=True), st.floats(-90, 90)),
    st.builds(Site, st.floats(-90, 90), st.floats(-180, 180), st.just(0.0), st.just("UTC")),
    st.integers(-2_177_000_000, 4_070_000_000),  # 1901 to 2098
)
def test_a_star_stands_where_the_library_puts_it_at_that_instant(
    target: SkyTarget, site: Site, seconds: int
) -> None:
    """It is turned with the sky of some hours around, in place of being computed anew each time."""
    instant = datetime.fromtimestamp(seconds, UTC)
    told = ephemeris.altaz(target, site, instant)
    body = ephemeris._computed(target, ephemeris._observer(site, instant))
    ours, theirs = (
        (math.cos(alt) * math.cos(az), math.cos(alt) * math.sin(az), math.sin(alt))
        for alt, az in ((math.radians(told.altitude), math.radians(told.azimuth)), (body.alt, body.az))
    )
    assert math.degrees(math.dist(ours, theirs)) * 3600 < 0.5  # arc seconds
