"""Plays nights one after the other: a script on each line of its input, on each of its output a verdict."""

from __future__ import annotations

import gc
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.soak.campaign.night import play
from tests.soak.campaign.script import Script

_PAGE_MB = 4096 / 1e6


def memory_mb() -> float:
    """What this process holds of memory."""
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
    """Until the input ends."""
    logging.getLogger().addHandler(logging.NullHandler())
    for line in sys.stdin:
        print(json.dumps(verdict_on(Script.from_json(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
