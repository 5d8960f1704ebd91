"""Orbits of comets and asteroids in the Minor Planet Center's formats, made into lines that ephem reads."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from agent.errors import AgentError
from agent.sky.ephemeris import place_on_orbit

_GAUSS_DEG_PER_DAY = math.degrees(0.01720209895)  # the mean motion at one astronomical unit
_LEAST_AU, _MOST_AU = 0.001, 100.0  # of a perihelion: nearer is inside the Sun, farther was never seen
_MOST_AXIS_AU = 5000.0
_MOST_ECCENTRIC = 20.0
_ROUND = 0.9  # with an eccentricity below this the ephemeris computes every orbit
_PROBED_DAYS = 400
_PARABOLA = 1e-9  # nearer to an eccentricity of 1 than this it is one
_PACKED = "123456789ABCDEFGHIJKLMNOPQRSTUV"
_MOST_BYTES = 32 * 1024 * 1024  # all comets are 150 kB; all asteroids would be 300 MB


class ElementsError(AgentError):
    """Text that holds no orbits, or too much of it."""

    code = "elements"


@dataclass(frozen=True, slots=True)
class SmallBody:
    """A comet or an asteroid: "C/2025 A6 (Lemmon)", "(4) Vesta"; its orbit as of `epoch`, as ephem's line."""

    name: str
    comet: bool
    epoch: date
    orbit: str


def read_orbits(data: bytes) -> list[SmallBody]:
    """Read CometEls.txt, lines of MPCORB, or either as JSON, whichever it is. Lines of neither are left out.

    ElementsError when there is not one orbit in it.
    """
    if len(data) > _MOST_BYTES:
        raise ElementsError(
            f"The file has more than {_MOST_BYTES // 2**20} MB.",
            hint="Take the lines of the asteroids that you want.",
        )
    text = data.decode("utf-8-sig", errors="replace")
    found = list(_from_json(text) if text.lstrip()[:1] in ("[", "{") else _from_lines(text.splitlines()))
    if not found:
        raise ElementsError(
            "There are no orbits in it.",
            hint="Give CometEls.txt, or lines of MPCORB.DAT, of the Minor Planet Center.",
        )
    return found


def _from_lines(lines: Iterable[str]) -> Iterator[SmallBody]:
    for line in lines:
        try:
            yield (
                _comet_line(line)
                if line[14:18].strip().isdigit() and line[4:5] in "CPDXAI"
                else _mpcorb(line)
            )
        except (ValueError, ArithmeticError, IndexError):
            continue


def _from_json(text: str) -> Iterator[SmallBody]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return
    for item in items if isinstance(items, list) else [items]:
        try:
            yield _json_comet(item) if "Perihelion_dist" in item else _json_asteroid(item)
        except (ValueError, TypeError, KeyError, ArithmeticError, AttributeError):
            continue


def _comet_line(line: str) -> SmallBody:
    perihelion = _day(int(line[14:18]), int(line[19:21]), float(line[22:29]))
    epoch = line[81:89].strip()
    return _comet(
        line[102:158].strip(),
        perihelion,
        date(int(epoch[:4]), int(epoch[4:6]), int(epoch[6:8])) if epoch else perihelion.date(),
        [float(line[start:end]) for start, end in ((30, 39), (41, 49), (51, 59), (61, 69), (71, 79))],
        (_number(line[91:95], 10.0), _number(line[96:100], 4.0)),
    )


def _json_comet(item: dict[str, Any]) -> SmallBody:
    day = [float(item[f"{part}_of_perihelion"]) for part in ("Year", "Month", "Day")]
    perihelion = _day(int(day[0]), int(day[1]), day[2])
    epoch = (
        [int(item[f"Epoch_{part}"]) for part in ("year", "month", "day")] if "Epoch_year" in item else None
    )
    return _comet(
        str(item["Designation_and_name"]),
        perihelion,
        date(*epoch) if epoch else perihelion.date(),
        [float(item[name]) for name in ("Perihelion_dist", "e", "Peri", "Node", "i")],
        (_number(item.get("H"), 10.0), _number(item.get("G"), 4.0)),
    )


