from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sky.altitudes import ASTRONOMICAL, NAUTICAL
from agent.sky.ephemeris import altitude, sun
from agent.sky.nights import (
    culmination,
    dark_window,
    first_time,
    next_solar_noon,
    next_sun_above,
    night_bounds,
    night_of,
    sun_events,
    windows_above,
)
from agent.targets import Site, SkyTarget
from tests.sky.formulas import sun_altitude
from tests.support.chance import often

PARIS = Site(48.8566, 2.3522, 35.0, "Europe/Paris")
HELSINKI = Site(60.17, 24.94, 15.0, "Europe/Helsinki")
TROMSO = Site(69.65, 18.96, 10.0, "Europe/Oslo")
SYDNEY = Site(-33.87, 151.21, 20.0, "Australia/Sydney")
APIA = Site(-13.83, -171.77, 10.0, "Pacific/Apia")  # civil date a day ahead of its longitude
UTC_ZONE = ZoneInfo("UTC")
MIDSUMMER = date(2026, 6, 21)
MIDWINTER = date(2026, 12, 21)
HOUR, HOURS = timedelta(hours=1), timedelta(hours=4)
M31 = SkyTarget("M31", 0.71232, 41.2691)

sites = st.sampled_from([PARIS, HELSINKI, TROMSO, SYDNEY, APIA, Site(-54.8, -68.3, 30.0, "UTC")])
nights = st.dates(date(2024, 1, 1), date(2032, 12, 31))


@settings(deadline=None, max_examples=often(60))
@given(sites, nights, st.sampled_from([-0.833, -6.0, NAUTICAL, ASTRONOMICAL]))
def test_it_is_dark_inside_the_dark_window_and_nowhere_else_in_the_night(
    site: Site, night: date, limit: float
) -> None:
    bounds, window = night_bounds(site, night), dark_window(site, night, limit)
    for minutes in range(0, 24 * 60, 30):
        instant = bounds.start + timedelta(minutes=minutes)
        height = sun_altitude(site, instant)
        inside = window is not None and instant in window
        if abs(height - limit) > 0.1:
            assert inside is (height < limit)


@settings(deadline=None, max_examples=often(30))
@given(sites, nights)
def test_the_sun_stands_at_the_limit_at_both_edges(site: Site, night: date) -> None:
    window, bounds = dark_window(site, night, NAUTICAL), night_bounds(site, night)
    if window is not None:
        for edge in {window.start, window.end} - {bounds.start, bounds.end}:
            assert sun(site, edge).altitude == pytest.approx(NAUTICAL, abs=0.01)


def test_there_is_no_dark_window_in_a_northern_midsummer() -> None:
    assert dark_window(HELSINKI, MIDSUMMER, ASTRONOMICAL) is None
    assert dark_window(HELSINKI, MIDSUMMER, NAUTICAL) is None
    assert dark_window(HELSINKI, MIDSUMMER, -6) is not None
    assert dark_window(TROMSO, MIDSUMMER, -0.833) is None
    events = sun_events(TROMSO, MIDSUMMER)
    assert (events.sunset, events.sunrise, events.astronomical_dusk) == (None, None, None)


def test_the_polar_night_is_dark_from_noon_to_noon() -> None:
    bounds = night_bounds(TROMSO, MIDWINTER)
    assert dark_window(TROMSO, MIDWINTER, -0.833) == bounds
    events = sun_events(TROMSO, MIDWINTER)
    assert events.sunset is None
    assert events.sunrise is None
    assert events.nautical_dusk is not None


def test_sunset_and_sunrise_agree_with_the_almanac() -> None:
    events = sun_events(PARIS, date(2026, 3, 20))
    assert events.sunset is not None
    assert events.sunrise is not None
    assert abs(events.sunset - datetime(2026, 3, 20, 18, 4, tzinfo=UTC)) < timedelta(minutes=2)
    assert abs(events.sunrise - datetime(2026, 3, 21, 5, 50, tzinfo=UTC)) < timedelta(minutes=2)


@pytest.mark.parametrize("site", [PARIS, SYDNEY, APIA, TROMSO])
def test_a_night_belongs_to_the_date_of_its_evening(site: Site) -> None:
    night = date(2026, 9, 10)
    bounds = night_bounds(site, night)
    assert bounds.seconds == 24 * 3600
    assert night_of(bounds.start, site, UTC_ZONE) == night
    assert night_of(bounds.end - timedelta(seconds=1), site, UTC_ZONE) == night
    assert night_of(bounds.end, site, UTC_ZONE) == night + timedelta(days=1)
    dusk = sun_events(site, night).sunset
    assert dusk is not None
    assert dusk in bounds


