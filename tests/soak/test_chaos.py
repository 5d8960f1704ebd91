"""Files, submissions, verbs, clouds, lost links, stops and kills in any order: every promise holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.chaos import chaos_night
from tests.soak.mortal import run_mortal


@pytest.mark.parametrize("seed", [1, 8, 20])
def test_a_night_of_chaos_breaks_no_promise(seed: int, tmp_path: Path) -> None:
    chaos = run_mortal(chaos_night(seed, tmp_path))
    assert chaos.asked


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_hundreds_of_nights_of_chaos_break_no_promise(tmp_path: Path) -> None:
    for seed in range(200):
        try:
            run_mortal(chaos_night(seed, tmp_path / str(seed)))
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
