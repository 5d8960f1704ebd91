"""A whole night of thirty targets in simulated time: exposure against the limit, and what was decided."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from agent.events import Frames
from benchmarks.reporting import quiet, say
from tests.soak.mortal import run_mortal
from tests.soak.world import DUSK, World, night_session
from tests.support.scheduler_time import scheduler_reads

TARGETS = 30
FRAMES = 40
EXPOSURE_S = 15.0
READ_OUT_S = 1.0  # of the telescope of values
MOVES_S = 20.0 + 1.0 + 1.0  # goto, settings, opening the shutter


def measure(targets: int = TARGETS) -> None:
    """One night; `efficiency` is exposure by wall time from the first command to the last result."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        wall_s, decisions, frames = run_mortal(_night(Path(folder), targets))
    exposed = frames.taken * EXPOSURE_S
    floor_s = targets * MOVES_S + frames.taken * (EXPOSURE_S + READ_OUT_S)
    say(
        "night_in_a_second",
        targets=targets,
        frames=frames.taken,
        night_h=round(wall_s / 3600, 2),
        efficiency=round(exposed / wall_s, 4),
        limit=round(exposed / floor_s, 4),
        decisions=hashlib.sha256(json.dumps(decisions).encode()).hexdigest()[:12],
        took_s=round(time.perf_counter() - began, 2),
    )


async def _night(root: Path, targets: int) -> tuple[float, list[list[object]], Frames]:
    world = World(root, Random(1))
    for number in range(targets):
        world.drop(f"t{number:02}.json", night_session(f"t{number:02}", FRAMES, priority=number % 5))
    with scheduler_reads(world.clock):
        await world.begin_life()
        async with asyncio.timeout(timedelta(hours=20).total_seconds()):
            while len(world.broker.all("dwarf/scope/result/+")) < targets:
                await world.clock.sleep(60)
        await world.end_life()
    results = world.heard("result/+")
    wall_s = (datetime.fromisoformat(results[-1]["ended_at"]) - DUSK).total_seconds()
    taken = sum(result["frames"]["taken"] for result in results)
    decisions: list[list[object]] = [
        [result["target"], result["started_at"], result["result"], result["frames"]["taken"]]
        for result in results
    ]
    return wall_s, decisions, Frames(taken=taken)


if __name__ == "__main__":
    quiet()
    measure()
