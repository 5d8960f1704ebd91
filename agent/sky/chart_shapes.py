"""What a chart is made of: shapes on a sheet, in the order they are painted. Lengths in pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle with round corners of that radius."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """Points joined by a line; `dash` is the length of a dash and of a gap, None for a whole line."""

    points: tuple[Point, ...]
    colour: str
    width: float
    dash: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """A filled polygon."""

    points: tuple[Point, ...]
    colour: str


@dataclass(frozen=True, slots=True)
class Badge:
    """A filled circle with a short text in it."""

    x: float
    y: float
    radius: float
    colour: str
    text: str
    ink: str


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; `y` is its middle."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    anchor: Anchor = "start"


Shape = Box | Line | Area | Badge | Words


@dataclass(frozen=True, slots=True)
class Drawing:
    """A sheet with its shapes; `title` says what it shows, for those who cannot see it."""

    width: int
    height: int
    title: str
    shapes: tuple[Shape, ...]
