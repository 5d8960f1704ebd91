from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.conditions import (
    ConditionConfigError,
    ConditionSet,
    Link,
    Moment,
    Requirements,
    Window,
)
from agent.conditions.moment import Sky
from agent.conditions.rules.dawn import DawnRule
from agent.conditions.sun_guard import first_dawn
from agent.events import Reason, SafetyDecision, SafetyLevel, SafetyState, Telemetry
from agent.session.fields import OnLost, WeatherPolicy
from agent.session.sections import Conditions
from agent.sky.ephemeris import MOON, SUN, altaz, moon, separation
from agent.targets import Site, SkyTarget, Target
from agent.verdict import Verdict, against, merged

PARIS = Site(48.8566, 2.3522, 35.0, "Europe/Paris")
M31 = SkyTarget("M31", 0.71232, 41.2691)
M42 = SkyTarget("M42", 5.588, -5.39)
POLARIS = SkyTarget("Polaris", 2.53, 89.26)
LMC = SkyTarget("LMC", 5.39, -69.76)
EVENING = datetime(2026, 9, 21, 18, 0, tzinfo=UTC)  # the Sun at -2 degrees
NIGHT = datetime(2026, 9, 21, 22, 0, tzinfo=UTC)
MORNING = datetime(2026, 9, 22, 6, 0, tzinfo=UTC)  # the Sun well up
HOUR = timedelta(hours=1)
PARIS_TIME = ZoneInfo(PARIS.timezone)


def _moment(now: datetime = NIGHT, *, target: Target | None = M31, **values: object) -> Moment:
    return replace(Moment(now=now, zone=PARIS_TIME, sky=Sky(PARIS, target)), **values)  # type: ignore[arg-type]


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
    }


# -- what is asked of a beginning alone ----------------------------------------------------------------


def test_neither_horizon_nor_dawn_ends_what_runs() -> None:
    conditions = _set()
    verdicts = conditions.judge(_moment(MORNING, target=LMC, window=Window(NIGHT)))
    assert against(verdicts) == ()
    sky = Sky(PARIS, LMC, NIGHT)
    assert {one.about.name for one in conditions.sky if not one.holds(sky, MORNING)} == {
        "dawn",
        "above_horizon",
    }


def test_a_minimum_altitude_is_asked_of_what_runs_instead() -> None:
    assert [one.rule for one in against(_set(min_altitude=10).judge(_moment(target=LMC)))] == ["altitude"]
    for minimum, asked in ((-5, True), (0, False), (10, False)):
        names = {rule.about.name for rule in _set(min_altitude=minimum).sky}
        assert ("above_horizon" in names) is asked


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
    orders = [rule.about.order for rule in (*conditions.rules, *conditions.sky)]
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
        _moment(sky=None),
        _moment(target=None),
        _moment(target=LMC),
    ):
        for verdict in everything.judge(moment):
            if not verdict.allowed:
                assert verdict.message[0].isupper()
                assert verdict.message.endswith(".")
    assert len(everything.rules) + len(everything.sky) == 14


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


@pytest.mark.parametrize("target", [MOON, SUN])
def test_the_sun_and_the_moon_need_no_darkness(target: Target) -> None:
    dark = _set(Requirements(allow_sun=True), sun_below=-18, moon_below=-80, moon_separation=90)
    sky = Sky(PARIS, target, sun_filter=True)
    assert against(dark.judge(_moment(EVENING - 6 * HOUR, sky=sky))) == ()


def test_a_house_in_the_way_hides_the_target() -> None:
    place = altaz(M31, PARIS, NIGHT)
    house = f"0:0, {place.azimuth}:{place.altitude + 2}, 180:0, 270:0"
    assert merged(_set(Requirements(horizon=house)).judge(_moment())).reason is Reason.HORIZON
    assert merged(_set(Requirements(horizon=house), horizon=False).judge(_moment())).allowed


