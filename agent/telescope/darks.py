"""Dark frames that a telescope keeps, and whether one fits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.capabilities import Camera

FITS_WITHIN_C = 8.0  # of the sensor; the telescope asks for as much


class DarkState(StrEnum):
    """What there is for a capture."""

    THERE = "there"
    OTHER_TEMPERATURE = "other_temperature"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class DarkKind:
    """What a dark has to have in common with a capture: the exposure's index, displayed gain and binning."""

    camera: Camera
    exposure: int
    gain: int
    binning: int = 0


@dataclass(frozen=True, slots=True)
class DarkFrame:
    """A dark that the telescope keeps. `celsius` is the sensor's temperature then; None is not told."""

    kind: DarkKind
    celsius: float | None = None


@dataclass(frozen=True, slots=True)
class DarkLibrary:
    """The darks of one camera, and the temperature of its sensor now; None is not known."""

    frames: tuple[DarkFrame, ...]
    celsius: float | None = None

    def state(self, kind: DarkKind) -> DarkState:
        """Return what there is for a capture of that kind now; an unknown temperature counts as fitting."""
        alike = [one for one in self.frames if one.kind == kind]
        if not alike:
            return DarkState.MISSING
        if any(self._fits(one) for one in alike):
            return DarkState.THERE
        return DarkState.OTHER_TEMPERATURE

    def _fits(self, frame: DarkFrame) -> bool:
        if frame.celsius is None or self.celsius is None:
            return True
        return abs(frame.celsius - self.celsius) <= FITS_WITHIN_C
