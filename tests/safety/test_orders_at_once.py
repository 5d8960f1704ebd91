"""An order is obeyed at once, whatever else is told in the same instant or moves the telescope just then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.telescope.dwarf.wire.commands import Cmd
from tests.app.conftest import Observatory, session
from tests.safety.rig import Rig, long_session, on_the_wire, seconds
from tests.safety.test_by_hand import armed
from tests.support.tables import sliced
from tests.support.virtual_loop import run_virtual

WEATHER = {"policy": "wait", "inputs": ["roof"], "ttl_s": 3600, "clear_for_min": 1}
LONG = {"setup_camera": {"do_action": True, "exposure": "15", "gain": 80, "count": 200}}
SOON_S = 2.0
STOPS = (Cmd.STOP_GOTO, Cmd.STOP_CAPTURE, Cmd.STOP_CALIBRATION)
MOVES = (Cmd.GOTO_DEEP_SKY, Cmd.START_CAPTURE, Cmd.MOTOR_RUN_TO, Cmd.MOTOR_RESET, Cmd.CALIBRATE)

NEWS: dict[str, Callable[[Observatory], None]] = {
    "rain": lambda place: place.say("safety/input/roof", {"safe": False, "reason": "rain", "level": "alert"}),
    "resume": lambda place: place.say("scope/command", "resume"),
    "pause": lambda place: place.say("scope/command", "pause"),
}


@pytest.mark.parametrize(("news", "turns"), sliced(list(NEWS), range(12)))
def test_two_orders_a_few_turns_of_the_loop_apart_are_both_obeyed_at_once(
    tmp_path: Path, news: str, turns: int
) -> None:
    async def night() -> None:
        place = Observatory(tmp_path, weather=WEATHER)
        place.drop("a.json", session(**LONG))
        async with place.open():
            place.say("safety/input/roof", {"safe": True, "reason": "clear"})
            await place.until(
                lambda: bool(place.telescope.captures) and place.telescope.captures[0].taken > 3
            )
            place.say("scope/command", "pause")
            await place.clock.sleep(60)
            NEWS[news](place)
            for _ in range(turns):
                await asyncio.sleep(0)
            place.say("scope/command", "abort")
            await place.until(lambda: bool(place.results), 10 / 3600)
            assert place.results[0]["frames"]["taken"] == 4
            assert not place.telescope.captures[-1].running

    run_virtual(night())


def test_an_abort_during_a_slew_while_the_link_is_away_stops_it_before_anything_else(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            rig.sim.faults.add(f"drop-link:command={int(Cmd.GOTO_DEEP_SKY)},refuse_s=60")
            rig.drop("a.json", long_session())
            await rig.begin()
            await rig.until(lambda: rig.asked(Cmd.GOTO_DEEP_SKY), 600)
            lost = rig.clock.now()
            await rig.clock.sleep(5)
            rig.command("abort")
            await rig.until(lambda: rig.connected(lost), 200)
            up = rig.connected(lost)
            assert up is not None
            await rig.until(lambda: "a" in rig.results(), 200)
            ordered = [one for one in rig.sim.received if one.at > lost and one.cmd in (*STOPS, *MOVES)]
            assert ordered
            assert ordered[0].cmd == Cmd.STOP_GOTO
            assert seconds(ordered[0].at, up) <= SOON_S
            assert not rig.asked(*MOVES, since=up)

    run_virtual(night())


async def folding(rig: Rig) -> None:
    await armed(rig)
    rig.command("park")
    await rig.until(lambda: rig.asked(Cmd.MOTOR_RUN_TO), 30)
    await rig.clock.sleep(3)
    assert not rig.parked()


def test_an_abort_stops_a_park_by_hand(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            await folding(rig)
            told = rig.command("abort")
            await rig.clock.sleep(SOON_S)
            assert rig.asked(*STOPS, since=told)
            await rig.until(lambda: rig.final("park"), 10)
            await rig.clock.sleep(60)
            assert rig.status["state"] == "idle", "it is not known to be folded"
            final = rig.final("park")
            assert final is not None
            assert final.body["status"] == "error"

    run_virtual(night())
