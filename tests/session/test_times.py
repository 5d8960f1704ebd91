from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import Severity
from agent.session.document import SessionDocument, read_session
from agent.session.times import (
    capture_ends,
    moved_on,
    start_instant,
    time_problems,
    to_local,
    window_end,
    zone_problems,
)
from tests.support.chance import often

PARIS = ZoneInfo("Europe/Paris")
START_OF_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)  # 19:00 in Paris


def document(**id_command: Any) -> SessionDocument:
    reading = read_session({"id_command": id_command})
    assert reading.document is not None, reading.problems
    return reading.document


def start(zone: ZoneInfo = PARIS, now: datetime = NOW, **id_command: Any) -> datetime | None:
    return start_instant(document(**id_command), zone, now)


def end(zone: ZoneInfo = PARIS, now: datetime = NOW, **id_command: Any) -> datetime | None:
    return window_end(document(**id_command), zone, now)


def codes(zone: ZoneInfo = PARIS, now: datetime = NOW, **id_command: Any) -> list[str]:
    return [problem.code for problem in time_problems(document(**id_command), zone, now)]


@pytest.mark.parametrize("empty", [{}, {"date": "", "time": ""}, {"date": None}])
def test_without_date_and_time_a_session_starts_at_once(empty: dict[str, Any]) -> None:
    assert start(**empty) is None


def test_date_and_time_are_local() -> None:
    assert start(date="2026-03-12", time="22:05:00") == datetime(2026, 3, 12, 21, 5, tzinfo=UTC)
    assert start(date="2026-07-01", time="23:30") == datetime(2026, 7, 1, 21, 30, tzinfo=UTC)


def test_the_zone_of_the_session_comes_first() -> None:
    found = start(date="2026-03-12", time="22:00:00", timezone="America/New_York")
    assert found == datetime(2026, 3, 13, 2, 0, tzinfo=UTC)


def test_a_date_alone_counts_from_its_midnight() -> None:
    assert start(date="2026-03-14") == datetime(2026, 3, 13, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "clock", "begins"),
    [
        ("2026-03-12T12:00", "22:00", "2026-03-12T22:00"),
        ("2026-03-12T20:30", "01:30", "2026-03-13T01:30"),  # after midnight, of this night
        ("2026-03-12T20:30", "06:15", "2026-03-13T06:15"),
        ("2026-03-12T22:30", "22:00", "2026-03-12T22:00"),  # over, and the night goes on: at once
        ("2026-03-13T00:30", "22:00", "2026-03-12T22:00"),
        ("2026-03-13T00:30", "01:30", "2026-03-13T01:30"),
        ("2026-03-13T05:00", "01:30", "2026-03-13T01:30"),
        ("2026-03-13T06:30", "07:00", "2026-03-13T07:00"),
        ("2026-03-13T08:00", "22:00", "2026-03-13T22:00"),  # the night is over: the coming one
        ("2026-03-13T10:00", "01:30", "2026-03-14T01:30"),
        ("2026-03-28T20:00", "02:30", "2026-03-29T03:30"),  # skipped by the clocks
    ],
)
def test_a_time_alone_is_the_next_such_time_of_the_coming_night(now: str, clock: str, begins: str) -> None:
    accepted = datetime.fromisoformat(now).replace(tzinfo=PARIS).astimezone(UTC)
    found = start_instant(document(time=clock), PARIS, accepted)
    assert found == datetime.fromisoformat(begins).replace(tzinfo=PARIS).astimezone(UTC)
    assert codes(now=accepted, time=clock) == (["time_over"] if found < accepted else []) or clock == "02:30"


@pytest.mark.parametrize(
    "words",
    [
        {"date": "2026-03-12T22:30:00Z"},
        {"date": "2026-03-12T23:30:00+01:00"},
        {"date": "2026-03-12 23:30:00"},
        {"date": "2026-03-12", "time": "22:30:00Z"},
        {"date": "2026-03-12", "time": "17:30:00-05:00"},
    ],
)
def test_iso_times_with_and_without_offset_are_one_instant(words: dict[str, str]) -> None:
    assert start(**words) == datetime(2026, 3, 12, 22, 30, tzinfo=UTC)


def test_a_time_beside_a_full_date_is_said_to_be_unused() -> None:
    assert codes(date="2026-03-12T23:30:00", time="04:00") == ["time_twice"]


def test_a_time_the_clocks_skip_moves_forward_by_the_gap() -> None:
    words = {"date": "2026-03-29", "time": "02:30:00"}
    found = start(**words)
    assert found == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert to_local(found, PARIS) == "2026-03-29 03:30:00"
    assert codes(**words) == ["clock_gap"]


def test_of_a_time_that_comes_twice_the_first_counts() -> None:
    words = {"date": "2026-10-25", "time": "02:30:00"}
    assert start(**words) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert codes(**words) == ["clock_fold"]


