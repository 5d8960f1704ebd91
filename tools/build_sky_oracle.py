"""Compute where things stood, by astropy, for the tests of our own ephemeris.

    python tools/build_sky_oracle.py > tests/sky/oracle.json

Needs astropy, which nothing else here does. Places are geometric (no air), seen from the site; its built-in
ephemeris and Earth rotation table are used, so nothing is downloaded.
"""

from __future__ import annotations

import json
import math
import random
from datetime import UTC, datetime, timedelta

import astropy.units as u
from astropy.coordinates import AltAz, EarthLocation, SkyCoord, get_body
from astropy.time import Time
from astropy.utils import iers

iers.conf.auto_download = False
iers.conf.auto_max_age = None

SITES = [
    (48.8566, 2.3522, 35.0),
    (-33.8688, 151.2093, 20.0),
    (69.6492, 18.9553, 10.0),
    (60.1699, 24.9384, 15.0),
    (-0.1807, -78.4678, 2850.0),
    (-54.8019, -68.3030, 30.0),
    (19.8207, -155.4681, 4205.0),
]
STARS = {"M31": (0.712320, 41.2691), "LMC": (5.392920, -69.7561), "Polaris": (2.530301, 89.264109)}
BODIES = ["sun", "moon", "mercury", "venus", "mars", "jupiter", "saturn", "uranus", "neptune"]
INSTANTS = 42


def main() -> None:
    """Print the table as JSON."""
    dice = random.Random(20260311)  # noqa: S311
    rows = []
    for index in range(INSTANTS):
        instant = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=dice.randrange(6 * 365 * 24 * 60))
        rows.append(_row(instant, SITES[index % len(SITES)]))
    print(json.dumps({"stars": STARS, "rows": rows}, indent=1))


def _row(instant: datetime, site: tuple[float, float, float]) -> dict[str, object]:
    latitude, longitude, height = site
    where = EarthLocation.from_geodetic(longitude * u.deg, latitude * u.deg, height * u.m)
    frame = AltAz(obstime=Time(instant), location=where)
    sky = {
        name: SkyCoord(ra * u.hourangle, dec * u.deg).transform_to(frame) for name, (ra, dec) in STARS.items()
    }
    sky |= {name: get_body(name, frame.obstime, where).transform_to(frame) for name in BODIES}
    phase = sky["sun"].separation(sky["moon"]).radian
    to_sun, to_moon = sky["sun"].distance.to_value(u.km), sky["moon"].distance.to_value(u.km)
    return {
        "at": instant.isoformat(),
        "site": site,
        "altaz": {name: [round(place.alt.deg, 4), round(place.az.deg, 4)] for name, place in sky.items()},
        "moon_to_m31": round(_angle(sky["moon"], sky["M31"]), 4),
        "moon_to_sun": round(_angle(sky["moon"], sky["sun"]), 4),
        "venus_to_sun": round(_angle(sky["venus"], sky["sun"]), 4),
        "moon_illumination": round(_lit(phase, to_sun, to_moon), 4),
    }


def _angle(a: SkyCoord, b: SkyCoord) -> float:
    """The angle between two directions, whatever their distances."""
    return float(SkyCoord(a.az, a.alt).separation(SkyCoord(b.az, b.alt)).deg)


def _lit(elongation: float, to_sun: float, to_moon: float) -> float:
    """The lit fraction of the Moon's disc, from the triangle of Sun, Moon and observer."""
    angle = math.atan2(to_sun * math.sin(elongation), to_moon - to_sun * math.cos(elongation))
    return (1 + math.cos(angle)) / 2


if __name__ == "__main__":
    main()
