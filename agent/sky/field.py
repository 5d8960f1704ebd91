"""What a camera's field holds, and how fast it turns on a mount that follows in altitude and azimuth."""

from __future__ import annotations

import math
from datetime import datetime

from agent.errors import AgentError
from agent.sky.catalogue import entry
from agent.sky.ephemeris import altaz
from agent.targets import Site, SkyTarget, SolarBody, Target, without_pane

_DEGREES_PER_SECOND = 15.041 / 3600  # by which the sky turns
_DISCS = {SolarBody.SUN: (32.0, 32.0), SolarBody.MOON: (31.0, 31.0)}  # arcminutes, on the average


def size_of(target: Target) -> tuple[float, float] | None:
    """Return a target's long and short side in arcminutes; None when unknown, or a pane of a mosaic."""
    if not isinstance(target, SkyTarget):
        return _DISCS.get(target.body)
    if without_pane(target.name) != target.name:
        return None
    try:
        known = entry(target.name)
    except AgentError:
        return None
    if known is None or known.major_arcmin is None:
        return None
    return known.major_arcmin, known.minor_arcmin or known.major_arcmin


def rotation_rate(target: Target, site: Site, instant: datetime) -> float:
    """Return by how many degrees a second the field turns; without bound towards the zenith."""
    place = altaz(target, site, instant)
    turning = math.cos(math.radians(site.latitude)) * math.cos(math.radians(place.azimuth))
    return _DEGREES_PER_SECOND * abs(turning) / max(math.cos(math.radians(place.altitude)), 1e-6)


def corner_trail(degrees: float, pixels: tuple[int, int]) -> float:
    """Return the way, in pixels, of a star in the corner of a picture that turns by so many degrees."""
    return math.radians(degrees) * math.hypot(*pixels) / 2
