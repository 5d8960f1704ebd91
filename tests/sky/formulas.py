"""The Sun and a star's altitude in a few lines of textbook formulas, to check the ephemeris against."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from agent.targets import Site


def days_since_2000(instant: datetime) -> float:
    return (instant - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() / 86400


def sun_place(instant: datetime) -> tuple[float, float]:
    """The Sun's right ascension and declination of date, degrees, by the almanacs' low-precision formula."""
    days = days_since_2000(instant)
    mean_longitude = 280.460 + 0.9856474 * days
    anomaly = math.radians(357.528 + 0.9856003 * days)
    longitude = math.radians(mean_longitude + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    tilt = math.radians(23.439 - 0.0000004 * days)
    ra = math.atan2(math.cos(tilt) * math.sin(longitude), math.cos(longitude))
    return math.degrees(ra), math.degrees(math.asin(math.sin(tilt) * math.sin(longitude)))


def altitude(ra: float, dec: float, site: Site, instant: datetime) -> float:
    """The altitude of a place of date, degrees."""
    sidereal = 280.46062 + 360.98564737 * days_since_2000(instant) + site.longitude
    hour_angle = math.radians(sidereal - ra)
    latitude, declination = math.radians(site.latitude), math.radians(dec)
    return math.degrees(
        math.asin(
            math.sin(latitude) * math.sin(declination)
            + math.cos(latitude) * math.cos(declination) * math.cos(hour_angle)
        )
    )


def sun_altitude(site: Site, instant: datetime) -> float:
    return altitude(*sun_place(instant), site, instant)


def two_body(
    elements: tuple[float, float, float, float, float], days_from_perihelion: float, instant: datetime
) -> tuple[float, float]:
    """The place, J2000 degrees, of a body on an ellipse: q, e, argument, node, inclination."""
    q, e, *angles = elements
    argument, node, tilt = map(math.radians, angles)
    axis = q / (1 - e)
    x, y, z = 0.0, 0.0, 0.0
    delay = 0.0
    for _ in range(3):  # light takes its time
        anomaly = 0.01720209895 / axis**1.5 * (days_from_perihelion - delay)
        anomaly = math.remainder(anomaly, 2 * math.pi)
        low, high = -math.pi, math.pi
        for _ in range(80):  # Kepler's equation, by halving
            middle = (low + high) / 2
            low, high = (middle, high) if middle - e * math.sin(middle) < anomaly else (low, middle)
        u, v = axis * (math.cos(low) - e), axis * math.sqrt(1 - e * e) * math.sin(low)
        r, angle = math.hypot(u, v), math.atan2(v, u) + argument
        x = r * (math.cos(node) * math.cos(angle) - math.sin(node) * math.sin(angle) * math.cos(tilt))
        y = r * (math.sin(node) * math.cos(angle) + math.cos(node) * math.sin(angle) * math.cos(tilt))
        z = r * math.sin(angle) * math.sin(tilt)
        days = days_since_2000(instant)
        mean = math.radians(357.528 + 0.9856003 * days)
        longitude = 280.460 + 0.9856474 * days + 1.915 * math.sin(mean) + 0.020 * math.sin(2 * mean)
        longitude = math.radians(longitude - 50.29 / 3600 * days / 365.25)
        sun = 1.00014 - 0.01671 * math.cos(mean) - 0.00014 * math.cos(2 * mean)
        x, y = x + sun * math.cos(longitude), y + sun * math.sin(longitude)
        delay = 0.0057755 * math.sqrt(x * x + y * y + z * z)
    turn = math.radians(23.4393)
    y, z = y * math.cos(turn) - z * math.sin(turn), y * math.sin(turn) + z * math.cos(turn)
    return math.degrees(math.atan2(y, x)) % 360, math.degrees(math.atan2(z, math.hypot(x, y)))
