"""What of the sky fits on the sensor, drawn to scale: an object's ellipse in the field of view, north up."""

from __future__ import annotations

import math
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from agent.mosaics import OVERLAP, panes_along

_SURE = 0.95  # of a size in a catalogue: where an object ends is a matter of taste
_STARS, _FAINT = 48, 0.71  # how many are scattered, and the share of the faint ones
_EAST = 90.0  # the position angle of a field's long side that is not turned: along right ascension


@dataclass(frozen=True, slots=True)
class Ellipse:
    """Half axes in the drawing's units, and the turn in degrees, clockwise."""

    rx: float
    ry: float
    turn: float


@dataclass(frozen=True, slots=True)
class Rect:
    """One field of view; `number` from 1 on, 0 when it is alone. `label` is where its number stands."""

    x: float
    y: float
    width: float
    height: float
    number: int = 0
    label: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Sketch:
    """A drawing `width` × `height` units wide, its middle at 0, 0. `degree` is the length of one degree.

    The fields are turned together, clockwise. `stars` are the paths of faint ones and of brighter ones.
    """

    width: float
    height: float
    obj: Ellipse | None
    fields: tuple[Rect, ...]
    degree: float
    turn: float = 0.0
    stars: tuple[str, str] = ("", "")


def mosaic_for(size: tuple[float, float] | None, fov: tuple[float, float]) -> tuple[int, int]:
    """How many panes along the long and the short side hold an object of that size (degrees)."""
    if size is None:
        return 1, 1
    long, short = max(size) * _SURE, min(size) * _SURE
    return panes_along(long / fov[0]), panes_along(short / fov[1])


def lies_inside(size: tuple[float, float], angle: float, fov: tuple[float, float]) -> bool:
    """Whether an object fits one field as it lies, the field's long side along right ascension."""
    across, down = _extent((size[0] * _SURE, size[1] * _SURE), angle)
    return across <= fov[0] and down <= fov[1]


def turn_for(size: tuple[float, float] | None, angle: float, fields: tuple[int, int]) -> float:
    """The turn that lays a mosaic's long side along the object, in degrees from right ascension on."""
    if size is None or fields == (1, 1) or size[0] < 1.2 * size[1]:
        return 0.0
    return round((angle - _EAST) % 180) % 180


def covered(fields: tuple[int, int], fov: tuple[float, float]) -> tuple[float, float]:
    """What a mosaic covers, in degrees."""
    long, short = (side * (1 + (count - 1) * (1 - OVERLAP)) for count, side in zip(fields, fov, strict=True))
    return long, short


def sketch(
    size: tuple[float, float] | None,
    angle: float,
    fov: tuple[float, float],
    *,
    box: tuple[float, float],
    fields: tuple[int, int] = (1, 1),
    turn: float = 0.0,
    stars: str = "",
) -> Sketch:
    """Draw an object and the fields that shall take it. `stars` is a word to scatter faint stars by."""
    whole = covered(fields, fov)
    grid = _extent(whole, turn + _EAST)
    extent = _extent(size, angle) if size is not None else (0.0, 0.0)
    wide, high = max(grid[0], extent[0]) * 1.12, max(grid[1], extent[1]) * 1.12
    degree = min(box[0] / wide, box[1] / high)
    obj = None
    if size is not None:
        obj = Ellipse(size[0] / 2 * degree, size[1] / 2 * degree, _EAST - angle)
    return Sketch(
        box[0],
        box[1],
        obj,
        tuple(_fields(fields, fov, whole, degree)),
        degree,
        -turn,
        _stars(stars, box) if stars else ("", ""),
    )


def _fields(
    count: tuple[int, int], fov: tuple[float, float], whole: tuple[float, float], degree: float
) -> Iterator[Rect]:
    number = 0
    for row in range(count[1]):
        for column in range(count[0]):
            number += 1
            left = degree * (-whole[0] / 2 + column * fov[0] * (1 - OVERLAP))
            top = degree * (-whole[1] / 2 + row * fov[1] * (1 - OVERLAP))
            wide, high = degree * fov[0], degree * fov[1]
            label = left + 12, top + 22  # clear of the scale below, and of north
            yield Rect(left, top, wide, high, number if count != (1, 1) else 0, label)


def _extent(size: tuple[float, float], angle: float) -> tuple[float, float]:
    """Width and height of what is turned; position angles go from north (up) through east (left)."""
    a, b, turn = size[0] / 2, size[1] / 2, math.radians(_EAST - angle)
    return (
        2 * math.hypot(a * math.cos(turn), b * math.sin(turn)),
        2 * math.hypot(a * math.sin(turn), b * math.cos(turn)),
    )


def _stars(word: str, box: tuple[float, float]) -> tuple[str, str]:
    chance = random.Random(zlib.crc32(word.encode()))  # noqa: S311 - the same sky each time
    found = {True: "", False: ""}
    for _ in range(_STARS):
        left, down = (round((chance.random() - 0.5) * side) for side in box)
        found[chance.random() < _FAINT] += f"M{left} {down}h.01"
    return found[True], found[False]