def _comet(
    name: str, perihelion: datetime, epoch: date, elements: list[float], light: tuple[float, float]
) -> SmallBody:
    """Make a comet of its perihelion distance, eccentricity, argument, node and inclination."""
    distance, eccentricity, argument, node, inclination = _finite(elements)
    magnitude, slope = _finite(light)
    if not (_LEAST_AU <= distance <= _MOST_AU and 0 <= eccentricity <= _MOST_ECCENTRIC):
        raise ValueError("no orbit")
    passes = f"{perihelion.month}/{_fraction(perihelion)}/{perihelion.year}"
    tail = f"2000,{{}}{magnitude},{slope}"
    if abs(eccentricity - 1) < _PARABOLA:
        orbit = f"p,{passes},{inclination},{argument},{distance},{node},{tail.format('')}"
    elif eccentricity > 1:
        orbit = f"h,{passes},{inclination},{node},{argument},{eccentricity},{distance},{tail.format('')}"
    else:
        axis = distance / (1 - eccentricity)
        motion = _GAUSS_DEG_PER_DAY / axis**1.5
        shape = f"{inclination},{node},{argument},{axis},{motion:.12f},{eccentricity}"
        orbit = f"e,{shape},0,{passes},{tail.format('g ')}"
    return _computable(SmallBody(_clean(name), True, epoch, f"{_clean(name)},{orbit}"))


def _mpcorb(line: str) -> SmallBody:
    century, year, month, day = line[20], line[21:23], line[23], line[24]
    epoch = date(
        ("IJK".index(century) + 18) * 100 + int(year), _PACKED.index(month) + 1, _PACKED.index(day) + 1
    )
    return _asteroid(
        line[166:194].strip() or line[:7].strip(),
        epoch,
        [float(line[start : start + 9]) for start in (26, 37, 48, 59, 70)] + [float(line[92:103])],
        (_number(line[8:13], 15.0), _number(line[14:19], 0.15)),
    )


def _json_asteroid(item: dict[str, Any]) -> SmallBody:
    number, name = str(item.get("Number") or ""), item.get("Name") or item.get("Principal_desig")
    epoch = datetime(2000, 1, 1, 12, tzinfo=UTC) + timedelta(days=float(item["Epoch"]) - 2451545.0)
    return _asteroid(
        f"{number} {name or ''}".strip(),
        epoch.date(),
        [float(item[name]) for name in ("M", "Peri", "Node", "i", "e", "a")],
        (_number(item.get("H"), 15.0), _number(item.get("G"), 0.15)),
    )


def _asteroid(name: str, epoch: date, elements: list[float], light: tuple[float, float]) -> SmallBody:
    """Make an asteroid of its mean anomaly, argument, node, inclination, eccentricity and axis."""
    anomaly, argument, node, inclination, eccentricity, axis = _finite(elements)
    magnitude, slope = _finite(light)
    if not (0 <= eccentricity < 1 and _LEAST_AU <= axis <= _MOST_AXIS_AU and name):
        raise ValueError("no orbit")
    motion = _GAUSS_DEG_PER_DAY / axis**1.5
    shape = f"{inclination},{node},{argument},{axis},{motion:.12f},{eccentricity},{anomaly}"
    orbit = f"e,{shape},{epoch.month}/{epoch.day}/{epoch.year},2000,H {magnitude},{slope}"
    body = SmallBody(_clean(name), False, epoch, f"{_clean(name)},{orbit}")
    return body if eccentricity < _ROUND else _computable(body)


def _computable(body: SmallBody) -> SmallBody:
    """Return a body that the ephemeris can place while its orbit is fresh; ValueError for any other."""
    for days in (-_PROBED_DAYS, 0, _PROBED_DAYS):
        try:
            place_on_orbit(body.orbit, datetime(*body.epoch.timetuple()[:3], tzinfo=UTC) + timedelta(days))
        except RuntimeError as error:
            raise ValueError("no orbit that can be computed") from error
    return body


def _day(year: int, month: int, day: float) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC) + timedelta(days=day - 1)


def _fraction(instant: datetime) -> str:
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return f"{instant.day + (instant - midnight) / timedelta(days=1):.5f}"


def _number(text: Any, otherwise: float) -> float:
    """Return a magnitude or slope; the usual one where the MPC gives none."""
    return float(text) if str("" if text is None else text).strip() else otherwise


def _finite(numbers: Sequence[float]) -> Sequence[float]:
    if not all(map(math.isfinite, numbers)):
        raise ValueError("no number")
    return numbers


def _clean(name: str) -> str:
    """Return the name without what would end it in ephem's line."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    cleaned = words.replace(",", " ").replace("|", " ").strip()
    if not cleaned:
        raise ValueError("no name")
    return cleaned[:80]
