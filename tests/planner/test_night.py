from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.conditions import ConditionSet, Requirements
from agent.conditions.cautions import sky_cautions
from agent.conditions.rules.twilight import TwilightRule
from agent.events import Reason
from agent.planner import Exposures, Request, make_plan, windows
from agent.planner.night import NightPlan, plan_night, target_facts
from agent.planner.windows import never_holds, next_window
from agent.session.sections import Conditions
from agent.sky.catalogue import resolve
from agent.sky.ephemeris import SUN, altitude, separation, sun
from agent.sky.nights import night_bounds
from agent.targets import Site
from tests.support.chance import often

PARIS = Site(48.8566, 2.3522, 35.0, "Europe/Paris")
TROMSO = Site(69.65, 18.96, 10.0, "Europe/Oslo")
NIGHT = date(2026, 10, 12)
HOUR = timedelta(hours=1)
DARK = Requirements(sun_below=-12, min_altitude=25, max_wait_min=1440)


def at(hour: int, minute: int = 0) -> datetime:
    """An instant of the night, UTC; hours before noon are of the next morning."""
    return datetime(2026, 10, 12 if hour >= 12 else 13, hour, minute, tzinfo=UTC)


def session(name: str, target: str, start: datetime | None = None, **values: object) -> Request:
    asked = {key: values.pop(key) for key in list(values) if key in Conditions.model_fields}
    section = Conditions(do_action=True, **asked) if asked else None
    frames = int(values.pop("duration_s", 3600.0)) // 15  # type: ignore[call-overload]
    return Request(
        session_id=name,
        target=resolve(target),
        conditions=ConditionSet.of(DARK, section),
        captures=(Exposures(frames, 15.0, 14.0),),
        start=start,
        **values,  # type: ignore[arg-type]
    )


def _plan(*sessions: Request, now: datetime | None = None) -> NightPlan:
    return plan_night(PARIS, NIGHT, sessions, now=now)


def test_a_whole_night_has_its_blocks_and_a_reason_for_each_session_left_over() -> None:
    plan = _plan(
        session("andromeda", "M31", at(18), duration_s=7200.0),
        session("veil", "Veil Nebula", at(19), duration_s=5400.0),
        session("saturn", "Saturn", at(20), priority=5, duration_s=1800.0),
        session("lmc", "LMC", at(20)),
        session("orion", "M42", at(1), min_altitude=30, duration_s=3 * 3600.0),
        session("rosette", "Rosette Nebula", at(2, 30), duration_s=5400.0),
        session("late", "Vega", at(23), sun_below=-17, min_altitude=60),
    )
    told = {one.request.session_id: one for one in plan.sessions}
    ran = {name: one.run for name, one in told.items() if one.run}
    assert list(ran) == ["andromeda", "veil", "saturn", "orion"]
    assert ran["andromeda"].start > at(18)  # it waited for the dark
    assert sun(PARIS, ran["andromeda"].start).altitude == pytest.approx(-12, abs=0.01)
    assert ran["saturn"].start == at(20)  # its priority is higher, so its start is kept
    assert [block.end == at(20) for block in told["andromeda"].blocks] == [True, False]
    assert ran["veil"].start == ran["andromeda"].end  # of the same priority nobody is cut
    assert "gets too light" in told["orion"].blocks[0].ends
    assert told["rosette"].left.reason is Reason.QUEUE  # type: ignore[union-attr]
    assert "could run from 04:30" in told["rosette"].left.message  # type: ignore[union-attr]
    assert told["lmc"].left.reason is Reason.ALTITUDE  # type: ignore[union-attr]
    assert told["late"].left.reason is Reason.ALTITUDE  # type: ignore[union-attr]
    assert "gets no higher than" in told["late"].left.message  # type: ignore[union-attr]
    blocks = sorted((block for one in plan.sessions for block in one.blocks), key=lambda block: block.start)
    assert all(first.end <= second.start for first, second in pairwise(blocks))


