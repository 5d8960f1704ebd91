"""Whole nights as they are told, word for word and number for number."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.conditions import ConditionSet, Requirements
from agent.conditions.cautions import sky_cautions
from agent.events import Reason
from agent.planner import Exposures, Request, make_plan
from agent.planner.night import NightPlan, plan_night, target_facts
from agent.session.sections import Conditions
from agent.sky.catalogue import resolve
from agent.sky.ephemeris import MOON, SUN
from agent.sky.nights import Interval
from agent.targets import Site

HERE = Path(__file__).parent
PARIS = Site(48.8566, 2.3522, 35.0, "Europe/Paris")
TROMSO = Site(69.65, 18.96, 10.0, "Europe/Oslo")
NIGHT = date(2026, 10, 12)
DARK = Requirements(sun_below=-12, min_altitude=25, max_wait_min=1440)
PLAIN = Requirements(dawn_limit=None)


def at(hour: int, minute: int = 0) -> datetime:
    """An instant of the night, UTC; hours before noon are of the next morning."""
    return datetime(2026, 10, 12 if hour >= 12 else 13, hour, minute, tzinfo=UTC)


def session(
    name: str,
    target: str,
    start: datetime | None = None,
    duration_s: float = 3600.0,
    requirements: Requirements = DARK,
    keys: dict[str, object] | None = None,
    **more: object,
) -> Request:
    section = Conditions(do_action=True, **keys) if keys else None  # type: ignore[arg-type]
    return Request(
        session_id=name,
        target=resolve(target) if target else None,
        conditions=ConditionSet.of(requirements, section),
        captures=(Exposures(int(duration_s) // 15, 15.0, 14.0),),
        start=start,
        **more,  # type: ignore[arg-type]
    )


def whole_night() -> NightPlan:
    return plan_night(
        PARIS,
        NIGHT,
        [
            session("andromeda", "M31", at(18), 7200.0),
            session("veil", "Veil Nebula", at(19), 5400.0),
            session("saturn", "Saturn", at(20), 1800.0, priority=5),
            session("lmc", "LMC", at(20)),
            session("orion", "M42", at(1), 3 * 3600.0, keys={"min_altitude": 30}),
            session("rosette", "Rosette Nebula", at(2, 30), 5400.0),
            session("late", "Vega", at(23), keys={"sun_below": -17, "min_altitude": 60}),
            session("cut", "M42", at(4, 30), 1800.0, keys={"min_altitude": 10}, end=at(4, 40)),
            session("dawn", "Polaris", at(4, 41), keys={"on_lost": "ignore"}),
        ],
    )


def test_a_whole_night_is_told_word_for_word() -> None:
    expected = (HERE / "whole_night.txt").read_text(encoding="utf-8").splitlines()
    assert list(whole_night().lines()) == expected


def test_a_whole_night_is_told_to_programs_number_for_number() -> None:
    expected = json.loads((HERE / "whole_night.json").read_text(encoding="utf-8"))
    assert whole_night().to_json() == expected


@pytest.mark.parametrize(
    ("site", "night", "sun", "moon"),
    [
        (
            PARIS,
            date(2026, 10, 3),
            "sets 19:25, rises 07:54; fully dark 21:10 to 06:09",
            "45 % lit, up 23:53 to 07:54",
        ),
        (
            PARIS,
            date(2026, 10, 10),
            "sets 19:11, rises 08:04; fully dark 20:55 to 06:19",
            "0 % lit, down all night",
        ),
        (
            PARIS,
            date(2026, 10, 18),
            "sets 18:55, rises 08:16; fully dark 20:40 to 06:31",
            "53 % lit, up 18:55 to 00:07",
        ),
        (
            PARIS,
            date(2026, 10, 26),
            "sets 17:40, rises 07:29; fully dark 19:26 to 05:43",
            "99 % lit, up 17:40 to 07:29",
        ),
        (
            TROMSO,
            date(2026, 6, 21),
            "it does not set; no astronomical darkness",
            "51 % lit, up 12:44 to 00:13",
        ),
        (
            TROMSO,
            date(2026, 12, 21),
            "it does not rise; fully dark 16:56 to 06:28",
            "93 % lit, up 11:44 to 11:44",
        ),
    ],
)
def test_sun_and_moon_of_a_night(site: Site, night: date, sun: str, moon: str) -> None:
    assert list(plan_night(site, night, []).lines()) == [
        f"Night of {night.isoformat()} ({site.timezone})",
        f"  Sun: {sun}",
        f"  Moon: {moon}",
    ]


def test_a_polar_day_has_no_instants_for_programs() -> None:
    told = plan_night(TROMSO, date(2026, 6, 21), []).to_json()
    assert (told["sunset"], told["sunrise"], told["dark"]) == (None, None, None)


def test_a_night_is_planned_from_now_on_if_now_is_in_it() -> None:
    one = session("x", "", None, 600.0, PLAIN)
    for now, expected in ((at(21), at(21)), (at(11, 59), None), (None, None)):
        run = plan_night(PARIS, NIGHT, [one], now=now).sessions[0].run
        assert run is not None
        if expected is not None:
            assert run.start == expected
        else:
            assert run.start < at(18)


# -- what would run -----------------------------------------------------------------------------------------


def planned(*sessions: Request, start: datetime | None = None, end: datetime | None = None) -> list[object]:
    """What runs, as (start, end, what ends it) of its blocks; or (reason, words)."""
    span = Interval(start or at(18), end or at(6))
    zone = ZoneInfo(PARIS.timezone)
    plan = make_plan(sessions, site=PARIS, zone=zone, now=span.start, span=span)
    told: list[object] = []
    for one in sessions:
        left, blocks = plan.left_of(one.session_id), plan.blocks_of(one.session_id)
        told += [(block.start, block.end, block.ends) for block in blocks]
        if not blocks and left is not None:
            told.append((left.reason, left.message))
    return told


def test_each_end_of_a_block_is_told() -> None:
    whole = session("a", "", at(20), 3600.0, PLAIN)
    assert planned(whole) == [(at(20), at(21), "")]
    window = session("a", "", at(20), 3600.0, PLAIN, end=at(20, 30))
    assert planned(window) == [(at(20), at(20, 30), "its window closes")]
    exact = session("a", "", at(20), 3600.0, PLAIN, end=at(21))
    assert planned(exact) == [(at(20), at(21), "")]
    light = session("a", "M42", at(4), 4 * 3600.0, Requirements(sun_below=-12))
    assert planned(light, end=at(8))[0][2] == "it gets too light"  # type: ignore[index]
    lost = session("a", "Vega", at(22), 4 * 3600.0, PLAIN, {"min_altitude": 30})
    assert planned(lost)[0][2] == "Vega leaves its altitude limits"  # type: ignore[index]
    kept = session("a", "Vega", at(22), 4 * 3600.0, PLAIN, {"min_altitude": 30, "on_lost": "ignore"})
    assert planned(kept) == [(at(22), at(2), "")]


def test_turns_go_by_priority_named_start_and_arrival() -> None:
    ten = 600.0
    assert planned(
        session("d", "", at(18, 1), ten, PLAIN),
        session("c", "", at(18), ten, PLAIN),
        session("b", "", None, ten, PLAIN, seen=at(18)),
        session("a", "", at(18), ten, PLAIN, priority=1),
    ) == [
        (at(18, 20), at(18, 30), ""),
        (at(18, 10), at(18, 20), ""),
        (at(18, 30), at(18, 40), ""),
        (at(18), at(18, 10), ""),
    ]


def test_a_start_that_somebody_named_is_kept_by_giving_the_turn_back() -> None:
    long = session("long", "", None, 4 * 3600.0, PLAIN)
    assert planned(long, session("b", "", at(20), 1800.0, PLAIN)) == [
        (at(18), at(20), "session b has its turn"),
        (at(20, 30), at(22, 30), ""),
        (at(20), at(20, 30), ""),
    ]


def test_a_session_that_loses_the_sky_goes_on_when_it_is_back() -> None:
    high = session("a", "M31", None, 8 * 3600.0, Requirements(), {"max_altitude": 70})
    first, second = planned(high, start=at(18))
    assert first[2] == "M31 leaves its altitude limits"  # type: ignore[index]
    assert second[0] - first[1] > timedelta(hours=1)  # type: ignore[index]


def test_a_session_that_is_to_end_when_it_loses_the_sky_has_one_block() -> None:
    keys: dict[str, object] = {"max_altitude": 70, "on_lost": "end"}
    (only,) = planned(session("a", "M31", None, 8 * 3600.0, Requirements(), keys), start=at(18))
    assert only[2] == "M31 leaves its altitude limits"  # type: ignore[index]


def test_what_has_no_time_left_says_when_it_could_have_run() -> None:
    long = session("long", "", at(18), 12 * 3600.0, PLAIN, priority=1)
    told = planned(long, session("b", "", at(19), 600.0, PLAIN))[1]
    assert told[0] is Reason.QUEUE  # type: ignore[index]
    assert told[1].startswith("It could run from 21:00 to 08:00, but the telescope is busy with long.")  # type: ignore[index]
    told = planned(long, session("c", "", at(7), 600.0, PLAIN))[1]
    assert told == (Reason.SCHEDULE, "The session starts on 2026-10-13 at 09:00.")


def test_a_window_that_lasts_beyond_the_night_is_not_said_to_be_lost() -> None:
    any_hour = Requirements(sun_below=90, min_altitude=10, dawn_limit=None)
    sessions = [session(name, "Polaris", None, 600.0, any_hour) for name in ("a", "b")]
    plan = make_plan(sessions, site=PARIS, zone=ZoneInfo("Europe/Paris"), now=at(18))
    assert [block.why for block in plan.blocks] == ["it is its turn", "it is its turn"]


def test_a_block_is_worth_its_goto() -> None:
    busy = session("busy", "", at(18), 3060.0, PLAIN, priority=1, end=at(18, 51))
    nine = session("a", "", at(18), 3600.0, PLAIN, end=at(19))
    assert planned(busy, nine)[1][0] is Reason.QUEUE  # type: ignore[index]  # nine minutes are left
    assert planned(busy, replace(nine, captures=(Exposures(20, 15.0, 14.0),)))[1][1] == at(18, 56)  # type: ignore[index]
    own = session("a", "", at(18), 3600.0, PLAIN, end=at(18, 5))  # five minutes, as its owner wants
    assert planned(own) == [(at(18), at(18, 5), "its window closes")]


# -- cautions and facts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "start", "end", "words"),
    [
        ("M31", at(20), at(22), []),
        ("LMC", at(20), at(22), ["LMC is below the horizon at 22:00."]),
        ("Saturn", at(4), at(5, 30), ["Saturn sets before 07:30."]),
        ("M31", at(14), at(20), ["It is not dark at 16:00."]),
        ("M31", at(16), at(17), ["It is not dark at 18:00."]),
        ("M31", at(17, 30), at(17, 45), ["It is not dark at 19:30."]),
        ("M31", at(17, 40), at(17, 45), []),
    ],
)
def test_what_is_worth_knowing_of_a_target(
    target: str, start: datetime, end: datetime, words: list[str]
) -> None:
    found = sky_cautions(resolve(target), PARIS, start, end)
    assert [one.message for one in found] == words
    assert [one.reason for one in found] == [
        Reason.TWILIGHT if "dark" in each else Reason.ALTITUDE for each in words
    ]


def test_sun_and_moon_need_no_darkness() -> None:
    assert sky_cautions(SUN, PARIS, at(12), at(14)) == ()
    assert sky_cautions(MOON, PARIS, at(12), at(14)) == ()


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (
            at(2),
            at(6),
            "04:00 at 30° in the south-east, highest 36° in the south at 06:00, "
            "08:00 at 30° in the south-west",
        ),
        (at(1), at(2), "03:00 at 23° in the south-east, 04:00 at 30° in the south-east"),
        (at(4), at(4), "06:00 at 36° in the south, 06:00 at 36° in the south"),
        (
            at(3, 20),
            at(4, 40),
            "05:20 at 35° in the south, highest 36° in the south at 06:00, 06:40 at 35° in the south",
        ),
        (at(3, 30), at(4, 30), "05:30 at 35° in the south, 06:30 at 35° in the south"),
        (at(3, 55), at(4, 5), "05:55 at 36° in the south, 06:05 at 36° in the south"),
    ],
)
def test_a_targets_way_in_words(start: datetime, end: datetime, words: str) -> None:
    assert target_facts(resolve("M42"), PARIS, start, end).words == words
