"""The last gate before any goto: nothing points near the Sun, and no capture runs into the day.

The Sun counts as up from `SUN_UP_ABOVE` on, well before it is seen, so refraction, a high site and a clock
that is some minutes off cannot open a gap. The whole time that the telescope will follow the target is looked
at, not only its beginning. Whatever is not known (the site, how long it will take) is taken at its worst.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from agent.conditions.limits import SUN_LIMIT
from agent.errors import AgentError
from agent.sky.ephemeris import SUN, instants, separation, sun
from agent.sky.nights import first_time, next_sun_above
from agent.targets import Site, SolarBody, SolarTarget, Target

SUN_UP_ABOVE = -3.0  # degrees: refraction, the disc, 3000 m of height and ten minutes of clock error together
OPEN_ENDED = timedelta(hours=12)  # a goto without an end may be followed for as long as a night lasts

_STEP = timedelta(minutes=5)  # the Sun climbs a degree, the Moon moves 0.04 degree among the stars
_MARGIN = 0.1  # degrees: what bodies move between two steps, and what the ephemeris may be off
_DAY = timedelta(hours=24)


class SunLimitError(AgentError):
    """The goto would point at, or too close to, the Sun. Never retried."""

    code = "sun_limit"


def permit_goto(
    target: Target,
    site: Site | None,
    instant: datetime,
    *,
    until: datetime | None = None,
    limit_deg: float = SUN_LIMIT,
    sun_filter: bool = False,
    allow_sun: bool = False,
) -> None:
    """Return if the telescope may go to the target now and follow it until then, else raise SunLimitError.

    `until` is the end of everything planned at that place, None when nobody knows. Without a site the Sun
    is taken to be up always. The Sun itself needs both `sun_filter` (declared by the session) and
    `allow_sun` (by the configuration). A limit outside (0, 90] raises ValueError.
    """
    if not 0 < limit_deg <= 90:
        raise ValueError(f"the Sun limit must be above 0 and at most 90 degrees, not {limit_deg}")
    if isinstance(target, SolarTarget) and target.body is SolarBody.SUN:
        _permit_sun(sun_filter=sun_filter, allow_sun=allow_sun)
        return
    end = instant + OPEN_ENDED if until is None else max(until, instant)
    danger = first_danger(target, site, instant, end, limit_deg)
    if danger is None:
        return
    angle = separation(target, SUN, site, danger)
    when = "now" if danger == instant else f"at {danger:%H:%M} UTC, while it is followed"
    raise SunLimitError(
        f"{target.name} is {angle:.0f} degrees from the Sun {when}; the limit is {limit_deg:g} degrees.",
        hint="Choose another target, or end the session while the Sun is well down.",
    )


def first_danger(
    target: Target, site: Site | None, start: datetime, end: datetime, limit_deg: float = SUN_LIMIT
) -> datetime | None:
    """Return the first instant at which the target is within the limit of a Sun that is up, or None.

    A telescope that follows a target must have left it by then. Not for the Sun itself.
    """
    for instant in instants(start, end, _STEP):
        if in_danger(target, site, instant, limit_deg):
            return instant
    return None


def in_danger(target: Target, site: Site | None, instant: datetime, limit_deg: float) -> bool:
    """Return whether the target is within the limit of a Sun that is up then."""
    sun_down = site is not None and _sun_stays_down(site, instant)
    return not sun_down and not separation(target, SUN, site, instant) >= limit_deg + _MARGIN


def capture_deadline(
    site: Site, instant: datetime, sun_below: float | None, *, target: Target | None = None
) -> datetime | None:
    """Return when captures begun at the instant must have ended: the Sun reaches `sun_below` degrees.

    It is the instant itself when the Sun already stands there. None when it does not within a day, when no
    limit is given, and for the Sun and the Moon, which are imaged by day as well.
    """
    if sun_below is None:
        return None
    if isinstance(target, SolarTarget) and target.body in {SolarBody.SUN, SolarBody.MOON}:
        return None
    return next_sun_above(site, instant, sun_below)


@lru_cache(maxsize=1024)
def first_dawn(site: Site, since: datetime, limit: float) -> datetime | None:
    """Return when the Sun first climbs to the altitude after a dark time from `since` on, or None."""
    dark = first_time(lambda when: sun(site, when).altitude < limit, since, since + _DAY)
    return None if dark is None else next_sun_above(site, dark, limit)


def _permit_sun(*, sun_filter: bool, allow_sun: bool) -> None:
    if not allow_sun:
        raise SunLimitError(
            "Pointing at the Sun is not allowed by the configuration.",
            hint="Allow it there only for a telescope that has a solar filter.",
        )
    if not sun_filter:
        raise SunLimitError(
            "The session does not declare a solar filter.",
            hint='Put the filter on the telescope, then set "sun_filter": true in goto_solar.',
        )


def _sun_stays_down(site: Site, instant: datetime) -> bool:
    """Whether the Sun is down at the instant and until the next step."""
    return sun(site, instant).altitude < SUN_UP_ABOVE and sun(site, instant + _STEP).altitude < SUN_UP_ABOVE