def test_the_plan_is_told_in_words_and_in_json() -> None:
    plan = _plan(session("a", "M31", at(20)), session("b", "LMC", at(20, 30)))
    text = "\n".join(plan.lines())
    assert "Sun: sets 19:07, rises 08:07; fully dark 20:51 to 06:22" in text
    assert "a (M31)\n  Runs 22:00 to 23:00" in text
    assert "22:00 at 56° in the east" in text
    assert "Will not run: LMC never rises here." in text
    assert "Wants the same time as" not in text
    body = json.loads(json.dumps(plan.to_json()))
    assert body["sunset"].startswith("2026-10-12T19:07:")
    assert body["sessions"][0]["run"] == ["2026-10-12T22:00:00+02:00", "2026-10-12T23:00:00+02:00"]
    assert [block["frames"] for block in body["sessions"][0]["blocks"]] == [240]
    assert body["sessions"][1]["run"] is None
    assert body["sessions"][1]["reason"] == "altitude"


@pytest.mark.parametrize(
    ("target", "words"),
    [("LMC", "LMC never rises here."), ("M42", "M42 is below the horizon while it may run.")],
)
def test_what_is_below_the_horizon_says_whether_it_ever_rises(target: str, words: str) -> None:
    anywhere = ConditionSet.of(Requirements(max_wait_min=1440))
    low = replace(session("a", target, at(18)), conditions=anywhere, end=at(20))
    (told,) = _plan(low).sessions
    assert told.left is not None
    assert told.left.reason is Reason.ALTITUDE
    assert told.left.message.startswith(words)


def test_a_session_crowded_out_says_so_and_names_the_next_night() -> None:
    plan = _plan(
        session("a", "M31", priority=5, duration_s=12 * 3600.0),
        session("b", "NGC 7000", duration_s=3600.0),
    )
    b = plan.sessions[1]
    assert b.left is not None
    assert (b.left.reason, b.conflicts) == (Reason.QUEUE, ("a",))
    assert "but the telescope is busy with a. Its next night is that of 2026-10-13" in b.left.message
    assert "  Wants the same time as a" in plan.lines()


def test_the_moon_is_not_told_how_far_it_is_from_itself() -> None:
    def text(target: str) -> str:
        return "\n".join(_plan(session("a", target, at(20))).lines())

    assert "0° from the Moon" not in text("Moon")
    assert "° from the Moon" in text("M31")


def test_a_target_that_culminates_says_where_and_when() -> None:
    facts = target_facts(resolve("M42"), PARIS, at(2), at(6))
    assert facts.highest == pytest.approx(36, abs=0.5)
    assert facts.highest > max(facts.start, facts.end)
    assert "highest 36° in the south at 06:00" in facts.words


def test_a_session_without_a_target_or_a_start_is_planned_too() -> None:
    plain = ConditionSet.of(Requirements())
    plan = _plan(Request(session_id="x", target=None, conditions=plain, opening_s=600.0), now=at(21))
    run = plan.sessions[0].run
    assert run is not None
    assert (run.start, run.seconds) == (at(21), 600.0)
    assert plan.sessions[0].facts is None
    assert "no target" in "\n".join(plan.lines())


def test_polar_day_and_polar_night_have_plain_words() -> None:
    day = "\n".join(plan_night(TROMSO, date(2026, 6, 21), []).lines())
    assert "it does not set; no astronomical darkness" in day
    dark = "\n".join(plan_night(TROMSO, date(2026, 12, 21), []).lines())
    assert "it does not rise; fully dark" in dark


def test_validation_warns_of_a_target_below_the_horizon_and_of_daylight() -> None:
    m31, lmc = resolve("M31"), resolve("LMC")
    assert [one.reason for one in sky_cautions(m31, PARIS, at(20), at(22))] == []
    assert [one.reason for one in sky_cautions(lmc, PARIS, at(20), at(22))] == [Reason.ALTITUDE]
    assert [one.reason for one in sky_cautions(m31, PARIS, at(14), at(20))] == [Reason.TWILIGHT]
    assert sky_cautions(SUN, PARIS, at(12), at(14)) == ()
    saturn = resolve("Saturn")
    assert "sets before" in sky_cautions(saturn, PARIS, at(4), at(5, 30))[0].message


