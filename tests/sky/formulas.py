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
