"""Two sessions in a row on every model, in every reading of its firmware: each frame asked for is there."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.simulator import HABITS, Habits, SimulatedDwarf, SimulatorOptions, modes
from agent.telescope.simulator.history import FrameTaken, ShutterOpened
from tests.app.conftest import Observatory, session
from tests.app.test_night import PARIS
from tests.support.tables import every, paired, sliced
from tests.support.virtual_loop import run_virtual

STEP = {"do_action": True}
TELE = {"do_action": True, "exposure": "15", "gain": 80, "count": 10, "IRCut": "1"}
WIDE = {"do_action": True, "exposure": "10", "gain": 60, "count": 3}
MODELS = ("D2", "D3", "mini")
TROUBLES = ("", "drop-link:frame=3,refuse_s=600", "solving-fails:times=3")
BOTH_ARE_UP = datetime(2026, 3, 26, 19, 0, tzinfo=UTC)  # the Moon and Jupiter, over Paris


def nights(
    place: Observatory,
    model: str,
    habits: Habits,
    *documents: dict[str, Any],
    faults: tuple[str, ...] = (),
    left_in: int | None = None,
    **simulated: Any,
) -> tuple[list[dict[str, Any]], list[ShutterOpened], list[FrameTaken]]:
    """Run the sessions one after the other; return their results, and what the shutters truly did.

    `left_in` is the shooting mode that another client left the telescope in.
    """

    async def main() -> tuple[list[dict[str, Any]], list[ShutterOpened], list[FrameTaken]]:
        options = SimulatorOptions.from_mapping(
            {
                "model": model,
                "generation": "v3",
                "site": PARIS,
                "habits": habits,
                "strict": True,
                "faults": faults,
                **simulated,
            }
        )
        async with SimulatedDwarf(options, place.clock) as sim:
            if left_in is not None:
                modes.enter(sim.device, left_in)
            address = DwarfAddress("127.0.0.1", sim.port, sim.http_port)
            place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))
            for number, document in enumerate(documents, start=1):
                place.drop(f"{number}.json", document)
            async with place.open():
                await place.sessions_ended(len(documents))
            return place.results, sim.history.of(ShutterOpened), sim.history.of(FrameTaken)

    return run_virtual(main())


def first(model: str) -> dict[str, Any]:
    wide = None if model == "D2" else WIDE
    return session(auto_focus=STEP, calibration=STEP, setup_camera=TELE, setup_wide_camera=wide)


MET: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "missed solutions": ({"calibration": STEP}, ("solving-fails:times=3",)),
    "polar alignment": ({"eq_solving": STEP, "calibration": STEP}, ()),
    "link away for ten minutes": ({}, ("drop-link:frame=3,refuse_s=600",)),
    "busy": ({"calibration": STEP}, ("busy:times=3,command=11005",)),
}


def read_as(answers: tuple[str, ...]) -> Habits:
    return Habits.from_texts(dict(zip((habit.name for habit in HABITS), answers, strict=True)))


@pytest.mark.parametrize(
    ("model", "darks", "trouble", "habits"),
    every(
        5,
        [
            (model, darks, trouble, read_as(tuple(answers)))
            for model, darks, trouble, *answers in paired(
                MODELS, [True, False], TROUBLES, *(habit.answers for habit in HABITS)
            )
        ],
    ),
    ids=str,
)
def test_three_sessions_in_every_two_readings_of_the_firmware_together(
    observatory: Callable[..., Observatory], model: str, darks: bool, trouble: str, habits: Habits
) -> None:
    """Both cameras after a polar alignment, then a planet, then whatever it points at, by force."""
    place = observatory(start=BOTH_ARE_UP)
    both = session(
        eq_solving=None if "solving" in trouble else STEP,  # it has two attempts, and would miss both
        calibration=STEP,
        setup_camera=TELE,
        setup_wide_camera=None if model == "D2" else WIDE,
    )
    jupiter = session(
        goto_manual=None, goto_solar={"do_action": True, "target": "Jupiter"}, setup_camera=TELE
    )
    as_it_stands = session(goto_manual=None, setup_camera=TELE | {"without_goto": True})
    faults = (trouble,) if trouble else ()
    results, _, frames = nights(
        place, model, habits, both, jupiter, as_it_stands, faults=faults, darks=darks, horizon=False
    )
    assert [(one["result"], one["message"]) for one in results if one["result"] != "completed"] == []
    wide = 0 if model == "D2" else 3
    assert [one["frames"]["taken"] for one in results] == [10 + wide, 10, 10]
    assert [one.camera for one in frames] == [0] * 10 + [1] * wide + [0] * 20


@pytest.mark.soak
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("habits", Habits.one_by_one(), ids=str)
def test_two_sessions_in_every_reading_of_the_firmware(
    observatory: Callable[..., Observatory], model: str, habits: Habits
) -> None:
    darks = habits.missing_darks == "refused"
    results, _, frames = nights(
        observatory(), model, habits, first(model), session(setup_camera=TELE), darks=darks
    )
    assert [(one["result"], one["message"]) for one in results if one["result"] != "completed"] == []
    wide = 0 if model == "D2" else 3
    assert len([one for one in frames if one.camera == 0]) == 20
    assert len([one for one in frames if one.camera == 1]) == wide
    assert [one["frames"]["taken"] for one in results] == [10 + wide, 10]


@pytest.mark.parametrize(("model", "habits"), sliced(MODELS, Habits.all("missing_darks")), ids=str)
def test_a_telescope_without_darks_takes_every_frame_and_the_result_says_so(
    observatory: Callable[..., Observatory], model: str, habits: Habits
) -> None:
    [result], opened, frames = nights(observatory(), model, habits, session(setup_camera=TELE), darks=False)
    assert (result["result"], len(frames)) == ("completed", 10)
    assert len(opened) == 1
    assert "dark" in str(result).lower()


@pytest.mark.parametrize(
    ("model", "habits", "target"),
    sliced(MODELS, Habits.all("solar_ids", "foreign_ids"), ["Moon", "Jupiter"]),
    ids=str,
)
def test_the_moon_and_planets_are_shot_in_their_own_modes(
    observatory: Callable[..., Observatory], model: str, habits: Habits, target: str
) -> None:
    solar = {"do_action": True, "target": target}
    document = session(goto_manual=None, goto_solar=solar, calibration=STEP, setup_camera=TELE)
    place = observatory(start=BOTH_ARE_UP)
    [result], opened, frames = nights(place, model, habits, document, horizon=False)
    assert (result["result"], result["message"], len(frames)) == (
        "completed",
        result["message"],
        10,
    ), result["message"]
    assert {(one.target, one.exposure_s, one.gain) for one in opened} == {(target, 15.0, 80)}


@pytest.mark.parametrize(("model", "met"), sliced(MODELS, list(MET)))
def test_what_a_night_meets_costs_no_frame(
    observatory: Callable[..., Observatory], model: str, met: str
) -> None:
    sections, faults = MET[met]
    document = session(setup_camera=TELE, **sections)
    [result], _, frames = nights(observatory(), model, Habits(), document, faults=faults)
    assert (result["result"], result["frames"]["taken"], len(frames)) == ("completed", 10, 10), result


@pytest.mark.parametrize(("model", "habits"), sliced(MODELS, Habits.all("foreign_ids", "go_live")), ids=str)
def test_a_telescope_left_in_deep_sky_that_answers_no_entry_takes_every_frame(
    observatory: Callable[..., Observatory], model: str, habits: Habits
) -> None:
    silent = tuple(f"no-answer:command={cmd},times=0" for cmd in (16402, 16403, 16404))
    documents = first(model), session(setup_camera=TELE)
    results, _, frames = nights(observatory(), model, habits, *documents, faults=silent, left_in=2)
    assert [(one["result"], one["message"]) for one in results if one["result"] != "completed"] == []
    assert len([one for one in frames if one.camera == 0]) == 20


def test_binning_that_is_told_late_is_waited_for(observatory: Callable[..., Observatory]) -> None:
    document = session(setup_camera={**TELE, "binning": "1"})
    [result], opened, _ = nights(observatory(), "D3", Habits(), document)
    assert (result["result"], len(opened)) == ("completed", 1)
    assert result["settings"]["tele"]["binning"] == "2k"


@pytest.mark.parametrize("model", ["D3 Plus", "foreign"])
def test_a_telescope_that_nobody_knows_is_calibrated_and_captures(
    observatory: Callable[..., Observatory], model: str
) -> None:
    [result], _, frames = nights(observatory(), model, Habits(), first(model))
    assert (result["result"], result["frames"]["taken"], len(frames)) == ("completed", 13, 13), result
