from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.conditions import (
    ConditionConfigError,
    ConditionSet,
    Link,
    Moment,
    Requirements,
    Window,
    first_danger,
)
from agent.conditions.moment import Sky
from agent.conditions.rules.dawn import DawnRule
from agent.conditions.sun_guard import first_dawn
from agent.events import Reason, SafetyDecision, SafetyLevel, SafetyState, Telemetry
from agent.session.fields import OnLost, WeatherPolicy
from agent.session.sections import Conditions
from agent.sky.ephemeris import MOON, SUN, altaz, altitude, moon, separation, sun
from agent.targets import Site, SkyTarget
from agent.verdict import Verdict, against, merged
from tests.support.chance import often

PARIS = Site(48.8566, 2.3522, 35.0, "Europe/Paris")
M31 = SkyTarget("M31", 0.71232, 41.2691)
M42 = SkyTarget("M42", 5.588, -5.39)
POLARIS = SkyTarget("Polaris", 2.53, 89.26)
LMC = SkyTarget("LMC", 5.39, -69.76)
EVENING = datetime(2026, 9, 21, 18, 0, tzinfo=UTC)  # the Sun at -2 degrees
NIGHT = datetime(2026, 9, 21, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _moment(now: datetime = NIGHT, **values: object) -> Moment:
    return replace(Moment(now=now, site=PARIS, target=M31, duration_s=3600.0), **values)  # type: ignore[arg-type]


def _set(defaults: Requirements | None = None, **session: object) -> ConditionSet:
    section = Conditions(do_action=True, **session) if session else None  # type: ignore[arg-type]
    return ConditionSet.of(defaults or Requirements(), section)


def _verdict(verdicts: tuple[Verdict, ...], rule: str) -> Verdict:
    return next(verdict for verdict in verdicts if verdict.rule == rule)


def _decided(state: SafetyState, level: SafetyLevel, *reasons: str) -> SafetyDecision:
    return SafetyDecision(state, level, reasons, {}, NIGHT, "wait")


SAFE = _decided(SafetyState.SAFE, SafetyLevel.CLEAR)
CLOUDS = _decided(SafetyState.UNSAFE, SafetyLevel.WARNING, "cloud: 80 %")
RAIN = _decided(SafetyState.UNSAFE, SafetyLevel.ALERT, "rain: wet")
UNKNOWN = _decided(SafetyState.UNKNOWN, SafetyLevel.WARNING)


# -- what a plain session is asked --------------------------------------------------------------------


def test_a_session_without_conditions_runs_in_daylight_as_ever() -> None:
    verdicts = _set().judge(_moment(EVENING - 6 * HOUR, target=POLARIS))
    decision = merged(verdicts)
    assert decision.allowed
    assert decision.reason is None
    assert {verdict.rule for verdict in verdicts} == {
        "window",
        "telescope",
        "weather",
        "sun",
        "dawn",
        "above_horizon",
    }


# -- the horizon, which no session asks for ------------------------------------------------------------


def test_what_never_rises_is_never_begun() -> None:
    decision = merged(_set().judge(_moment(target=LMC)))
    assert (decision.allowed, decision.final, decision.reason) == (False, True, Reason.ALTITUDE)
    assert decision.message == "LMC is 51 degrees below the horizon. It does not rise here within a day."


def test_what_is_down_waits_until_it_rises() -> None:
    decision = merged(_set().judge(_moment(target=M42)))
    assert (decision.allowed, decision.final, decision.reason) == (False, False, Reason.ALTITUDE)
    assert decision.until is not None
    assert altitude(M42, PARIS, decision.until) == pytest.approx(0, abs=0.01)


def test_what_is_down_for_the_whole_window_is_never_begun() -> None:
    decision = merged(_set().judge(_moment(target=M42, window=Window(NIGHT, NIGHT + HOUR))))
    assert (decision.allowed, decision.final, decision.reason) == (False, True, Reason.ALTITUDE)


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        ({"running": True}, True),
        ({"running": True, "wanted_now": True}, False),
        ({"site": None}, True),
        ({"target": None}, True),
    ],
)
def test_the_horizon_is_asked_for_at_the_beginning_alone(values: dict[str, object], allowed: bool) -> None:
    assert merged(_set().judge(_moment(**({"target": LMC} | values)))).allowed is allowed


