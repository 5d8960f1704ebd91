"""Light added up over the months, and that it adds up."""

from __future__ import annotations

import csv
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from agent.report.history import COLUMNS, history, history_csv, history_lines
from tests.report.test_page import ended

SESSIONS = [
    ended("a"),
    ended("b", target="m42", outcome="partial", reason="weather", taken=6, stacked=5, integration_s=750.0),
    ended("c", target="M 31", night=date(2026, 4, 2), filter="Duo-Band", integration_s=3600.0),
    ended(
        "d", target="M 31", outcome="failed", reason="", row={"error": "stuck"}, stacked=0, integration_s=0.0
    ),
]


def test_light_is_told_by_target_filter_and_month() -> None:
    assert list(history_lines(history(SESSIONS))) == [
        "target  filter    month    nights  sessions  completed  stacked       light",
        "M 31    Astro     2026-03       0         1          0        0           -",
        "M 31    Duo-Band  2026-04       1         1          1       12  1 h 00 min",
        "M 42    Astro     2026-03       1         2          1       17      42 min",
        "total                           2         4          2       29  1 h 42 min",
        "",
        "2 of 4 sessions completed (50%).",
        "Not completed: weather 1, stuck 1.",
    ]


def test_one_target_is_told_however_it_is_written() -> None:
    told = history(SESSIONS, "M42")
    assert [(line.target, line.sessions) for line in told.lines] == [("M 42", 2)]
    assert list(history_lines(history([], ""))) == ["No session has ended."]


@given(
    st.lists(
        st.tuples(
            st.text(max_size=12), st.sampled_from(["Astro", ""]), st.integers(0, 50), st.floats(0, 1e6)
        ),
        max_size=12,
    )
)
def test_the_lines_add_up_and_the_csv_can_be_read_back(facts: list[tuple[str, str, int, float]]) -> None:
    sessions = [
        ended(str(number), target=target, filter=name, stacked=stacked, integration_s=light)
        for number, (target, name, stacked, light) in enumerate(facts)
    ]
    told = history(sessions)
    assert told.total.sessions == len(sessions)
    assert told.total.stacked == sum(session.stacked for session in sessions)
    assert abs(told.total.light_s - sum(session.integration_s for session in sessions)) < 1e-3
    rows = list(csv.DictReader(history_csv(told).splitlines()))
    assert len(rows) == len(told.lines)
    assert all(tuple(row) == COLUMNS for row in rows)
    assert not [row for row in rows if row["target"].startswith(("=", "+", "-", "@"))]
