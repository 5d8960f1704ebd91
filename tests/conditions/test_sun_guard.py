from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agent.conditions import ConditionSet, Requirements, SunLimitError, capture_deadline, permit_goto
from agent.conditions.sun_guard import OPEN_ENDED, first_danger, first_dawn
from agent.sky.ephemeris import MOON, SUN, equatorial, separation, sun
from agent.targets import Site, SkyTarget, SolarBody, SolarTarget, Target
from tests.sky.formulas import altitude as textbook_altitude
from tests.sky.formulas import sun_altitude, sun_place
from tests.support.chance import often

PARIS = Site(48.8566, 2.3522, 35.0, "Europe/Paris")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMIT = 20.0

sites = st.builds(
    Site, latitude=st.floats(-89, 89), longitude=st.floats(-180, 180), altitude_m=st.floats(0, 3000)
)
times = st.integers(0, 10 * 365 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
bodies = [body for body in SolarBody if body is not SolarBody.SUN]
fixed = st.builds(SkyTarget, st.just("x"), st.floats(0, 23.999), st.floats(-90, 90))
solar = st.sampled_from(bodies).map(lambda body: SolarTarget(body.value, body))


@st.composite
def near_the_sun(draw: st.DrawFn, at: datetime) -> Target:
    """A fixed target some degrees around the Sun's place: where the limit decides."""
    ra, dec = sun_place(at)
    return SkyTarget(
        "near",
        (ra + draw(st.floats(-40, 40))) / 15 % 24,
        max(-90.0, min(90.0, dec + draw(st.floats(-40, 40)))),
    )


def _beside_the_sun(at: datetime, degrees: float) -> SkyTarget:
    place = equatorial(SUN, PARIS, at)
    away = degrees / math.cos(math.radians(place.dec_degrees)) / 15
    return SkyTarget("beside", (place.ra_hours + away) % 24, place.dec_degrees)


@settings(deadline=None, max_examples=often(150))
@given(st.data(), sites, times, st.floats(0, 12), st.booleans(), st.booleans())
def test_no_permitted_goto_points_near_a_sun_that_is_up(
    data: st.DataObject, site: Site, at: datetime, hours: float, sun_filter: bool, allow_sun: bool
) -> None:
    target = data.draw(st.one_of(fixed, solar, near_the_sun(at)))
    until = at + timedelta(hours=hours)
    try:
        permit_goto(
            target, site, at, until=until, limit_deg=LIMIT, sun_filter=sun_filter, allow_sun=allow_sun
        )
    except SunLimitError:
        return
    instant = at
    while instant <= until:  # checked against formulas that the guard does not use
        if sun_altitude(site, instant) > 0 and isinstance(target, SkyTarget):
            ra, dec = sun_place(instant)
            assert _textbook_separation(target, ra, dec) > LIMIT - 0.5  # precession of J2000 places
        if sun(site, instant).altitude > -0.833:
            assert separation(target, SUN, site, instant) >= LIMIT
        instant += timedelta(minutes=7)


def _textbook_separation(target: SkyTarget, ra: float, dec: float) -> float:
    pole = Site(target.dec_degrees, 0.0)  # the altitude above a horizon whose zenith is the target
    at = datetime(2000, 1, 1, 12, tzinfo=UTC)
    return 90 - textbook_altitude(ra - target.ra_hours * 15 + 280.46062, dec, pole, at)


@settings(deadline=None, max_examples=often(60))
@given(st.data(), times, st.floats(0, 24))
def test_without_a_site_the_sun_counts_as_up_always(data: st.DataObject, at: datetime, hours: float) -> None:
    target = data.draw(st.one_of(fixed, solar, near_the_sun(at)))
    near = separation(target, SUN, None, at) < LIMIT
    try:
        permit_goto(target, None, at, until=at + timedelta(hours=hours))
    except SunLimitError:
        return
    assert not near


@settings(deadline=None, max_examples=often(60))
@given(fixed, sites, times)
def test_a_target_far_from_the_sun_is_never_refused(target: SkyTarget, site: Site, at: datetime) -> None:
    assume(separation(target, SUN, site, at) > LIMIT + 1.5)
    permit_goto(target, site, at, until=at + 12 * HOUR)


def test_a_target_inside_the_limit_is_refused_by_day_and_permitted_in_the_dark() -> None:
    target = _beside_the_sun(NOON, 15)
    with pytest.raises(SunLimitError, match="15 degrees from the Sun now"):
        permit_goto(target, PARIS, NOON, until=NOON + HOUR)
    permit_goto(target, PARIS, MIDNIGHT, until=MIDNIGHT + HOUR)


@pytest.mark.parametrize(("degrees", "permitted"), [(19.9, False), (20.3, True)])
def test_the_limit_is_where_it_is_said_to_be(degrees: float, permitted: bool) -> None:
    target = _beside_the_sun(NOON, degrees)
    assert (first_danger(target, PARIS, NOON, NOON, LIMIT) is None) is permitted


def test_a_goto_before_dawn_that_would_be_followed_into_the_day_is_refused() -> None:
    before_dawn = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)  # the Sun is 12 degrees down and rises at 3:50
    target = _beside_the_sun(before_dawn, 15)
    permit_goto(target, PARIS, before_dawn, until=before_dawn + HOUR)
    with pytest.raises(SunLimitError, match="while it is followed"):
        permit_goto(target, PARIS, before_dawn, until=before_dawn + 3 * HOUR)


