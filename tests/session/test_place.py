"""The wrong place is never imaged silently: a name and its coordinates are compared."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import Problem, Severity
from agent.session.check import check
from agent.session.document import read_session
from agent.session.place import apart
from agent.sky.catalogue import resolve
from agent.sky.ephemeris import separation
from agent.targets import SkyTarget
from agent.telescope.dwarf.models import capabilities_for
from tests.support.chance import often

BOUNDED = settings(deadline=None, max_examples=often(80))
TELE = {"do_action": True, "exposure": "15", "gain": 80, "IRCut": 1, "count": 5}
PLACES = st.builds(
    SkyTarget, st.just("x"), st.floats(0, 24, exclude_max=True), st.floats(-90, 90, allow_nan=False)
)


def found(model: str = "D3", tele: bool = True, **goto: Any) -> list[Problem]:
    """Return the problems of a goto with these keys."""
    key = "setup_camera" if tele else "setup_wide_camera"
    setup = TELE if tele else {key: value for key, value in TELE.items() if key != "IRCut"}
    body = {"id_command": {}, "goto_manual": {"do_action": True, **goto}, key: setup}
    reading = read_session(body, resolve=resolve)
    if reading.document is None:
        return list(reading.problems)
    return check(reading.document, capabilities_for(model), resolve=resolve)


@pytest.mark.parametrize(
    ("target", "ra", "dec", "says"),
    [
        ("M 31", 10.6847, 41.269, "10.6847 degrees would be 0.7123 hours."),
        ("M 33", 23.4621, 30.66, "23.4621 degrees would be 1.5641 hours."),
        ("NGC 253", 11.888, -25.288, "11.888 degrees would be 0.7925 hours."),
        ("M 42", 5, -5, "up to the first colon"),
        ("M 42", 5, -5.3897, "up to the first colon"),
        ("M 16", 18.3133, 13.8067, "The sign of the declination is lost."),
        ("M 31", 10.6847, -41.269, "10.6847 degrees would be 0.7123 hours. The sign"),
        ("M 42", 0, 0, "0/0 is what some programs write"),
        ("M 81", 9.9258, -69.07, "The sign of the declination is the other one."),
        ("M 33", 0.10427, 30.66, "1.564 hours, taken for degrees, would be 0.1043 hours."),
        ("M 31", 17.9, 8.0, ""),
    ],
)
def test_coordinates_far_from_their_name_are_an_error_with_both_places_and_the_slip(
    target: str, ra: float, dec: float, says: str
) -> None:
    (problem,) = found(target=target, ra_coord=ra, dec_coord=dec)
    assert (problem.code, problem.severity, problem.path) == (
        "wrong_place",
        Severity.ERROR,
        "/goto_manual/ra_coord",
    )
    assert problem.message.startswith(f"{target} stands at ")
    assert f"({ra:.4f} h {dec:+.2f}°)" in problem.message
    assert problem.message.endswith("° away.")
    assert says in problem.hint
    assert '"trust_coordinates": true' in problem.hint
    (trusted,) = found(target=target, ra_coord=ra, dec_coord=dec, trust_coordinates=True)
    assert (trusted.code, trusted.severity) == ("wrong_place", Severity.WARNING)


def test_the_message_of_a_right_ascension_in_degrees() -> None:
    (problem,) = found(target="M 31", ra_coord=10.6847, dec_coord=41.269)
    assert problem.message == (
        "M 31 stands at 0.7123 h +41.27°; these coordinates (10.6847 h +41.27°) are 93° away."
    )


@pytest.mark.parametrize(("model", "away", "warns"), [("D3", 1.5, 0), ("D3", 1.8, 1), ("mini", 1.5, 1)])
def test_more_than_the_field_of_view_is_a_warning(model: str, away: float, warns: int) -> None:
    problems = found(model, target="M 31", ra_coord=0.71232, dec_coord=41.2691 + away)
    assert [(p.code, p.severity) for p in problems] == [("wrong_place", Severity.WARNING)] * warns


@pytest.mark.parametrize("model", ["D3", "mini"])  # how far a mini sees is not known
def test_a_wide_camera_sees_further(model: str) -> None:
    assert found(model, tele=False, target="M 31", ra_coord=0.71232, dec_coord=50) == []
    (problem,) = found(model, tele=False, target="M 31", ra_coord=10.6847, dec_coord=41.269)
    assert problem.severity is Severity.ERROR


@pytest.mark.parametrize(
    "goto",
    [
        {"target": "M 31", "ra_coord": "00:42:44", "dec_coord": "+41:16:09"},
        {"target": "my own place", "ra_coord": 10.6847, "dec_coord": 41.269},
        {"target": "", "ra_coord": 10.6847, "dec_coord": 41.269},
        {"target": "M 31"},
    ],
)
def test_what_agrees_or_cannot_be_compared_is_silent(goto: dict[str, Any]) -> None:
    assert found(**goto) == []


@pytest.mark.parametrize(
    ("target", "ra", "hint", "not_hint"),
    [
        ("M 31", 360.7123, "360.712 is 360 too much: 0.7123. M 31 stands at", "336"),
        ("M 31", "-23.2877", "-23.2877 is 24 h too little: 0.7123. M 31 stands at", "too much"),
        (
            "M 31",
            "24.712313",
            "24.7123 is 24 h too much: 0.712313. M 31 stands at 0.7123 h",
            "degrees would be",
        ),
        ("M 42", 83.8221, "83.8221 degrees would be 5.5881 hours. M 42 stands at 5.5879 h", "too much"),
        ("M 42", "24.712313", "M 42 stands at 5.5879 h -5.39°.", "would be"),
        ("no such name", 83.8221, "looks like degrees; in hours it is 5.58814", "stands at"),
    ],
)
def test_hints_for_a_right_ascension_out_of_range_are_checked_against_the_catalogue(
    target: str, ra: object, hint: str, not_hint: str
) -> None:
    (problem,) = found(target=target, ra_coord=ra, dec_coord=10)
    assert problem.code == "out_of_range"
    assert hint in problem.hint
    assert not_hint not in problem.hint


def test_degrees_that_frame_the_place_beside_its_middle_are_told_with_the_distance() -> None:
    (problem,) = found(target="NGC 7000", ra_coord=313.4172, dec_coord=42.7131)
    assert problem.hint.endswith("313.417 degrees would be 20.8945 hours, 2.1° from there.")
    (elsewhere,) = found(target="NGC 7000", ra_coord=313.4172, dec_coord=-42.7131)
    assert "would be" not in elsewhere.hint


def test_a_problem_says_its_key_once() -> None:
    (problem,) = found(target="M 31", ra_coord="24.712313", dec_coord=41.27)
    assert str(problem).startswith("/goto_manual/ra_coord: Right ascension ")


def test_m_102_is_refused_with_both_places_and_taken_with_coordinates() -> None:
    (problem,) = found(target="M 102")
    assert (problem.code, problem.severity) == ("ambiguous_target", Severity.ERROR)
    assert "M 101" in problem.hint
    assert "NGC 5866" in problem.hint
    assert "15.1082 h +55.76°" in problem.hint
    assert found(target="Messier 102", ra_coord=15.1082, dec_coord=55.763) == []


@BOUNDED
@given(PLACES, PLACES)
def test_the_angle_between_two_places_is_that_of_the_ephemeris(one: SkyTarget, other: SkyTarget) -> None:
    seen = separation(one, other, None, datetime(2026, 3, 12, tzinfo=UTC))
    assert apart(one, other) == pytest.approx(seen, abs=0.05)  # refraction and aberration are not asked for


@pytest.mark.parametrize("target", ["Moon", "Jupiter", "Sun"])
def test_coordinates_of_what_moves_are_a_warning(target: str) -> None:
    (problem,) = found(target=target, ra_coord=10.0, dec_coord=41.0)
    assert (problem.code, problem.severity) == ("moving_target", Severity.WARNING)
    assert "goto_solar" in problem.hint


@pytest.mark.parametrize("name", ["Cygnus Loop Panel 2", "M 31 mosaic 1-2", "M31_03"])
def test_a_pane_of_a_mosaic_may_lie_beside_what_it_is_named_after(name: str) -> None:
    middle = resolve(name)
    assert isinstance(middle, SkyTarget)
    assert found(target=name, ra_coord=middle.ra_hours, dec_coord=middle.dec_degrees + 4) == []
    (problem,) = found(target=name, ra_coord=middle.ra_hours, dec_coord=middle.dec_degrees + 20)
    assert (problem.code, problem.severity) == ("wrong_place", Severity.ERROR)


def test_coordinates_of_nowhere_are_told_where_the_name_leads_nowhere_either() -> None:
    (problem,) = found(target="my own field", ra_coord=0, dec_coord="0")
    assert (problem.code, problem.severity) == ("wrong_place", Severity.WARNING)
    assert "0/0" in problem.message
    assert found(target="my own field", ra_coord=0, dec_coord=0, trust_coordinates=True) == []
    assert found(target="my own field", ra_coord=0, dec_coord=0.5) == []


@pytest.mark.parametrize(
    ("ra", "dec", "says"),
    [
        (18.3464, -16.17, None),
        (23.2676, 60.05, None),
        (18.3464, 16.17, "The sign of the declination is lost."),
        (0, 0, "0/0"),
        (5.6, -5.4, ""),
    ],
)
def test_a_name_of_several_places_is_held_against_the_nearest(
    ra: float, dec: float, says: str | None
) -> None:
    problems = found(target="Lobster", ra_coord=ra, dec_coord=dec)
    assert len(problems) == (says is not None)
    for one in problems:
        assert (one.code, one.severity) == ("wrong_place", Severity.WARNING)
        assert says in f"{one.message} {one.hint}"
