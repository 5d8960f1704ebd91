"""Small sensors for tests that fetch whole sessions: full frames have sixteen megabytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import pytest

from agent.telescope.simulator.profiles import PROFILES


@pytest.fixture(autouse=True)
def small_sensors() -> Iterator[None]:
    """Let simulated telescopes take frames of 240 by 136 pixels, whatever the model."""
    small = {
        name: replace(
            profile,
            preview=(240, 136),
            tele=replace(profile.tele, width=240, height=136),
            wide=replace(profile.wide, width=120, height=68),
        )
        for name, profile in PROFILES.items()
    }
    with patch.dict(PROFILES, small):
        yield