def test_a_gap_of_half_an_hour_is_one_too() -> None:
    words = {"date": "2026-10-04", "time": "02:10:00", "timezone": "Australia/Lord_Howe"}
    found = start(**words)
    assert found is not None
    assert to_local(found, ZoneInfo("Australia/Lord_Howe")) == "2026-10-04 02:40:00"


def test_a_window_without_an_end_never_closes() -> None:
    assert end(date="2026-03-12", time="22:00") is None


def test_an_end_time_alone_is_the_next_one_after_the_start() -> None:
    assert end(date="2026-03-12", time="22:00", end_time="04:30") == datetime(2026, 3, 13, 3, 30, tzinfo=UTC)
    assert end(date="2026-03-13", time="01:00", end_time="04:30") == datetime(2026, 3, 13, 3, 30, tzinfo=UTC)
    assert end(end_time="18:59") == datetime(2026, 3, 13, 17, 59, tzinfo=UTC)
    assert end(date="2026-03-12T22:00:00Z", end_time="04:30:00Z") == datetime(2026, 3, 13, 4, 30, tzinfo=UTC)


def test_an_end_time_follows_a_start_that_was_moved() -> None:
    session = document(date="2026-03-12", time="22:00", end_time="04:30")
    moved = datetime(2026, 3, 20, 21, 0, tzinfo=UTC)
    assert window_end(session, PARIS, NOW, start=moved) == datetime(2026, 3, 21, 3, 30, tzinfo=UTC)


def test_an_end_date_alone_is_the_end_of_that_day() -> None:
    assert end(end_date="2026-03-13") == datetime(2026, 3, 13, 23, 0, tzinfo=UTC)


def test_an_end_before_the_start_is_an_error() -> None:
    words = {"date": "2026-03-13", "time": "22:00", "end_date": "2026-03-13", "end_time": "21:00"}
    problems = time_problems(document(**words), PARIS, NOW)
    assert [(problem.path, problem.code, problem.severity) for problem in problems] == [
        ("/id_command/end_date", "empty_window", "error")
    ]


def test_a_window_that_is_over_is_said_so() -> None:
    assert codes(end_date="2026-03-11", end_time="04:00") == ["window_over"]


ZONES = st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
LOCAL = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31)).map(lambda at: at.replace(microsecond=0))  # noqa: DTZ001


@settings(deadline=None, max_examples=often(80))
@given(LOCAL, ZONES, LOCAL)
def test_a_start_is_the_written_wall_clock_or_later_by_a_gap(
    local: datetime, zone: str, now: datetime
) -> None:
    words = {"date": local.date().isoformat(), "time": local.time().isoformat(), "timezone": zone}
    found = start(now=now.replace(tzinfo=UTC), **words)
    assert found is not None
    ahead = found.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - local
    assert timedelta(0) <= ahead <= timedelta(hours=1)
    assert bool(ahead) == ("clock_gap" in codes(now=now.replace(tzinfo=UTC), **words))


@settings(deadline=None, max_examples=often(80))
@given(LOCAL, st.times(), ZONES)
def test_the_next_end_time_comes_within_a_day_after_the_start(local: datetime, clock: Any, zone: str) -> None:
    words = {"date": local.isoformat(), "end_time": clock.isoformat(), "timezone": zone}
    begin, close = start(**words), end(**words)
    assert begin is not None
    assert close is not None
    assert timedelta(0) < close - begin <= timedelta(hours=25)


zones = st.sampled_from(
    [ZoneInfo(name) for name in ("Europe/Paris", "America/New_York", "Australia/Lord_Howe")]
)
instants = st.integers(0, 366 * 24 * 60).map(
    lambda m: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=m)
)


@given(zones, instants, st.none() | st.integers(1, 3000), st.integers(-3000, 20_000))
def test_a_window_that_is_moved_on_keeps_its_times_of_day(
    zone: ZoneInfo, start: datetime, minutes: int | None, late: int
) -> None:
    end = None if minutes is None else start + timedelta(minutes=minutes)
    now = start + timedelta(minutes=late)
    moved, moved_end = moved_on(start, end, zone, now)
    assert now < moved <= max(now, start) + timedelta(hours=26)
    days = (moved.astimezone(zone).date() - start.astimezone(zone).date()).days
    assert days >= 1
    for before, after in ((start, moved), (end, moved_end)):
        if before is None or after is None:
            assert before is after
            continue
        wall = before.astimezone(zone).replace(tzinfo=None, fold=0) + timedelta(days=days)
        there = wall.replace(tzinfo=zone).astimezone(UTC)
        assert after == there
        exists = there.astimezone(zone).replace(tzinfo=None, fold=0) == wall
        assert not exists or after.astimezone(zone).time() == before.astimezone(zone).time()


def whole(**sections: Any) -> SessionDocument:
    reading = read_session({"id_command": {}, **sections})
    assert reading.document is not None, reading.problems
    return reading.document


def camera(end_time: str) -> dict[str, Any]:
    return {"do_action": True, "count": 0, "exposure": "15", "end_time": end_time}


