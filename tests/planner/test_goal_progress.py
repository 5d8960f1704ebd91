"""The arithmetic of goals: what counts, what is left, and what to ask of a night."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.capabilities import Camera
from agent.group_progress import PartProgress
from agent.planner.goal_progress import (
    OVERSHOOT_S,
    Field,
    Gathered,
    Light,
    Wanted,
    frames_left,
    frames_to_ask,
    gathered,
    progress_of,
    promised_of,
    wanted_of,
)
from agent.session.document import SessionDocument, read_session
from agent.sky.catalogue import resolve
from agent.telescope.dwarf.models import capabilities_for
from tests.app.conftest import session

M31 = Field("M 31", 0.712, 41.27)
HOURS = Wanted("M 31", M31, Camera.TELE, "Astro", 15.0, 1, None, 6 * 3600.0)
FRAMES = replace(HOURS, frames=100, seconds=None)


def light(number: int = 1, **changes: object) -> Light:
    one = Light(f"r{number}", f"s{number}", "M 31", "2026-03-12", M31, Camera.TELE, "Astro", 50, 40, 600.0)
    return replace(one, **changes)  # type: ignore[arg-type]


def read(body: dict[str, object]) -> SessionDocument:
    document = read_session(body, name="s").document
    assert document is not None
    return document


def test_what_is_stacked_counts_and_not_what_is_taken() -> None:
    there = gathered(HOURS, [light(1), light(2, night="2026-03-13", taken=100, stacked=80, seconds=1200.0)])
    assert (there.stacked, there.seconds, len(there.nights)) == (120, 1800.0, 2)
    assert frames_left(HOURS, there) == 1320
    assert frames_left(FRAMES, there) == 0


@pytest.mark.parametrize(
    "other",
    [
        {"group": "M 33"},
        {"camera": Camera.WIDE},
        {"filter": "Duo-Band"},
        {"field": Field("M 31", 0.80, 41.27)},
        {"field": Field("M 31", 0.712, 41.6)},
    ],
)
def test_another_group_camera_filter_or_field_does_not_count(other: dict[str, object]) -> None:
    assert gathered(HOURS, [light(**other)]) == Gathered()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Field("M 31", 0.712, 41.27), Field("Andromeda", 0.7125, 41.27), True),
        (Field("a", 23.9995, 0.0), Field("b", 0.0005, 0.0), True),
        (Field("a", 3.0, 89.99), Field("b", 3.1, 89.99), True),
        (Field("C/2023 A3"), Field("c/2023a3", 12.0, 3.0), True),
        (Field("M 31", 0.7, 41.0), Field("m31"), True),
        (Field("moon"), Field("mars"), False),
        (Field("a", 12.0, 0.0), Field("a", 12.02, 0.0), False),
    ],
)
def test_a_field_is_where_it_is_and_by_its_name_only_where_nobody_knows(
    one: Field, other: Field, same: bool
) -> None:
    assert one.same(other) is other.same(one) is same


@given(
    st.integers(1, 5000),
    st.sampled_from([1.0, 10.0, 15.0, 60.0, 700.0]),
    st.integers(0, 6000),
    st.floats(0, 0.95),
    st.booleans(),
)
def test_a_night_never_asks_for_a_block_more_than_is_left(
    goal: int, exposure_s: float, stacked: int, lost: float, by_frames: bool
) -> None:
    wanted = replace(
        HOURS,
        exposure_s=exposure_s,
        frames=goal if by_frames else None,
        seconds=None if by_frames else goal * exposure_s,
    )
    there = Gathered(int(stacked / (1 - lost)), stacked, stacked * exposure_s)
    left, ask = frames_left(wanted, there), frames_to_ask(wanted, there)
    assert left == max(0, goal - stacked)
    assert (ask == 0) == (left == 0)
    assert left <= ask
    assert (ask - left) * exposure_s <= OVERSHOOT_S


def test_a_night_asks_for_what_will_be_lost_as_well_and_never_for_less_than_a_camera_takes() -> None:
    there = Gathered(100, 90, 90 * 15.0)
    assert frames_to_ask(replace(FRAMES, frames=180), there) == 100
    assert frames_to_ask(replace(FRAMES, frames=91, least=2), Gathered(90, 90, 1350.0)) == 2


def test_a_goal_in_seconds_is_whole_at_the_last_fraction_of_a_frame() -> None:
    wanted = replace(HOURS, exposure_s=0.1, seconds=30.0)
    assert frames_left(wanted, Gathered(300, 300, 300 * 0.1)) == 0
    assert frames_left(replace(HOURS, seconds=100.0), Gathered()) == 7


def test_a_group_has_each_field_and_filter_once_and_none_makes_up_for_another() -> None:
    duo = replace(HOURS, filter="Duo-Band", seconds=2 * 3600.0)
    lights = [light(1, seconds=9 * 3600.0), light(2, filter="Duo-Band", night="2026-03-13", seconds=3600.0)]
    (group,) = progress_of([("a", HOURS), ("b", duo), ("c", replace(HOURS, seconds=3600.0))], lights)
    assert group.parts == (
        PartProgress("M 31", "tele", "Astro", 40, 9 * 3600, 1, 15.0, None, 6 * 3600, ("a", "c")),
        PartProgress("M 31", "tele", "Duo-Band", 40, 3600, 1, 15.0, None, 2 * 3600, ("b",)),
    )
    assert group.nights == 2
    assert group.percent == pytest.approx(100 * (6 + 1) / 8)
    assert (
        group.words() == "M 31: 10.0 of 8.0 h in 2 nights, 88 % (Astro 9.0 of 6.0 h, Duo-Band 1.0 of 2.0 h)"
    )


def test_groups_whose_names_differ_in_marks_alone_have_words_of_their_own() -> None:
    names = ["M 31", "M-31", "m31", "Nébuleuse", "☆", "★"]
    found = progress_of([("s", replace(HOURS, group=name)) for name in names], [])
    assert len({group.word for group in found}) == len(names)
    assert all(group.word.isascii() and group.word.replace("_", "").isalnum() for group in found)


def test_what_runs_promises_its_frames_to_the_goal_they_are_for() -> None:
    capabilities = capabilities_for("D3")
    promised = promised_of(
        read(session(id_command={"group": "orion"})), "m42--night-1", capabilities, resolve
    )
    (wanted,) = wanted_of(
        read(session(id_command={"group": "orion"}, goal={"do_action": True, "frames": 100})),
        "other",
        capabilities,
        resolve,
    ).values()
    (one,) = promised
    assert wanted.counts(one)
    assert frames_left(wanted, gathered(wanted, promised)) == 100 - one.stacked
    assert promised_of(read(session()), "alone", capabilities, resolve)[0].group == "alone"


def test_the_goal_of_a_planet_is_the_same_whatever_mode_the_telescope_was_in_last() -> None:
    own = capabilities_for("D3")
    tele = replace(own.cameras[Camera.TELE], filters=own.cameras[Camera.TELE].filters[1:], gains=(80, 90))
    in_the_deep_sky = replace(own, cameras={**own.cameras, Camera.TELE: tele}, model_cameras=own.cameras)
    body = session(
        goto_manual=None,
        goto_solar={"do_action": True, "target": "Jupiter"},
        setup_camera={"do_action": True, "exposure": "15", "gain": 20, "IRCut": 0, "count": 10},
        goal={"do_action": True, "frames": 100},
    )
    for known in (own, in_the_deep_sky):
        (wanted,) = wanted_of(read(body), "jupiter", known, resolve).values()
        assert (wanted.filter, wanted.exposure_s) == (own.cameras[Camera.TELE].filters[0].name, 15.0)
        (promised,) = promised_of(read(body), "jupiter", known, resolve)
        assert wanted.counts(promised)
