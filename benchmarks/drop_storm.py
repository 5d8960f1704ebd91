"""The link cut every 10 to 60 s for an hour of simulated time: frames lost, sessions restarted."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.reporting import quiet, say
from tests.soak.storm import drop_storm
from tests.support.virtual_loop import run_virtual

SEEDS = range(2)


def measure(seeds: range = SEEDS) -> None:
    """Storms of an hour, on newer and older firmware in turn."""
    for seed in seeds:
        generation = ("v3", "v2")[seed % 2]
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            storm = run_virtual(drop_storm(seed, Path(folder), generation=generation))
        say(
            "drop_storm",
            generation=generation,
            **asdict(storm),
            frames_lost=storm.frames_asked - storm.frames_claimed,
            sessions_restarted=storm.captures_begun - 1,
            took_s=round(time.perf_counter() - began, 1),
        )


if __name__ == "__main__":
    quiet()
    measure(range(4))
