"""Where things stand in the sky: pure functions of target, site and instant, computed offline.

Altitudes are geometric (no refraction), seen from the site's own place on the Earth, so the Moon's parallax
counts. Degrees throughout, azimuth from north through east. Instants are aware; naive ones raise ValueError,
as do coordinates that are no finite numbers.
Good to 0.01 degree from 1900 to 2100, which is far inside what a goto needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, overload

import ephem

from agent.targets import MovingTarget, Site, SkyTarget, SolarBody, SolarTarget, Target

SUN = SolarTarget("Sun", SolarBody.SUN)
MOON = SolarTarget("Moon", SolarBody.MOON)
_SAME_SKY_S = 6 * 3600.0
_TURN_PER_S = 2 * math.pi * 1.00273790935 / 86400  # of the Earth, radians
PLUTO = "Pluto"  # the orbit of a MovingTarget that needs no elements

_BODIES: dict[SolarBody, Any] = {
    SolarBody.MERCURY: ephem.Mercury,
    SolarBody.VENUS: ephem.Venus,
    SolarBody.MARS: ephem.Mars,
    SolarBody.JUPITER: ephem.Jupiter,
    SolarBody.SATURN: ephem.Saturn,
    SolarBody.URANUS: ephem.Uranus,
    SolarBody.NEPTUNE: ephem.Neptune,
    SolarBody.MOON: ephem.Moon,
    SolarBody.SUN: ephem.Sun,
}


@dataclass(frozen=True, slots=True)
class AltAz:
    """A direction at a site: altitude above the horizon, azimuth from north through east, degrees."""

    altitude: float
    azimuth: float


@dataclass(frozen=True, slots=True)
class Equatorial:
    """A direction among the stars: right ascension in hours [0, 24), declination in degrees."""

    ra_hours: float
    dec_degrees: float


@dataclass(frozen=True, slots=True)
class MoonState:
    """The Moon as seen from a site; `illumination` is the lit fraction of its disc, 0 to 1."""

    altitude: float
    illumination: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of an altitude curve."""

    instant: datetime
    altitude: float
    azimuth: float


def altaz(target: Target, site: Site, instant: datetime) -> AltAz:
    """Return where the target stands above the site's horizon."""
    if isinstance(target, SkyTarget) and not isinstance(target, MovingTarget):
        return _turned(target, site, instant)
    body = _computed(target, _observer(site, instant))
    return AltAz(math.degrees(body.alt), math.degrees(body.az))


def altitude(target: Target, site: Site, instant: datetime) -> float:
    """Return the target's altitude alone."""
    return altaz(target, site, instant).altitude


@lru_cache(maxsize=8192)
def sun(site: Site, instant: datetime) -> AltAz:
    """Return where the Sun's centre stands."""
    return altaz(SUN, site, instant)


@lru_cache(maxsize=8192)
def moon(site: Site, instant: datetime) -> MoonState:
    """Return where the Moon's centre stands, and how much of it is lit."""
    body = _computed(MOON, _observer(site, instant))
    return MoonState(math.degrees(body.alt), float(body.moon_phase))


def separation(a: Target, b: Target, site: Site | None, instant: datetime) -> float:
    """Return the angle between two targets as seen from the site, in degrees.

    Without a site the angle is the one seen from the Earth's centre, which differs by up to a degree
    when the Moon is one of the two and by next to nothing otherwise.
    """
    where = ephem.Date(_naive_utc(instant)) if site is None else _observer(site, instant)
    first, second = _computed(a, where), _computed(b, where)
    return math.degrees(ephem.separation((first.ra, first.dec), (second.ra, second.dec)))


def equatorial(target: Target, site: Site, instant: datetime, *, of_date: bool = False) -> Equatorial:
    """Return the target's place among the stars as seen from the site: J2000, or apparent `of_date`.

    J2000 places of solar-system bodies are their apparent ones brought back by precession, parallax
    included: the place to point at. They differ from catalogue-style astrometric places by up to 20
    arcseconds (aberration).
    """
    if isinstance(target, SkyTarget) and not isinstance(target, MovingTarget) and not of_date:
        return Equatorial(target.ra_hours, target.dec_degrees)
    return _equatorial(target, _observer(site, instant), of_date=of_date)


