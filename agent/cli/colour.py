"""Colour for a person at a terminal: none in a pipe, in a dumb terminal, nor where NO_COLOR says so."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from enum import StrEnum

from agent.text import printable


class Ink(StrEnum):
    """What a colour says, as the code that a terminal takes."""

    HEADING = "1"
    GOOD = "32"
    DOUBTFUL = "33"
    BAD = "31"


MARKS = {"error": Ink.BAD, "warning": Ink.DOUBTFUL, "problem": Ink.BAD, "runs": Ink.GOOD, "Runs": Ink.GOOD}
"""First words of a line that say how it is."""


def painted(text: object, ink: Ink) -> str:
    """Return a printable text, in that colour where the standard output shows colours."""
    shown = printable(text)
    return f"\x1b[{ink}m{shown}\x1b[0m" if shown and _shows_colour() else shown


def print_lines(lines: Iterable[object]) -> None:
    """Print lines: those without an indent are headings, the first word of others may be marked."""
    for line in map(printable, lines):
        text = line.lstrip(" ")
        word = text.partition(" ")[0]
        if text == line:
            print(painted(line, Ink.HEADING))
        elif word in MARKS:
            indent, behind = line[: -len(text)], text[len(word) :]
            print(f"{indent}{painted(word, MARKS[word])}{behind}")
        else:
            print(line)


def _shows_colour() -> bool:
    environment = os.environ
    plain = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
    return not plain and sys.stdout.isatty()
