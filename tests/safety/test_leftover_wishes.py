"""What a session leaves to be done is done or dropped, and keeps no other session waiting for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.telescope.dwarf.wire.commands import Cmd
from tests.safety.rig import Rig, long_session, on_the_wire
from tests.support.tables import every
from tests.support.virtual_loop import run_virtual

JAMMED = f"answer-code:command={int(Cmd.MOTOR_RUN_TO)},code=-14501"
PARKING: dict[str, Any] = {"do_action": True, "park": True, "power_down": False}
CLOSING: dict[str, Any] = {"do_action": True, "park": True, "power_down": True}
MOST_MESSAGES = 100  # in a minute in which nothing happens but that a session waits


async def captures(rig: Rig, **sections: Any) -> None:
    await rig.begin()
    await rig.clock.sleep(120)
    rig.drop("a.json", long_session(**sections))
    await rig.captures()


async def next_completes(rig: Rig, within_s: float = 900) -> None:
    await rig.until(lambda: "b" in rig.results(), within_s)
    assert rig.results()["b"]["result"] == "completed"


@pytest.mark.parametrize("verb", ["abort", "skip"])
def test_a_session_ended_in_its_pause_keeps_nobody_waiting(tmp_path: Path, verb: str) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            await captures(rig)
            rig.command("pause")
            await rig.clock.sleep(60)
            assert rig.status["state"] == "paused"
            rig.command(verb)
            await rig.until(lambda: "a" in rig.results(), 60)
            rig.drop("b.json", long_session(frames=4))
            await next_completes(rig)

    run_virtual(night())


@pytest.mark.timeout(60)  # asked again and again in no time, it would never end
def test_a_session_that_waits_for_a_stop_which_is_refused_is_asked_now_and_then(tmp_path: Path) -> None:
    async def night() -> None:
        weather = {"policy": "abort", "inputs": ["roof"], "ttl_s": 180, "clear_for_min": 1}
        async with on_the_wire(tmp_path, weather=weather) as rig:
            await captures(rig)
            for stop in (Cmd.STOP_CAPTURE, Cmd.FAST_STOP_CAPTURE, Cmd.STOP_GOTO):
                rig.sim.faults.add(f"answer-code:command={int(stop)},code=-11501")
            rig.rain()
            await rig.until(lambda: "a" in rig.results(), 600)
            assert "not seen to stop" in rig.results()["a"]["message"]
            rig.clear()
            await rig.clock.sleep(400)
            rig.drop("b.json", long_session(frames=4))
            await rig.clock.sleep(60)
            for _ in range(5):
                said, began = len(rig.broker.published), rig.clock.now()
                await rig.clock.sleep(60)
                assert len(rig.broker.published) - said < MOST_MESSAGES
                assert rig.begun(began) == []
            assert (rig.status["state"], rig.status["problem"]["code"]) == ("stopping", "not_safe")
            rig.sim.faults.clear()
            await next_completes(rig)

    run_virtual(night())


def test_a_motor_that_jams_at_a_sessions_end_is_told_and_holds_nobody_up(tmp_path: Path) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            rig.sim.faults.add(JAMMED)
            rig.drop("a.json", long_session(frames=4, shutdown=PARKING))
            await rig.begin()
            await rig.until(lambda: "a" in rig.results(), 1200)
            result = rig.results()["a"]
            assert (result["result"], result["frames"]["taken"]) == ("partial", 4)
            assert "Park" in result["message"]
            problem = rig.status["problem"]
            assert (problem["code"], "not parked" in problem["message"]) == ("not_safe", True)
            rig.drop("b.json", long_session(frames=4))
            await next_completes(rig)
            assert not rig.parked()

    run_virtual(night())


def test_a_motor_that_jams_in_the_rain_costs_no_frame(tmp_path: Path) -> None:
    async def night() -> None:
        parks = {"conditions": {"unsafe_action": "stop_and_park"}}
        weather = {"policy": "abort", "inputs": ["roof"], "ttl_s": 180, "clear_for_min": 5}
        async with on_the_wire(tmp_path, weather=weather, **parks) as rig:
            await captures(rig)
            rig.sim.faults.add(JAMMED)
            told = rig.rain()
            await rig.until(lambda: "a" in rig.results(), 600)
            result = rig.results()["a"]
            assert rig.closed(told)
            assert (result["result"], result["frames"]["taken"]) == ("partial", 4)
            assert len(result["files"]) == 1
            assert rig.status["problem"]["code"] == "not_safe"

    run_virtual(night())


@pytest.mark.parametrize(
    ("away_s", "parks", "switches_off"),
    every(3, [(1200, True, False), (60, True, True), (13 * 3600, False, False)]),
)
def test_what_a_session_leaves_to_be_closed_is_closed_that_night_and_switched_off_soon_or_never(
    tmp_path: Path, away_s: float, parks: bool, switches_off: bool
) -> None:
    async def night() -> None:
        async with on_the_wire(tmp_path) as rig:
            rig.drop("a.json", long_session(frames=4, shutdown=CLOSING))
            rig.sim.faults.add(f"drop-link:command={int(Cmd.MOTOR_RUN_TO)},refuse_s={away_s}")
            rig.sim.faults.add(f"deaf:command={int(Cmd.MOTOR_RUN_TO)},times=1")
            await rig.begin()
            await rig.until(lambda: rig.asked(Cmd.MOTOR_RUN_TO), 1200)
            lost = rig.clock.now()
            await rig.clock.sleep(away_s + 300)
            assert rig.connected(lost)
            assert rig.results()["a"]["result"] == "partial" or away_s < 100
            await rig.clock.sleep(3600)
            assert bool(rig.parked(lost)) == parks
            assert bool(rig.asked(Cmd.POWER_DOWN)) == switches_off

    run_virtual(night())
