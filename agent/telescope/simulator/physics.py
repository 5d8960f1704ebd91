"""The sky and the mechanics a simulated telescope obeys: where things stand, and how long moving takes."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import ephem

from agent.targets import Site

SLEW_DEGREES_PER_S = 6.0
SETTLE_S = 3.0
PLATE_SOLVE_S = 6.0
CALIBRATION_MOVE_S = 5.0  # between the fields a calibration solves
CALIBRATION_SOLVES = (2, 4)  # fewest and most fields it needs
FOCUS_SEARCH_S = 16.0
FOCUS_MOVE_S = 4.0
EQ_FOCUS_S = 8.0
EQ_SOLVE_S = 24.0
READOUT_S = 0.4
STACK_S = 0.6
CAPTURE_START_S = 1.5
CAPTURE_CLOSE_S = 1.5
SLOW_STOP_S = 3.0
PANE_MOVE_S = 20.0  # to another pane of a mosaic, with a plate solution

SHUTDOWN_C = 60.0
HEAT_IDLE_C = 8.0  # above ambient after long idling
HEAT_CAPTURE_C = 20.0  # above ambient after long capturing
HEAT_TIME_S = 1200.0  # time constant
IDLE_PERCENT_PER_H = 7.0
CAPTURE_PERCENT_PER_H = 17.0
CHARGE_PERCENT_PER_H = 35.0

_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
_BODIES = {
    1: ephem.Mercury,
    2: ephem.Venus,
    3: ephem.Mars,
    4: ephem.Jupiter,
    5: ephem.Saturn,
    6: ephem.Uranus,
    7: ephem.Neptune,
    8: ephem.Moon,
    9: ephem.Sun,
}
MOON = 8
SUN = 9


def separation(ra1_hours: float, dec1: float, ra2_hours: float, dec2: float) -> float:
    """Return the angle between two directions in degrees."""
    a1, d1, a2, d2 = (math.radians(one) for one in (ra1_hours * 15, dec1, ra2_hours * 15, dec2))
    haversine = math.sin((d2 - d1) / 2) ** 2 + math.cos(d1) * math.cos(d2) * math.sin((a2 - a1) / 2) ** 2
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(haversine))))


def altitude(ra_hours: float, dec: float, site: Site, when: datetime) -> float:
    """Return the altitude in degrees, without refraction or precession (good to half a degree)."""
    days = (when - _J2000).total_seconds() / 86400
    sidereal = 280.46061837 + 360.98564736629 * days + site.longitude
    hour_angle = math.radians(sidereal - ra_hours * 15)
    latitude, declination = math.radians(site.latitude), math.radians(dec)
    sine = math.sin(latitude) * math.sin(declination)
    sine += math.cos(latitude) * math.cos(declination) * math.cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def solar_position(index: int, when: datetime) -> tuple[float, float]:
    """Return right ascension (hours) and declination (degrees) of a body by its solar index, J2000.

    KeyError for an index that is no body.
    """
    body = _BODIES[index]()
    body.compute(ephem.Date(when.astimezone(UTC).replace(tzinfo=None)))
    return math.degrees(body.a_ra) / 15, math.degrees(body.a_dec)


def sun_distance(ra_hours: float, dec: float, when: datetime) -> float:
    """Return the angle to the Sun in degrees."""
    return separation(ra_hours, dec, *solar_position(SUN, when))


def slew_seconds(from_ra: float | None, from_dec: float | None, ra_hours: float, dec: float) -> float:
    """Return how long a slew takes; from an unknown position half the sky."""
    distance = 90.0 if from_ra is None or from_dec is None else separation(from_ra, from_dec, ra_hours, dec)
    return SETTLE_S + distance / SLEW_DEGREES_PER_S


def frame_megabytes(width: int, height: int, binning: int) -> float:
    """Return the size of one 16-bit frame on the card."""
    return width * height * 2 / (4 if binning else 1) / 1e6