def test_a_minimum_altitude_says_it_instead() -> None:
    assert [one.rule for one in against(_set(min_altitude=10).judge(_moment(target=LMC)))] == ["altitude"]
    assert "above_horizon" in {one.rule for one in _set(min_altitude=-5).judge(_moment())}


def test_a_conditions_section_that_is_off_changes_nothing() -> None:
    off = Conditions(do_action=False, min_altitude=80, wait_max=60)
    conditions = ConditionSet.of(Requirements(), off)
    assert conditions == ConditionSet.of(Requirements())


def test_the_session_wins_over_the_configuration_and_leaves_the_rest_alone() -> None:
    defaults = Requirements(min_altitude=60, min_battery=30, max_wait_min=15, weather=WeatherPolicy.ABORT)
    conditions = _set(defaults, min_altitude=20, on_lost="end")
    assert merged(
        conditions.judge(_moment(telemetry=Telemetry(battery=40), safety=SAFE))
    ).allowed  # M31 stands at 65 degrees
    assert not merged(conditions.judge(_moment(telemetry=Telemetry(battery=20), safety=SAFE))).allowed
    assert (conditions.wait_max_s, conditions.on_lost) == (900, OnLost.END)
    assert conditions.weather is WeatherPolicy.ABORT


def test_limits_that_contradict_each_other_are_an_error() -> None:
    with pytest.raises(ConditionConfigError, match="min_altitude 50 is not below max_altitude 40"):
        _set(Requirements(max_altitude=40), min_altitude=50)


def test_asking_for_a_horizon_that_is_not_configured_is_an_error() -> None:
    with pytest.raises(ConditionConfigError, match="configuration has none"):
        _set(horizon=True)


def test_rules_are_asked_cheap_ones_first() -> None:
    conditions = _set(Requirements(min_battery=5), min_altitude=20, moon_separation=20, sun_below=-12)
    orders = [rule.about.order for rule in conditions.rules]
    assert orders == sorted(orders)
    assert conditions.rules[0].about.name == "window"


def test_every_verdict_is_a_sentence_with_a_reason() -> None:
    defaults = Requirements(horizon="0:5", max_temperature=50, weather=WeatherPolicy.WAIT)
    everything = _set(
        defaults,
        min_altitude=1,
        max_altitude=89,
        sun_below=-1,
        moon_separation=1,
        moon_below=80,
        max_moon_illumination=1.0,
        min_battery=1,
        min_free_gb=1,
    )
    for moment in (
        _moment(),
        _moment(EVENING),
        _moment(site=None),
        _moment(target=None),
        _moment(target=LMC),
    ):
        for verdict in everything.judge(moment):
            assert verdict.message[0].isupper()
            assert verdict.message.endswith(".")
    assert len(everything.rules) == 14


# -- window -------------------------------------------------------------------------------------------


def test_before_its_start_a_session_waits_for_it() -> None:
    decision = merged(_set().judge(_moment(window=Window(NIGHT + HOUR))))
    assert (decision.reason, decision.until, decision.final) == (Reason.SCHEDULE, NIGHT + HOUR, False)
    assert "01:00" in decision.message  # the site's own time


def test_after_its_end_a_session_is_over() -> None:
    window = Window(NIGHT - HOUR, NIGHT)
    decision = merged(_set().judge(_moment(window=window)))
    assert (decision.reason, decision.final) == (Reason.WINDOW, True)
    just_before = merged(_set().judge(_moment(NIGHT - timedelta(seconds=1), window=window)))
    assert just_before.allowed
    assert just_before.until == NIGHT