def _when_the_sun_stands(altitude: float, *, rising: bool) -> datetime:
    """An instant in Paris within a minute of the Sun passing that altitude."""
    start = NOON - 12 * HOUR if rising else NOON
    instants = (start + timedelta(minutes=minutes) for minutes in range(12 * 60))
    return min(instants, key=lambda instant: abs(sun(PARIS, instant).altitude - altitude))


@pytest.mark.parametrize("rising", [True, False], ids=["morning", "evening"])
@pytest.mark.parametrize("altitude", [-0.2, -1.5, -2.7])
def test_the_sun_counts_as_up_before_it_rises_and_after_it_has_set(altitude: float, rising: bool) -> None:
    at = _when_the_sun_stands(altitude, rising=rising)
    with pytest.raises(SunLimitError, match="now"):
        permit_goto(_beside_the_sun(at, 15), PARIS, at, until=at)


@pytest.mark.parametrize("altitude", [-3.3, -4.5, -5.7])
def test_the_sun_counts_as_down_once_it_is_well_down(altitude: float) -> None:
    at = _when_the_sun_stands(altitude, rising=False)
    permit_goto(_beside_the_sun(at, 15), PARIS, at, until=at + HOUR)


def test_a_sun_that_comes_up_before_it_is_looked_at_again_counts_as_up() -> None:
    at = _when_the_sun_stands(-3.3, rising=True)
    with pytest.raises(SunLimitError, match="now"):
        permit_goto(_beside_the_sun(at, 15), PARIS, at, until=at)


def test_a_goto_without_an_end_must_be_safe_for_half_a_day() -> None:
    evening = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)
    target = _beside_the_sun(evening, 15)
    permit_goto(target, PARIS, evening, until=evening + HOUR)
    with pytest.raises(SunLimitError):
        permit_goto(target, PARIS, evening)
    assert timedelta(hours=12) == OPEN_ENDED


@pytest.mark.parametrize(
    ("sun_filter", "allow_sun", "permitted"),
    [(False, False, False), (True, False, False), (False, True, False), (True, True, True)],
)
@pytest.mark.parametrize("at", [NOON, MIDNIGHT])
@pytest.mark.parametrize("site", [PARIS, None])
def test_the_sun_itself_needs_the_filter_and_the_permission(
    sun_filter: bool, allow_sun: bool, permitted: bool, at: datetime, site: Site | None
) -> None:
    try:
        permit_goto(SUN, site, at, sun_filter=sun_filter, allow_sun=allow_sun)
    except SunLimitError:
        assert not permitted
    else:
        assert permitted


def test_a_filter_opens_the_sun_alone_not_its_surroundings() -> None:
    disguised = _beside_the_sun(NOON, 0)
    with pytest.raises(SunLimitError):
        permit_goto(disguised, PARIS, NOON, until=NOON, sun_filter=True, allow_sun=True)


def test_a_new_moon_and_venus_behind_the_sun_are_refused_by_day() -> None:
    eclipse = datetime(2026, 8, 12, 17, 0, tzinfo=UTC)
    with pytest.raises(SunLimitError):
        permit_goto(MOON, PARIS, eclipse, until=eclipse)
    conjunction = datetime(2026, 1, 6, 12, 0, tzinfo=UTC)
    with pytest.raises(SunLimitError):
        permit_goto(SolarTarget("Venus", SolarBody.VENUS), PARIS, conjunction, until=conjunction)