@settings(deadline=None, max_examples=often(50))
@given(sites | st.none(), nights, st.integers(0, 24 * 3600))
def test_a_night_ends_at_the_next_noon_and_the_next_one_begins(
    site: Site | None, day: date, second: int
) -> None:
    now = datetime.combine(day, time(), UTC) + timedelta(seconds=second)
    zone = ZoneInfo("Europe/Paris")
    noon = next_solar_noon(now, site, zone)
    assert noon.tzinfo is UTC
    assert now < noon <= now + timedelta(hours=25)  # a day of autumn without a site has 25
    assert night_of(noon - timedelta(microseconds=1), site, zone) == night_of(now, site, zone)
    assert night_of(noon, site, zone) == night_of(now, site, zone) + timedelta(days=1)


def test_without_a_site_a_night_ends_at_noon_on_the_clocks() -> None:
    zone = ZoneInfo("Europe/Paris")
    evening = datetime(2026, 10, 24, 20, tzinfo=UTC)  # the clocks go back that night
    assert next_solar_noon(evening, None, zone) == datetime(2026, 10, 25, 11, tzinfo=UTC)


def test_a_site_with_a_wrong_time_zone_still_has_whole_nights() -> None:
    lost = Site(-33.87, 151.21, 20.0, "UTC")
    window = dark_window(lost, date(2026, 9, 10), ASTRONOMICAL)
    assert window is not None
    assert window.seconds > 8 * 3600


@pytest.mark.parametrize(
    ("target", "highest"),
    [
        (SkyTarget("Polaris", 2.53, 89.26), 48.86 + 0.74),
        (SkyTarget("LMC", 5.39, -69.76), 90 - 48.86 - 69.76),
        (SkyTarget("M42", 5.588, -5.39), 90 - 48.86 - 5.39),
    ],
    ids=["circumpolar", "never rises", "rises and sets"],
)
def test_a_target_culminates_at_its_declinations_height(target: SkyTarget, highest: float) -> None:
    bounds = night_bounds(PARIS, MIDWINTER)
    top = culmination(target, PARIS, bounds.start, bounds.end)
    assert top.highest == pytest.approx(highest, abs=0.15)
    assert top.highest == altitude(target, PARIS, top.at)
    assert top.at in bounds


def test_in_a_part_of_the_night_it_is_highest_at_an_end_of_it() -> None:
    bounds = night_bounds(PARIS, MIDWINTER)
    orion = SkyTarget("M42", 5.588, -5.39)
    at = culmination(orion, PARIS, bounds.start, bounds.end).at
    for start, end, edge in ((at - HOURS, at - HOUR, at - HOUR), (at + HOUR, at + HOURS, at + HOUR)):
        assert abs((culmination(orion, PARIS, start, end).at - edge).total_seconds()) < 2


@settings(deadline=None, max_examples=often(25))
@given(sites, nights, st.floats(0, 23.9), st.floats(-85, 85), st.floats(0, 60))
def test_a_target_is_high_enough_inside_its_windows_only(
    site: Site, night: date, ra: float, dec: float, minimum: float
) -> None:
    bounds, target = night_bounds(site, night), SkyTarget("x", ra, dec)
    windows = windows_above(target, site, bounds.start, bounds.end, minimum)
    for minutes in range(0, 24 * 60, 40):
        instant = bounds.start + timedelta(minutes=minutes)
        height = altitude(target, site, instant)
        if abs(height - minimum) > 0.02:
            assert any(instant in window for window in windows) is (height >= minimum)


def test_the_next_dawn_is_found_and_a_polar_night_has_none() -> None:
    midnight = datetime(2026, 9, 21, 22, tzinfo=UTC)
    dawn = next_sun_above(PARIS, midnight, -6)
    assert dawn is not None
    assert sun(PARIS, dawn).altitude == pytest.approx(-6, abs=0.01)
    assert sun(PARIS, dawn).altitude >= -6
    day = datetime(2026, 9, 21, 12, tzinfo=UTC)
    assert next_sun_above(PARIS, day, -6) == day
    assert next_sun_above(TROMSO, datetime(2026, 12, 21, tzinfo=UTC), 0) is None


def test_a_condition_that_never_holds_has_no_first_time() -> None:
    start = datetime(2026, 9, 21, tzinfo=UTC)
    assert first_time(lambda _: False, start, start + timedelta(hours=3)) is None
    assert first_time(lambda _: True, start, start + timedelta(hours=3)) == start
