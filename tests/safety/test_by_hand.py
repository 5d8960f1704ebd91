"""A person's goto and the weather: refused while it is unsafe, stopped when it becomes so."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from agent.telescope.dwarf.wire.commands import Cmd
from tests.safety.rig import GENERATIONS, Rig, on_the_wire, seconds
from tests.support.tables import sliced
from tests.support.virtual_loop import run_virtual

TARGET = {"target": "M 42", "ra": 5.59, "dec": -5.39}
SOON_S = 1.0


async def armed(rig: Rig) -> None:
    await rig.begin()
    await rig.until(lambda: rig.connected(rig.links[0][0]), 30)
    rig.say("scope/set/armed", "true")
    await rig.until(lambda: rig.said("settings")[-1].body["armed"], 10)


def tells_of_the_weather(message: str) -> bool:
    return any(word in message.lower() for word in ("rain", "weather", "unsafe"))


@pytest.mark.parametrize(("generation", "why"), sliced(GENERATIONS, ("rain", "downpour", "silence")))
def test_a_goto_by_hand_is_refused_while_it_is_unsafe(tmp_path: Path, generation: str, why: str) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation) as rig:
            await armed(rig)
            if why == "silence":
                rig.silence()
                await rig.clock.sleep(3600)
                rig.say("scope/set/armed", "true")
            else:
                rig.rain("alert" if why == "downpour" else "warning")
            await rig.clock.sleep(5)
            rig.command("goto", **TARGET)
            await rig.until(lambda: rig.final("goto"), 60)
            final = rig.final("goto")
            assert final is not None
            assert final.body["status"] == "error"
            assert tells_of_the_weather(final.body["message"])
            assert not rig.asked(Cmd.GOTO_DEEP_SKY)

    run_virtual(night())


@pytest.mark.parametrize(
    ("generation", "level", "wait_s"), sliced(GENERATIONS, ("warning", "alert"), (0.5, 5.0, 12.0))
)
def test_a_goto_by_hand_is_stopped_within_a_second_when_it_becomes_unsafe(
    tmp_path: Path, generation: str, level: str, wait_s: float
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation) as rig:
            told = await _rain_during_a_goto(rig, level, wait_s)
            stop = rig.asked(Cmd.STOP_GOTO, since=told)
            assert stop
            assert seconds(stop[0], told) <= SOON_S
            assert rig.sim.state.motion.activity == ""
            await rig.until(lambda: rig.final("goto"), 60)
            final = rig.final("goto")
            assert final is not None
            assert final.body["status"] == "error"
            assert tells_of_the_weather(final.body["message"])

    run_virtual(night())


async def _rain_during_a_goto(rig: Rig, level: str, wait_s: float) -> datetime:
    await armed(rig)
    rig.command("goto", **TARGET)
    await rig.until(lambda: rig.asked(Cmd.GOTO_DEEP_SKY), 60)
    await rig.clock.sleep(wait_s)
    assert rig.sim.state.motion.activity == "goto"
    told = rig.rain(level)
    await rig.clock.sleep(2 * SOON_S)
    return told


def test_a_goto_by_hand_whose_stop_is_lost_is_stopped_again(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            await armed(rig)
            rig.command("goto", **TARGET)
            await rig.until(lambda: rig.asked(Cmd.GOTO_DEEP_SKY), 60)
            await rig.clock.sleep(2)
            rig.sim.faults.add("deaf:command=11004,times=1")
            told = rig.rain()
            await rig.until(lambda: rig.sim.state.motion.activity == "", 11)
            assert len(rig.asked(Cmd.STOP_GOTO, since=told)) == 2
            assert not rig.sim.state.pointing.tracking

    run_virtual(night())


def test_a_goto_by_hand_is_taken_again_when_the_sky_is_clear(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            await armed(rig)
            rig.rain()
            await rig.clock.sleep(5)
            rig.clear()
            await rig.clock.sleep(310)
            rig.command("goto", **TARGET)
            await rig.until(lambda: rig.final("goto"), 120)
            final = rig.final("goto")
            assert final is not None
            assert final.body["status"] == "done"

    run_virtual(night())


def test_an_agent_that_stops_stops_the_goto_by_hand_that_is_under_way(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            await armed(rig)
            rig.command("goto", **TARGET)
            await rig.until(lambda: rig.asked(Cmd.GOTO_DEEP_SKY), 60)
            await rig.clock.sleep(4)
            told = rig.clock.now()
            await rig.end()
            assert rig.asked(Cmd.STOP_GOTO, since=told)
            assert rig.sim.state.motion.activity == ""

    run_virtual(night())
