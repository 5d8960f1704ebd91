"""Where many fixed places of the sky stand at the same instants of a night, in microseconds each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import ephem

from agent.targets import Site


class Place(NamedTuple):
    """Where something stands at the `at`th instant. `moon` is the Moon's own altitude. Degrees."""

    at: int
    altitude: float
    azimuth: float
    from_moon: float
    moon: float


class Sweep:
    """The instants of one night at a site. Good to 0.02 degrees, which is enough to choose by."""

    def __init__(self, site: Site, instants: Sequence[datetime]) -> None:
        self._latitude = math.radians(site.latitude)
        self._turned: list[tuple[float, float]] = []  # cosine and sine of the sidereal time
        self._moons: list[tuple[float, float, float]] = []  # of unit length, towards the Moon
        self.moon_altitudes: list[float] = []
        observer = ephem.Observer()
        observer.lat, observer.lon = self._latitude, math.radians(site.longitude)
        observer.elevation, observer.pressure = site.altitude_m, 0
        moon = ephem.Moon()
        for instant in instants:
            observer.date = instant.astimezone(UTC).replace(tzinfo=None)
            moon.compute(observer)
            sidereal = float(observer.sidereal_time())
            self._turned.append((math.cos(sidereal), math.sin(sidereal)))
            self._moons.append(_direction(float(moon.ra), float(moon.dec)))
            self.moon_altitudes.append(math.degrees(moon.alt))
        self._epoch = observer.date

    def highest(self, dec_degrees: float) -> float:
        """Return the altitude that a place culminates at."""
        return 90.0 - abs(math.degrees(self._latitude) - dec_degrees)

    def places(self, ra_hours: float, dec_degrees: float, low: float = -90.0) -> list[Place]:
        """Return where a J2000 place stands at each instant at which it is at least that high."""
        of_date = ephem.Equatorial(
            ephem.Equatorial(math.radians(15 * ra_hours), math.radians(dec_degrees), epoch=ephem.J2000),
            epoch=self._epoch,
        )
        x, y, z = _direction(float(of_date.ra), float(of_date.dec))
        sine, cosine = math.sin(self._latitude), math.cos(self._latitude)
        lowest, found = math.sin(math.radians(low)), []
        for index, (turned_x, turned_y) in enumerate(self._turned):
            south = turned_x * x + turned_y * y  # towards the meridian
            height = sine * z + cosine * south
            if height < lowest:
                continue
            east = turned_x * y - turned_y * x
            moon_x, moon_y, moon_z = self._moons[index]
            apart = x * moon_x + y * moon_y + z * moon_z
            found.append(
                Place(
                    index,
                    math.degrees(math.asin(max(-1.0, min(1.0, height)))),
                    math.degrees(math.atan2(east, cosine * z - sine * south)) % 360,
                    math.degrees(math.acos(max(-1.0, min(1.0, apart)))),
                    self.moon_altitudes[index],
                )
            )
        return found


def _direction(longitude: float, latitude: float) -> tuple[float, float, float]:
    across = math.cos(latitude)
    return across * math.cos(longitude), across * math.sin(longitude), math.sin(latitude)
