"""For how long a calibration and a focus count."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReuseRules:
    """For how long sessions that say nothing themselves go without.

    `calibration_h` None is for the night, 0 never. `focus_kelvin`: by how much the temperature may change; 0
    is never.
    """

    calibration_h: float | None = None
    focus_kelvin: float = 2.0
