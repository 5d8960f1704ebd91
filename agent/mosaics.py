"""Mosaics: one picture of several panes, each one field of the camera."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

WHOLE = 100  # percent: the camera's field as it is
OWN_LIMIT = 180  # percent along each side, the most that firmware makes a mosaic of by itself
OWN_STEP = 10  # percent; it takes no others
NO_ROTATION = -1
MOST_PER_PANE = 249


@dataclass(frozen=True, slots=True)
class Mosaic:
    """A mosaic of percents of the camera's field: along its long side (x) and its short one (y).

    `rotation` is in degrees, None as the camera stands; each pane gets `per_pane` frames.
    """

    framing_x: int
    framing_y: int
    per_pane: int
    rotation: float | None = None

    @property
    def columns(self) -> int:
        """Panes along the long side."""
        return math.ceil(self.framing_x / WHOLE)

    @property
    def rows(self) -> int:
        """Panes along the short side."""
        return math.ceil(self.framing_y / WHOLE)

    @property
    def panes(self) -> int:
        """Panes in all."""
        return self.columns * self.rows

    @property
    def frames(self) -> int:
        """Frames of all panes together."""
        return self.panes * self.per_pane

    @property
    def in_steps(self) -> Mosaic:
        """The mosaic with the next framings that firmware takes; never smaller."""
        x, y = (math.ceil(side / OWN_STEP) * OWN_STEP for side in (self.framing_x, self.framing_y))
        return replace(self, framing_x=x, framing_y=y)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "panes": self.panes,
            "columns": self.columns,
            "rows": self.rows,
            "frames_per_pane": self.per_pane,
            "framing_x": self.framing_x,
            "framing_y": self.framing_y,
            "rotation": self.rotation,
        }

    def __str__(self) -> str:
        return f"{self.panes} panes of {self.per_pane} frames"
