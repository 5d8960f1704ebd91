"""Every answer of the conditions as people read it, word for word, with its reason, end and finality."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.conditions import ConditionConfigError, ConditionSet, Link, Moment, Requirements, Window
from agent.conditions.moment import Sky
from agent.conditions.rule import SkyRule
from agent.conditions.sun_guard import SunLimitError, first_danger, permit_goto
from agent.events import Reason, SafetyDecision, SafetyLevel, SafetyState, Telemetry
from agent.session.fields import OnLost, WeatherPolicy
from agent.session.sections import Conditions
from agent.sky.ephemeris import MOON, SUN
from agent.targets import Site, SkyTarget, Target
from agent.verdict import Verdict

PARIS = Site(48.8566, 2.3522, 35.0, "Europe/Paris")
M31 = SkyTarget("M31", 0.71232, 41.2691)
M42 = SkyTarget("M42", 5.588, -5.39)
VEGA = SkyTarget("Vega", 18.6, 38.8)
NEAR_SUN = SkyTarget("Porrima", 11.9, 1.0)
HORIZON = {"horizon": "0:15, 90:50, 180:10"}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 9, day, hour, minute, tzinfo=UTC)


NIGHT = at(21, 22)
EVENING = at(21, 18)  # the Sun at -2 degrees
MOON_DOWN = at(26, 17, 12)


def asked(rule: str, defaults: Requirements | None = None, **values: Any) -> Verdict:
    moment = replace(Moment(now=NIGHT, zone=ZoneInfo(PARIS.timezone), sky=Sky(PARIS, M31)), **values)
    verdicts = ConditionSet.of(defaults or Requirements()).judge_now(moment)
    return next(each for each in verdicts if each.rule == rule)


def of_the_sky(rule: str, keys: dict[str, Any]) -> SkyRule:
    return next(each for each in ConditionSet.of(Requirements(**keys)).sky if each.about.name == rule)


@pytest.mark.parametrize(
    ("rule", "keys", "target", "now", "no"),
    [
        ("altitude", {"min_altitude": 30}, M31, NIGHT, None),
        ("altitude", {"min_altitude": 30}, M42, NIGHT, "M42 is at -18 degrees, below the minimum of 30."),
        ("altitude", {"max_altitude": 40}, M31, NIGHT, "M31 is at 63 degrees, above the maximum of 40."),
        ("altitude", {"min_altitude": 20}, None, NIGHT, None),
        ("above_horizon", {}, M31, NIGHT, None),
        ("above_horizon", {}, M42, NIGHT, "M42 is 18 degrees below the horizon."),
        ("above_horizon", {}, None, NIGHT, None),
        ("horizon", HORIZON, M31, NIGHT, None),
        (
            "horizon",
            HORIZON,
            M42,
            at(22, 3),
            "M42 is at 27 degrees, the horizon there reaches 28; it is hidden.",
        ),
        (
            "horizon",
            HORIZON,
            VEGA,
            at(22, 2, 20),
            "Vega is at 13 degrees, the horizon there reaches 14; it is hidden.",
        ),
        ("horizon", HORIZON, None, NIGHT, None),
        ("moon_altitude", {"moon_below": 10}, M31, NIGHT, "The Moon is at 14 degrees, the limit is 10."),
        ("moon_altitude", {"moon_below": 50}, M31, NIGHT, None),
        ("moon_altitude", {"moon_below": 10}, MOON, NIGHT, None),
        (
            "moon_illumination",
            {"max_moon_illumination": 0.1},
            M31,
            NIGHT,
            "The Moon is up and 78 % lit, the limit is 10 %.",
        ),
        ("moon_illumination", {"max_moon_illumination": 1}, M31, NIGHT, None),
        ("moon_illumination", {"max_moon_illumination": 0.1}, SUN, NIGHT, None),
        ("moon_illumination", {"max_moon_illumination": 0.1}, M31, MOON_DOWN, None),
        (
            "moon_separation",
            {"moon_separation": 100},
            M31,
            NIGHT,
            "M31 is 89 degrees from the Moon, the limit is 100.",
        ),
        ("moon_separation", {"moon_separation": 10}, M31, NIGHT, None),
        ("moon_separation", {"moon_separation": 10}, None, NIGHT, None),
        ("moon_separation", {"moon_separation": 10}, MOON, NIGHT, None),
        ("moon_separation", {"moon_separation": 179}, M31, MOON_DOWN, None),
        (
            "twilight",
            {"sun_below": -12},
            M31,
            EVENING,
            "It is not dark: the Sun is at -2 degrees, the limit is -12.",
        ),
        ("twilight", {"sun_below": -12}, M31, NIGHT, None),
        ("twilight", {"sun_below": -12}, SUN, EVENING, None),
        ("sun", {}, SUN, NIGHT, "Sun is 0 degrees from the Sun; the limit is 20 degrees."),
        ("sun", {}, NEAR_SUN, NIGHT, None),
        ("sun", {}, NEAR_SUN, at(21, 15), "Porrima is 0 degrees from the Sun; the limit is 20 degrees."),
        ("sun", {}, None, NIGHT, None),
    ],
)
def test_the_answers_of_the_sky(
    rule: str, keys: dict[str, Any], target: Target | None, now: datetime, no: str | None
) -> None:
    asks, sky = of_the_sky(rule, keys), Sky(PARIS, target)
    assert asks.holds(sky, now) is (no is None)
    if no is not None:
        assert asks.told(sky, now).no == no


@pytest.mark.parametrize(
    ("rule", "keys", "reason", "lost"),
    [
        ("altitude", {"min_altitude": 30}, Reason.ALTITUDE, "M31 leaves its altitude limits"),
        ("above_horizon", {}, Reason.ALTITUDE, "M31 sets"),
        ("horizon", HORIZON, Reason.HORIZON, "M31 goes behind the horizon"),
        ("moon_altitude", {"moon_below": 5}, Reason.MOON, "The Moon gets too high"),
        ("moon_illumination", {"max_moon_illumination": 0.1}, Reason.MOON, "The bright Moon rises"),
        ("moon_separation", {"moon_separation": 10}, Reason.MOON, "The Moon comes too close"),
        ("twilight", {"sun_below": -12}, Reason.TWILIGHT, "It gets too light"),
        ("dawn", {}, Reason.TWILIGHT, "It gets light"),
        ("sun", {}, Reason.SUN, "It comes too near to the Sun"),
    ],
)
def test_what_is_lost_is_told_with_its_reason(
    rule: str, keys: dict[str, Any], reason: Reason, lost: str
) -> None:
    told = of_the_sky(rule, keys).told(Sky(PARIS, M31), NIGHT)
    assert (told.reason, told.lost) == (reason, lost)


@pytest.mark.parametrize(
    ("due", "now", "target", "holds"),
    [
        (at(22, 0), at(22, 6), M31, False),
        (at(22, 0), at(22, 4), M31, True),
        (at(22, 0), at(22, 19), M31, True),
        (at(22, 5, 30), at(22, 6), M31, True),
        (None, at(22, 6), M31, True),
        (at(22, 0), at(22, 6), MOON, True),
    ],
    ids=["after its night", "before its dawn", "the next night", "due by day", "not due", "the Moon"],
)
def test_a_night_that_is_over_is_told_with_its_dawn(
    due: datetime | None, now: datetime, target: Target, holds: bool
) -> None:
    dawn, sky = of_the_sky("dawn", {}), Sky(PARIS, target, due)
    assert dawn.holds(sky, now) is holds
    if not holds:
        assert dawn.told(sky, now).no == "Its night was over at 07:05."


TELLS = Telemetry(battery=40, storage_free_gb=3.25, temperature=41.0)


def told(verdict: Verdict) -> tuple[bool, str, datetime | None, bool]:
    until = verdict.until.replace(second=0, microsecond=0) if verdict.until is not None else None
    return verdict.allowed, verdict.message, until, verdict.final


def decided(state: SafetyState, level: SafetyLevel, *reasons: str) -> SafetyDecision:
    return SafetyDecision(state, level, reasons, {}, NIGHT, "wait", next_check=at(21, 23))


SAFE = decided(SafetyState.SAFE, SafetyLevel.CLEAR)
CLOUDS = decided(SafetyState.UNSAFE, SafetyLevel.WARNING, "cloud: 80 %", "wind: 60 km/h")
RAIN = decided(SafetyState.UNSAFE, SafetyLevel.ALERT, "rain: wet")
UNKNOWN = decided(SafetyState.UNKNOWN, SafetyLevel.WARNING)
IGNORE, WAIT, ABORT = WeatherPolicy.IGNORE, WeatherPolicy.WAIT, WeatherPolicy.ABORT


@pytest.mark.parametrize(
    ("policy", "safety", "running", "expected"),
    [
        (IGNORE, RAIN, True, (True, "The weather is not asked about.", None, False)),
        (WAIT, SAFE, False, (True, "The weather is safe.", at(21, 23), False)),
        (
            WAIT,
            None,
            True,
            (False, "Nothing is known about the weather, which counts as unsafe.", None, False),
        ),
        (
            ABORT,
            None,
            False,
            (False, "Nothing is known about the weather, which counts as unsafe.", None, True),
        ),
        (
            WAIT,
            CLOUDS,
            True,
            (False, "The weather is unsafe: cloud: 80 %; wind: 60 km/h.", at(21, 23), False),
        ),
        (WAIT, RAIN, True, (False, "The weather is unsafe: rain: wet.", at(21, 23), True)),
        (WAIT, RAIN, False, (False, "The weather is unsafe: rain: wet.", at(21, 23), False)),
        (ABORT, RAIN, False, (False, "The weather is unsafe: rain: wet.", at(21, 23), True)),
        (
            WAIT,
            UNKNOWN,
            False,
            (False, "The weather is unknown, so unsafe: nothing has been heard yet.", at(21, 23), False),
        ),
    ],
)
def test_the_answers_of_the_weather(
    policy: WeatherPolicy, safety: SafetyDecision | None, running: bool, expected: object
) -> None:
    verdict = asked("weather", Requirements(weather=policy), safety=safety, running=running)
    assert told(verdict) == expected
    assert verdict.reason is Reason.WEATHER


@pytest.mark.parametrize(
    ("rule", "keys", "telemetry", "running", "expected", "reason"),
    [
        (
            "battery",
            {"min_battery": 40},
            TELLS,
            False,
            (True, "The battery is at 40 %.", None, False),
            "battery",
        ),
        (
            "battery",
            {"min_battery": 41},
            TELLS,
            False,
            (False, "The battery is at 40 %, below the limit of 41 %.", None, False),
            "battery",
        ),
        (
            "battery",
            {"min_battery": 41},
            TELLS,
            True,
            (False, "The battery is at 40 %, below the limit of 41 %.", None, True),
            "battery",
        ),
        (
            "battery",
            {"min_battery": 41},
            replace(TELLS, charging=True),
            True,
            (False, "The battery is at 40 %, below the limit of 41 %. It is charging.", None, False),
            "battery",
        ),
        (
            "battery",
            {"min_battery": 41},
            Telemetry(),
            True,
            (False, "The telescope has not told its battery level.", None, False),
            "battery",
        ),
        (
            "storage",
            {"min_free_gb": 3.25},
            TELLS,
            True,
            (True, "3.2 GB are free on the telescope.", None, False),
            "storage",
        ),
        (
            "storage",
            {"min_free_gb": 3.5},
            TELLS,
            True,
            (
                False,
                "Only 3.2 GB are free on the telescope, below the limit of 3.5 GB. "
                "Delete old pictures there.",
                None,
                True,
            ),
            "storage",
        ),
        (
            "storage",
            {"min_free_gb": 3.5},
            Telemetry(),
            True,
            (False, "The telescope has not told its free storage.", None, False),
            "storage",
        ),
        (
            "temperature",
            {"max_temperature": 41},
            TELLS,
            True,
            (True, "The telescope is at 41 °C.", None, False),
            "temperature",
        ),
        (
            "temperature",
            {"max_temperature": 40.5},
            TELLS,
            True,
            (False, "The telescope is at 41 °C, above the limit of 40.5 °C.", None, False),
            "temperature",
        ),
        (
            "temperature",
            {"max_temperature": 40.5},
            Telemetry(),
            True,
            (True, "The telescope does not tell its temperature.", None, False),
            "temperature",
        ),
    ],
)
def test_the_answers_of_the_telescopes_own_state(
    rule: str, keys: dict[str, Any], telemetry: Telemetry, running: bool, expected: object, reason: str
) -> None:
    verdict = asked(rule, Requirements(**keys), telemetry=telemetry, running=running)
    assert told(verdict) == expected
    assert verdict.reason == Reason(reason)


@pytest.mark.parametrize(
    ("link", "reason", "message"),
    [
        (Link.READY, Reason.TELESCOPE, "The telescope answers."),
        (Link.UNREACHABLE, Reason.LOST_CONNECTION, "The telescope does not answer."),
        (
            Link.HELD_BY_OTHER,
            Reason.HELD_BY_OTHER,
            "Another app controls the telescope. Close it, or release the telescope there.",
        ),
    ],
)
def test_the_answers_of_the_link(link: Link, reason: Reason, message: str) -> None:
    verdict = asked("telescope", link=link)
    assert told(verdict) == (link is Link.READY, message, None, False)
    assert verdict.reason is reason


@pytest.mark.parametrize(
    ("window", "expected", "reason"),
    [
        (
            Window(at(21, 23)),
            (False, "The session starts at 01:00.", at(21, 23), False),
            Reason.SCHEDULE,
        ),
        (Window(NIGHT), (True, "The session's window is open.", None, False), Reason.WINDOW),
        (
            Window(None, at(21, 23)),
            (True, "The session's window is open.", at(21, 23), False),
            Reason.WINDOW,
        ),
        (
            Window(at(21, 20), NIGHT),
            (False, "The session's window closed at 00:00.", None, True),
            Reason.WINDOW,
        ),
    ],
)
def test_the_answers_of_the_window(window: Window | None, expected: object, reason: Reason) -> None:
    verdict = asked("window", window=window)
    assert told(verdict) == expected
    assert verdict.reason is reason


# -- the Sun guard, and what is required --------------------------------------------------------------------


def test_a_target_that_the_sun_comes_near_is_refused_with_the_instant() -> None:
    with pytest.raises(SunLimitError) as caught:
        permit_goto(NEAR_SUN, PARIS, NIGHT, until=at(22, 8), limit_deg=15.5)
    assert caught.value.message == (
        "Porrima is 1 degrees from the Sun at 05:20 UTC, while it is followed; the limit is 15.5 degrees."
    )
    assert caught.value.hint == "Choose another target, or end the session while the Sun is well down."
    permit_goto(NEAR_SUN, PARIS, NIGHT, until=at(22, 5))
    permit_goto(NEAR_SUN, PARIS, NIGHT, until=at(20, 5))  # an end that is over: now alone
    assert first_danger(NEAR_SUN, PARIS, NIGHT, at(22, 8)) == at(22, 5, 20)


@pytest.mark.parametrize("limit", [0.0, -1.0, 90.1])
def test_a_limit_that_guards_nothing_is_refused_in_words(limit: float) -> None:
    with pytest.raises(
        ValueError, match=f"the Sun limit must be above 0 and at most 90 degrees, not {limit}"
    ):
        permit_goto(M31, PARIS, NIGHT, limit_deg=limit)
    permit_goto(SkyTarget("pole", 0.0, 89.0), PARIS, NIGHT, limit_deg=90)


@pytest.mark.parametrize(
    ("sun_filter", "allow_sun", "message", "hint"),
    [
        (True, True, "", ""),
        (
            True,
            False,
            "Pointing at the Sun is not allowed by the configuration.",
            "Allow it there only for a telescope that has a solar filter.",
        ),
        (
            False,
            True,
            "The session does not declare a solar filter.",
            'Put the filter on the telescope, then set "sun_filter": true in goto_solar.',
        ),
    ],
)
def test_the_sun_itself_is_refused_in_words(
    sun_filter: bool, allow_sun: bool, message: str, hint: str
) -> None:
    conditions = ConditionSet.of(Requirements(allow_sun=allow_sun))
    if not message:
        conditions.permit_goto(SUN, PARIS, NIGHT, until=None, sun_filter=sun_filter)
        return
    with pytest.raises(SunLimitError) as caught:
        conditions.permit_goto(SUN, PARIS, NIGHT, until=None, sun_filter=sun_filter)
    assert (caught.value.message, caught.value.hint, caught.value.code) == (message, hint, "sun_limit")


def test_the_guard_uses_the_configured_limit_and_the_whole_time() -> None:
    conditions = ConditionSet.of(Requirements(sun_limit=60))
    far = SkyTarget("far", 15.0, -5.0)  # 45 degrees from the Sun
    ConditionSet.of(Requirements(sun_limit=40)).permit_goto(
        far, PARIS, at(21, 15), until=None, sun_filter=False
    )
    with pytest.raises(SunLimitError):
        conditions.permit_goto(far, PARIS, at(21, 15), until=None, sun_filter=False)
    conditions.permit_goto(far, PARIS, NIGHT, until=NIGHT + timedelta(hours=1), sun_filter=False)
    with pytest.raises(SunLimitError):
        conditions.permit_goto(far, PARIS, NIGHT, until=None, sun_filter=False)


def test_limits_that_contradict_each_other_are_told_in_words() -> None:
    for low, high in ((40, 30), (40, 40)):
        with pytest.raises(ConditionConfigError) as caught:
            ConditionSet.of(Requirements(max_altitude=high), Conditions(do_action=True, min_altitude=low))
        assert caught.value.message == f"min_altitude {low} is not below max_altitude {high}."
    ConditionSet.of(Requirements(min_altitude=40, max_altitude=41))


def test_a_horizon_nobody_configured_is_told_in_words() -> None:
    with pytest.raises(ConditionConfigError) as caught:
        ConditionSet.of(Requirements(), Conditions(do_action=True, horizon=True))
    assert caught.value.message == ("The session asks for the local horizon, but the configuration has none.")
    assert caught.value.hint == (
        'Set the horizon there as azimuth:altitude pairs, or remove "horizon" from the session.'
    )


@pytest.mark.parametrize(
    ("default", "session", "policy"),
    [
        (IGNORE, {}, IGNORE),
        (WAIT, {}, WAIT),
        (WAIT, {"weather": False}, IGNORE),
        (IGNORE, {"weather": True}, WAIT),
        (ABORT, {"weather": True}, ABORT),
        (WAIT, {"weather_policy": "abort"}, ABORT),
        (WAIT, {"weather": False, "weather_policy": "abort"}, IGNORE),
    ],
)
def test_what_the_weather_means_is_the_sessions_own_word(
    default: WeatherPolicy, session: dict[str, Any], policy: WeatherPolicy
) -> None:
    section = Conditions(do_action=True, min_battery=5, **session)
    assert ConditionSet.of(Requirements(weather=default), section).weather is policy


def test_a_session_changes_what_it_says_and_nothing_else() -> None:
    defaults = Requirements(max_wait_min=30, min_battery=20, horizon="0:15", on_lost=OnLost.PAUSE)
    plain = ConditionSet.of(defaults)
    assert plain.wait_max_s == 1800.0
    assert plain.on_lost is OnLost.PAUSE
    section = Conditions(do_action=True, wait_max=90, on_lost="ignore", horizon=False, min_altitude=20)
    own = ConditionSet.of(defaults, section)
    assert own.wait_max_s == 90
    assert own.on_lost is OnLost.IGNORE
    assert own.requirements.min_battery == 20
    names = [rule.about.name for rule in own.sky]
    assert "altitude" in names
    assert "horizon" not in names
    assert "horizon" in [rule.about.name for rule in plain.sky]
