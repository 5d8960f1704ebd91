"""Where a telescope stands and what it can point at: plain values."""

from __future__ import annotations

import re
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
class MovingTarget(SkyTarget):
    """A comet, an asteroid or Pluto: where it was when it was looked up, and its orbit for any other time.

    `orbit` is a line of XEphem's database, which agent.sky.ephemeris reads; `arcsec_per_min` its motion then.
    """

    orbit: str
    arcsec_per_min: float = 0.0


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


_LONGEST_NAME = 150
_COUNT = r"\d{1,3}(?:\s*(?:[-x/_,]|of)\s*\d{1,3})*"
_PANE = re.compile(
    rf"""(?: [\s_\-–,;:(\[]+ (?: (?:panel|pane|panneau|panneaux|pannello|kachel|mosa[iï](?:c|k|que|co))
                              (?: [\s_.:\#-]* (?:{_COUNT}|[a-z]) )?
                            | (?:tile|part|teil|field|feld|champ|tuile|tessera|pan|p)[\s_.:\#-]* {_COUNT}
                            | r\d{{1,2}}[\s_-]*c\d{{1,2}} )
         | \s+ \d{{1,2}}\s*(?:[-x/]|of)\s*\d{{1,2}}
         | \s* [(\[] \d{{1,2}} (?:\s*(?:[-x/]|of)\s*\d{{1,2}})?
         | \s* \# \d{{1,2}}
         | _ \d{{1,2}} (?:[_-]\d{{1,2}})? ) [)\]]? \s* $""",
    re.VERBOSE | re.IGNORECASE,
)


def without_pane(name: str) -> str:
    """Return a target's name without a mosaic's pane: "M 31" for "M 31 Panel 2", "M31_02", "M 31 (1/4)".

    Of "M 31 mosaic panel 2" only the last is taken off.
    """
    return name if len(name) > _LONGEST_NAME else _PANE.sub("", name)
