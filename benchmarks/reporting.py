"""One line of JSON per measurement."""

from __future__ import annotations

import json
import logging
import platform
import statistics
from collections.abc import Sequence

SAID: list[dict[str, object]] = []
"""What was measured in this run."""


def say(name: str, **numbers: object) -> None:
    """Print a measurement, and remember it for the table."""
    SAID.append({"benchmark": name, **numbers})
    print(json.dumps({"benchmark": name, "python": platform.python_version(), **numbers}), flush=True)


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float | int]:
    """Return how values are spread."""
    ordered = sorted(values)
    if not ordered:
        return {"n": 0}
    return {
        "n": len(ordered),
        "p50": round(statistics.median(ordered), digits),
        "p99": round(ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))], digits),
        "max": round(ordered[-1], digits),
    }


def quiet() -> None:
    """Measure the agent as it runs unwatched: no log lines."""
    logging.disable(logging.CRITICAL)
