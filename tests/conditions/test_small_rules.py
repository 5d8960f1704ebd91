"""What a caution, a refusal and a report say, one rule each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from agent.clock import LoopClock
from agent.conditions import ConditionSet, Requirements
from agent.conditions.cautions import sky_cautions
from agent.conditions.limits import LOWEST
from agent.conditions.moment import Sky, clock_words
from agent.conditions.rules.sun_distance import SunDistanceRule
from agent.conditions.safety.aggregator import SafetyMonitor
from agent.conditions.safety.sources import HeartbeatSource
from agent.events import Reason, SafetyLevel, SafetyState
from agent.session.document import read_session
from agent.session.fields import WeatherPolicy
from agent.session.sections import Conditions
from agent.sky.altitudes import CIVIL, NAUTICAL
from agent.targets import Site, SkyTarget, SolarBody, SolarTarget, Target
from tests.support.virtual_loop import run_virtual

PARIS = Site(48.8566, 2.3522, 35.0, "Europe/Paris")
POLARIS = SkyTarget("Polaris", 2.53, 89.26)
M42 = SkyTarget("M42", 5.588, -5.39)
NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("start_h", "end_h", "told_h"),
    [(0, 9, 0), (9, 22, 22), (0, 22, 0), (9, 12, None)],
    ids=["begins by day", "ends by day", "both", "dark"],
)
def test_the_light_is_told_of_the_first_instant_that_has_it(
    start_h: int, end_h: int, told_h: int | None
) -> None:
    start, end = NOON + start_h * HOUR, NOON + end_h * HOUR
    said = [one.message for one in sky_cautions(POLARIS, PARIS, start, end)]
    expected = [] if told_h is None else [f"It is not dark at {clock_words(NOON + told_h * HOUR, PARIS)}."]
    assert said == expected


def test_a_target_that_is_down_or_sets_is_told_with_its_hour() -> None:
    below, end = NOON + 17 * HOUR, NOON + 18 * HOUR
    (one,) = sky_cautions(M42, PARIS, below, end)
    assert one.message == f"M42 is below the horizon at {clock_words(below, PARIS)}."
    assert one.reason is Reason.ALTITUDE
    (one,) = sky_cautions(M42, PARIS, NOON + 9 * HOUR, below)
    assert one.message == f"M42 sets before {clock_words(below, PARIS)}."


def test_how_far_the_moon_is_from_the_sun_is_told_as_seen_from_the_site() -> None:
    """In a total eclipse it stands before it; from the Earth's middle it is a degree away."""
    burgos, totality = Site(42.34, -3.70, 860.0, "Europe/Madrid"), datetime(2026, 8, 12, 18, 29, tzinfo=UTC)
    rule = SunDistanceRule(limit_deg=20.0, allow_sun=False)
    told = rule.told(Sky(burgos, SolarTarget("Moon", SolarBody.MOON)), totality)
    assert told.no == "Moon is 0 degrees from the Sun; the limit is 20 degrees."


def test_a_session_says_for_itself_what_becomes_of_poor_frames() -> None:
    asked = Requirements().with_session(Conditions(do_action=True, watch_frames="refocus"))
    assert asked.watch_frames == "refocus"
    assert Requirements(watch_frames="pause").with_session(Conditions(do_action=True)).watch_frames == "pause"


@pytest.mark.parametrize(
    ("asked", "lowest"), [({}, LOWEST), ({"max_altitude": LOWEST}, None), ({"min_altitude": 30.0}, 30.0)]
)
def test_by_night_some_height_is_asked_where_nobody_said_otherwise(
    asked: dict[str, float], lowest: float | None
) -> None:
    assert Requirements(**asked).by_night(start_named=True).min_altitude == lowest


@pytest.mark.parametrize(
    ("command", "target", "site", "dark"),
    [
        ({}, M42, PARIS, NAUTICAL),
        ({"time": "21:00:00"}, M42, PARIS, CIVIL),
        ({"date": "2026-01-20T21:00:00+01:00"}, M42, PARIS, CIVIL),
        ({}, M42, None, None),
        ({}, SolarTarget("Moon", SolarBody.MOON), PARIS, None),
        ({}, None, PARIS, None),
    ],
)
def test_a_deep_sky_target_is_for_the_night_where_the_site_is_known(
    command: dict[str, str], target: Target | None, site: Site | None, dark: float | None
) -> None:
    document = read_session({"command": {"id_command": command}}).document
    assert document is not None
    assert ConditionSet.of_session(Requirements(), document, target, site).requirements.sun_below == dark


def test_a_horizon_that_cannot_be_read_says_why() -> None:
    with pytest.raises(ValidationError, match="'north' is not a point of a horizon"):
        Requirements(horizon="north 20")


def _monitor(level: SafetyLevel) -> SafetyMonitor:
    sources = (HeartbeatSource(name="roof", level=level),)
    return SafetyMonitor(LoopClock(NOON), sources, policy=WeatherPolicy.WAIT, on_change=lambda _: None)


@pytest.mark.parametrize("level", [SafetyLevel.WARNING, SafetyLevel.ALERT])
def test_a_heartbeat_that_says_no_level_has_its_sources(level: SafetyLevel) -> None:
    async def story() -> None:
        monitor = _monitor(level)
        assert monitor.receive("roof", b'{"safe": false}', retained=False)
        assert (monitor.decision.state, monitor.decision.level) == (SafetyState.UNSAFE, level)

    run_virtual(story())


def test_what_is_no_answer_is_quoted_in_short() -> None:
    async def story() -> None:
        monitor = _monitor(SafetyLevel.ALERT)
        assert monitor.receive("roof", b'{"safe": "' + b"x" * 60 + b'"}', retained=False)
        assert f"not '{'x' * 39}…'" in "; ".join(monitor.decision.reasons)

    run_virtual(story())
