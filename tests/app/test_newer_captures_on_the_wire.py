"""Whole sessions on newer firmware: without darks, without a goto, without the link, with both cameras."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.simulator import Habits, SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import FrameTaken
from tests.app.conftest import Observatory, session
from tests.app.test_night import PARIS
from tests.support.tables import every, sliced
from tests.support.virtual_loop import run_virtual

NO_DARKS = "taken without fitting darks"
WIDE = {"do_action": True, "exposure": "10", "gain": 60, "count": 3}


def night(
    place: Observatory, document: dict[str, Any], *faults: str, **simulated: Any
) -> tuple[dict[str, Any], list[FrameTaken]]:
    """Run one session; return its result and the frames that were truly taken."""

    async def main() -> tuple[dict[str, Any], list[FrameTaken]]:
        options = SimulatorOptions.from_mapping(
            {
                "generation": "v3",
                "site": PARIS,
                "calibrated": True,
                "card_port": 0,
                "strict": True,
                "faults": faults,
                **simulated,
            }
        )
        async with SimulatedDwarf(options, place.clock) as sim:
            address = DwarfAddress("127.0.0.1", sim.port, sim.http_port, sim.card_port or 80)
            place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))
            place.drop("a.json", document)
            async with place.open():
                await place.sessions_ended(1)
            return place.results[0], sim.history.of(FrameTaken)

    return run_virtual(main())


@pytest.mark.parametrize(
    ("model", "habits"), sliced(["D2", "D3", "mini"], Habits.all("missing_darks")), ids=str
)
def test_the_result_says_that_frames_were_taken_without_fitting_darks(
    observatory: Callable[..., Observatory], model: str, habits: Habits
) -> None:
    result, frames = night(observatory(), session(), model=model, habits=habits, darks=False)
    assert (result["result"], result["frames"]["taken"], len(frames)) == ("completed", 12, 12)
    assert NO_DARKS in result["message"]


def test_the_result_says_nothing_of_darks_that_fit(observatory: Callable[..., Observatory]) -> None:
    result, _ = night(observatory(), session())
    assert result["result"] == "completed"
    assert NO_DARKS not in result["message"]


def test_a_capture_that_never_exposes_fails_the_session_with_its_reason(
    observatory: Callable[..., Observatory],
) -> None:
    deaf = "deaf:command=11050,times=0"
    result, frames = night(observatory(), session(), deaf, habits={"missing_darks": "silent"}, darks=False)
    assert (result["result"], frames) == ("failed", [])
    assert "exposes nothing" in result["message"]


@pytest.mark.parametrize("habits", Habits.all("album"), ids=str)
def test_a_link_lost_for_ten_minutes_shoots_no_frame_twice(
    observatory: Callable[..., Observatory], habits: Habits
) -> None:
    result, frames = night(observatory(), session(), "drop-link:frame=3,refuse_s=600", habits=habits)
    assert (result["result"], result["frames"]["taken"], len(frames)) == ("completed", 12, 12)
    assert len(result["files"]) == 1


@pytest.mark.parametrize("model", every(3, ["D2", "D3", "mini", "foreign"]))
def test_an_album_that_lists_nothing_leaves_the_notes_on_the_card(
    observatory: Callable[..., Observatory], model: str
) -> None:
    """The link is away for longer than the capture lasts, so nothing but the card tells what was taken."""
    lost = ("drop-link:frame=3,refuse_s=600", "empty-album:times=0")
    result, frames = night(observatory(), session(), *lost, model=model)
    assert (result["result"], result["frames"]["taken"], len(frames)) == ("completed", 12, 12)
    (folder,) = result["files"]
    assert "M 42" in folder


@pytest.mark.parametrize("model", ["D3", "mini"])
def test_frames_of_the_wide_camera_are_counted_once_and_the_session_is_finished(
    observatory: Callable[..., Observatory], model: str
) -> None:
    result, frames = night(observatory(), session(setup_wide_camera=WIDE), model=model)
    assert (result["result"], result["frames"]["taken"]) == ("completed", 15)
    assert [one.camera for one in frames] == [0] * 12 + [1] * 3


@pytest.mark.parametrize("habits", Habits.all("goto_needed"), ids=str)
@pytest.mark.parametrize("wanted", [False, True])
def test_a_session_without_a_goto_runs_if_it_says_so(
    observatory: Callable[..., Observatory], habits: Habits, wanted: bool
) -> None:
    tele = session()["command"]["setup_camera"] | {"without_goto": wanted}
    result, frames = night(observatory(), session(goto_manual=None, setup_camera=tele), habits=habits)
    if wanted or habits.goto_needed == "warned":
        assert (result["result"], len(frames)) == ("completed", 12)
    else:
        assert (result["result"], frames) == ("failed", [])
        assert "without_goto" in str(result)