# -- telescope ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "running", "reason"),
    [
        (Link.UNREACHABLE, False, Reason.LOST_CONNECTION),
        (Link.UNREACHABLE, True, Reason.LOST_CONNECTION),
        (Link.HELD_BY_OTHER, False, Reason.HELD_BY_OTHER),
    ],
)
def test_a_telescope_that_cannot_be_commanded_holds_the_queue(
    link: Link, running: bool, reason: Reason
) -> None:
    decision = merged(_set().judge(_moment(link=link, running=running)))
    assert (decision.allowed, decision.reason, decision.final) == (False, reason, False)


@pytest.mark.parametrize(
    ("defaults", "good", "bad", "reason"),
    [
        (Requirements(min_battery=20), Telemetry(battery=20), Telemetry(battery=19), Reason.BATTERY),
        (
            Requirements(min_free_gb=2),
            Telemetry(storage_free_gb=2.0),
            Telemetry(storage_free_gb=1.9),
            Reason.STORAGE,
        ),
        (
            Requirements(max_temperature=55),
            Telemetry(temperature=55.0),
            Telemetry(temperature=56.0),
            Reason.TEMPERATURE,
        ),
    ],
)
def test_the_telescopes_own_state_is_held_to_its_limits(
    defaults: Requirements, good: Telemetry, bad: Telemetry, reason: Reason
) -> None:
    conditions = _set(defaults)
    assert merged(conditions.judge(_moment(telemetry=good))).allowed
    decision = merged(conditions.judge(_moment(telemetry=bad)))
    assert decision.reason is reason
    assert not decision.final


def test_a_battery_that_nobody_knows_does_not_count_as_full() -> None:
    assert merged(_set(Requirements(min_battery=20)).judge(_moment())).reason is Reason.BATTERY
    assert merged(_set(Requirements(min_free_gb=1)).judge(_moment())).reason is Reason.STORAGE


def test_an_empty_battery_ends_a_running_session_unless_it_charges() -> None:
    conditions = _set(Requirements(min_battery=20))
    assert merged(conditions.judge(_moment(telemetry=Telemetry(battery=10), running=True))).final
    for unsure in (False, None):
        telemetry = Telemetry(battery=10, charging=unsure)
        assert merged(conditions.judge(_moment(telemetry=telemetry, running=True))).final, "nor is unknown"
    charging = Telemetry(battery=10, charging=True)
    assert not merged(conditions.judge(_moment(telemetry=charging, running=True))).final


# -- weather ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", [CLOUDS, RAIN, UNKNOWN, None])
def test_unsafe_or_unknown_weather_keeps_a_session_from_beginning(decision: SafetyDecision | None) -> None:
    conditions = _set(Requirements(weather=WeatherPolicy.WAIT))
    judged = merged(conditions.judge(_moment(safety=decision)))
    assert (judged.reason, judged.final) == (Reason.WEATHER, False)
    judged = merged(_set(Requirements(weather=WeatherPolicy.ABORT)).judge(_moment(safety=decision)))
    assert (judged.allowed, judged.final) == (False, decision is not UNKNOWN), "it waits for the first word"
    assert merged(_set().judge(_moment(safety=decision))).allowed


def test_safe_weather_allows_and_an_alert_is_final_for_a_running_session() -> None:
    conditions = _set(Requirements(weather=WeatherPolicy.WAIT))
    assert merged(conditions.judge(_moment(safety=SAFE))).allowed
    assert merged(conditions.judge(_moment(safety=RAIN, running=True))).final
    assert not merged(conditions.judge(_moment(safety=CLOUDS, running=True))).final
    assert "cloud: 80 %" in merged(conditions.judge(_moment(safety=CLOUDS))).message


def test_a_session_switches_the_weather_on_and_off_for_itself() -> None:
    assert _set(Requirements(weather=WeatherPolicy.WAIT), weather=False).weather is WeatherPolicy.IGNORE
    assert _set(weather=True).weather is WeatherPolicy.WAIT
    assert _set(weather_policy="abort").weather is WeatherPolicy.ABORT


# -- sky ----------------------------------------------------------------------------------------------


