"""Horizon files (.hrz of N.I.N.A. and others, horizon.txt of Stellarium): an azimuth and altitude a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.errors import Problem, warning
from agent.importing.decoding import as_text
from agent.importing.model import ImportedFile, UnreadableError, number_or_none
from agent.sky.horizon import HorizonError, HorizonMask

_MAX_POINTS = 3_600  # one each tenth of a degree
_SEPARATORS = re.compile(r"[\s;]+|,(?=\s)|(?<=\d),(?=-?\d+(?:\.\d+)?$)")
_STRAIGHT_DEG = 0.1  # points this near to the line between their neighbours say nothing


def read_horizon(data: bytes, what: str) -> ImportedFile:
    """Read a horizon; of several altitudes in one direction the highest counts, and that is told."""
    highest: dict[float, float] = {}
    problems: tuple[Problem, ...] = ()
    for azimuth, altitude in _points(as_text(data)):
        before = highest.get(azimuth % 360)
        if before is not None and before != altitude and not problems:
            message = f"There are several altitudes for azimuth {azimuth:g}: the highest is taken."
            problems = (warning("several_altitudes", message),)
        highest[azimuth % 360] = altitude if before is None else max(before, altitude)
    try:
        mask = HorizonMask.of(_without_straight(sorted(highest.items())))
    except HorizonError as error:
        raise UnreadableError(error.message, hint=error.hint) from None
    return ImportedFile(what, horizon=mask, problems=problems)


def setting_text(mask: HorizonMask) -> str:
    """Return the horizon as the setting `conditions.horizon` has it."""
    return ", ".join(f"{azimuth:g}:{altitude:g}" for azimuth, altitude in mask.points)


def _points(text: str) -> Iterator[tuple[float, float]]:
    found = 0
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.partition("#")[0].strip()
        if not said or said.startswith(";"):
            continue
        parts = [part for part in _SEPARATORS.split(said) if part]
        azimuth, altitude = (*(number_or_none(part, grouped=False) for part in parts[:2]), None, None)[:2]
        if azimuth is None or altitude is None:
            if not found:
                continue  # a title
            message = f"Line {number} is no azimuth and altitude: {said[:40]!r}."
            raise UnreadableError(message, hint="Write two numbers of degrees in each line.")
        if not 0 <= azimuth <= 360 or not -90 <= altitude <= 90:
            message = f"Line {number} has azimuth {azimuth:g} and altitude {altitude:g}."
            raise UnreadableError(message, hint="They go from 0 to 360 and from -90 to 90 degrees.")
        found += 1
        if found > _MAX_POINTS:
            raise UnreadableError(f"It has more than {_MAX_POINTS} points.", hint="Thin it out.")
        yield azimuth, altitude
    if not found:
        raise UnreadableError("There is no azimuth and altitude in it.")


def _without_straight(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out points between which the horizon goes straight on, so that it can be read in a setting."""
    kept = [0]
    for index in range(1, len(points) - 1):
        start, end = points[kept[-1]], points[index + 1]
        between = points[kept[-1] + 1 : index + 1]
        if any(abs(_line(start, end, azimuth) - altitude) > _STRAIGHT_DEG for azimuth, altitude in between):
            kept.append(index)
    return [points[index] for index in kept] + points[1:][-1:]


def _line(one: tuple[float, float], other: tuple[float, float], azimuth: float) -> float:
    return one[1] + (other[1] - one[1]) * (azimuth - one[0]) / (other[0] - one[0])