TARGETS = ["M31", "M42", "LMC", "Venus", "Moon", "Polaris", "NGC 7000", "Mercury"]
wishes = st.lists(
    st.tuples(
        st.sampled_from(TARGETS),
        st.none() | st.integers(0, 23 * 60),
        st.integers(1, 300),
        st.integers(0, 3),
        st.sampled_from([{}, {"min_altitude": 40}, {"on_lost": "ignore"}, {"sun_below": -18}]),
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=often(30, few=8))
@given(wishes, st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.sampled_from([PARIS, TROMSO]))
def test_no_planned_session_points_near_a_sun_that_is_up_or_overlaps_another(
    wishes: list[tuple[str, int | None, int, int, dict[str, object]]], night: date, site: Site
) -> None:
    bounds = night_bounds(site, night)
    sessions = [
        session(
            str(index),
            target,
            None if start is None else bounds.start + timedelta(minutes=start),
            duration_s=60.0 * minutes,
            priority=priority,
            **asked,
        )
        for index, (target, start, minutes, priority, asked) in enumerate(wishes)
    ]
    plan = make_plan(sessions, site=site, zone=ZoneInfo(site.timezone), now=bounds.start)
    asked = {one.session_id: one for one in sessions}
    for one in sessions:
        left = plan.left_of(one.session_id)
        assert plan.blocks_of(one.session_id) or (left is not None and left.reason and left.message)
        assert sum(block.frames for block in plan.blocks_of(one.session_id)) <= one.frames
    for block in plan.blocks:
        target, start = asked[block.session_id].target, asked[block.session_id].start
        assert target is not None
        assert start is None or block.start >= start
        assert altitude(target, site, block.start) >= 24.99
        for share in (0.0, 0.5, 0.99):
            instant = block.start + (block.end - block.start) * share
            if sun(site, instant).altitude > 0:
                assert separation(target, SUN, site, instant) >= 20
    for first, second in pairwise(plan.blocks):
        assert first.end <= second.start


def test_a_plan_made_during_the_night_tells_of_a_target_from_then_on() -> None:
    """Another session has the time: nothing is told of hours that have passed."""
    both = (
        session("a", "M31", priority=5, duration_s=9 * 3600.0),
        session("b", "M33", duration_s=9 * 3600.0),
    )
    told = {one.request.session_id: one for one in _plan(*both, now=at(23)).sessions}
    facts = told["b"].facts
    assert not told["b"].blocks
    assert facts is not None
    assert facts.start == pytest.approx(altitude(resolve("M33"), PARIS, at(23)), abs=0.1)


def test_the_dark_is_looked_at_before_what_else_a_session_asks_for() -> None:
    """What is up by day alone is too low at night; it is not too bright while it is up."""
    site, bounds = PARIS, night_bounds(PARIS, NIGHT)
    by_day = session("spica", "Spica")
    found = never_holds(by_day, site, bounds)
    assert found is not None
    rule, before = found
    assert not isinstance(rule, TwilightRule)
    assert [sun(site, one.start + (one.end - one.start) / 2).altitude < -12 for one in before] == [True]


def test_months_of_sessions_are_looked_for_once_each_and_kept_within_bounds() -> None:
    one = session("andromeda", "M31")
    after, least_s, zone = at(12), 900.0, ZoneInfo("UTC")
    looked, before = windows._next_window.cache_info, windows._next_window.cache_info().misses
    found = {
        next_window(replace(one, captures=(Exposures(frames, 15.0, 14.0),)), PARIS, zone, after, least_s)
        for frames in range(100, 0, -1)
    }
    assert len(found) == 1
    assert looked().misses == before + 1, "what it has taken changes nothing"
    for cache in (windows._next_window, windows._holding):
        assert (cache.cache_info().maxsize or 0) <= 2048, "some kilobytes each"
