"""A stop that the telescope never heard is asked again until the capture is seen to have ended."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from tests.safety.rig import BEGINS, GENERATIONS, Rig, long_session, on_the_wire, seconds
from tests.support.tables import sliced
from tests.support.virtual_loop import run_virtual

AGAIN_S = 10.5  # a stop is asked again after ten seconds at the latest
CLOSING_S = 5.0  # the telescope's own, for what it has not stacked yet
COMMANDS = ("abort", "skip", "pause", "end_night")
SKIES = ("warning", "alert")
M_81 = {"target": "M 81", "ra_coord": 9.9258, "dec_coord": 69.0653}

both = pytest.mark.parametrize("generation", GENERATIONS)


async def a_stop_is_lost(rig: Rig, times: int, generation: str) -> None:
    rig.drop("a.json", long_session())
    await rig.begin()
    await rig.captures()
    fast = times // 4 if generation == "v3" else 0  # newer firmware is asked to stop fast each fourth time
    rig.sim.faults.add(f"deaf:command=11006,times={times - fast}")
    if fast:
        rig.sim.faults.add(f"deaf:command=11037,times={fast}")


async def is_stopped(rig: Rig, told: datetime, times: int) -> datetime:
    """Hold the stop against what is promised of it; return when the shutter closed."""
    await rig.until(lambda: rig.closed(told), times * AGAIN_S + CLOSING_S)
    closed = rig.closed(told)
    assert closed is not None
    asked = rig.stops(told)
    assert seconds(asked[0], told) <= 1
    assert len(asked) >= times + 1
    assert all(seconds(later, earlier) <= AGAIN_S for earlier, later in pairwise(asked))
    await rig.clock.sleep(2)  # the end is told
    said = [one.body["state"] for one in rig.said("status", told) if one.at < closed]
    assert said
    assert set(said) == {"stopping"}
    return closed


@pytest.mark.parametrize(("generation", "times", "verb"), sliced(GENERATIONS, (1, 5), COMMANDS))
def test_a_command_whose_stop_is_lost_asks_again_and_answers_only_when_it_is_done(
    tmp_path: Path, generation: str, times: int, verb: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation) as rig:
            await a_stop_is_lost(rig, times, generation)
            told = rig.command(verb)
            closed = await is_stopped(rig, told, times)
            await rig.until(lambda: rig.final(verb), 30)
            final = rig.final(verb)
            assert final is not None
            assert final.at >= closed
            assert final.body["status"] == "done"
            assert rig.begun(told) == []

    run_virtual(night())


@pytest.mark.parametrize(("generation", "times", "level"), sliced(GENERATIONS, (1, 5), SKIES))
def test_rain_whose_stop_is_lost_asks_again_until_the_shutter_closed(
    tmp_path: Path, generation: str, times: int, level: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation) as rig:
            await a_stop_is_lost(rig, times, generation)
            told = rig.rain(level)
            await is_stopped(rig, told, times)
            await rig.until(lambda: rig.status["state"] in ("paused", "waiting", "idle"), 30)
            assert rig.begun(told) == []

    run_virtual(night())


@both
def test_a_stop_that_is_heard_but_not_answered_is_done_when_the_shutter_closed(
    tmp_path: Path, generation: str
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path, generation=generation) as rig:
            rig.drop("a.json", long_session())
            await rig.begin()
            await rig.captures()
            rig.sim.faults.add("no-answer:command=11006,times=1")
            told = rig.command("abort")
            await rig.until(lambda: rig.final("abort"), 30)
            final, closed = rig.final("abort"), rig.closed(told)
            assert final is not None
            assert closed is not None
            assert final.at >= closed

    run_virtual(night())


def test_a_telescope_that_hears_no_stop_at_all_is_asked_for_ever_and_told_as_a_problem(
    tmp_path: Path,
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            rig.drop("a.json", long_session())
            await rig.begin()
            await rig.captures()
            numbers = [rig.sim.faults.add(f"deaf:command={cmd}") for cmd in (11006, 11037)]
            told = rig.command("abort")
            await rig.clock.sleep(600)
            asked = rig.stops(told)
            assert len(asked) >= 50
            assert rig.status["state"] == "stopping"
            assert rig.status["problem"] is not None
            assert rig.final("abort") is None or rig.final("abort").body["status"] == "error"  # type: ignore[union-attr]
            for number in numbers:
                rig.sim.faults.remove(number)
            await rig.until(lambda: rig.closed(told), AGAIN_S + CLOSING_S)

    run_virtual(night())


def test_a_session_that_is_due_begins_only_when_the_aborted_ones_capture_has_ended(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            rig.drop("a.json", long_session(id_command={"priority": 9}))
            rig.drop("b.json", long_session())
            await rig.begin()
            await rig.captures()
            rig.sim.faults.add("deaf:command=11006,times=5")
            told = rig.command("abort")
            await rig.until(lambda: rig.closed(told) and rig.begun(told), 240)
            closed = rig.closed(told)
            assert closed is not None
            assert all(one.at >= closed for one in rig.sim.received if one.cmd in BEGINS and one.at > told)

    run_virtual(night())


def test_a_session_that_waits_is_never_shown_as_the_one_that_is_stopped(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            rig.drop("a.json", long_session())
            rig.drop("b.json", long_session(goto_manual={**M_81, "do_action": True}))
            await rig.begin()
            await rig.captures()
            rig.sim.faults.add("deaf:times=0")
            rig.command("abort")
            await rig.until(lambda: "a" in rig.results(), 1800, every_s=1)
            await rig.clock.sleep(300)
            assert rig.status["state"] == "stopping"
            assert {one.body["session_id"] for one in rig.said("status") if one.body["running"]} <= {
                "a",
                None,
            }
            rig.sim.faults.clear()
            await rig.until(
                lambda: rig.status["session_id"] == "b" and rig.status["running"], 1800, every_s=1
            )

    run_virtual(night())
