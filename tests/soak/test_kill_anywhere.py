"""Killed at any call to the disk or step of the loop, and started again: nothing is lost or done twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.killing import kill_and_restart
from tests.soak.mortal import run_mortal

FEW = range(2)
MANY = range(300)


@pytest.mark.parametrize("seed", FEW)
def test_a_killed_agent_loses_nothing_and_does_nothing_twice(seed: int, tmp_path: Path) -> None:
    assert run_mortal(kill_and_restart(seed, tmp_path)).kills >= 1


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_hundreds_of_killed_agents_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    for seed in MANY:
        try:
            run_mortal(kill_and_restart(seed, tmp_path / str(seed)))
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
