"""SIGTERM, and the restart a person asks for, while other sessions are due."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from agent.telescope.dwarf.wire.commands import Cmd
from tests.safety.rig import GENERATIONS, STOP_LIMIT_S, Rig, long_session, on_the_wire, seconds
from tests.support.tables import sliced
from tests.support.virtual_loop import run_virtual

both = pytest.mark.parametrize("generation", GENERATIONS)
WAYS = ("SIGTERM", "restart")
AT_ONCE_S = 5.0


async def stopped(rig: Rig, way: str) -> datetime:
    """Let the agent end that way; return when it was told to."""
    told = rig.clock.now()
    if way == "SIGTERM":
        rig.stop.set()
    else:
        rig.say("bridge/request/restart", {"request_id": "again"})
    await rig.gone()
    assert seconds(rig.clock.now(), told) <= STOP_LIMIT_S
    return told


def nothing_new_and_all_back(rig: Rig, told: datetime, names: list[str]) -> None:
    assert rig.begun(told) == []
    assert rig.files("ToDo") == names
    assert rig.files("Current") == rig.files("Error") == rig.files("Done") == []


@pytest.mark.parametrize(("generation", "way"), sliced(GENERATIONS, WAYS))
def test_a_stop_while_others_are_due_begins_nothing_and_stops_the_capture(
    tmp_path: Path, generation: str, way: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation) as rig:
            for name in ("a", "b", "c"):
                rig.drop(f"{name}.json", long_session())
            await rig.begin()
            await rig.captures()
            told = await stopped(rig, way)
            assert rig.stops(told)
            assert rig.closed(told)
            await rig.clock.sleep(600)
            assert not rig.exposes
            nothing_new_and_all_back(rig, told, ["a.json", "b.json", "c.json"])

    run_virtual(night())


@pytest.mark.parametrize(
    ("generation", "way", "deaf"),
    sliced(GENERATIONS, WAYS, ("deaf", "deaf:command=11006", "no-answer", "slow-answers:seconds=20")),
)
def test_a_deaf_telescope_is_told_to_stop_even_when_time_runs_out(
    tmp_path: Path, generation: str, way: str, deaf: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation) as rig:
            rig.drop("a.json", long_session())
            rig.drop("b.json", long_session())
            await rig.begin()
            await rig.captures()
            rig.sim.faults.add(deaf)
            told = await stopped(rig, way)
            assert rig.stops(told)
            rig.sim.faults.clear()
            nothing_new_and_all_back(rig, told, ["a.json", "b.json"])

    run_virtual(night())


@pytest.mark.parametrize(("generation", "wait_s"), sliced(GENERATIONS, (0.5, 4.0)))
def test_a_stop_in_the_middle_of_a_slew_stops_the_mount_and_begins_nothing(
    tmp_path: Path, generation: str, wait_s: float
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation) as rig:
            rig.drop("a.json", long_session())
            rig.drop("b.json", long_session())
            await rig.begin()
            await rig.until(lambda: rig.asked(Cmd.GOTO_DEEP_SKY), 600)
            await rig.clock.sleep(wait_s)
            told = await stopped(rig, "SIGTERM")
            assert rig.asked(Cmd.STOP_GOTO, since=told)
            assert rig.sim.state.motion.activity == ""
            nothing_new_and_all_back(rig, told, ["a.json", "b.json"])

    run_virtual(night())


@both
def test_a_telescope_deaf_in_the_middle_of_a_slew_is_told_to_stop_and_holds_nobody_up(
    tmp_path: Path, generation: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation) as rig:
            rig.drop("a.json", long_session())
            rig.drop("b.json", long_session())
            await rig.begin()
            await rig.until(lambda: rig.asked(Cmd.GOTO_DEEP_SKY), 600)
            rig.sim.faults.add("deaf")
            told = await stopped(rig, "SIGTERM")
            assert rig.asked(Cmd.STOP_GOTO, since=told)
            nothing_new_and_all_back(rig, told, ["a.json", "b.json"])

    run_virtual(night())


@pytest.mark.parametrize("between_s", [0.0, 0.2, 1.0, 3.0, 6.0])
def test_a_stop_between_two_sessions_begins_none_of_those_that_are_due(
    tmp_path: Path, between_s: float
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            rig.drop("a.json", long_session(frames=2, id_command={"priority": 9}))
            rig.drop("b.json", long_session())
            await rig.begin()
            await rig.until(lambda: "a" in rig.results(), 600, every_s=0.05)
            await rig.clock.sleep(between_s)
            told = await stopped(rig, "SIGTERM")
            assert rig.begun(told) == []
            assert not rig.exposes
            assert rig.files("ToDo") == ["b.json"]

    run_virtual(night())


@pytest.mark.parametrize("wait_s", [5.0, 90.0])
def test_a_stop_while_the_link_is_away_takes_no_longer_and_says_what_it_left(
    tmp_path: Path, wait_s: float
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            rig.drop("a.json", long_session())
            rig.drop("b.json", long_session())
            await rig.begin()
            await rig.captures()
            await rig.loses_the_link(600)
            await rig.clock.sleep(wait_s)
            told = await stopped(rig, "SIGTERM")
            nothing_new_and_all_back(rig, told, ["a.json", "b.json"])
            assert rig.status["problem"] is not None

    run_virtual(night())


def test_a_stop_asked_for_while_an_abort_is_under_way_keeps_the_abort(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            rig.drop("a.json", long_session())
            rig.drop("b.json", long_session())
            await rig.begin()
            await rig.captures()
            told = rig.command("abort")
            await rig.clock.sleep(0.5)
            await stopped(rig, "SIGTERM")
            assert rig.begun(told) == []
            assert not rig.exposes
            assert rig.files("ToDo") == ["b.json"]
            assert rig.results()["a"]["result"] in ("partial", "aborted")

    run_virtual(night())


@pytest.mark.parametrize("ended", [True, False], ids=["after its session", "in its session"])
def test_a_stop_while_a_jammed_motor_is_to_park_waits_for_no_motor(tmp_path: Path, ended: bool) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            rig.sim.faults.add(f"answer-code:command={int(Cmd.MOTOR_RUN_TO)},code=-14501")
            parking = {"do_action": True, "park": True, "power_down": False}
            rig.drop("a.json", long_session(frames=4, shutdown=parking))
            await rig.begin()
            await rig.until(lambda: rig.asked(Cmd.MOTOR_RUN_TO) and ended == ("a" in rig.results()), 1200)
            assert await rig.end() <= AT_ONCE_S
            rig.sim.faults.clear()
            began = rig.clock.now()
            await rig.begin()
            await rig.until(lambda: rig.parked(began), 120)

    run_virtual(night())
