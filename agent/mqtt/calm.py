"""What is worth telling: an estimate that moved far enough, a limit that is not crossed to and fro."""

from __future__ import annotations

from datetime import datetime, timedelta

END_MOVED_S = 120.0  # an estimated end that moved this far is told: each change is one in a logbook
LOW_BATTERY_PERCENT = 20  # the telescope switches itself off not far below
LOW_STORAGE_GB = 2.0  # about an hour of stacked frames
RECOVERED = 1.25  # a value must rise this far above its limit before the next warning


def calm_end(end: datetime | None, told: datetime | None) -> datetime | None:
    """Return the estimate to the minute, as told before while it moved by less than is worth telling."""
    if end is None or (told is not None and abs((end - told).total_seconds()) < END_MOVED_S):
        return told if end is not None else None
    return (end + timedelta(seconds=30)).replace(second=0, microsecond=0)


def is_low(value: float | None, limit: float, was_low: bool) -> bool:
    """Tell whether a value is low; once low it must rise clearly above its limit to count as recovered."""
    if value is None:
        return was_low
    return value < (limit * RECOVERED if was_low else limit)
