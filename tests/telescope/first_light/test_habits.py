"""First light finds out which of the known variants of newer firmware it is talking to."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from agent.telescope.first_light.finding import Agreement
from agent.telescope.first_light.page import habits as found_habits
from agent.telescope.simulator import HABITS, Habits
from tests.support.tables import every, paired
from tests.telescope.first_light.support import light

# By habit: the checks that find it out, and what else the telescope must be like for it to show.
CHECKS: dict[str, tuple[tuple[str, ...], dict[str, object]]] = {
    "foreign_ids": (("foreign-ids",), {}),
    "same_mode": (("same-mode",), {}),
    "go_live": (("going-live",), {}),
    "solar_ids": (("solar-ids",), {}),
    "missing_darks": (("without-darks",), {"darks": False}),
    "goto_needed": (("without-goto",), {}),
    "album": (("early-stop", "album"), {}),
    "charging": (("charging",), {}),
    "lock": (("silent-commands",), {}),
    "occupied": (("second-client",), {}),
    "infinity_focus": (("infinity-focus",), {}),
    "calibration_end": (("calibration",), {}),
    "stop_eq": (("polar-alignment",), {}),
    "darks_gain": (("dark-frames",), {}),
    "darks_answer": (("dark-frames",), {}),
    "mosaic_counts": (("calibration", "mosaic"), {}),
    "mosaic_count": (("calibration", "mosaic"), {}),
    "mosaic_mount": (("calibration", "mosaic"), {}),
    "schedule_gain": (("own-schedule",), {}),
    "card_index": (("early-stop", "card-files"), {}),
    "ranges": (("early-stop", "card-files"), {}),
}
# Nothing of a session is fetched or deleted to find them out, and the archive works in every reading.
NOT_ASKED = {"headers", "album_delete"}
KNOWN = [one.name for one in fields(Habits) if one.name not in NOT_ASKED]
VARIANTS = [(name, getattr(habits, name)) for name in KNOWN for habits in Habits.all(name)]


@pytest.mark.parametrize(("name", "answer"), every(3, VARIANTS), ids=str)
def test_each_habit_is_found_out(tmp_path: Path, name: str, answer: str) -> None:
    only, simulated = CHECKS[name]
    lit = light(tmp_path / "light.jsonl", *only, habits=Habits.from_texts({name: answer}), **simulated)
    assert found_habits(lit.notebook.findings)[name] == answer
    settled = lit.notebook.findings[only[-1]].agreement
    assert settled is (Agreement.AGREES if answer == getattr(Habits(), name) else Agreement.VARIANT)


@pytest.mark.parametrize(
    "habits",
    every(
        12,
        [
            Habits.from_texts(dict(zip((habit.name for habit in HABITS), answers, strict=True)))
            for answers in paired(*(habit.answers for habit in HABITS))
        ],
    ),
    ids=str,
)
def test_nothing_false_is_said_of_any_telescope(tmp_path: Path, habits: Habits) -> None:
    lit = light(tmp_path / "light.jsonl", habits=habits, darks=habits.goto_needed != "refused")
    found = found_habits(lit.notebook.findings)
    assert found == {name: getattr(habits, name) for name in found}
    news = {
        name: one.saw for name, one in lit.notebook.findings.items() if one.agreement is Agreement.DIFFERS
    }
    assert news == {}


@pytest.mark.parametrize("answer", ["refused", "warned"])
@pytest.mark.parametrize("told", ["refused", "late", "silent"])
def test_what_a_start_without_a_goto_gets_is_found_out_where_darks_are_missing(
    tmp_path: Path, answer: str, told: str
) -> None:
    habits = Habits.from_texts({"goto_needed": answer, "missing_darks": told})
    lit = light(tmp_path / "light.jsonl", "without-goto", habits=habits, darks=False)
    assert found_habits(lit.notebook.findings)["goto_needed"] == answer
    assert not lit.sim.state.capturing()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("D2", "as expected of this model"),
        ("D3", "Taken"),
        ("mini", "as expected of this model"),
        ("D3 Plus", "Nobody knew"),
        ("foreign", "Nobody knew"),
    ],
)
def test_what_is_said_of_the_frame_size_is_true_of_the_model(tmp_path: Path, model: str, said: str) -> None:
    lit = light(tmp_path / "light.jsonl", "frame-size", model=model)
    found = lit.notebook.findings["frame-size"]
    assert said in found.saw
    assert (found.agreement is Agreement.AGREES) == (model in ("D2", "D3", "mini"))


@pytest.mark.parametrize("model", every(2, ["D2", "D3", "mini"]))
def test_every_model_is_asked_to_the_end(tmp_path: Path, model: str) -> None:
    lit = light(tmp_path / "light.jsonl", model=model, darks=False)
    assert lit.notebook.about["model"] == model
    news = {
        name: one.saw for name, one in lit.notebook.findings.items() if one.agreement is Agreement.DIFFERS
    }
    assert news == {}
    assert not lit.sim.state.capturing()
    assert not lit.sim.state.pointing.tracking


def test_there_is_a_check_for_every_habit() -> None:
    assert set(KNOWN) == set(CHECKS)
