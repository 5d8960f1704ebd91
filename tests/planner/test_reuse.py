"""What of a session's opening the plan counts: only what will be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.conditions import ConditionSet, Requirements
from agent.planner import Exposures, Request, Valid, make_plan, shape_of
from agent.planner.request import Reusable, reusable_of
from agent.session.document import read_session
from agent.session.plan import StepKind
from agent.session.plan import make_plan as steps_of
from agent.session.reuse_rules import ReuseRules
from agent.telescope.dwarf.models import capabilities_for
from tests.app.conftest import session

ZONE = ZoneInfo("UTC")
EVENING = datetime(2026, 3, 12, 20, tzinfo=UTC)
NOON = EVENING.replace(hour=12)
CALIBRATION, AUTO, INFINITY = StepKind.CALIBRATION, StepKind.AUTO_FOCUS, StepKind.INFINITE_FOCUS


def wants(name: str, *parts: tuple[StepKind, float | None], parks: bool = False, start: int = 0) -> Request:
    """An hour of frames; each part of its opening takes a minute."""
    return Request(
        session_id=name,
        target=None,
        conditions=ConditionSet.of(Requirements()),
        opening_s=30.0 + 60.0 * len(parts),
        captures=(Exposures(120, 30.0, 28.0),),
        reusable=tuple(Reusable(kind, 60.0, hours) for kind, hours in parts),
        parks=parks,
        start=EVENING + timedelta(hours=start) if start else None,
        seen=EVENING,
    )


def minutes(*requests: Request, valid: Valid | None = None) -> list[float]:
    """How long each block's opening takes, in minutes beyond the half that each has."""
    night = date(2026, 3, 12)
    plan = make_plan(requests, site=None, zone=ZONE, now=EVENING, night=night, valid=valid or {})
    assert [block.session_id for block in plan.blocks] == [one.session_id for one in requests]
    return [(block.end - block.start).total_seconds() / 60 - 60.5 for block in plan.blocks]


BOTH = ((CALIBRATION, None), (AUTO, None))


def test_the_first_one_does_it_for_all_and_a_park_undoes_it() -> None:
    assert minutes(*(wants(name, *BOTH) for name in "abc")) == [2, 0, 0]
    assert minutes(wants("a", *BOTH, parks=True), wants("b", *BOTH), wants("c", *BOTH)) == [2, 2, 0]
    assert minutes(wants("a"), wants("b", *BOTH), wants("c", (AUTO, None))) == [0, 2, 0]


def test_what_the_telescope_has_is_spared_too_unless_it_is_of_another_night() -> None:
    has = {CALIBRATION: EVENING - timedelta(hours=1), AUTO: EVENING - timedelta(hours=1)}
    assert minutes(wants("a", *BOTH), wants("b", *BOTH), valid=has) == [0, 0]
    assert minutes(wants("a", *BOTH), valid={CALIBRATION: has[CALIBRATION]}) == [1]
    assert minutes(wants("a", *BOTH), valid=dict.fromkeys(has, NOON - timedelta(hours=1))) == [2]


def test_hours_and_ways_to_focus_count_as_they_do_when_it_runs() -> None:
    hours = [(CALIBRATION, 1.5)]
    assert minutes(*(wants(name, *hours) for name in "abc")) == [1, 0, 1]
    assert minutes(wants("a", (CALIBRATION, 0.0)), wants("b", (CALIBRATION, 0.0))) == [1, 1]
    assert minutes(wants("a", (CALIBRATION, 0.0)), wants("b", (CALIBRATION, None))) == [1, 0]
    assert minutes(wants("a", (AUTO, None)), wants("b", (INFINITY, None)), wants("c", (AUTO, None))) == [
        1,
        1,
        1,
    ]


def test_a_session_that_gives_its_turn_back_does_it_once() -> None:
    long = replace(wants("a", *BOTH), captures=(Exposures(400, 30.0, 28.0),))
    first = make_plan([long, wants("b", start=1)], site=None, zone=ZONE, now=EVENING)
    assert [block.session_id for block in first.blocks] == ["a", "b", "a"]
    total = sum((one.end - one.start).total_seconds() for one in first.blocks)
    assert total == pytest.approx(400 * 30 + 150 + 3630 + 30, abs=31)


@pytest.mark.parametrize(
    ("sections", "rules", "hours"),
    [
        ({"calibration": {}}, ReuseRules(), {CALIBRATION: None}),
        ({"calibration": {}}, ReuseRules(calibration_h=3), {CALIBRATION: 3}),
        ({"calibration": {"reuse_calibration": 0}}, ReuseRules(), {CALIBRATION: 0}),
        ({"auto_focus": {}}, ReuseRules(), {AUTO: None}),
        ({"auto_focus": {}}, ReuseRules(focus_kelvin=0), {AUTO: 0}),
        ({"infinite_focus": {"reuse_focus": 0}}, ReuseRules(), {INFINITY: 0}),
        ({"auto_focus": {}, "eq_solving": {}, "calibration": {}}, ReuseRules(), {AUTO: 0, CALIBRATION: 0}),
    ],
)
def test_a_sessions_parts_are_as_it_and_the_settings_say(
    sections: dict[str, dict[str, object]], rules: ReuseRules, hours: dict[StepKind, float | None]
) -> None:
    body = session(**{name: {"do_action": True, **keys} for name, keys in sections.items()})
    document = read_session(body, name="s").document
    assert document is not None
    plan = steps_of(document, capabilities_for("D3"))
    assert {one.kind: one.hours for one in reusable_of(plan, rules)} == hours


def test_a_sessions_parts_together_take_as_long_as_it_does() -> None:
    on = {"do_action": True}
    body = session(calibration=on, auto_focus=on, shutdown={"do_action": True, "park": True})
    document = read_session(body, name="s").document
    assert document is not None
    plan = steps_of(document, capabilities_for("D3"))
    opening, captures, closing = shape_of(plan)
    told = {step.kind: step.total_s for step in plan.steps}
    assert opening > told[CALIBRATION] + told[AUTO]
    assert closing >= told[StepKind.PARK]
    assert opening + sum(one.total_s for one in captures) + closing == pytest.approx(plan.estimate_s)
