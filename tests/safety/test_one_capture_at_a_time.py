"""After a kill the telescope still captures: whoever has its turn then, no two captures run at once."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

from agent.events import Telemetry
from tests.soak.mortal import run_mortal
from tests.soak.world import World, night_session
from tests.support.scheduler_time import scheduler_reads


def test_a_session_run_by_hand_before_its_start_goes_on_after_a_kill(tmp_path: Path) -> None:
    async def night() -> World:
        world = World(tmp_path, random.Random(1))
        at = world.clock.now() + timedelta(hours=6)
        world.drop(
            "late.json", night_session("late", 9, date=f"{at:%Y-%m-%d}", time=f"{at:%H:%M:%S}", priority=0)
        )
        with scheduler_reads(world.clock):
            await world.begin_life()
            while not world.heard("queue"):
                await world.clock.sleep(1)
            world.say("scope/command", {"command": "run", "session_id": "late", "request_id": "r"})
            await _captures(world, "late", 2)
            await _killed(world)
            world.drop("soon.json", night_session("soon", 3, priority=2))
            await world.begin_life()
            await world.settled()
            await world.end_life()
        return world

    world = run_mortal(night())
    assert world.telescope.overlaps == 0
    assert world.telescope.starts_of("late") == 1
    assert {subject: folder for subject, (folder, _) in world.ended().items()} == {
        "late": "Done",
        "soon": "Done",
    }


def test_a_session_that_cannot_go_on_is_stopped_before_another_one_begins(tmp_path: Path) -> None:
    async def night() -> World:
        world = World(tmp_path, random.Random(1), conditions={"max_wait_min": 600})
        hungry = night_session("hungry", 60, priority=2)
        hungry["command"]["conditions"] = {"do_action": True, "min_battery": 30}
        frugal = night_session("frugal", 3)
        frugal["command"]["conditions"] = {"do_action": True, "min_battery": 5}
        world.drop("hungry.json", hungry)
        world.drop("frugal.json", frugal)
        with scheduler_reads(world.clock):
            await world.begin_life()
            await _captures(world, "hungry", 2)
            await world.clock.sleep(2)  # and the agent has heard of them
            await _killed(world)
            world.telescope.set_telemetry(Telemetry(battery=20, charging=True))
            await world.begin_life()
            await _ended(world, "frugal")
            world.telescope.set_telemetry(Telemetry(battery=90, charging=True))
            await world.settled()
            await world.end_life()
        return world

    world = run_mortal(night())
    ended: dict[str, Any] = world.ended()
    assert world.telescope.overlaps == 0
    assert {subject: folder for subject, (folder, _) in ended.items()} == {"hungry": "Done", "frugal": "Done"}
    assert ended["hungry"][1]["frames"]["taken"] == world.telescope.frames_of("hungry") == 60


async def _captures(world: World, subject: str, frames: int) -> None:
    while world.telescope.frames_of(subject) < frames:
        await world.clock.sleep(1)


async def _ended(world: World, subject: str) -> None:
    while subject not in world.ended():
        await world.clock.sleep(1)


async def _killed(world: World) -> None:
    assert world.life is not None
    world.life.kill()
    await world.bury()