def test_twilight_waits_for_dusk_and_knows_when() -> None:
    decision = merged(_set(sun_below=-12).judge(_moment(EVENING)))
    assert decision.reason is Reason.TWILIGHT
    assert decision.until is not None
    assert sun(PARIS, decision.until).altitude == pytest.approx(-12, abs=0.01)
    dark = merged(_set(sun_below=-12).judge(_moment(duration_s=12 * 3600.0)))
    assert dark.allowed
    assert dark.until is not None
    assert sun(PARIS, dark.until).altitude == pytest.approx(-12, abs=0.01)


def test_a_midsummer_night_without_darkness_is_final() -> None:
    helsinki = Site(60.17, 24.94, 15.0, "Europe/Helsinki")
    midsummer = _moment(datetime(2026, 6, 21, 20, tzinfo=UTC), site=helsinki)
    assert merged(_set(sun_below=-18).judge(midsummer)).final


@pytest.mark.parametrize("target", [MOON, SUN])
def test_the_sun_and_the_moon_need_no_darkness(target: object) -> None:
    dark = _set(Requirements(allow_sun=True), sun_below=-18, moon_below=-80, moon_separation=90)
    verdicts = dark.judge(_moment(EVENING - 6 * HOUR, target=target, sun_filter=True))
    assert [verdict.rule for verdict in against(verdicts)] in (["above_horizon"], [])
    assert _verdict(verdicts, "twilight").allowed
    assert _verdict(verdicts, "moon_separation").allowed


def test_a_low_target_waits_until_it_is_high_enough() -> None:
    decision = merged(_set(min_altitude=30).judge(_moment(EVENING)))
    assert decision.reason is Reason.ALTITUDE
    assert decision.until is not None
    assert altitude(M31, PARIS, decision.until) == pytest.approx(30, abs=0.01)
    assert "below the minimum of 30" in decision.message


def test_a_target_too_near_the_zenith_waits_until_it_is_lower() -> None:
    transit = datetime(2026, 9, 22, 0, 30, tzinfo=UTC)
    decision = merged(_set(max_altitude=75).judge(_moment(transit)))
    assert "above the maximum of 75" in decision.message
    assert decision.until is not None
    assert altitude(M31, PARIS, decision.until) == pytest.approx(75, abs=0.01)


def test_a_target_that_never_rises_is_final_and_a_circumpolar_one_never_sets() -> None:
    assert merged(_set(min_altitude=10).judge(_moment(target=LMC))).final
    verdicts = _set(min_altitude=10).judge(_moment(target=POLARIS))
    assert merged(verdicts).allowed
    assert _verdict(verdicts, "altitude").until is None


def test_a_target_that_rises_only_after_the_window_closes_is_final() -> None:
    rises = merged(_set(min_altitude=20).judge(_moment(NIGHT, target=M42)))
    assert rises.until is not None
    assert not rises.final
    closes = Window(NIGHT, rises.until - timedelta(minutes=1))
    assert merged(_set(min_altitude=20).judge(_moment(NIGHT, target=M42, window=closes))).final


def test_a_target_about_to_set_is_not_begun_but_a_running_session_goes_on() -> None:
    sets = _verdict(_set(min_altitude=30).judge(_moment(duration_s=12 * 3600.0)), "altitude").until
    assert sets is not None
    moment = _moment(sets - timedelta(minutes=5))
    decision = merged(_set(min_altitude=30).judge(moment))
    assert not decision.allowed
    assert "too soon to begin" in decision.message
    assert decision.until is not None
    assert decision.until > sets
    assert merged(_set(min_altitude=30).judge(replace(moment, running=True))).allowed
    assert merged(_set(min_altitude=30).judge(replace(moment, duration_s=120.0))).allowed


def test_a_house_in_the_way_hides_the_target() -> None:
    place = altaz(M31, PARIS, NIGHT)
    house = f"0:0, {place.azimuth}:{place.altitude + 2}, 180:0, 270:0"
    decision = merged(_set(Requirements(horizon=house)).judge(_moment()))
    assert decision.reason is Reason.HORIZON
    assert decision.until is not None
    assert merged(_set(Requirements(horizon=house), horizon=False).judge(_moment())).allowed


