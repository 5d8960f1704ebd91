"""Plays nights one after the other: a script on each line of its input, on each of its output a verdict."""

from __future__ import annotations

import gc
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

from aiohttp import web_app

from tests.soak.campaign.night import play
from tests.soak.campaign.script import Script

_PAGE_MB = 4096 / 1e6
_SETTLED = 10  # nights after which everything is imported and cached
_MOST_GROWTH_MB = 40.0


def memory_mb() -> float:
    """What this process holds of memory, without the pages of past nights that aiohttp remembers."""
    web_app._cached_build_middleware.cache_clear()
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_MB


def verdict_on(script: Script) -> dict[str, Any]:
    """Play one night in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="campaign-", ignore_cleanup_errors=True) as folder:
        verdict = play(script, Path(folder))
    return {
        "seed": verdict.seed,
        "violations": list(verdict.violations),
        "figures": verdict.figures | {"memory_mb": round(memory_mb(), 1)},
        "story": verdict.story if verdict.violations else "",
    }


def main() -> None:
    """Until the input ends. What all nights share must not grow: that is what the agent itself would hold."""
    logging.getLogger().addHandler(logging.NullHandler())
    at_first = 0.0
    for played, line in enumerate(sys.stdin, start=1):
        verdict = verdict_on(Script.from_json(json.loads(line)))
        held = verdict["figures"]["memory_mb"]
        if played == _SETTLED:
            at_first = held
        if at_first and held > at_first + _MOST_GROWTH_MB:
            grown = f"memory grew from {at_first:.0f} to {held:.0f} MB in {played} nights"
            verdict["violations"].append(grown)
        print(json.dumps(verdict), flush=True)


if __name__ == "__main__":
    main()
