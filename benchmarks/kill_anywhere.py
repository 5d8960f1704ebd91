"""The agent killed at random disk calls and steps of its loop, and restarted: nights that broke a promise."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.reporting import quiet, say
from tests.soak.killing import kill_and_restart
from tests.soak.mortal import run_mortal

SEEDS = range(25)


def measure(seeds: range = SEEDS) -> None:
    """That many nights, each with up to four kills."""
    began = time.perf_counter()
    broken: dict[int, str] = {}
    kills = twice = 0
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            try:
                outcome = run_mortal(kill_and_restart(seed, Path(folder)))
            except AssertionError as error:
                broken[seed] = str(error).splitlines()[0][:200]
            else:
                kills += outcome.kills
                twice += outcome.said_twice
    say(
        "kill_anywhere",
        nights=len(seeds),
        kills=kills,
        broken=broken,
        results_said_twice=twice,
        took_s=round(time.perf_counter() - began, 1),
    )


if __name__ == "__main__":
    quiet()
    measure(range(300))
