"""Whole nights on newer firmware: sessions follow each other, cameras and targets change, nothing is lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from agent.telescope.dwarf.telescope import DwarfAddress, DwarfTelescope
from agent.telescope.dwarf.wire.commands import Cmd
from agent.telescope.simulator import Habits, SimulatedDwarf, SimulatorOptions
from agent.telescope.simulator.history import ShutterOpened
from tests.app.conftest import Observatory, session
from tests.app.test_night import PARIS
from tests.support.tables import sliced
from tests.support.virtual_loop import run_virtual

TELE = {"do_action": True, "exposure": "10", "gain": 80, "IRCut": 1, "count": 3}
WIDE = {"do_action": True, "exposure": "10", "gain": 80, "count": 2}


def night(
    observatory: Callable[..., Observatory], *sessions: dict[str, Any], **simulated: Any
) -> tuple[list[dict[str, Any]], SimulatedDwarf]:
    """The results of these sessions on one telescope of newer firmware, and that telescope."""
    place = observatory()
    wanted = {"model": "D3", "generation": "v3", "site": PARIS, "strict": True, "horizon": False} | simulated

    async def run() -> tuple[list[dict[str, Any]], SimulatedDwarf]:
        async with SimulatedDwarf(SimulatorOptions.from_mapping(wanted), place.clock) as sim:
            address = DwarfAddress("127.0.0.1", sim.port, sim.http_port)
            place.driver = DwarfTelescope(address, clock=place.clock, rng=random.Random(1))
            for number, each in enumerate(sessions):
                place.drop(f"{number}.json", each)
            async with place.open():
                await place.until(lambda: len(place.said("result")) == len(sessions), hours=3)
            return place.said("result"), sim

    return run_virtual(run())


@pytest.mark.parametrize(
    ("model", "habits"),
    sliced(["D2", "D3", "mini"], [Habits(), *Habits.all("foreign_ids", "go_live")[1:]]),
    ids=str,
)
def test_sessions_of_both_cameras_follow_each_other(
    observatory: Callable[..., Observatory], model: str, habits: Habits
) -> None:
    wide = WIDE | ({"exposure": "0.5"} if model == "D2" else {})
    each = session(setup_camera=TELE, setup_wide_camera=wide)
    results, sim = night(observatory, each, each, model=model, habits=habits)
    assert [one["result"] for one in results] == ["completed", "completed"]
    seconds = 0.5 if model == "D2" else 10.0
    shots = [(one.camera, one.exposure_s, one.frames) for one in sim.history.of(ShutterOpened)]
    assert shots == [(0, 10.0, 3), (1, seconds, 2)] * 2


@pytest.mark.parametrize("habits", Habits.all("solar_ids", "foreign_ids"), ids=str)
def test_a_planet_and_then_a_galaxy(observatory: Callable[..., Observatory], habits: Habits) -> None:
    jupiter = session(
        setup_camera=TELE, goto_manual=None, goto_solar={"do_action": True, "target": "Jupiter"}
    )
    results, _ = night(observatory, jupiter, session(setup_camera=TELE), habits=habits)
    assert [one["result"] for one in results] == ["completed", "completed"]


@pytest.mark.parametrize("first", ["planet", "galaxy"])
def test_what_the_deep_sky_does_not_offer_is_taken_of_a_planet_whatever_came_before(
    observatory: Callable[..., Observatory], first: str
) -> None:
    short = TELE | {"exposure": "1/100", "gain": 20, "IRCut": 0}
    jupiter = session(
        setup_camera=short, goto_manual=None, goto_solar={"do_action": True, "target": "Jupiter"}
    )
    galaxy = session(setup_camera=TELE)
    results, sim = night(observatory, *((jupiter, galaxy) if first == "planet" else (galaxy, jupiter)))
    assert [one["result"] for one in results] == ["completed", "completed"]
    assert sorted((shot.gain, shot.filter) for shot in sim.history.of(ShutterOpened)) == [(20, 0), (80, 1)]


def test_what_the_deep_sky_does_not_offer_is_refused_before_anything_moves(
    observatory: Callable[..., Observatory],
) -> None:
    (result,), sim = night(observatory, session(setup_camera=TELE | {"IRCut": 0}))
    assert result["result"] == "failed"
    assert "filter" in str(result)
    moved = (Cmd.CALIBRATE, Cmd.GOTO_DEEP_SKY, Cmd.START_CAPTURE)
    assert not [one for one in sim.received if one.cmd in moved]


def test_a_session_that_looks_at_a_planet_on_its_way_is_held_against_the_deep_sky_before_anything_moves(
    observatory: Callable[..., Observatory],
) -> None:
    jupiter = {"do_action": True, "target": "Jupiter"}
    (result,), sim = night(observatory, session(setup_camera=TELE | {"IRCut": 0}, goto_solar=jupiter))
    assert result["result"] == "failed"
    assert not [
        one for one in sim.received if one.cmd in (Cmd.CALIBRATE, Cmd.GOTO_SOLAR_SYSTEM, Cmd.GOTO_DEEP_SKY)
    ]
    (result,), _ = night(observatory, session(setup_camera=TELE, goto_solar=jupiter))
    assert result["result"] == "completed"
