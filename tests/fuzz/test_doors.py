"""A little of the hostile input at every door; `python -m tests.fuzz` hands in a million."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.__main__ import Bureau, attack
from tests.fuzz.doors import DOORS, Door
from tests.fuzz.mutation import hostile
from tests.support.chance import often


@pytest.mark.parametrize("name", sorted(DOORS))
def test_nothing_hostile_gets_through(name: str) -> None:
    rng, door = random.Random(f"slice {name}"), DOORS[name]
    for example in door.examples:
        door.knock(example)
    for _ in range(often(300)):
        door.knock(hostile(rng, door.examples))


def test_what_gets_through_is_kept_once(tmp_path: Path) -> None:
    def enter(data: bytes) -> None:
        data.decode()

    bureau = Bureau(tmp_path)
    attack("text", Door(enter, [b"abc"]), 300, 1, bureau)
    assert bureau.seen
    assert len(list(tmp_path.iterdir())) == len(bureau.seen)


def test_the_same_seed_makes_the_same_inputs() -> None:
    examples = DOORS["session"].examples
    first, again = random.Random(5), random.Random(5)
    made = [hostile(first, examples) for _ in range(200)]
    assert made == [hostile(again, examples) for _ in range(200)]
    assert len(set(made)) > 150
