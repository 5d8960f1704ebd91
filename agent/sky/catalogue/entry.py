"""What the catalogue knows about one object."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import ephem

from agent.targets import SkyTarget


class ObjectKind(StrEnum):
    """What kind of object an entry is."""

    GALAXY = "galaxy"
    GALAXY_GROUP = "galaxy group"
    GALAXY_CLUSTER = "galaxy cluster"
    OPEN_CLUSTER = "open cluster"
    GLOBULAR_CLUSTER = "globular cluster"
    CLUSTER_WITH_NEBULA = "cluster with nebula"
    PLANETARY_NEBULA = "planetary nebula"
    EMISSION_NEBULA = "emission nebula"
    REFLECTION_NEBULA = "reflection nebula"
    DARK_NEBULA = "dark nebula"
    NEBULA = "nebula"
    SUPERNOVA_REMNANT = "supernova remnant"
    STAR = "star"
    DOUBLE_STAR = "double star"
    ASTERISM = "asterism"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One object: its names, the best known first, and what the sources tell of it; None where they do not.

    J2000 hours and degrees; sizes in arcminutes; position angle of the major axis in degrees, north through
    east; magnitude V (B where there is no other); surface brightness in magnitudes per square arcsecond.
    """

    names: tuple[str, ...]
    kind: ObjectKind
    ra_hours: float
    dec_degrees: float
    major_arcmin: float | None = None
    minor_arcmin: float | None = None
    position_angle: float | None = None
    magnitude: float | None = None
    surface_brightness: float | None = None

    @property
    def name(self) -> str:
        """The name it is shown under."""
        return self.names[0]

    @property
    def constellation(self) -> str:
        """The IAU abbreviation of the constellation it stands in."""
        place = math.radians(15 * self.ra_hours), math.radians(self.dec_degrees)
        return str(ephem.constellation(place)[0])

    def target(self, name: str = "") -> SkyTarget:
        """Return it as something to point at, under a name of its own."""
        return SkyTarget(name or self.name, self.ra_hours, self.dec_degrees)