def test_the_moon_may_be_asked_to_keep_away_from_the_target_while_it_is_up() -> None:
    up = EVENING + HOUR
    angle = separation(M31, MOON, PARIS, up)
    assert merged(_set(moon_separation=angle - 1).judge(_moment(up))).allowed
    assert merged(_set(moon_separation=angle + 1).judge(_moment(up))).reason is Reason.MOON
    assert merged(_set(moon_separation=179).judge(_moment(MORNING - 4 * HOUR))).allowed


def test_a_bright_moon_counts_only_while_it_is_up() -> None:
    up = EVENING + HOUR
    lit = moon(PARIS, up).illumination
    assert merged(_set(max_moon_illumination=round(lit + 0.05, 2)).judge(_moment(up))).allowed
    assert merged(_set(max_moon_illumination=0.1).judge(_moment(up))).reason is Reason.MOON
    assert merged(_set(max_moon_illumination=0.1).judge(_moment(MORNING - 4 * HOUR))).allowed


def test_the_moon_may_be_asked_to_stand_low() -> None:
    up = EVENING + HOUR
    height = moon(PARIS, up).altitude
    assert merged(_set(moon_below=round(height) + 5).judge(_moment(up))).allowed
    assert merged(_set(moon_below=round(height) - 5).judge(_moment(up))).reason is Reason.MOON


def test_the_sun_limit_of_the_configuration_is_asked_of_what_runs() -> None:
    noon, beside = datetime(2026, 9, 21, 12, tzinfo=UTC), SkyTarget("beside", 12.3, 2.0)
    assert merged(_set().judge(_moment(noon, target=beside))).reason is Reason.SUN
    assert merged(_set().judge(_moment(NIGHT, target=beside))).allowed


@pytest.mark.parametrize(
    ("sun_filter", "allow_sun"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_the_sun_itself_wants_a_filter_and_leave(sun_filter: bool, allow_sun: bool) -> None:
    conditions = _set(Requirements(allow_sun=allow_sun))
    verdict = merged(conditions.judge(_moment(sky=Sky(PARIS, SUN, sun_filter=sun_filter))))
    assert verdict.allowed is (sun_filter and allow_sun)


@pytest.mark.parametrize("rule", ["min_altitude", "sun_below", "moon_separation", "moon_below"])
def test_where_nobody_said_where_it_stands_the_sky_is_not_asked(rule: str) -> None:
    assert merged(_set(**{rule: 10}).judge(_moment(sky=None))).allowed


def test_a_session_without_a_target_is_not_asked_about_one() -> None:
    conditions = _set(min_altitude=30, moon_separation=30, sun_below=-12)
    assert merged(conditions.judge(_moment(target=None))).allowed


# -- together -----------------------------------------------------------------------------------------


def test_all_that_the_sky_has_against_it_is_told() -> None:
    verdicts = against(_set(min_altitude=70, sun_below=-12).judge(_moment(EVENING)))
    assert [verdict.reason for verdict in verdicts] == [Reason.ALTITUDE, Reason.TWILIGHT]


def test_while_a_cheap_rule_says_no_the_sky_is_not_looked_at() -> None:
    conditions = _set(Requirements(weather=WeatherPolicy.WAIT), min_altitude=30)
    verdicts = conditions.judge(_moment(target=LMC, link=Link.UNREACHABLE, safety=CLOUDS))
    assert {verdict.reason for verdict in against(verdicts)} == {Reason.LOST_CONNECTION, Reason.WEATHER}
    assert [verdict.rule for verdict in verdicts] == ["window", "telescope", "weather"]


def test_what_nobody_can_foresee_is_asked_apart_from_the_sky() -> None:
    defaults = Requirements(min_battery=50, weather=WeatherPolicy.WAIT, sun_below=-12)
    conditions, moment = _set(defaults), _moment(link=Link.UNREACHABLE)
    assert {one.rule for one in against(conditions.judge_now(moment))} == {"telescope", "battery", "weather"}
    assert {rule.about.name for rule in conditions.sky} == {"dawn", "twilight", "sun", "above_horizon"}


# -- the dawn -----------------------------------------------------------------------------------------


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


def test_without_a_dawn_limit_there_is_no_such_rule() -> None:
    assert "dawn" not in {rule.about.name for rule in _set(Requirements(dawn_limit=None)).sky}
