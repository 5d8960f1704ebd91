"""How much of a session's time the shutter is open, against what the telescope itself needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.telescope.dwarf.limits import Limits
from agent.telescope.dwarf.wire.commands import Cmd
from benchmarks.efficiency import found_again_s, sessions
from tests.app.conftest import NEVER_SETS, Observatory, session
from tests.app.test_mosaics_on_the_wire import Night, simulated
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual

KINDS = [("D2", "v2"), ("D3", "v2"), ("D2", "v3"), ("D3", "v3"), ("mini", "v3")]


@pytest.mark.parametrize(("model", "generation"), every(5, KINDS))
def test_next_to_nothing_is_lost_beside_what_the_telescope_needs(
    tmp_path: Path, model: str, generation: str
) -> None:
    first, second = run_virtual(sessions(tmp_path, model=model, generation=generation))
    assert first.efficiency >= first.limit - 0.005
    assert first.efficiency >= 0.71
    assert second.efficiency >= 0.86


@pytest.mark.parametrize(
    "habits",
    every(
        3, [{"same_mode": "silent"}, {"go_live": "leaves_mode_after_capture"}, {"calibration_end": "idle"}]
    ),
    ids=str,
)
def test_no_habit_of_newer_firmware_costs_more(tmp_path: Path, habits: dict[str, str]) -> None:
    for one in run_virtual(sessions(tmp_path, habits=habits)):
        assert one.efficiency >= one.limit - 0.005


def test_a_lock_that_is_not_answered_is_waited_for_once(observatory: Callable[..., Observatory]) -> None:
    async def run() -> list[float]:
        place = observatory()
        async with simulated(place, f"deaf:command={Cmd.MASTER_LOCK}", generation="v2") as sim:
            Night(place, sim)
            async with place.open():
                for number in range(3):
                    place.drop(f"s{number}.json", session(goto_manual=NEVER_SETS))
                    await place.sessions_ended(number + 1)
            begins = [one.at for one in sim.received if one.cmd == Cmd.SET_TIME]
            asked = [one.at for one in sim.received if one.cmd == Cmd.MASTER_LOCK]
        return [min((begin - at).total_seconds() for at in asked if at <= begin) for begin in begins]

    first, *others = run_virtual(run())
    assert first == pytest.approx(Limits().lock, abs=0.1)
    assert others == pytest.approx([Limits().lock_again] * 2, abs=0.1)


def test_a_telescope_that_was_away_for_five_minutes_is_asked_again_within_five_seconds(
    tmp_path: Path,
) -> None:
    assert run_virtual(found_again_s(tmp_path)) <= 5
