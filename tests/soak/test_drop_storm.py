"""A link that is cut again and again costs time, and no frame."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.storm import Storm, drop_storm
from tests.support.virtual_loop import run_virtual


def unharmed(storm: Storm) -> bool:
    counts = (storm.frames_taken, storm.frames_claimed, storm.captures_begun, storm.captures_broken)
    return storm.outcome == "completed" and counts == (storm.frames_asked, storm.frames_asked, 1, 0)


@pytest.mark.parametrize("generation", ["v2", "v3"])
def test_a_few_minutes_of_storm_cost_no_frame(generation: str, tmp_path: Path) -> None:
    storm = run_virtual(drop_storm(1, tmp_path, generation=generation, frames=12, between_s=(3.0, 20.0)))
    assert storm.cuts >= 5
    assert unharmed(storm), storm


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("generation", ["v2", "v3"])
@pytest.mark.parametrize("seed", range(5))
def test_an_hour_of_storm_costs_no_frame_and_restarts_nothing(
    generation: str, seed: int, tmp_path: Path
) -> None:
    storm = run_virtual(drop_storm(seed, tmp_path, generation=generation))
    assert storm.cuts >= 60
    assert unharmed(storm), storm