def test_the_moon_too_close_to_the_target_is_waited_out_until_it_sets() -> None:
    up = EVENING + HOUR  # the Moon is up until after midnight
    angle = separation(M31, MOON, PARIS, up)
    assert merged(_set(moon_separation=angle - 1).judge(_moment(up))).allowed
    decision = merged(_set(moon_separation=angle + 20).judge(_moment(up)))
    assert decision.reason is Reason.MOON
    assert decision.until is not None
    assert moon(PARIS, decision.until).altitude == pytest.approx(-0.833, abs=0.02)


def test_a_bright_moon_counts_only_while_it_is_up() -> None:
    up = EVENING + HOUR
    lit = moon(PARIS, up).illumination
    assert merged(_set(max_moon_illumination=round(lit + 0.05, 2)).judge(_moment(up))).allowed
    decision = merged(_set(max_moon_illumination=0.1).judge(_moment(up)))
    assert decision.reason is Reason.MOON
    assert decision.until is not None
    assert merged(_set(max_moon_illumination=0.1).judge(_moment(decision.until + HOUR / 6))).allowed


def test_the_moon_may_be_asked_to_stand_low() -> None:
    up = EVENING + HOUR
    height = moon(PARIS, up).altitude
    assert merged(_set(moon_below=round(height) + 5).judge(_moment(up))).allowed
    assert merged(_set(moon_below=round(height) - 5).judge(_moment(up))).reason is Reason.MOON


def test_a_target_near_the_sun_is_refused_before_anything_moves() -> None:
    noon = datetime(2026, 9, 21, 12, tzinfo=UTC)
    beside = SkyTarget("beside", 12.3, 2.0)
    decision = merged(_set().judge(_moment(noon, target=beside)))
    assert (decision.reason, decision.final) == (Reason.SUN, False)
    assert decision.until is not None  # the Sun sets
    assert sun(PARIS, decision.until).altitude == pytest.approx(-3, abs=0.1)
    assert not first_danger(beside, PARIS, decision.until, decision.until + HOUR)
    over = _moment(noon, target=beside, window=Window(noon, noon + HOUR))
    assert merged(_set().judge(over)).final


@pytest.mark.parametrize("rule", ["min_altitude", "sun_below", "moon_separation", "moon_below"])
def test_without_a_site_nothing_of_the_sky_is_guessed(rule: str) -> None:
    decision = merged(_set(**{rule: 10}).judge(_moment(site=None)))
    assert not decision.allowed
    assert "latitude and longitude" in decision.message


def test_a_session_without_a_target_is_not_asked_about_one() -> None:
    conditions = _set(min_altitude=30, moon_separation=30, sun_below=-12)
    assert merged(conditions.judge(_moment(target=None))).allowed


# -- together -----------------------------------------------------------------------------------------


def test_of_several_reasons_the_final_one_comes_first_and_the_last_to_clear_tells_when() -> None:
    verdicts = against(_set(min_altitude=30, sun_below=-12).judge(_moment(EVENING)))
    assert {verdict.reason for verdict in verdicts} == {Reason.ALTITUDE, Reason.TWILIGHT}
    assert merged(verdicts).until == max(verdict.until for verdict in verdicts if verdict.until)
    never = merged(_set(min_altitude=30, sun_below=-12).judge(_moment(EVENING, target=LMC)))
    assert never.reason is Reason.ALTITUDE
    assert never.final


def test_while_a_cheap_rule_says_no_the_sky_is_not_looked_at() -> None:
    conditions = _set(Requirements(weather=WeatherPolicy.WAIT), min_altitude=30)
    verdicts = conditions.judge(_moment(target=LMC, link=Link.UNREACHABLE, safety=CLOUDS))
    assert {verdict.reason for verdict in against(verdicts)} == {Reason.LOST_CONNECTION, Reason.WEATHER}
    assert [verdict.rule for verdict in verdicts] == ["window", "telescope", "weather"]
    assert not merged(
        verdicts
    ).final  # a target that never rises fails nothing while nobody could point at it