@overload
def fixed(target: SkyTarget, instant: datetime, site: Site | None = None) -> SkyTarget: ...
@overload
def fixed(target: Target, instant: datetime, site: Site | None = None) -> Target: ...
def fixed(target: Target, instant: datetime, site: Site | None = None) -> Target:
    """Return a moving target as the point of the sky that it is at, at that instant; any other as it is.

    Without a site as seen from the Earth's centre, which matters only for what passes near the Earth.
    """
    if not isinstance(target, MovingTarget):
        return target
    place = _equatorial(target, ephem.Date(_naive_utc(instant)) if site is None else _observer(site, instant))
    return SkyTarget(target.name, place.ra_hours, place.dec_degrees)


def motion_arcsec_per_min(target: Target, at: datetime) -> float:
    """Return how fast a target moves among the stars; 0 for a fixed one."""
    if isinstance(target, SkyTarget) and not isinstance(target, MovingTarget):
        return 0.0
    around = (at - timedelta(minutes=5), at + timedelta(minutes=5))
    found = (_equatorial(target, ephem.Date(_naive_utc(instant))) for instant in around)
    places = [(math.radians(one.ra_hours * 15), math.radians(one.dec_degrees)) for one in found]
    return math.degrees(ephem.separation(*places)) * 3600 / 10


def place_on_orbit(orbit: str, instant: datetime) -> Equatorial:
    """Return where a body on that orbit is, from the Earth's centre; RuntimeError if that cannot be computed.

    ValueError if the orbit cannot be read.
    """
    return _equatorial(MovingTarget("", 0.0, 0.0, orbit), ephem.Date(_naive_utc(instant)))


def brightness(orbit: str, instant: datetime) -> float:
    """Return the magnitude of a body on that orbit."""
    body = _on_orbit(orbit)
    body.compute(_naive_utc(instant))
    return float(body.mag)


def hours_until_set(target: SkyTarget, site: Site, instant: datetime, above: float = 0.0) -> float:
    """Return the sidereal hours until it sinks below that altitude: 0 if it is, infinity if it never does."""
    half, turned, is_up = _turn(target, site, instant, above)
    if half is None:
        return math.inf if is_up else 0.0
    return (half - turned) % 24 if is_up else 0.0


def hours_until_rise(target: SkyTarget, site: Site, instant: datetime, above: float = 0.0) -> float:
    """Return the sidereal hours until it rises above that altitude: 0 if it is, infinity if it never does."""
    half, turned, is_up = _turn(target, site, instant, above)
    if is_up:
        return 0.0
    return math.inf if half is None else (-half - turned) % 24


def _turn(target: SkyTarget, site: Site, instant: datetime, above: float) -> tuple[float | None, float, bool]:
    """Sidereal hours from rise to meridian (None: always up, or never), hours past it, whether it is up."""
    observer = _observer(site, instant)
    body = _computed(target, observer)
    across = max(math.cos(observer.lat) * math.cos(body.dec), 1e-12)
    cosine = (math.sin(math.radians(above)) - math.sin(observer.lat) * math.sin(body.dec)) / across
    turned = math.degrees(observer.sidereal_time() - body.ra) / 15
    if abs(cosine) >= 1:
        return None, turned, cosine < 0
    return math.degrees(math.acos(cosine)) / 15, turned, math.degrees(body.alt) > above


@lru_cache(maxsize=32)  # the chart of a night is drawn again with each of its sessions
def altitude_curve(
    target: Target, site: Site, start: datetime, end: datetime, step: timedelta = timedelta(minutes=10)
) -> tuple[CurvePoint, ...]:
    """Return the target's way across the sky from `start` to `end`, both included."""
    points = []
    for instant in instants(start, end, step):
        place = altaz(target, site, instant)
        points.append(CurvePoint(instant, place.altitude, place.azimuth))
    return tuple(points)


