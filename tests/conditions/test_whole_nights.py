"""Whole nights as they are told, word for word and number for number."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from agent.conditions import ConditionSet, Requirements
from agent.conditions.forecast import PlannedSession, forecast
from agent.conditions.night import NightPlan, plan_night, sky_cautions, target_facts
from agent.events import Reason
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
) -> PlannedSession:
    section = Conditions(do_action=True, **keys) if keys else None  # type: ignore[arg-type]
    return PlannedSession(
        session_id=name,
        target=resolve(target) if target else None,
        conditions=ConditionSet.of(requirements, section),
        duration_s=duration_s,
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
            session("late", "Vega", at(23), keys={"wait_max": 600, "sun_below": -17, "min_altitude": 60}),
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
            "sets 19:25, rises 07:54; dark 21:10 to 06:09",
            "45 % lit, up 23:53 to 07:54",
        ),
        (
            PARIS,
            date(2026, 10, 10),
            "sets 19:11, rises 08:04; dark 20:55 to 06:19",
            "0 % lit, down all night",
        ),
        (
            PARIS,
            date(2026, 10, 18),
            "sets 18:55, rises 08:16; dark 20:40 to 06:31",
            "53 % lit, up 18:55 to 00:07",
        ),
        (
            PARIS,
            date(2026, 10, 26),
            "sets 17:40, rises 07:29; dark 19:26 to 05:43",
            "99 % lit, up 17:40 to 07:29",
        ),
        (
            TROMSO,
            date(2026, 6, 21),
            "it does not set; no astronomical darkness",
            "51 % lit, up 12:44 to 00:13",
        ),
        (TROMSO, date(2026, 12, 21), "it does not rise; dark 16:56 to 06:28", "93 % lit, up 11:44 to 11:44"),
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
        run = plan_night(PARIS, NIGHT, [one], now=now).sessions[0].forecast.run
        assert run is not None
        if expected is not None:
            assert run.start == expected
        else:
            assert run.start < at(18)


# -- what would run -----------------------------------------------------------------------------------------


def foreseen(
    *sessions: PlannedSession, start: datetime | None = None, end: datetime | None = None
) -> list[object]:
    """What would run, as (start, end, words); or (reason, words)."""
    found = forecast(PARIS, Interval(start or at(18), end or at(6)), sessions)
    return [
        (one.run.start, one.run.end, one.cut_short) if one.run else (one.reason, one.why_not) for one in found
    ]


def test_each_end_of_a_run_is_told() -> None:
    whole = session("a", "", at(20), 3600.0, PLAIN)
    assert foreseen(whole) == [(at(20), at(21), "")]
    window = session("a", "", at(20), 3600.0, PLAIN, end=at(20, 30))
    assert foreseen(window) == [(at(20), at(20, 30), "It ends at 22:30 because its window closes.")]
    exact = session("a", "", at(20), 3600.0, PLAIN, end=at(21))
    assert foreseen(exact) == [(at(20), at(21), "")]
    light = session("a", "M42", at(4), 4 * 3600.0, Requirements(sun_below=-12))
    assert foreseen(light)[0][2] == "It ends at 06:59 because it gets light."  # type: ignore[index]
    lost = session("a", "Vega", at(22), 4 * 3600.0, PLAIN, {"min_altitude": 30})
    assert foreseen(lost)[0][2] == (  # type: ignore[index]
        "It ends at 00:49 because the condition altitude no longer holds."
    )
    kept = session("a", "Vega", at(22), 4 * 3600.0, PLAIN, {"min_altitude": 30, "on_lost": "ignore"})
    assert foreseen(kept) == [(at(22), at(2), "")]


def test_turns_go_by_priority_start_and_name() -> None:
    ten = 600.0
    assert foreseen(
        session("d", "", at(18, 1), ten, PLAIN),
        session("c", "", at(18), ten, PLAIN),
        session("b", "", None, ten, PLAIN, seen=at(18)),
        session("a", "", at(18, 5), ten, PLAIN, priority=1),
    ) == [
        (at(18, 30), at(18, 40), ""),
        (at(18, 20), at(18, 30), ""),
        (at(18), at(18, 10), ""),
        (at(18, 10), at(18, 20), ""),
    ]


def test_what_has_no_time_left_says_when_it_could_have_run() -> None:
    busy = "It could run from {} on, but the telescope is busy with other sessions."
    long = session("long", "", at(18), 12 * 3600.0, PLAIN)
    assert foreseen(long, session("b", "", at(19), 600.0, PLAIN))[1] == (Reason.QUEUE, busy.format("21:00"))
    assert foreseen(long, session("z", "", at(18), 600.0, PLAIN))[1] == (Reason.QUEUE, busy.format("20:00"))
    tomorrow = session("b", "", at(7), 600.0, PLAIN)
    assert foreseen(long, tomorrow)[1] == (
        Reason.SCHEDULE,
        "The session starts at 09:00. It waits no longer than 120 minutes.",
    )


@pytest.mark.parametrize(("minutes", "runs"), [(60, False), (110, True)])
def test_what_waits_longer_than_it_may_is_given_up(minutes: int, runs: bool) -> None:
    keys = {"sun_below": -12, "wait_max": minutes * 60}
    found = foreseen(session("a", "M31", at(16, 30), 600.0, PLAIN, keys), start=at(16))
    if runs:
        assert found == [(found[0][0], found[0][1], "")]  # type: ignore[index]
    else:
        assert found[0][0] is Reason.TWILIGHT  # type: ignore[index]
        assert found[0][1].endswith(" It waits no longer than 60 minutes.")  # type: ignore[index]


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
