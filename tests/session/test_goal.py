"""The section `goal`: how much is wanted, read as people write it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.session.check import check
from agent.session.document import SessionDocument, read_session
from agent.session.goal_nights import night_session
from tests.support.fake_telescope import CAPABILITIES

EVENING = date(2026, 3, 12)


def with_goal(goal: object, **sections: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id_command": {"process": "wait"},
        "goto_manual": {"do_action": True, "target": "M 31", "ra_coord": 0.712, "dec_coord": 41.27},
        "setup_camera": {"do_action": True, "exposure": "15", "gain": 80, "count": 100},
        "goal": goal,
        **sections,
    }
    return {"command": {key: value for key, value in body.items() if value is not None}}


def document(goal: object, **sections: Any) -> SessionDocument:
    reading = read_session(with_goal(goal, **sections), name="m31")
    assert reading.document is not None, reading.problems
    return reading.document


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6 h", 21600),
        ("6h", 21600),
        ("1,5 hours", 5400),
        ("90 min", 5400),
        ("1 h 30 min", 5400),
        ("2h30m", 9000),
        ("45 s", 45),
        ("06:00:00", 21600),
        ("120:00:00", 432000),
        ("3600", 3600),
        (5400, 5400),
    ],
)
def test_an_integration_is_read_as_people_write_it(text: object, seconds: float) -> None:
    goal = document({"do_action": True, "integration": text}).goal
    assert goal is not None
    assert goal.integration == seconds


@given(st.integers(0, 900), st.integers(0, 59), st.integers(0, 59))
def test_every_way_to_write_the_same_time_reads_the_same(hours: int, minutes: int, seconds: int) -> None:
    total = hours * 3600 + minutes * 60 + seconds
    for text in (f"{hours} h {minutes} min {seconds} s", f"{hours}:{minutes:02}:{seconds:02}", total):
        reading = read_session(with_goal({"do_action": True, "integration": text}))
        if total == 0:
            assert reading.errors
        else:
            assert reading.document is not None
            assert reading.document.goal is not None
            assert reading.document.goal.integration == total


@given(st.text(max_size=12) | st.integers() | st.floats() | st.none() | st.lists(st.integers(), max_size=2))
def test_any_integration_is_read_or_explained(value: object) -> None:
    reading = read_session(with_goal({"do_action": True, "integration": value}))
    assert reading.document is not None or all(one.path.startswith("/goal") for one in reading.errors)


@pytest.mark.parametrize(
    ("goal", "code", "path"),
    [
        ({}, "missing", "/goal/integration"),
        ({"integration": "a lot"}, "invalid_value", "/goal/integration"),
        ({"integration": "6 h", "frames": 3}, "invalid_value", "/goal/frames"),
        ({"frames": 0}, "out_of_range", "/goal/frames"),
        ({"hours": 6}, "unknown_key", "/goal/hours"),
        ({"integration": "0 h"}, "out_of_range", "/goal/integration"),
        ({"integration": "2000 h"}, "out_of_range", "/goal/integration"),
    ],
)
def test_a_goal_that_says_nothing_clear_is_an_error_at_its_place(
    goal: dict[str, Any], code: str, path: str
) -> None:
    reading = read_session(with_goal({"do_action": True, **goal}))
    assert (path, code) in [(one.path, one.code) for one in reading.errors]


@pytest.mark.parametrize(
    ("sections", "path"),
    [
        ({"repeat": {"do_action": True}}, "/repeat"),
        ({"setup_camera": None}, "/goal"),
        ({"setup_camera": {"do_action": True, "gain": 80, "count": 9}}, "/setup_camera/exposure"),
    ],
)
def test_a_goal_that_cannot_be_followed_is_an_error(sections: dict[str, Any], path: str) -> None:
    found = check(document({"do_action": True, "integration": "6 h"}, **sections), CAPABILITIES)
    assert path in [one.path for one in found if one.severity == "error"]


def test_the_session_of_a_night_asks_for_what_is_left_and_at_most_its_own_count() -> None:
    wide = {"do_action": True, "exposure": "10", "gain": 80, "count": 20}
    whole = document(
        {"do_action": True, "frames": 500}, setup_wide_camera=wide, shutdown={"do_action": False}
    )
    for left, count in ((30, 30), (400, 100)):
        night = night_session(whole, "M 31", {"setup_camera": left, "setup_wide_camera": 0}, EVENING)[
            "command"
        ]
        assert night["setup_camera"]["count"] == count
        assert night["setup_wide_camera"]["do_action"] is False
        assert night["id_command"] == {"process": "wait", "source": "goal", "group": "M 31"}
        assert "goal" not in night


@pytest.mark.parametrize(
    ("times", "kept"),
    [
        ({"date": "2026-03-10", "time": "22:00:00"}, {"time": "22:00:00"}),
        ({"date": "2026-03-20", "time": "22:00:00"}, {"date": "2026-03-20", "time": "22:00:00"}),
        ({"date": "2026-03-12"}, {"date": "2026-03-12"}),
        ({"date": "2026-03-13T01:00:00"}, {"date": "2026-03-13T01:00:00"}),
        ({"date": "2026-03-12T01:00:00"}, {"time": "01:00:00"}),
        ({"end_date": "2026-03-30"}, {"end_date": "2026-03-30"}),
    ],
)
def test_a_start_date_that_is_over_leaves_its_time_of_day(
    times: dict[str, str], kept: dict[str, str]
) -> None:
    whole = document({"do_action": True, "frames": 500}, id_command=times)
    night = night_session(whole, "g", {"setup_camera": 9}, EVENING)["command"]["id_command"]
    assert {key: night[key] for key in night if key in ("date", "time", "end_date")} == kept
