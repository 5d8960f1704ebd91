"""The agent killed at random instants, started again, and what must be true in the end."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.soak.mortal import Life
from tests.soak.world import World, night_session
from tests.support.scheduler_time import scheduler_reads

FILES = {"file-a": 3, "file-b": 4, "file-c": 2}
SUBMITTED = {"sent-a": 3, "sent-b": 2}
PAUSES_S = (2.0, 15.0, 60.0, 400.0, 3600.0)  # from the kill to the next start
LONGEST_LIFE_S = 1800.0
MOST_CALLS = 200  # an unkilled run of these sessions changes the disk about that often
MOST_STEPS = 900


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed came to."""

    kills: int
    results: int
    said_twice: int


async def kill_and_restart(seed: int, root: Path) -> Outcome:
    """One night with some kills; AssertionError when a promise is broken."""
    rng = random.Random(seed)
    world = World(root, rng)
    asked = {**FILES, **SUBMITTED}
    with scheduler_reads(world.clock):
        for name, frames in FILES.items():
            world.drop(f"{name}.json", night_session(name, frames))
        await world.begin_life(_doomed(rng))
        submitting = [
            asyncio.create_task(world.submit(night_session(name, frames), name))
            for name, frames in SUBMITTED.items()
        ]
        for _ in range(rng.randint(0, 3)):
            await _one_death(world, rng)
            await world.begin_life(_doomed(rng))
        await _one_death(world, rng)
        await world.begin_life()
        answers = await asyncio.gather(*submitting)
        await world.settled()
        await world.end_life()
    assert all(answer["status"] == "accepted" for answer in answers), answers
    return _judge(world, asked)


def _doomed(rng: random.Random) -> Life:
    if rng.random() < 0.5:
        return Life(at_call=rng.randint(1, MOST_CALLS))
    return Life(at_step=int(10 ** rng.uniform(1, 3)) if rng.random() < 0.5 else rng.randint(1, MOST_STEPS))


async def _one_death(world: World, rng: random.Random) -> None:
    if not await world.until_dead(LONGEST_LIFE_S) and world.life is not None:
        world.life.kill()
        await world.until_dead(1)
    await world.clock.sleep(rng.choice(PAUSES_S))


def _judge(world: World, asked: dict[str, int]) -> Outcome:
    story = world.story()
    assert world.look() == Counter(dict.fromkeys(asked, 1)), f"{world.look()}\n{story}"
    ended = world.ended()
    said: dict[str, list[str]] = {}
    for body in world.heard("result/+"):
        said.setdefault(body["target"], []).append(json.dumps(body, sort_keys=True))
    for subject, frames in asked.items():
        folder, details = ended[subject]
        taken = world.telescope.frames_of(subject)
        facts = f"{subject}: {folder} {details}\n{story}"
        assert folder == "Done", facts
        assert details["frames"]["taken"] == frames, facts
        assert taken == frames, f"{taken} frames were truly taken of {facts}"
        assert subject in said, f"no result was said of {facts}"
        assert len(set(said[subject])) == 1, f"different results of {facts}: {said[subject]}"
    assert world.telescope.overlaps == 0, story
    assert world.rows() == sorted(asked), f"{world.rows()}\n{story}"
    results = sum(len(bodies) for bodies in said.values())
    return Outcome(world.kills, results, results - len(said))
