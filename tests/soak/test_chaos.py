"""Files, submissions, verbs, clouds, lost links, stops and kills in any order: every promise holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.chaos import chaos_night
from tests.soak.mortal import run_mortal


@pytest.mark.parametrize("seed", [8])
def test_a_night_of_chaos_breaks_no_promise(seed: int, tmp_path: Path) -> None:
    chaos = run_mortal(chaos_night(seed, tmp_path))
    assert chaos.asked


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(400))
def test_any_of_hundreds_of_nights_of_chaos_breaks_no_promise(seed: int, tmp_path: Path) -> None:
    run_mortal(chaos_night(seed, tmp_path))