@pytest.mark.parametrize("target", [SkyTarget("x", math.nan, 0.0), SkyTarget("x", 0.0, math.nan)])
def test_a_place_that_is_no_number_is_refused(target: SkyTarget) -> None:
    with pytest.raises(ValueError, match="finite"):
        permit_goto(target, PARIS, NOON, until=NOON)
    with pytest.raises(ValueError, match="finite"):
        permit_goto(MOON, Site(math.nan, 0.0), NOON, until=NOON)


@pytest.mark.parametrize("limit", [0.0, -5.0, math.nan, 120.0])
def test_a_limit_that_guards_nothing_is_an_error(limit: float) -> None:
    with pytest.raises(ValueError, match="limit"):
        permit_goto(MOON, PARIS, NOON, limit_deg=limit)


# -- dawn -------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=often(60))
@given(sites, times, st.floats(-18, 0))
def test_until_the_deadline_the_sun_stays_below_the_limit(site: Site, at: datetime, limit: float) -> None:
    deadline = capture_deadline(site, at, limit)
    end = at + timedelta(days=1) if deadline is None else deadline
    instant = at
    while instant < end:
        assert sun_altitude(site, instant) < limit + 0.1
        instant += timedelta(minutes=9)
    if deadline is not None:
        assert sun(site, deadline).altitude >= limit


def test_by_day_the_deadline_is_now_and_the_sun_and_moon_have_none() -> None:
    assert capture_deadline(PARIS, NOON, -12) == NOON
    assert capture_deadline(PARIS, NOON, None) is None
    assert capture_deadline(PARIS, NOON, -12, target=MOON) is None
    assert capture_deadline(PARIS, NOON, -12, target=SUN) is None
    assert capture_deadline(PARIS, NOON, -12, target=SolarTarget("Mars", SolarBody.MARS)) == NOON


@settings(deadline=None, max_examples=often(40))
@given(sites, times, fixed)
def test_a_session_begun_in_the_dark_never_captures_past_dawn(
    site: Site, at: datetime, target: SkyTarget
) -> None:
    conditions = ConditionSet.of(Requirements())
    dark = sun(site, at).altitude < -6
    assume(dark)
    deadline = conditions.capture_deadline(site, at, target)
    end = at + timedelta(days=1) if deadline is None else deadline
    instant = at
    while instant < end:
        assert sun_altitude(site, instant) < -6 + 0.1
        instant += timedelta(minutes=11)


def test_a_session_begun_by_day_is_not_stopped_by_the_dawn_before_it_but_by_the_next_and_the_sun_limit() -> (
    None
):
    conditions = ConditionSet.of(Requirements())
    far = SkyTarget("far", (equatorial(SUN, PARIS, NOON).ra_hours + 6) % 24, 40.0)
    dawn = conditions.capture_deadline(PARIS, NOON, far)
    assert dawn is not None
    assert 14 * HOUR < dawn - NOON < 16 * HOUR
    near = _beside_the_sun(NOON, 10)
    assert conditions.capture_deadline(PARIS, NOON, near) == NOON
    assert conditions.capture_deadline(PARIS, NOON, SUN) is None


def test_a_session_that_goes_on_after_its_dawn_has_no_time_left() -> None:
    conditions = ConditionSet.of(Requirements())
    began = NOON - 12 * HOUR
    dawn = conditions.capture_deadline(PARIS, NOON, SkyTarget("far", 12.0, 80.0), began=began)
    assert dawn is not None
    assert began < dawn < NOON


def test_a_session_that_began_by_a_clock_that_was_set_back_since_ends_at_the_next_dawn() -> None:
    conditions, far = ConditionSet.of(Requirements()), SkyTarget("far", 12.0, 80.0)
    night = NOON - 12 * HOUR
    dawn = conditions.capture_deadline(PARIS, night, far, began=night + 18 * HOUR)
    assert dawn == conditions.capture_deadline(PARIS, night, far)


def test_where_it_never_gets_dark_there_is_no_dawn() -> None:
    midsummer = datetime(2026, 6, 21, 12, tzinfo=UTC)
    assert first_dawn(Site(69.65, 18.96), midsummer, -6) is None
