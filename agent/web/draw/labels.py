"""Where labels can stand in the sky so that none meets another: what fits the narrowest phone fits wider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDE, HIGH = 358.0, 218.0  # pixels of the drawing on a phone
_LETTER, _LINE = 6.3, 13.0
_LEFT_OF_SCALE = 30.0  # pixels that belong to the scale


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a point, in percent, moved down by `dy` pixels. `more` is shown where there is room."""

    text: str
    more: str
    x: float
    y: float
    dy: int
    anchor: str
    kind: str = ""


class Placer:
    """Remembers what is taken."""

    def __init__(self) -> None:
        self._taken: list[tuple[float, float, float, float]] = []
        self._points: list[tuple[float, float]] = []

    def take(self, left: float, top: float, right: float, bottom: float) -> None:
        """Keep a box free of labels, in percent."""
        self._taken.append((left * WIDE / 100, top * HIGH / 100, right * WIDE / 100, bottom * HIGH / 100))

    def avoid(self, points: Sequence[tuple[float, float]]) -> None:
        """Keep labels off a thick line."""
        self._points += [(left * WIDE / 100, down * HIGH / 100) for left, down in points]

    def place(
        self, text: str, more: str, spots: Sequence[tuple[float, float]], kind: str = ""
    ) -> Label | None:
        """Put a text beside the first of these points where it fits; None when there is none."""
        width = _LETTER * len(text) + 4
        for left, down in spots:
            x, at = left * WIDE / 100, down * HIGH / 100
            for anchor, dy in (("start", 17), ("middle", -10), ("end", 17), ("end", -8), ("start", -8)):
                start = x if anchor == "start" else x - width if anchor == "end" else x - width / 2
                box = (start, at + dy - _LINE + 2, start + width, at + dy + 3)
                if self._free(box):
                    self._taken.append(box)
                    return Label(text, more, left, down, dy, anchor, kind)
        return None

    def _free(self, box: tuple[float, float, float, float]) -> bool:
        left, top, right, bottom = box
        if left < 2 or right > WIDE - 2 or top < 2 or bottom > HIGH - 4:
            return False
        if left < _LEFT_OF_SCALE and any(abs(line - (top + bottom) / 2) < _LINE for line in (75.0, 143.0)):
            return False
        if any(left < r and l < right and top < b and u < bottom for l, u, r, b in self._taken):  # noqa: E741
            return False
        return not any(left - 3 < x < right + 3 and top - 2 < down < bottom + 2 for x, down in self._points)
