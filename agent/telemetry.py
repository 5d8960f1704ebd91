"""What a telescope says of itself, as far as sessions and people ask."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What the telescope last said of itself; None is unknown. GB, percent, degrees Celsius."""

    battery: int | None = None
    charging: bool | None = None
    temperature: float | None = None
    storage_free_gb: float | None = None
    storage_total_gb: float | None = None
    host: bool | None = None
    tracking: str | None = None
    focus_position: int | None = None
