"""Where a telescope stands and what it can point at: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SolarBody(StrEnum):
    """A body of the solar system that a telescope can go to by name."""

    MERCURY = "mercury"
    VENUS = "venus"
    MARS = "mars"
    JUPITER = "jupiter"
    SATURN = "saturn"
    URANUS = "uranus"
    NEPTUNE = "neptune"
    MOON = "moon"
    SUN = "sun"


@dataclass(frozen=True, slots=True)
class SkyTarget:
    """A fixed point of the sky, J2000: right ascension in hours [0, 24), declination in degrees [-90, 90]."""

    name: str
    ra_hours: float
    dec_degrees: float


@dataclass(frozen=True, slots=True)
class SolarTarget:
    """A body of the solar system; `name` is what the session called it."""

    name: str
    body: SolarBody


Target = SkyTarget | SolarTarget


@dataclass(frozen=True, slots=True)
class Site:
    """Where the telescope stands: degrees north and east positive, metres, IANA zone name."""

    latitude: float
    longitude: float
    altitude_m: float = 0.0
    timezone: str = "UTC"