@pytest.mark.parametrize(
    ("end_time", "instant"),
    [
        ("01:30", datetime(2026, 3, 13, 0, 30, tzinfo=UTC)),
        ("19:00", datetime(2026, 3, 13, 18, 0, tzinfo=UTC)),
        ("19:00:01", datetime(2026, 3, 12, 18, 0, 1, tzinfo=UTC)),
        ("23:59", datetime(2026, 3, 12, 22, 59, tzinfo=UTC)),
        ("18:30Z", datetime(2026, 3, 12, 18, 30, tzinfo=UTC)),
    ],
)
def test_a_capture_ends_at_the_next_such_time(end_time: str, instant: datetime) -> None:
    session = whole(setup_camera=camera(end_time), setup_wide_camera=camera(end_time))
    assert capture_ends(session, PARIS, NOW) == {"setup_camera": instant, "setup_wide_camera": instant}


BEGINS = st.integers(1_000_000_000, 7_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
ZONES = st.sampled_from(["Europe/Paris", "America/New_York", "Pacific/Chatham", "Australia/Lord_Howe", "UTC"])


@settings(deadline=None, max_examples=often(80))
@given(BEGINS, st.times(), ZONES)
def test_the_end_of_a_capture_comes_within_a_day_and_a_clock_change(
    begin: Any, clock: Any, zone: str
) -> None:
    end = capture_ends(whole(setup_camera=camera(clock.isoformat())), ZoneInfo(zone), begin)["setup_camera"]
    assert begin < end <= begin + timedelta(hours=26)


@pytest.mark.parametrize(
    ("day", "end_time", "code", "says"),
    [
        ("2026-03-28", "02:30", "clock_gap", "The clocks skip 2026-03-29 02:30:00; 03:30:00 is used."),
        ("2026-10-24", "02:30", "clock_fold", "2026-10-25 02:30:00 comes twice that night"),
    ],
)
@pytest.mark.parametrize("where", ["id_command", "setup_camera"])
def test_an_end_time_in_the_night_of_a_clock_change_is_told(
    where: str, day: str, end_time: str, code: str, says: str
) -> None:
    begin = {"date": day, "time": "22:00"}
    if where == "id_command":
        session = whole(id_command={**begin, "end_time": end_time})
    else:
        session = whole(id_command=begin, setup_camera=camera(end_time))
    (problem,) = time_problems(session, PARIS, NOW)
    assert (problem.code, problem.path) == (code, f"/{where}/end_time")
    assert says in problem.message


def test_a_start_that_is_over_is_told() -> None:
    assert codes(date="2026-03-11", time="22:00") == ["start_over"]
    assert codes(date="2026-03-12", time="18:58") == []  # due, not over
    assert codes(date="2026-03-12", time="22:00") == []
    assert codes(date="2026-03-11", starting_date="2026-03-11 22:00:00") == []  # it began then, and goes on


@pytest.mark.parametrize(
    ("zone", "longitude", "hours"),
    [
        ("Europe/Paris", 2.35, None),
        ("UTC", 2.35, None),
        ("Europe/Madrid", -8.5, None),
        ("Asia/Shanghai", 87.6, None),
        ("Pacific/Kiritimati", -157.4, None),
        ("America/New_York", 2.35, "4 hours"),
        ("Europe/Paris", -118.2, "10 hours"),
        ("Asia/Tokyo", 2.35, "9 hours"),
    ],
)
def test_a_zone_that_is_hours_from_the_longitude_is_told(
    zone: str, longitude: float, hours: str | None
) -> None:
    session = document(date="2026-07-01", time="23:30", timezone=zone)
    found = zone_problems(session, PARIS, longitude, NOW)
    assert [problem.code for problem in found] == (["zone_far"] if hours else [])
    assert all(hours is not None and hours in problem.message for problem in found)
    assert zone_problems(document(timezone=zone), PARIS, longitude, NOW) == []


@pytest.mark.parametrize("section", ["setup_camera", "setup_wide_camera", "id_command"])
@pytest.mark.parametrize(
    ("end_time", "ago"), [("18:50", 10), ("16:30", 150), ("04:00", None), ("15:30", None)]
)
def test_an_end_time_just_over_is_said_to_be_that_of_the_next_day(
    section: str, end_time: str, ago: int | None
) -> None:
    """The session begins at once."""
    end = {"end_time": end_time} if section == "id_command" else camera(end_time)
    session = whole(**{section: end})
    found = [one for one in time_problems(session, PARIS, NOW) if one.code == "end_far"]
    assert len(found) == (ago is not None)
    for one in found:
        assert (one.path, one.severity) == (f"/{section}/end_time", Severity.WARNING)
        assert f"over {ago} min ago" in one.message
        assert f"2026-03-13 {end_time}:00" in one.message


def test_captures_that_had_to_end_before_now_are_told() -> None:
    session = whole(id_command={"date": "2026-03-10", "time": "22:00"}, setup_camera=camera("01:30"))
    (problem,) = time_problems(session, PARIS, NOW)
    assert (problem.code, problem.path) == ("window_over", "/setup_camera/end_time")
    assert "2026-03-11 01:30:00" in problem.message