def test_what_nobody_can_foresee_is_asked_apart_from_the_sky() -> None:
    defaults = Requirements(min_battery=50, weather=WeatherPolicy.WAIT, sun_below=-12)
    conditions, moment = _set(defaults), _moment(link=Link.UNREACHABLE)
    assert {one.rule for one in against(conditions.judge_now(moment))} == {"telescope", "battery", "weather"}
    assert {rule.about.name for rule in conditions.sky} == {"dawn", "twilight", "sun", "above_horizon"}


@settings(deadline=None, max_examples=often(40))
@given(
    st.integers(0, 365 * 24 * 60),
    st.floats(0, 23.9),
    st.floats(-80, 80),
    st.sampled_from([20.0, 40.0]),
    st.sampled_from([-6.0, -12.0]),
)
def test_a_no_stays_no_until_the_promised_instant(
    minutes: int, ra: float, dec: float, lowest: float, sun_below: float
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    conditions = _set(min_altitude=lowest, sun_below=sun_below)
    moment = _moment(now, target=SkyTarget("x", ra, dec), duration_s=0.0)
    decision = merged(conditions.judge(moment))
    if decision.allowed or decision.until is None:
        return
    for share in (0.1, 0.4, 0.7, 0.95):
        between = now + (decision.until - now) * share
        assert not merged(conditions.judge(replace(moment, now=between))).allowed
        sky = Sky(PARIS, moment.target)
        assert not all(rule.holds(sky, between) for rule in conditions.sky)


# -- the dawn -----------------------------------------------------------------------------------------

MORNING = NIGHT + 8 * HOUR  # 06:00 UTC, the Sun well up


def _due(hours: float, **values: object) -> Moment:
    """By day, for a session that was due so many hours ago."""
    return _moment(MORNING, window=Window(MORNING - hours * HOUR), **values)


def test_a_session_that_was_due_at_night_and_got_no_turn_waits_for_the_next_night() -> None:
    decision = merged(_set().judge(_due(6)))
    assert (decision.allowed, decision.final, decision.reason) == (False, False, Reason.TWILIGHT)
    assert "Its night was over at" in decision.message
    assert decision.until is not None
    assert 11 * HOUR < decision.until - MORNING < 13 * HOUR
    assert merged(_set().judge(replace(_due(6), now=decision.until + HOUR))).allowed


def test_the_dawn_has_passed_at_its_very_instant_and_not_before() -> None:
    limit = Requirements().dawn_limit
    assert limit is not None
    due = MORNING - 6 * HOUR
    dawn, rule = first_dawn(PARIS, due, limit), DawnRule(limit)
    assert dawn is not None
    sky = Sky(PARIS, M31, due)
    second = timedelta(seconds=1)
    for when, yes in ((dawn - second, True), (dawn, False), (dawn + second, False)):
        assert rule.holds(sky, when) is yes
        assert rule.check(_moment(when, window=Window(due))).allowed is yes


def test_a_session_that_was_due_by_day_runs_by_day() -> None:
    assert merged(_set().judge(_due(0.5))).allowed


@pytest.mark.parametrize("values", [{"running": True}, {"target": MOON}, {"site": None}])
def test_the_dawn_is_nothing_to_what_runs_to_the_moon_and_without_a_site(values: dict[str, object]) -> None:
    assert _verdict(_set().judge(_due(6, **values)), "dawn").allowed


def test_a_window_that_closes_by_day_makes_a_missed_night_final() -> None:
    closes = Window(MORNING - 6 * HOUR, MORNING + 2 * HOUR)
    assert merged(_set().judge(_moment(MORNING, window=closes))).final


def test_without_a_dawn_limit_there_is_no_such_rule() -> None:
    assert merged(_set(Requirements(dawn_limit=None)).judge(_due(6))).allowed
