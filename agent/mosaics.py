"""Mosaics: one picture of several panes, each one field of the camera, and where those stand in the sky."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

WHOLE = 100  # percent: the camera's field as it is
OWN_LIMIT = 180  # percent along each side, the most that firmware makes a mosaic of by itself
OWN_STEP = 10  # percent; it takes no others
NO_ROTATION = -1
MOST_PER_PANE = 249
OVERLAP = 0.2  # of a field: what neighbours share at least in a mosaic that the agent makes


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


@dataclass(frozen=True, slots=True)
class Pane:
    """One field of a mosaic: its number, its place in the grid (from 1) and its middle, J2000."""

    number: int
    column: int
    row: int
    ra_hours: float
    dec_degrees: float


@dataclass(frozen=True, slots=True)
class Grid:
    """Panes side by side, numbered row by row from the upper left, as seen with north up and east left.

    `field` is the camera's, `step_x` and `step_y` are from middle to middle, all in degrees; `rotation` turns
    the whole from north through east. With 0 the field's long side lies along the right ascension.
    """

    columns: int
    rows: int
    field: tuple[float, float]
    step_x: float
    step_y: float
    rotation: float = 0.0

    @classmethod
    def framed(
        cls, mosaic: Mosaic, field: tuple[float, float], *, overlap: float = 0.0, own: bool = False
    ) -> Grid:
        """The grid that spans a mosaic's framing; neighbours share `overlap` of a field at least.

        `own` is how the telescope divides it, as far as that is known.
        """
        sides = (mosaic.framing_x / WHOLE, mosaic.framing_y / WHOLE)
        counts = (mosaic.columns, mosaic.rows) if own else tuple(panes_along(side, overlap) for side in sides)
        steps = [
            size * (side - 1) / (count - 1) if count > 1 else 0.0
            for side, count, size in zip(sides, counts, field, strict=True)
        ]
        return cls(counts[0], counts[1], field, steps[0], steps[1], mosaic.rotation or 0.0)

    @classmethod
    def of(
        cls, columns: int, rows: int, field: tuple[float, float], *, overlap: float, rotation: float
    ) -> Grid:
        """The grid of so many panes, whose neighbours share `overlap` of a field."""
        step_x, step_y = ((1 - overlap) * side for side in field)
        return cls(columns, rows, field, step_x, step_y, rotation)

    @property
    def count(self) -> int:
        """Panes in all."""
        return self.columns * self.rows

    @property
    def span(self) -> tuple[float, float]:
        """Width and height of the whole, in degrees."""
        width, height = self.field
        return width + (self.columns - 1) * self.step_x, height + (self.rows - 1) * self.step_y

    def to_json(self, panes: tuple[Pane, ...]) -> dict[str, Any]:
        """Return it as plain JSON values; without panes the telescope makes them."""
        return {
            "by": "agent" if panes else "telescope",
            "columns": self.columns,
            "rows": self.rows,
            "field_degrees": list(self.field),
            "span_degrees": [round(side, 3) for side in self.span],
            "rotation": self.rotation,
            "panes": [
                {
                    "pane": pane.number,
                    "column": pane.column,
                    "row": pane.row,
                    "ra_hours": round(pane.ra_hours, 6),
                    "dec_degrees": round(pane.dec_degrees, 5),
                }
                for pane in panes
            ],
        }

    def panes(self, ra_hours: float, dec_degrees: float) -> tuple[Pane, ...]:
        """The panes around that middle, laid out on the plane that touches the sphere there."""
        found = []
        turn = math.radians(self.rotation)
        for number in range(self.count):
            row, column = divmod(number, self.columns)
            east = _tangent((self.columns - 1) / 2 - column, self.step_x)
            north = _tangent((self.rows - 1) / 2 - row, self.step_y)
            xi = east * math.cos(turn) + north * math.sin(turn)
            eta = north * math.cos(turn) - east * math.sin(turn)
            place = _on_the_sphere(xi, eta, ra_hours, dec_degrees)
            found.append(Pane(number + 1, column + 1, row + 1, *place))
        return tuple(found)


def panes_along(fields: float, overlap: float = OVERLAP) -> int:
    """Return how many panes cover a side of so many fields, when neighbours share that part of one."""
    return max(1, math.ceil(round((fields - overlap) / (1 - overlap), 9)))


def grid_text(grid: Grid, panes: tuple[Pane, ...] = ()) -> str:
    """Draw the panes as they lie in the sky, north up and east left before the rotation."""
    width, height = grid.field
    across, down = grid.span
    shared = ", ".join(
        f"{100 * (side - step) / side:.0f} %"
        for side, step, count in ((width, grid.step_x, grid.columns), (height, grid.step_y, grid.rows))
        if count > 1
    )
    turned = f", turned by {grid.rotation:g}°" if grid.rotation else ""
    wanted = {pane.number for pane in panes} or set(range(1, grid.count + 1))
    cell = len(str(grid.count)) + 2
    line = "+" + ("-" * cell + "+") * grid.columns
    rows = [
        "|" + "|".join(_cell(row * grid.columns + column + 1, wanted, cell) for column in range(grid.columns))
        for row in range(grid.rows)
    ]
    return "\n".join(
        [
            f"{grid.columns} × {grid.rows} panes of {width:.2f}° × {height:.2f}°, overlapping by {shared}:",
            f"{across:.2f}° × {down:.2f}° in all, north up, east left{turned}",
            *(part for row in rows for part in (line, f"{row}|")),
            line,
        ]
    )


def _cell(number: int, wanted: set[int], width: int) -> str:
    return (str(number) if number in wanted else ".").center(width)


def _tangent(steps: float, step: float) -> float:
    return math.tan(math.radians(steps * step))


def _on_the_sphere(xi: float, eta: float, ra_hours: float, dec_degrees: float) -> tuple[float, float]:
    """Right ascension in hours and declination of a point of the tangent plane, east and north in radians."""
    dec = math.radians(dec_degrees)
    along = math.cos(dec) - eta * math.sin(dec)
    up = math.sin(dec) + eta * math.cos(dec)
    ra = ra_hours + math.degrees(math.atan2(xi, along)) / 15
    return ra % 24 % 24, math.degrees(math.atan2(up, math.hypot(xi, along)))