def instants(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    """Yield `start`, `start + step`, ... and `end` itself. A step of nothing raises ValueError."""
    if step <= timedelta(0):
        raise ValueError(f"step must be above 0, not {step}")
    instant = start
    while instant < end:
        yield instant
        instant += step
    yield end


def _turned(target: SkyTarget, site: Site, instant: datetime) -> AltAz:
    """Where a star stands: the sky of some hours around, turned with the Earth. A tenth of the work."""
    if instant.tzinfo is None:
        raise ValueError(f"instant must be aware, {instant.isoformat()} is not")
    seconds = instant.timestamp()
    number = int(seconds // _SAME_SKY_S)
    hour_angle, sin_dec, cos_dec, sin_lat, cos_lat = _sky(target, site, number)
    angle = hour_angle + _TURN_PER_S * (seconds - (number + 0.5) * _SAME_SKY_S)
    across = cos_dec * math.cos(angle)
    height = sin_lat * sin_dec + cos_lat * across
    azimuth = math.atan2(-cos_dec * math.sin(angle), cos_lat * sin_dec - sin_lat * across)
    altitude = math.asin(max(-1.0, min(1.0, height)))
    return AltAz(math.degrees(altitude), math.degrees(azimuth) % 360)


@lru_cache(maxsize=1024)
def _sky(target: SkyTarget, site: Site, number: int) -> tuple[float, float, float, float, float]:
    """Hour angle in the middle of that stretch of time, sine and cosine of declination and latitude.

    The apparent place of a star changes by less than half an arc second meanwhile.
    """
    observer = _observer(site, datetime.fromtimestamp((number + 0.5) * _SAME_SKY_S, UTC))
    body = _computed(target, observer)
    declination, latitude = float(body.dec), math.radians(site.latitude)
    hour_angle = float(observer.sidereal_time()) - float(body.ra)
    places = math.sin(declination), math.cos(declination), math.sin(latitude), math.cos(latitude)
    return hour_angle, *places


def _observer(site: Site, instant: datetime) -> Any:
    _check_numbers(site.latitude, site.longitude, site.altitude_m)
    observer = ephem.Observer()
    observer.lat = math.radians(site.latitude)
    observer.lon = math.radians(site.longitude)
    observer.elevation = site.altitude_m
    observer.pressure = 0  # geometric altitudes; with air, ephem lifts everything near the horizon
    observer.date = _naive_utc(instant)
    return observer


def _equatorial(target: Target, where: Any, *, of_date: bool = False) -> Equatorial:
    body = _computed(target, where)
    place = ephem.Equatorial(body.ra, body.dec, epoch=getattr(where, "date", where))
    if not of_date:
        place = ephem.Equatorial(place, epoch=ephem.J2000)
    return Equatorial(math.degrees(place.ra) / 15 % 24, math.degrees(place.dec))


def _on_orbit(orbit: str) -> Any:
    return ephem.Pluto() if orbit == PLUTO else ephem.readdb(orbit)


def _computed(target: Target, where: Any) -> Any:
    if isinstance(target, SolarTarget):
        body = _BODIES[target.body]()
    elif isinstance(target, MovingTarget):
        body = _on_orbit(target.orbit)
    else:
        _check_numbers(target.ra_hours, target.dec_degrees)
        body = ephem.FixedBody()
        body._ra = math.radians(target.ra_hours * 15)
        body._dec = math.radians(target.dec_degrees)
        body._epoch = ephem.J2000
    body.compute(where)
    return body


def _check_numbers(*values: float) -> None:
    """Refuse NaN and infinities: ephem would compute a place for them, and places decide about the Sun."""
    if not all(map(math.isfinite, values)):
        raise ValueError(f"coordinates must be finite numbers, not {values}")


def _naive_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"instant must be aware, {instant.isoformat()} is not")
    return instant.astimezone(UTC).replace(tzinfo=None)
