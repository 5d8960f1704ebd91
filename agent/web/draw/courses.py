"""How a session's frames came out over time: one small curve a thing that was counted or measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.web.night import Course
from agent.web.words import Words

WIDTH, HEIGHT = 1000.0, 100.0
_MARGIN = 6.0
_MOST = 240  # points of one curve: a phone shows no more
_DIGITS = {"hfd": 1}


@dataclass(frozen=True, slots=True)
class Curve:
    """`path` in a box of WIDTH × HEIGHT; `first` and `last` as people read them, `label` says it all."""

    name: str
    path: str
    first: str
    last: str
    label: str


def drawn(courses: Sequence[Course], t: Words) -> list[Curve]:
    """Draw those with something to draw: each from its lowest value to its highest, shares from 0 to 100."""
    return [_curve(one, t) for one in courses if len(one.points) > 1 and one.points[0][0] < one.points[-1][0]]


def _curve(course: Course, t: Words) -> Curve:
    step = max(1, len(course.points) // _MOST)
    points = [*course.points[:-1:step], course.points[-1]]
    values = [value for _, value in points]
    low, high = (0.0, 100.0) if course.name == "stacked" else (min(0.0, *values), max(0.0, *values))
    begin, end, height = points[0][0], points[-1][0], high - low or 1.0

    def steps() -> Iterator[str]:
        for number, (at, value) in enumerate(points):
            x = WIDTH * ((at - begin) / (end - begin))
            y = HEIGHT - _MARGIN - (HEIGHT - 2 * _MARGIN) * (value - low) / height
            yield f"{'L' if number else 'M'}{x:.0f} {y:.1f}"

    name = t(f"course.{course.name}")
    first, last = (t(f"course.of.{course.name}", value=_value(course, at, t)) for at in (0, -1))
    return Curve(name, "".join(steps()), first, last, t("course.from_to", name=name, first=first, last=last))


def _value(course: Course, at: int, t: Words) -> str:
    return t.number(course.points[at][1], _DIGITS.get(course.name, 0))
