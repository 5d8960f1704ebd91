"""Where the panes of a mosaic stand, and the sessions made of them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.capabilities import Camera
from agent.mosaics import Grid, Mosaic, Pane, grid_text, panes_along
from agent.session.check import check
from agent.session.document import SessionDocument, read_session
from agent.session.pane_grid import agents_grid, telescopes_grid, wanted_panes
from agent.session.pane_sessions import pane_sessions
from agent.session.plan import make_plan
from agent.session.text import plan_text
from agent.sky.ephemeris import altitude, hours_until_rise, hours_until_set, separation
from agent.targets import Site, SkyTarget
from agent.telescope.dwarf.models import MODELS, capabilities_for, newer_capabilities, older_capabilities

FIELD = (2.95, 1.66)
NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)
PARIS = Site(48.85, 2.35)
M81 = SkyTarget("M 81", 9.9258, 69.0653)
ORDER = {"doMosaic": True, "framingX": 180, "framingY": 140, "mosaic_count": 45}
TELE = {"do_action": True, "exposure": "15", "gain": 80, "IRCut": 1, "count": 30}


def document(**sections: Any) -> SessionDocument:
    body: dict[str, Any] = {
        "id_command": {"date": "2035-12-12", "time": "22:00:00", "priority": 3, "result": True, "nb_try": 2},
        "calibration": {"do_action": True},
        "goto_manual": {"do_action": True, "target": "M 81", "ra_coord": 9.9258, "dec_coord": 69.0653},
        "setup_camera": {**TELE, **ORDER},
        "shutdown": {"do_action": True, "park": True},
    }
    body |= sections
    reading = read_session(
        {"command": {key: one for key, one in body.items() if one is not None}}, name="m81"
    )
    assert reading.document is not None, reading.problems
    return reading.document


def away(first: Pane, second: Pane) -> float:
    places = (SkyTarget("", one.ra_hours, one.dec_degrees) for one in (first, second))
    return separation(*places, None, NOON)


# -- on the sphere --------------------------------------------------------------------------------------


@given(
    ra=st.floats(0, 24, exclude_max=True),
    dec=st.floats(-90, 90),
    rotation=st.floats(-360, 360),
    columns=st.integers(1, 4),
    rows=st.integers(1, 4),
)
def test_neighbours_are_a_step_apart_anywhere_in_the_sky(
    ra: float, dec: float, rotation: float, columns: int, rows: int
) -> None:
    grid = Grid.of(columns, rows, FIELD, overlap=0.2, rotation=rotation)
    panes = grid.panes(ra, dec)
    assert len(panes) == columns * rows
    for pane in panes:
        assert 0 <= pane.ra_hours < 24
        assert -90 <= pane.dec_degrees <= 90
    places = {(pane.column, pane.row): pane for pane in panes}
    for (column, row), pane in places.items():
        if (right := places.get((column + 1, row))) is not None:
            assert away(pane, right) == pytest.approx(grid.step_x, rel=0.02)
        if (below := places.get((column, row + 1))) is not None:
            assert away(pane, below) == pytest.approx(grid.step_y, rel=0.02)
    opposite = away(panes[0], panes[-1])
    assert opposite == pytest.approx(
        math.hypot((columns - 1) * grid.step_x, (rows - 1) * grid.step_y), rel=0.02, abs=1e-5
    )


def test_an_odd_grid_has_the_target_in_its_middle() -> None:
    middle = Grid.of(3, 3, FIELD, overlap=0.1, rotation=33).panes(M81.ra_hours, M81.dec_degrees)[4]
    assert (middle.ra_hours, middle.dec_degrees) == (
        pytest.approx(M81.ra_hours),
        pytest.approx(M81.dec_degrees),
    )


def test_the_first_pane_lies_north_and_east_of_the_last() -> None:
    first, *_, last = Grid.of(2, 2, FIELD, overlap=0.2, rotation=0).panes(5.0, 10.0)
    assert first.dec_degrees > last.dec_degrees
    assert first.ra_hours > last.ra_hours


def test_a_rotation_turns_from_north_through_east() -> None:
    upper, lower = Grid.of(1, 2, FIELD, overlap=0.0, rotation=90).panes(5.0, 0.0)
    assert upper.ra_hours > lower.ra_hours  # what was north is east now
    assert upper.dec_degrees == pytest.approx(lower.dec_degrees, abs=1e-9)


def test_across_the_pole_the_panes_stand_on_both_sides_of_it() -> None:
    panes = Grid.of(1, 2, FIELD, overlap=0.0, rotation=0).panes(2.0, 90.0)
    assert {round(pane.ra_hours, 6) for pane in panes} == {2.0, 14.0}
    assert {round(pane.dec_degrees, 6) for pane in panes} == {round(90 - FIELD[1] / 2, 6)}


@pytest.mark.parametrize(
    ("fields", "expected"), [(0.4, 1), (1.0, 1), (1.017, 2), (1.8, 2), (1.83, 3), (8 / 2.13, 5), (8 / 1.2, 9)]
)
def test_the_panes_that_a_side_needs(fields: float, expected: int) -> None:
    assert panes_along(fields) == expected


@given(st.floats(0.01, 40), st.floats(0, 0.5))
def test_the_panes_cover_a_side_and_one_less_would_not(fields: float, overlap: float) -> None:
    count = panes_along(fields, overlap)
    assert 1 + (count - 1) * (1 - overlap) >= fields * (1 - 1e-6)
    assert count == 1 or 1 + (count - 2) * (1 - overlap) < fields * (1 + 1e-6)


@given(
    x=st.integers(100, 1000),
    y=st.integers(100, 1000),
    overlap=st.sampled_from([0.0, 0.1, 0.2, 0.5]),
)
def test_a_framing_is_covered_and_neighbours_overlap_enough(x: int, y: int, overlap: float) -> None:
    grid = Grid.framed(Mosaic(x, y, 1), FIELD, overlap=overlap)
    assert grid.span == (pytest.approx(x / 100 * FIELD[0]), pytest.approx(y / 100 * FIELD[1]))
    for step, side in zip((grid.step_x, grid.step_y), FIELD, strict=True):
        assert step <= (1 - overlap) * side + 1e-6


@pytest.mark.parametrize(
    ("framing", "grid"),
    [
        ((180, 140), (2, 2)),
        ((110, 100), (2, 1)),
        ((180, 180), (2, 2)),
        ((190, 100), (3, 1)),
        ((300, 100), (4, 1)),
    ],
)
def test_panes_for_a_framing_with_a_fifth_shared(framing: tuple[int, int], grid: tuple[int, int]) -> None:
    found = Grid.framed(Mosaic(*framing, 1), FIELD, overlap=0.2)
    assert (found.columns, found.rows) == grid


# -- who makes it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("section", ["setup_camera", "setup_wide_camera"])
@pytest.mark.parametrize("framing", [(180, 140), (250, 100)])
def test_the_agent_makes_what_the_telescope_cannot(
    model: str, section: str, framing: tuple[int, int]
) -> None:
    x, y = framing
    order = {
        key: one for key, one in {**TELE, **ORDER}.items() if key != "IRCut" or section == "setup_camera"
    }
    session = document(**{"setup_camera": {}, section: {**order, "framingX": x, "framingY": y}})
    if (model, section) == ("mini", "setup_wide_camera"):  # nobody has told its field
        problems = check(session, older_capabilities(model))
        assert [one.code for one in problems if one.severity == "error"] == ["mosaic_field"]
        return
    fits = x <= 180 and section == "setup_camera" and model != "D2"
    assert (agents_grid(session, newer_capabilities(model)) is None) is fits
    assert agents_grid(session, older_capabilities(model)) is not None
    assert (agents_grid(session, capabilities_for(model)) is None) is fits  # the firmware is not known
    assert (telescopes_grid(session, newer_capabilities(model)) is not None) is fits


def test_a_mosaic_section_is_made_by_the_agent_whatever_the_telescope() -> None:
    session = document(
        setup_camera=TELE, mosaic={"do_action": True, "columns": 3, "rows": "2", "overlap": 10}
    )
    grid = agents_grid(session, newer_capabilities("D3"))
    assert grid == Grid.of(3, 2, FIELD, overlap=0.1, rotation=0.0)
    assert grid is not None
    assert len(wanted_panes(session, grid, M81)) == 6


def test_some_panes_may_be_wanted_alone() -> None:
    session = document(
        setup_camera=TELE, mosaic={"do_action": True, "columns": 3, "rows": 2, "panes": [5, 2]}
    )
    grid = agents_grid(session, newer_capabilities("D3"))
    assert grid is not None
    assert [pane.number for pane in wanted_panes(session, grid, M81)] == [2, 5]


@pytest.mark.parametrize(
    ("mosaic", "message"),
    [
        ({}, "One pane is no mosaic."),
        ({"columns": 2, "panes": [3]}, "There is no pane 3; there are 2."),
        ({"columns": 21}, "between 1 and 20"),
        ({"columns": 2, "overlap": 90}, "between 0 and 80"),
        ({"columns": 2, "rounds": 3}, "mosaic has no key"),
    ],
)
def test_a_mosaic_section_that_makes_no_sense_is_refused(mosaic: dict[str, Any], message: str) -> None:
    body = {"id_command": {}, "mosaic": {"do_action": True, **mosaic}, "setup_camera": TELE}
    reading = read_session({"command": body})
    assert any(message in str(problem) for problem in reading.errors), reading.problems


@pytest.mark.parametrize(
    ("sections", "code"),
    [
        ({"mosaic": {"do_action": True, "columns": 2}}, "mosaic_twice"),
        ({"mosaic": {"do_action": True, "columns": 2}, "setup_camera": None}, "mosaic_camera"),
        (
            {"mosaic": {"do_action": True, "columns": 2}, "setup_camera": TELE, "goto_manual": None},
            "mosaic_target",
        ),
        ({"setup_camera": {**TELE, **ORDER, "framingX": 1000, "framingY": 1000}}, "mosaic_size"),
        ({"mosaic": {"do_action": True, "columns": 20, "rows": 6}, "setup_camera": TELE}, "mosaic_size"),
        (
            {
                "setup_camera": None,
                "setup_wide_camera": {"do_action": True, "exposure": 15, "gain": 80, "count": 2},
                "mosaic": {"do_action": True, "columns": 5},
            },
            "mosaic_size",
        ),
    ],
)
def test_what_cannot_be_a_mosaic_is_an_error(sections: dict[str, Any], code: str) -> None:
    problems = check(document(**sections), capabilities_for("D3"))
    assert code in [problem.code for problem in problems if problem.severity == "error"]


# -- sessions -------------------------------------------------------------------------------------------


def test_each_pane_is_a_session_of_its_own_with_times_and_camera_of_the_whole() -> None:
    session = document()
    grid = agents_grid(session, older_capabilities("D3"))
    assert grid is not None
    panes = wanted_panes(session, grid, M81)
    made = pane_sessions(session, M81, [panes[2], panes[0], panes[1], panes[3]], "m81")
    for place, one in enumerate(made):
        reading = read_session(one.body, name=f"m81--pane-{one.pane.number}")
        child = reading.document
        assert child is not None
        assert reading.problems == ()
        assert child.goto_manual is not None
        assert child.goto_manual.target == f"M 81 Panel {one.pane.number}"
        assert child.goto_manual.ra_coord == pytest.approx(one.pane.ra_hours, abs=1e-5)
        assert child.goto_manual.dec_coord == pytest.approx(one.pane.dec_degrees, abs=1e-4)
        assert child.setup_camera is not None
        assert (child.setup_camera.count, child.setup_camera.orders_mosaic) == (45, False)
        assert (child.id_command.group, child.id_command.priority) == ("m81", 3)
        assert child.id_command.date == session.id_command.date
        assert child.id_command.result is None
        assert (child.calibration is not None) is (place == 0)
        assert (child.shutdown is not None) is (place == 3)
        assert [p for p in check(child, older_capabilities("D3")) if p.severity == "error"] == []


def test_a_mosaic_section_takes_the_count_for_each_pane() -> None:
    session = document(setup_camera=TELE, mosaic={"do_action": True, "columns": 2})
    grid = agents_grid(session, capabilities_for("mini"))
    assert grid is not None
    (first, _) = pane_sessions(session, M81, wanted_panes(session, grid, M81), "a group")
    child = read_session(first.body).document
    assert child is not None
    assert child.setup_camera is not None
    assert (child.setup_camera.count, child.mosaic, child.id_command.group) == (30, None, "a group")


# -- the plan -------------------------------------------------------------------------------------------


def test_the_plan_draws_the_panes_and_says_who_makes_them() -> None:
    plan = make_plan(document(), older_capabilities("D3"))
    text = plan_text(plan)
    assert "2 × 2 panes of 2.95° × 1.66°, overlapping by 20 %, 60 %" in text
    assert "5.31° × 2.32° in all, north up, east left" in text
    assert "  +---+---+\n  | 1 | 2 |\n  +---+---+\n  | 3 | 4 |\n  +---+---+\n" in text
    assert "made by the agent: 4 sessions" in text
    assert plan.frames_requested == 180
    mosaic = plan.to_json()["mosaic"]
    assert (mosaic["by"], len(mosaic["panes"])) == ("agent", 4)
    own = make_plan(document(), newer_capabilities("D3"))
    assert "made by the telescope itself" in plan_text(own)
    assert own.to_json()["mosaic"]["by"] == "telescope"
    assert own.frames_requested == 180
    assert make_plan(document(setup_camera=TELE), newer_capabilities("D3")).to_json()["mosaic"] is None


def test_panes_that_are_not_wanted_are_left_blank() -> None:
    grid = Grid.of(4, 3, FIELD, overlap=0.2, rotation=15)
    text = grid_text(grid, grid.panes(1, 2)[10:])
    assert text.endswith(
        "| .  | .  | .  | .  |\n+----+----+----+----+\n| .  | .  | 11 | 12 |\n+----+----+----+----+"
    )
    assert "turned by 15°" in text


# -- which one first ------------------------------------------------------------------------------------


@given(ra=st.floats(0, 24, exclude_max=True), dec=st.floats(-35, 35), hour=st.integers(0, 23))
def test_what_sets_within_some_hours_is_down_then(ra: float, dec: float, hour: int) -> None:
    from datetime import timedelta

    target, start = SkyTarget("", ra, dec), NOON + timedelta(hours=hour)
    hours = hours_until_set(target, PARIS, start)
    if altitude(target, PARIS, start) <= 0:
        assert hours == 0
        return
    sets = start + timedelta(hours=hours / 1.00273791)
    assert altitude(target, PARIS, sets) == pytest.approx(0, abs=0.5)


def test_what_never_sets_or_never_rises() -> None:
    assert hours_until_set(M81, PARIS, NOON) == math.inf
    assert hours_until_set(SkyTarget("", 5, -80), PARIS, NOON) == 0
    assert Camera.TELE in capabilities_for("D3").cameras


def test_a_middle_a_hair_before_the_first_hour_has_panes_that_can_be_read() -> None:
    goto = {"do_action": True, "target": "x", "ra_coord": 23.99999985, "dec_coord": 10}
    whole = document(goto_manual=goto, mosaic={"do_action": True, "columns": 1, "rows": 2})
    middle = SkyTarget("x", 23.99999985, 10.0)
    panes = Grid.of(1, 2, FIELD, overlap=0.2, rotation=0).panes(middle.ra_hours, middle.dec_degrees)
    for one in pane_sessions(whole, middle, panes, "x"):
        assert read_session(one.body).ok


@given(ra=st.floats(0, 24, exclude_max=True), dec=st.floats(-89, 89), latitude=st.floats(-66, 66))
def test_after_the_hours_until_it_rises_a_pane_is_up(ra: float, dec: float, latitude: float) -> None:
    target, site = SkyTarget("", ra, dec), Site(latitude, 2.35)
    hours = hours_until_rise(target, site, NOON)
    if hours == math.inf:
        assert hours_until_set(target, site, NOON) == 0
        assert abs(latitude - dec) > 89.5
    elif hours == 0:
        assert altitude(target, site, NOON) > -0.6
    else:
        rises = NOON + timedelta(hours=hours * 0.99727)
        assert altitude(target, site, NOON) < 0.6
        assert abs(altitude(target, site, rises)) < 0.6
